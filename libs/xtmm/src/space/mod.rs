//! The kernel's address space under a lock: mapping, unmapping, memory types, and pages that are handed out.
//!
//! [`xtpaging`] changes page tables; this module says who may do so when, where the frames for tables come from, and
//! when frames may be used again.
//!
//! ```text
//!   Devices         registers and memory of devices, a guard behind each
//!        |
//!   SystemPtes      chosen frames, or memory at pages of its own choice
//!        |
//!   Committer       memory behind given pages: pools, stacks, books
//!        |
//!   Mapper          given frames at given pages; table frames from the frame allocator
//!        |
//!   KernelSpace     the lock around the tables and the TLB
//! ```
//!
//! # Frames for tables
//! The frame allocator's lock comes before the page tables' lock, because the first use of a block of RAM maps what
//! describes it. So a [`Mapper`] never allocates under the lock. It looks what a change needs; most need nothing and are
//! done in the same breath. Otherwise it lets go of the lock, sets aside what was missing, and looks again. Each further
//! round sets aside more than the one before and no change needs more than its range has tables, so the rounds end;
//! a second one is rare, because another processor must have taken away a table in between. What is left over goes back
//! after the lock is released. Whoever holds the allocator's lock already brings frames of his own
//! ([`KernelSpace::change`]).
//!
//! # Who may change what
//! Page tables decide what every address means, so changing them is no safe operation. It has two doors, both unsafe:
//! [`KernelSpace::change`] for one change, and [`Mapper::new`] for a value whose holders may change mappings. From there on
//! up everything is safe: [`SystemPtes`] and [`Devices`] choose pages that nobody else has. The frames are the caller's choice:
//! what appears is reached through raw pointers only, and whoever uses one answers for what it shows.
//!
//! # Frames and tables come back late
//! What a change owes to the TLBs is discharged before the lock is released, so the next holder never meets a table
//! that another processor still knows under another name. Only then, and outside of the lock, are frames and tables
//! handed to whoever frees them (regression 34). Long unmaps release the lock between batches.
//!
//! # Memory types
//! A frame has one memory type in all its mappings (SDM volume 3A, section 12.12.4). RAM is visible in the window
//! besides, so a mapping of it with another type than the window's is refused with
//! [`SpaceError::CacheConflict`]; [`Mapper::set_cache`] changes the window's. Device memory is in no window.
//!
//! # Lock order
//! Ranges of virtual pages ([`SystemPtes`]), then the frame allocator, then the page tables.

mod alias;
mod commit;
mod devices;
mod error;
mod frames;
mod kernel;
mod mapper;
mod ptes;
mod runs;

pub use commit::Committer;
pub use devices::{DeviceMapping, Devices};
pub use error::{PteError, ReleaseError, SpaceError};
pub use frames::{PageContent, PageFrames, TableFrames};
pub use kernel::{KernelSpace, WindowRange};
pub use mapper::{Mapper, tables_bound};
pub use ptes::{PageRanges, SystemMapping, SystemPtes};
