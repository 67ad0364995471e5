//! The frame allocator: physical memory from single frames to 1 GiB.
//!
//! # Concept
//! ```text
//!   processor 0        processor 1            single frames and a few blocks, touched by their processor only:
//!   [magazines]        [magazines]            no lock, no atomic read-modify-write, about 2 ns a pair
//!        \                 /
//!         [ depot of batches ]                128 frames change hands at once
//!                 |
//!   [ rows: a bit per frame, a header and a state per block ]     lists of blocks, by class; one lock
//!                 |
//!   [ fresh: ranges of memory that nobody has touched ]     no books at all
//! ```
//! A *block* is what a level-2 page maps: 512 frames, 1024 under PML2. A *giant* is 1 GiB. A block is *opened* when it is
//! first used: [`Blocks`] makes its PFN entries, its record and its place in the window. The frames for that come from a stock
//! in one block, which does for a hundred others, so that those can be wholly free again; only where there is no stock
//! yet, a block gives its own. A giant out of fresh memory opens its first block only, and comes back, is handed out again
//! or broken without more. Making an allocator costs what its descriptors cost, whatever they describe.
//!
//! # Guarantees
//! * No frame is handed out twice, frame 0 never.
//! * Whatever fails has changed nothing that counts: blocks may have been opened, no frame is lost.
//! * Freeing never needs memory and fails only for a crime; there is one exception, a small part of a giant, see
//!   [`FrameCrime::Indivisible`]. Blocks, giants and runs that are free already are found out
//!   at once. A single frame is checked when its batch reaches the rows, so that a [`FrameCrime`] may be
//!   about a frame that was freed earlier, by the same processor or another; the frame of that crime is not taken.
//! * Nothing looks at every block or every frame, except what says so: [`FrameAllocator::place_of`] looks through the
//!   caches, and a run that fits nowhere else looks through the lists.
//! * Other processors' caches are out of reach. When memory runs short they are asked to hand back, and do so
//!   at their next slow path; until then that memory counts as cached, and an allocation may fail.
//! * Zeroed frames are there ahead of demand where processors are idle now and then: [`FrameAllocator::zero_ahead`]. It ends
//!   by itself, and touches no memory that no processor has fetched.
//!
//! # Locks
//! The depot's and the rows', one at a time, pinned. Under the rows' lock, [`Blocks::open`] may take the page tables'.

mod allocator;
mod blocks;
mod cache;
mod error;
mod ranges;
mod reservation;
mod rows;
mod units;
mod zones;

pub use allocator::{Config, Counts, FrameAllocator, Place};
pub use blocks::{Blocks, Donors};
pub use cache::{Batch, CpuCache};
pub use error::{AdoptError, ConfigError, FrameCrime, FrameError};
pub use ranges::{NoRoom, RangeSet};
pub use reservation::Reservation;
pub use rows::Records;
pub use rows::run::RunRequest;
pub use zones::Zone;
