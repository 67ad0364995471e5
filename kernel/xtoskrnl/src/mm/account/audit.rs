//! The audit of frames: the PFN database against the page tables and the frame allocator.
#![allow(
    unsafe_code,
    reason = "tables are looked at under a lock that the ordinary way would take again, and the slot is left"
)]

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtlayout::RegionKind;
use xtmm::frames;
use xtmm::pfn::{self, Audit, Compared, Counted, Place, View};
use xtpaging::AddressSpace;
use xtpaging::walk::{Found, NotFound};

use crate::ke::processor::Pinned;
use crate::mm::memory::Memory;
use crate::mm::{SelfMapTables, look};

impl Memory {
    /// Proves that each frame is in one state, and that every count equals what a walk of the page tables finds. Nothing
    /// else runs meanwhile.
    ///
    /// The tables are walked under their lock, the allocator is asked without it: its locks come first.
    pub(crate) fn audit_frames(&self) -> Audit {
        // SAFETY: only the slot is touched; it shows what it shows at rest afterwards, which is to be found.
        unsafe { self.space.change(|_space, tables, _tlb| tables.slot.leave()) };
        let counted = self.space.inspect(|space, tables| self.count_mappings(space, tables));
        let compared = self.compare(counted, &|frame| self.frames.place_of(frame));
        self.space.inspect(|space, tables| self.settle(compared, space, tables))
    }

    /// The same for a monitor, which holds all other processors: `None` when one of them, or what the monitor has interrupted,
    /// holds a lock that the audit needs. What somebody was in the middle of may count as a fault.
    pub(crate) fn try_audit_frames(&self, pin: &Pinned) -> Option<Audit> {
        // Whoever could take these locks afterwards does not run.
        self.frames.try_counts(pin)?;
        // SAFETY: nothing is mapped or unmapped in here, so no processor has anything to forget; the slot is at rest afterwards.
        unsafe { self.space.try_change(pin, |_space, tables, _tlb| tables.slot.leave()) }?;
        let counted = self.space.try_inspect(pin, |space, tables| self.count_mappings(space, tables))?;
        let unknown = frames::Place::Unknown;
        let place = |frame| self.frames.try_place_of(pin, frame).unwrap_or(unknown);
        let compared = self.compare(counted, &place);
        self.space.try_inspect(pin, |space, tables| self.settle(compared, space, tables))
    }

    /// Goes the first pass.
    #[inline(never)]
    fn count_mappings(&self, space: &AddressSpace, tables: &SelfMapTables) -> Counted<'static> {
        let view = View { space, tables, uncounted: &self.uncounted() };
        Counted::new(self.database, &view, &look::Seen)
    }

    /// Goes the second pass.
    #[inline(never)]
    fn compare(
        &self,
        counted: Counted<'static>,
        place: &dyn Fn(Frame) -> frames::Place,
    ) -> Compared<'static> {
        let described = described(self.region(RegionKind::PfnDatabase));
        let ram = described.flat_map(|frames| self.window.usable(frames));
        let place = |frame| match place(frame) {
            frames::Place::Fresh => Place::Fresh,
            frames::Place::Free => Place::Free,
            frames::Place::Cached => Place::Cached,
            frames::Place::Taken => Place::Taken,
            frames::Place::Unknown => Place::Unknown,
        };
        counted.compare(ram, &look::Seen, &place)
    }

    /// Goes the last pass.
    #[inline(never)]
    fn settle(&self, compared: Compared<'static>, space: &AddressSpace, tables: &SelfMapTables) -> Audit {
        let view = View { space, tables, uncounted: &self.uncounted() };
        compared.settle(&view, &look::Seen)
    }

    /// Returns the regions whose pages are no references to frames.
    fn uncounted(&self) -> [VirtRange; 3] {
        [self.region(RegionKind::Window), self.region(RegionKind::Framebuffer), self.devices.region()]
    }
}

/// Returns the frames whose entries lie on pages of the database that have memory: RAM which nobody has touched costs nothing
/// here either.
fn described(region: VirtRange) -> impl Iterator<Item = FrameRange> {
    const ENTRIES: u64 = PAGE_BYTES / size_of::<pfn::Entry>() as u64;
    look::pages(region).filter_map(move |page| {
        let first = page.start().bytes_since(region.start())? / PAGE_BYTES * ENTRIES;
        let count = page.bytes() / PAGE_BYTES * ENTRIES;
        Some(FrameRange::with_count(Frame::new(first), FrameCount::new(count)))
    })
}

/// Returns the pages of a region that are mapped, and their frames, as `find` translates them. Cost: a look at each, and at
/// each absent table between them.
pub(in crate::mm) fn mapped_pages(
    space: &AddressSpace,
    region: VirtRange,
    mut find: impl FnMut(VirtAddr) -> Result<Found, NotFound>,
) -> impl Iterator<Item = (VirtAddr, Frame)> {
    let mut at = region.start();
    core::iter::from_fn(move || {
        while at < region.end() {
            let level = match find(at) {
                Ok(found) => {
                    let page = at;
                    at = at.checked_add(PAGE_BYTES)?;
                    return Some((page, found.address.frame()));
                }
                Err(NotFound::Absent { level, .. }) => level,
                Err(NotFound::NotCanonical) => return None,
            };
            let span = space.geometry().page_bytes(level);
            at = at.align_down(span).checked_add(span)?;
        }
        None
    })
}
