//! Page tables for the four x86 paging modes, chosen at run time.
//!
//! One engine serves the loader, which builds the first tables over identity-mapped memory, the kernel, which
//! reaches its tables through the recursive self-map, and host tests over simulated memory. What differs is the
//! implementation of [`Tables`], five primitives on one entry each.
//!
//! # Concepts
//! * [`AddressSpace`] is a root table and the facts about it. It owns no memory.
//! * [`Cursor`] stands on a range of pages and is the way to change them. Every change is planned first (which may
//!   fail and changes nothing), then its table frames are reserved (which may fail and changes nothing), then
//!   committed (which cannot fail).
//! * [`Streak`] maps the pages of a range one at a time, to frames that are known only then; its tables are reserved
//!   before the first.
//! * [`TlbObligation`] is what an unmap, a protect, a split or a merge leaves behind: frames and tables stay in a
//!   [`Limbo`] and come back only from [`TlbObligation::discharge`], when no processor can still hold a translation to
//!   them.
//! * [`SelfMap`] derives where an entry appears in the virtual address space from the slot of the self-map alone.
//! * [`Attributes`] say what a mapping allows. Writable and executable at once cannot be expressed.
//!
//! # Depth is data, chosen once per operation
//! No constant of a paging mode appears outside [`xtcore::Geometry`]. Each public operation matches the mode once and
//! calls a body that is monomorphised for it, so that shifts and entry counts are constants inside the walk and no
//! call goes through a pointer.
//!
//! # What PML3 does differently
//! Its top table has four entries of a format of their own, is read by the processor only when CR3 is loaded, and is
//! invisible to the self-map. So all four page directories exist from the start and never change, and every
//! walk begins at the directories. [`entry::Pdpte`] is the codec of the four entries.
//!
//! # Locking
//! None inside. `&mut` access to the [`Tables`] is the lock; hardware sets accessed and dirty bits concurrently, which
//! is why live entries change by [`Tables::exchange`] or [`Tables::compare_exchange`] only. Where several processors use
//! one address space, an obligation is discharged before the lock is released: the next holder may reach tables through
//! aliases that its processor has not forgotten yet.
//!
//! # Occupancy
//! Each table counts its present entries in two software bits of its first six entries (12 bits in all), so an
//! emptied table is found without a scan and without any memory beside the tables; see [`entry::occupancy`].
//!
//! # Examples
//! `examples/plain_buffer.rs` maps, translates and unmaps in a `Vec<u64>`, in all four modes. What needs no tables is
//! shorter: where the self-map shows an entry.
//!
//! ```
//! use xtcore::{Level, PagingMode, VirtAddr};
//! use xtpaging::SelfMap;
//!
//! let self_map = SelfMap::standard(PagingMode::Pml4);
//! let entry = self_map.entry_address(Level::PT, VirtAddr::new(0xFFFF_F800_0000_0000));
//! assert_eq!(entry, Some(VirtAddr::new(0xFFFF_F6FC_0000_0000)));
//! // The entry of an entry is one level up.
//! let above = self_map.entry_address(Level::PT, VirtAddr::new(0xFFFF_F6FC_0000_0000));
//! assert_eq!(above, self_map.entry_address(Level::PD, VirtAddr::new(0xFFFF_F800_0000_0000)));
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cursor;
pub mod entry;
mod memory;
pub mod processor;
mod selfmap;
mod shape;
mod space;
mod tlb;
pub mod walk;

pub use cursor::{
    Cursor, CursorError, MapError, MapPlan, Mapping, MergeError, Rest, Streak, StreakError, StreakPlan,
    tables_needed,
};
pub use entry::{Attributes, Cache, Capabilities, Privilege, Protection, Rights, Scope, Support};
pub use memory::{EntryRun, Frames, OutOfFrames, Reservation, TablePlace, Tables, halves};
pub use selfmap::SelfMap;
pub use shape::Modes;
pub use space::AddressSpace;
pub use tlb::{Invalidation, Limbo, Reclaimed, Tlb, TlbObligation};
