//! Frames with their owners: what the address space takes from the frame allocator, and the PFN database hears of.
//!
//! A frame is active from the moment that it leaves the allocator until it goes back. Its back-pointer is written when it
//! is mapped.
#![allow(unsafe_code, reason = "entries of frames that the allocator has given out are written")]

use xtcore::{Frame, FrameCount, VirtAddr};
use xtmm::OutOfFrames;
use xtmm::frames::{self, FrameCrime, Zone};
use xtmm::pfn::{self, Database, Owner, PfnCrime};
use xtmm::space::{PageContent, PageFrames, TableFrames};

use super::Frames;
use super::blocks::KernelBlocks;
use super::machine::KernelMachine;
use crate::ke::bugcheck::{Code, bug_check};

/// A source of frames for one owner, and of page tables for it.
#[derive(Debug)]
pub(crate) struct Source {
    frames: &'static Frames,
    database: Database<'static>,
    owner: Owner,
    /// Where page tables may lie.
    tables: Zone,
}

impl Source {
    pub(in crate::mm) const fn new(
        frames: &'static Frames,
        database: Database<'static>,
        owner: Owner,
        tables: Zone,
    ) -> Self {
        Self { frames, database, owner, tables }
    }
}

/// Frames set aside for page tables. They are page tables when they are taken.
pub(crate) struct TableReservation {
    held: frames::Reservation<'static, 'static, KernelMachine, KernelBlocks>,
    database: Database<'static>,
}

impl xtpaging::Reservation for TableReservation {
    fn take(&mut self) -> Option<Frame> {
        let frame = self.held.take()?;
        activate(&self.database, frame, Owner::PageTable);
        Some(frame)
    }
}

impl TableFrames for Source {
    type Reservation<'a> = TableReservation;

    fn reserve(&self, count: FrameCount) -> Result<TableReservation, OutOfFrames> {
        let held = self.frames.reserve(count, self.tables)?;
        Ok(TableReservation { held, database: self.database })
    }

    fn free(&self, frame: Frame) {
        // SAFETY: the frame was given out by the allocator, so its block is open.
        let entry = unsafe { self.database.entry(frame) };
        if let Err(crime) = entry.release(pfn::FrameContent::Any) {
            corrupt(&crime);
        }
        if let Err(crime) = self.frames.free(frame) {
            corrupt_frame(crime);
        }
    }
}

// SAFETY: the allocator gives out RAM that nobody else has, opened blocks are write-back in the window, and
// `allocate_zeroed` zeroes.
unsafe impl PageFrames for Source {
    fn allocate(&self, content: PageContent) -> Result<Frame, OutOfFrames> {
        let frame = match content {
            PageContent::Any => self.frames.allocate(Zone::Any),
            PageContent::Zeroed => self.frames.allocate_zeroed(Zone::Any),
        }?;
        activate(&self.database, frame, self.owner);
        Ok(frame)
    }

    fn mapped(&self, frame: Frame, pte: VirtAddr) {
        // SAFETY: the frame was given out by the allocator, so its block is open.
        let entry = unsafe { self.database.entry(frame) };
        if let Err(crime) = entry.set_pte(Some(pte)) {
            corrupt(&crime);
        }
    }
}

/// Gives a frame that the allocator has just given out to its owner.
fn activate(database: &Database<'_>, frame: Frame, owner: Owner) {
    // SAFETY: the allocator opens a block before it gives out frames of it.
    let entry = unsafe { database.entry(frame) };
    if let Err(crime) = entry.activate(owner, None) {
        corrupt(&crime);
    }
}

/// Stops because of the PFN database.
pub(super) fn corrupt(crime: &PfnCrime) -> ! {
    let (frame, expected) = (crime.frame(), crime.expected());
    let what = format_args!("{expected} was expected in the entry of frame {frame:#x}: {crime:?}");
    bug_check(Code::PfnListCorrupt, crime.parameters(), None, what)
}

/// Stops because of a frame that was freed by somebody who did not have it.
pub(crate) fn corrupt_frame(crime: FrameCrime) -> ! {
    let frame = match crime {
        FrameCrime::AlreadyFree(frame) | FrameCrime::Foreign(frame) => frame,
        FrameCrime::NotWhole(range) | FrameCrime::Indivisible(range) => range.start(),
    };
    bug_check(Code::PfnListCorrupt, [0x99, frame.number(), 0, 0], None, format_args!("{crime}"))
}
