//! The PFN database: what each frame of memory is for.
//!
//! An [`Entry`] per frame, at an address that follows from the frame's number. The virtual range is reserved for all
//! frames up to the highest; memory appears under it block by block, as frames are first taken from the allocator.
//! Holes and memory that nobody has touched have none.
//!
//! ```text
//!   reserved   | 0 .. 511 | 512 .. 1023 | 1024 .. 1535 |  ...  | .. end |
//!   memory     |   yes    |             |     yes      |       |        |
//! ```
//!
//! # What it guarantees
//! * Each frame is in exactly one [`State`]. All zeros is [`State::Free`].
//! * Entries are written by the owner of a frame when it takes and when it gives up the frame, never by the fast path
//!   of the allocator: touching them there would cost more than all else that it does.
//! * A change that the state does not allow is refused with a [`PfnCrime`] and changes nothing.
//! * [`Database::lookup`] answers for any number, a device's too, without a fault.
//! * An audit, which begins with [`Counted`], proves that the database, the page tables and the allocator agree.
//!
//! # References
//! The count of an active frame is the number of its mappings outside of the window. A frame without a back-pointer
//! is held by its owner without a mapping, and that hold counts as one. So what several address spaces share is
//! activated without a back-pointer by the object that owns it, and each mapping adds a reference. Page tables are
//! referred to once.
//!
//! # Order
//! A frame goes: unmapped, obligation discharged, [`FrameEntry::release`], then to the allocator (regression 34). The
//! database takes no locks.
#![allow(unsafe_code, reason = "entries are reached without asking whether they have memory")]

mod audit;
mod crime;
mod entry;
mod frame;
mod kind;
mod run;

use xtcore::{Frame, FrameRange, VirtRange};
use xtpaging::OutOfFrames;

use crate::backing::{Backing, Sparse};

pub use audit::{Audit, AuditFault, Compared, Counted, FAULTS_KEPT, Place, Places, View};
pub use crime::PfnCrime;
pub use entry::{Entry, Snapshot};
pub use frame::{FrameEntry, Unshared};
pub use kind::{FrameContent, Owner, State};
pub use run::Ptes;

/// The entries of all frames.
#[derive(Clone, Copy, Debug)]
pub struct Database<'m> {
    entries: Sparse<'m, Entry>,
}

impl<'m> Database<'m> {
    /// Makes a database with an entry for each frame from 0 on.
    #[must_use]
    pub const fn new(entries: Sparse<'m, Entry>) -> Self {
        Self { entries }
    }

    /// Returns the frame after the last one that can have an entry.
    #[must_use]
    pub const fn end(&self) -> Frame {
        Frame::new(self.entries.count() as u64)
    }

    /// Returns where the entries of frames lie; frames past the end are left out.
    #[must_use]
    pub fn range_of(&self, frames: FrameRange) -> VirtRange {
        let index = |frame: Frame| usize::try_from(frame.number()).unwrap_or(usize::MAX);
        self.entries.range_of(index(frames.start())..index(frames.end()))
    }

    /// Gives the entries of frames memory, where they have none.
    ///
    /// # Errors
    /// Those of [`Backing::back`].
    pub fn open(&self, backing: &impl Backing, frames: FrameRange) -> Result<(), OutOfFrames> {
        let range = self.range_of(frames);
        if range.is_empty() { Ok(()) } else { backing.back(range) }
    }

    /// Returns the entry of a frame whose block is open. Looks at no table: the hot way.
    ///
    /// # Safety
    /// `frame` lies below [`Database::end`] and its entry has memory. Both hold for each frame that the allocator
    /// gives out, because it opens a block before it gives out a frame of it.
    #[must_use]
    #[inline]
    pub unsafe fn entry(&self, frame: Frame) -> FrameEntry<'m> {
        // The number is below a count that is a `usize`.
        let index = frame.number() as usize;
        // SAFETY: the caller says that the index is below the count, and that there is memory.
        let entry = unsafe { self.entries.get_unchecked(index) };
        FrameEntry { frame, entry }
    }

    /// Returns the entry of any frame, or `None` when it has none. Cost: a look at the page tables.
    #[must_use]
    pub fn find(&self, backing: &impl Backing, frame: Frame) -> Option<FrameEntry<'m>> {
        let index = usize::try_from(frame.number()).ok()?;
        self.entries.get(backing, index).map(|entry| FrameEntry { frame, entry })
    }

    /// Returns what the entry of a frame says, or `None` for a device's frame or one of a block that nobody has used.
    /// Never faults. Cost: a look at the page tables.
    #[must_use]
    pub fn lookup(&self, backing: &impl Backing, frame: Frame) -> Option<Snapshot> {
        self.find(backing, frame).map(|entry| entry.snapshot())
    }
}
