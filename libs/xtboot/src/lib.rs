//! What XTLDR hands to XTOSKRNL, and the pure logic around it.
//!
//! In the order in which a boot meets them:
//!
//! 1. [`map`]: the sanitiser. The firmware's memory map, whatever shape it is in, becomes sorted, disjoint, typed
//!    runs of frames.
//! 2. [`ledger`]: the loader's own account. Every frame that the loader used is laid over the final map under its
//!    own kind, the active page tables first of all.
//! 3. [`block`]: the loader block. Its wire format (`repr(C)`, the same on both architectures), the loader's side
//!    that seals one, and the kernel's side that trusts nothing and returns a [`block::VerifiedBlock`].
//! 4. [`parameters`]: the text that the user typed, as tokens.
//! 5. [`space`]: the page-table-space allocator, which feeds the kernel's own page tables before its frame allocator
//!    stands.
//!
//! Nothing here allocates, panics, or touches hardware; every buffer is the caller's, and a buffer that is too small
//! is an error which says how much is needed. So the loader can reserve everything beforehand and run the same code
//! after boot services have gone.
//!
//! The protocol itself is a document, `docs/boot-protocol.md`; this crate is its second form.
//!
//! ```
//! use xtboot::map::{DESCRIPTOR_BYTES, Edge, RawMap, edges_needed, runs_bound, sanitise};
//! use xtcore::{Frame, FrameCount, MemoryKind, MemoryRun};
//!
//! // 16 pages of conventional memory (type 7) from address 0 on, as firmware writes it.
//! let mut bytes = [0; DESCRIPTOR_BYTES];
//! bytes[0] = 7;
//! bytes[24] = 16;
//! let map = RawMap::new(&bytes, DESCRIPTOR_BYTES).expect("one descriptor");
//!
//! let mut scratch = vec![Edge::EMPTY; edges_needed(map.len())];
//! let nothing = MemoryRun::new(Frame::new(0), FrameCount::ZERO, MemoryKind::Reserved);
//! let mut out = vec![nothing; runs_bound(map.len())];
//! let clean = sanitise(map, &mut scratch, &mut out).expect("the buffers are as large as asked for");
//!
//! // Page 0 is never free.
//! let free = clean.runs().iter().find(|run| run.kind == MemoryKind::Free).expect("there is some");
//! assert_eq!((free.frames.start(), free.frames.end()), (Frame::new(1), Frame::new(16)));
//! ```

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod block;
pub mod ledger;
pub mod map;
pub mod parameters;
pub mod space;
