//! The window: all usable RAM at one stretch of virtual addresses, frame after frame (design D5).
//!
//! A block of the size of a level-2 page is mapped when one of its frames is first used; until then it costs nothing, so
//! neither the size of RAM nor the absence of 1 GiB pages shows at boot. What a block maps:
//!
//! * usable RAM only. A block that is wholly usable becomes one large page; in others each usable run is mapped with
//!   4 KiB pages. So a large page never covers a device, a hole or firmware memory.
//! * below 1 MiB always with 4 KiB pages: fixed MTRRs may give each of them another memory type there.
//! * the kernel's code and constants read-only, so that no frame is writable here and executable there; the loader block
//!   likewise, because the kernel holds references into it.
//!
//! All pieces of a block share one page table, so only the first piece can need frames: a block is mapped whole or, on
//! failure, not at all.

use xtboot::block::{SectionProtection, VerifiedBlock};
use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::{Attributes, MapError, Mapping, Protection};

use super::fault::Fault;
use super::frames::EarlyFrames;
use super::paging::ActiveTables;

/// Where a frame is in the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// Mapped at this address.
    At(VirtAddr),
    /// Nowhere: above the window's end, or no usable RAM. A transient slot reaches it.
    Outside,
}

/// The window.
#[derive(Debug)]
pub(super) struct Window {
    range: VirtRange,
    block: VerifiedBlock<'static>,
    /// Frames mapped so far.
    mapped: FrameCount,
}

/// Frames below this one are mapped one by one.
const LOW_MEMORY: Frame = Frame::new((1 << 20) / PAGE_BYTES);

impl Window {
    pub(super) const fn new(range: VirtRange, block: VerifiedBlock<'static>) -> Self {
        Self { range, block, mapped: FrameCount::ZERO }
    }

    /// Returns how many frames are mapped.
    pub(super) const fn mapped(&self) -> FrameCount {
        self.mapped
    }

    /// Returns where a frame appears, if it lies below the window's end.
    fn address_of(&self, frame: Frame) -> Option<VirtAddr> {
        let offset = frame.address().get();
        self.range.start().checked_add(offset).filter(|address| self.range.contains(*address))
    }

    /// Makes sure that the block of `frame` is mapped and tells where the frame appears.
    ///
    /// # Errors
    /// [`Fault::Map`] when frames for tables ran out: nothing has changed. [`Fault::ForeignPage`] when something else
    /// is mapped at the frame's place.
    pub(super) fn ensure(
        &mut self,
        active: &mut ActiveTables,
        frames: &mut EarlyFrames,
        frame: Frame,
    ) -> Result<Shown, Fault> {
        let Some(at) = self.address_of(frame) else { return Ok(Shown::Outside) };
        match active.find(at) {
            Ok(found) if found.address == frame.address() => return Ok(Shown::At(at)),
            Ok(_) => return Err(Fault::ForeignPage { at }),
            Err(_) if !self.block.run_of(frame).is_some_and(|run| run.kind.is_usable()) => {
                return Ok(Shown::Outside);
            }
            Err(_) => {}
        }
        self.map_block(active, frames, frame)?;
        Ok(Shown::At(at))
    }

    fn map_block(
        &mut self,
        active: &mut ActiveTables,
        frames: &mut EarlyFrames,
        frame: Frame,
    ) -> Result<(), MapError> {
        let span = active.space.geometry().page_frames(Level::PD);
        let first = Frame::new(frame.number() & !(span.get() - 1));
        let whole = FrameRange::with_count(first, span);
        let usable: u64 = usable_parts(self.block, whole).map(|part| part.count().get()).sum();
        let alike = !self.constants().any(|part| part.overlaps(whole));
        if usable == span.get() && first >= LOW_MEMORY && alike {
            return self.map(active, frames, whole, Attributes::KERNEL_DATA, Level::PD);
        }
        let block = self.block;
        for part in usable_parts(block, whole) {
            for (piece, attributes) in pieces(block, part) {
                self.map(active, frames, piece, attributes, Level::PT)?;
            }
        }
        Ok(())
    }

    /// Returns the frames of which at least some must not be writable.
    fn constants(&self) -> impl Iterator<Item = FrameRange> {
        [self.block.image().placed.frames, self.block.block().frames].into_iter()
    }

    fn map(
        &mut self,
        active: &mut ActiveTables,
        frames: &mut EarlyFrames,
        range: FrameRange,
        attributes: Attributes,
        largest: Level,
    ) -> Result<(), MapError> {
        let (Some(start), false) = (self.address_of(range.start()), range.is_empty()) else { return Ok(()) };
        let pages = VirtRange::saturating(start, range.count().bytes());
        let mapping = Mapping { pages, first: range.start(), attributes, largest };
        active.space.map(&mut active.tables, frames, &mapping)?;
        self.mapped = self.mapped.saturating_add(range.count());
        Ok(())
    }
}

/// Returns the usable runs inside `whole`.
fn usable_parts(block: VerifiedBlock<'static>, whole: FrameRange) -> impl Iterator<Item = FrameRange> {
    block
        .runs()
        .filter(|run| run.kind.is_usable())
        .map(move |run| run.frames.intersection(whole))
        .filter(|part| !part.is_empty())
}

/// Cuts a usable run where the protection of the kernel's image changes.
fn pieces(block: VerifiedBlock<'static>, part: FrameRange) -> impl Iterator<Item = (FrameRange, Attributes)> {
    let mut at = part.start();
    core::iter::from_fn(move || {
        let rest = FrameRange::new(at, part.end()).filter(|rest| !rest.is_empty())?;
        let (end, attributes) = same_protection(block, rest);
        at = end;
        Some((FrameRange::new(rest.start(), end)?, attributes))
    })
}

/// Returns how far the protection of the first frame of `rest` reaches, and which it is.
fn same_protection(block: VerifiedBlock<'static>, rest: FrameRange) -> (Frame, Attributes) {
    let (image, constants) = (block.image().placed.frames, block.block().frames);
    let first = rest.start();
    if constants.contains(first) {
        return (constants.end().min(rest.end()), Attributes::KERNEL_READ_ONLY);
    }
    if !image.contains(first) {
        let next = [image.start(), constants.start()].into_iter().filter(|start| *start > first);
        return (next.fold(rest.end(), Frame::min), Attributes::KERNEL_DATA);
    }
    // Inside the image: writable only where a section is; its headers and gaps are read-only too.
    let mut end = image.end().min(rest.end());
    for section in block.sections() {
        let frames = FrameRange::with_count(image.start().saturating_add(section.offset), section.pages);
        if frames.contains(first) {
            let protection = match section.protection {
                SectionProtection::ReadWrite => Protection::ReadWrite,
                SectionProtection::Read | SectionProtection::ReadExecute => Protection::Read,
            };
            return (frames.end().min(end), Attributes::KERNEL_DATA.with_protection(protection));
        }
        if frames.start() > first {
            end = end.min(frames.start());
        }
    }
    (end, Attributes::KERNEL_READ_ONLY)
}
