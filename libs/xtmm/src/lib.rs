//! A kernel's memory manager, without the kernel.
//!
//! Everything between page tables and whoever wants memory: frames of physical memory, the PFN database that knows what
//! each of them is for, ranges of virtual pages, pools of small blocks, stacks. The crate contains no assembly,
//! no global and no paging constant; what it needs of a machine are the small traits of [`machine`] and [`backing`], so
//! that it runs in a kernel, in a test on a simulated machine, and in a benchmark.
//!
//! # What holds everywhere
//! * **Untouched memory costs nothing.** Books over memory are [`backing::Sparse`]: ranges of virtual addresses
//!   that are reserved in full and get memory page by page, when what they describe is first used. All zeros means
//!   "never touched".
//! * **Running out is a value.** Every operation that needs memory returns an error and has changed nothing. Each
//!   such place is a [`inject::Site`], and tests make each of them fail.
//! * **Misuse is a value too**, with the facts that a bug check prints; what to do about it is the kernel's business.
//!
//! # Locks
//! Locks are taken pinned (see [`machine::Machine::pin`]) and in this order, outermost first:
//!
//! ```text
//!   pool class, pool books  ->  arena  ->  frame allocator's rows  ->  page tables
//! ```
//!
//! Whoever holds the page tables never allocates a frame: it reserved them before.
//! Each lock has a [`machine::LockClass`], by which a machine can watch the order in debug builds.
//!
//! # Levels
//! What touches anything shared pins its caller, so it is called at Dispatch at most; each call says so, and a machine checks it
//! where it pins, in debug builds. What takes translations away is called with interrupts on, too: whoever is to forget them
//! may be waiting for this processor. What is said to have no level only looks at values of the caller's own.
//!
//! # Examples
//! `examples/heap_pool.rs` and `examples/frames_and_pfn.rs` are whole programs on a host. A part that needs no machine:
//!
//! ```
//! use xtcore::{Frame, FrameRange};
//! use xtmm::frames::RangeSet;
//!
//! let range = |start, end| FrameRange::new(Frame::new(start), Frame::new(end)).expect("ascending");
//! let mut places = [range(0x100, 0x200), FrameRange::default(), FrameRange::default()];
//! let mut fresh = RangeSet::new(&mut places, 1).expect("one range is sorted");
//! fresh.remove(range(0x140, 0x180)).expect("there is room for the two halves");
//! assert_eq!(fresh.as_slice(), [range(0x100, 0x140), range(0x180, 0x200)]);
//! ```

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod arena;
pub mod backing;
pub mod frames;
pub mod inject;
pub mod machine;
pub mod per_cpu;
pub mod pfn;
pub mod pool;
pub mod ranges;
pub mod space;
pub mod stack;

pub use xtpaging::OutOfFrames;
