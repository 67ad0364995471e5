//! The window: all usable RAM at one stretch of virtual addresses, frame after frame (design D5).
//!
//! What describes a block of memory is mapped when one of its frames is first used, and the block appears in the window
//! by the same step; until then it costs nothing. So neither the size of RAM nor the absence of 1 GiB pages shows at boot.
//! What appears with a block:
//!
//! * usable RAM only. Where a whole GiB is usable and the processor has pages of that size, all of it appears at once;
//!   else a block that is wholly usable becomes one large page; in other blocks each usable run is mapped with
//!   4 KiB pages. So a large page never covers a device, a hole or firmware memory.
//! * below 1 MiB always with 4 KiB pages: fixed MTRRs may give each of them another memory type there.
//! * the kernel's code and constants read-only, so that no frame is writable here and executable there; the loader block
//!   likewise, because the kernel holds references into it.
//!
//! This module decides what is to be mapped; [`super::KernelBlocks`] maps it.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xtboot::block::{SectionProtection, VerifiedBlock};
use xtcore::{Frame, FrameCount, FrameRange, Level, MemoryKind, MemoryRun, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::entry::Format;
use xtpaging::{Attributes, Mapping, Protection};

/// The window.
#[derive(Debug)]
pub(in crate::mm) struct Window {
    range: VirtRange,
    block: VerifiedBlock<'static>,
    format: Format,
    /// The ACPI tables have been read, so the memory that held them is usable too.
    acpi_is_free: AtomicBool,
    /// Frames that are shown.
    shown: AtomicUsize,
}

/// Frames below this one are mapped one by one.
const LOW_MEMORY: Frame = Frame::new((1 << 20) / PAGE_BYTES);

impl Window {
    pub(in crate::mm) const fn new(range: VirtRange, block: VerifiedBlock<'static>, format: Format) -> Self {
        Self { range, block, format, acpi_is_free: AtomicBool::new(false), shown: AtomicUsize::new(0) }
    }

    /// Returns how many frames are shown.
    pub(super) fn shown(&self) -> FrameCount {
        FrameCount::new(self.shown.load(Ordering::Relaxed) as u64)
    }

    /// Counts frames that are shown from now on.
    pub(super) fn note_shown(&self, frames: FrameCount) {
        // What is shown lies in the address space, so its pages can be counted.
        self.shown.fetch_add(frames.get() as usize, Ordering::Relaxed);
    }

    /// Returns the first frame that lies above the window.
    pub(in crate::mm) const fn end(&self) -> Frame {
        Frame::new(self.range.bytes() / PAGE_BYTES)
    }

    /// Returns where a frame appears once its block is open, if it lies below the window's end.
    pub(super) fn address_of(&self, frame: Frame) -> Option<VirtAddr> {
        let offset = frame.address().get();
        self.range.start().checked_add(offset).filter(|address| self.range.contains(*address))
    }

    /// Counts memory of ACPI's tables as usable from now on.
    pub(super) fn free_acpi(&self) {
        self.acpi_is_free.store(true, Ordering::Relaxed);
    }

    /// Returns the runs of usable RAM inside `whole`.
    pub(in crate::mm) fn usable(&self, whole: FrameRange) -> impl Iterator<Item = FrameRange> + use<> {
        let acpi = self.acpi_is_free.load(Ordering::Relaxed);
        let is_usable =
            move |run: &MemoryRun| run.kind.is_usable() || acpi && run.kind == MemoryKind::AcpiReclaimable;
        let parts = self.block.runs().filter(is_usable).map(move |run| run.frames.intersection(whole));
        parts.filter(|part| !part.is_empty())
    }

    /// Returns the mappings by which the usable RAM of `whole`, a block or a part of one, appears.
    pub(super) fn mappings(&self, whole: FrameRange) -> impl Iterator<Item = Mapping> + use<> {
        let (range, block) = (self.range, self.block);
        let large = self.large_page(whole);
        let small = if large.is_none() { Some(self.usable(whole)) } else { None };
        let pieces = small.into_iter().flatten().flat_map(move |part| pieces(block, part));
        let pieces = pieces.map(|(piece, attributes)| (piece, attributes, Level::PT));
        large.into_iter().chain(pieces).filter_map(move |(frames, attributes, largest)| {
            let start = range.start().checked_add(frames.start().address().get())?;
            let pages = VirtRange::with_length(start, frames.count().bytes())?;
            // Blocks are aligned as the window's end is, so none reaches over it.
            (pages.end() <= range.end()).then_some(Mapping {
                pages,
                first: frames.start(),
                attributes,
                largest,
            })
        })
    }

    /// Returns the large page that shows `whole`, if one may.
    fn large_page(&self, whole: FrameRange) -> Option<(FrameRange, Attributes, Level)> {
        [Level::PDPT, Level::PD].into_iter().find_map(|level| {
            if level > self.format.largest_page() {
                return None;
            }
            let span = self.format.geometry().page_frames(level);
            let first = Frame::new(whole.start().number() & !(span.get() - 1));
            let page = FrameRange::with_count(first, span);
            let inside = page.encloses(whole) && page.end() <= self.end() && first >= LOW_MEMORY;
            // Pages that were mapped before ACPI's memory came free must not be mapped again.
            let always_usable = self.block.runs().filter(|run| run.kind.is_usable());
            let usable: u64 = always_usable.map(|run| run.frames.intersection(page).count().get()).sum();
            let alike = !self.constants().any(|part| part.overlaps(page));
            let fits = inside && alike && usable == span.get();
            fits.then_some((page, Attributes::KERNEL_DATA, level))
        })
    }

    /// Returns the frames that never appear in large pages, whatever is around them.
    pub(in crate::mm) fn small_pages(&self) -> impl Iterator<Item = FrameRange> {
        let low = FrameRange::new(Frame::new(0), LOW_MEMORY).unwrap_or_default();
        self.constants().chain([low])
    }

    /// Returns the frames of which at least some must not be writable.
    fn constants(&self) -> impl Iterator<Item = FrameRange> {
        [self.block.image().placed.frames, self.block.block().frames].into_iter()
    }
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
