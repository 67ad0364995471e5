//! Physical memory that holds tables of the firmware, and giving it back when they have been read.

use core::sync::atomic::Ordering;

use xtacpi::{ReadPhysical, Unreadable};
use xtboot::block::VerifiedBlock;
use xtcore::{Frame, FrameCount, FrameRange, Level, MemoryKind, PhysAddr};
use xtmm::space::SpaceError;

use super::{Memory, Reach};

/// Tables of the firmware, read through a slot.
pub(crate) struct FirmwareTables {
    reach: &'static Reach,
    block: VerifiedBlock<'static>,
    limit: Frame,
}

/// The frame at 1 MiB.
const BIOS_END: Frame = PhysAddr::new(1 << 20).frame();

impl FirmwareTables {
    /// Tells whether a frame may hold a table: ACPI's own kinds, reserved memory, and the BIOS area below 1 MiB, which
    /// no run mentions. Anything else is RAM of somebody, or must not be touched as memory.
    fn may_read(&self, frame: Frame) -> bool {
        match self.block.run_of(frame).map(|run| run.kind) {
            Some(kind) => {
                matches!(kind, MemoryKind::AcpiReclaimable | MemoryKind::AcpiNvs | MemoryKind::Reserved)
            }
            None => frame.number() != 0 && frame < BIOS_END,
        }
    }
}

impl ReadPhysical for FirmwareTables {
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> Result<(), Unreadable> {
        let mut at = from;
        let mut rest = into;
        while !rest.is_empty() {
            let frame = at.frame();
            if frame >= self.limit || !self.may_read(frame) {
                return Err(Unreadable { at });
            }
            let copied = self.reach.copy(frame, at.page_offset() as usize, rest);
            at = at.checked_add(copied as u64).ok_or(Unreadable { at })?;
            rest = rest.get_mut(copied..).unwrap_or_default();
        }
        Ok(())
    }
}

impl Memory {
    /// Returns a reader of the firmware's tables. [`Memory::reclaim_acpi`] consumes it.
    pub(crate) fn firmware_tables(&self) -> FirmwareTables {
        let limit = self.space.space().format().frame_limit();
        FirmwareTables { reach: self.reach(), block: self.block, limit }
    }

    /// Makes the memory that held ACPI's tables free: nobody reads them any more. Returns how many frames that are.
    ///
    /// Frames whose block was opened before are added to the window and to the PFN database first; if there is no memory for
    /// that, they stay as they are, and so do the others of their run.
    pub(crate) fn reclaim_acpi(&self, tables: FirmwareTables) -> FrameCount {
        let FirmwareTables { limit, .. } = tables;
        let limit = limit.min(self.space.space().format().ram_limit());
        let below = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
        let acpi = self.block.runs().filter(|run| run.kind == MemoryKind::AcpiReclaimable);
        let mut reclaimed = FrameCount::ZERO;
        self.window.free_acpi();
        for run in acpi {
            let frames = run.frames.intersection(below);
            if !frames.is_empty() && self.show(frames).is_ok() && self.frames.give_back(frames).is_ok() {
                reclaimed = reclaimed.saturating_add(frames.count());
            }
        }
        // Frames of RAM are counted by entries that lie in the address space, so their number fits.
        self.reclaimed.fetch_add(reclaimed.get() as usize, Ordering::Relaxed);
        reclaimed
    }

    /// Makes frames part of the window and gives their entries memory, whether or not their block has been opened.
    fn show(&self, frames: FrameRange) -> Result<(), SpaceError> {
        self.database.open(&self.commits.entries, frames)?;
        let mapper = self.commits.entries.mapper();
        let span = self.space.space().geometry().page_frames(Level::PD);
        let mut rest = frames;
        // Block by block: one may have been opened since its ACPI memory counts as usable, and its neighbour before.
        while !rest.is_empty() {
            let block = Frame::new(rest.start().number() & !(span.get() - 1));
            let part = FrameRange::with_count(block, span).intersection(rest);
            for piece in self.window.mappings(part) {
                if self.find(piece.pages.start()).is_err() {
                    mapper.map_run(&piece)?;
                    self.window.note_shown(FrameCount::holding(piece.pages.bytes()));
                }
            }
            rest = FrameRange::new(part.end(), rest.end()).unwrap_or_default();
        }
        Ok(())
    }
}
