//! The planner: needs in, layout out.

use RegionKind::{
    Block, FaultStacks, FrameRecords, Framebuffer, Hardware, Image, NonPagedBooks, NonPagedPool, PagedBooks,
    PagedPool, PerProcessor, PfnDatabase, SelfMap, Stack, SystemPteBooks, SystemPtes, Transient, Window,
};
use xtcore::{Frame, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};

use crate::anchors::{Anchors, WindowRoom};
use crate::budget::Budget;
use crate::error::LayoutError;
use crate::region::{Layout, RegionKind};

/// What the loader places. All sizes are whole pages, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BootNeeds {
    /// Where the image is linked or slid to.
    pub image_base: VirtAddr,
    /// Its size.
    pub image_bytes: u64,
    /// The loader block's size.
    pub block_bytes: u64,
    /// The boot stack's size, guard not counted.
    pub stack_bytes: u64,
    /// The framebuffer's size as far as it is visible, rounded up to pages; 0 when there is none.
    pub framebuffer_bytes: u64,
}

/// Where the loader places it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BootLayout {
    /// The kernel's image.
    pub image: VirtRange,
    /// The loader block.
    pub block: VirtRange,
    /// The boot stack; the page below is a guard.
    pub stack: VirtRange,
    /// The framebuffer, empty when there is none.
    pub framebuffer: VirtRange,
}

/// What the kernel's final layout must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    /// What the loader has placed.
    pub boot: BootNeeds,
    /// The slot of the self-map.
    pub self_map: VirtRange,
    /// The frame after the last usable one, below the mode's frame limit.
    pub frames_end: Frame,
    /// Bytes of the fault stacks, guards included.
    pub fault_stacks_bytes: u64,
    /// Bytes of the transient slots.
    pub transient_bytes: u64,
}

/// Plans what the loader places.
///
/// # Errors
/// [`LayoutError`] when something does not fit.
pub fn plan_boot(mode: PagingMode, needs: &BootNeeds) -> Result<BootLayout, LayoutError> {
    let mut layout = empty(mode);
    let mut packer = Packer::low(mode, layout.guard());
    place_boot(&mut layout, &mut packer, mode, needs)
}

/// Plans the kernel's whole address space.
///
/// The window covers frames from 0 up to `frames_end` as far as its room allows; what lies above is not in the window
/// and is reached through transient slots.
///
/// # Errors
/// [`LayoutError`] when something does not fit, with what it would have needed.
pub fn plan(mode: PagingMode, needs: &Needs) -> Result<Layout, LayoutError> {
    let mut layout = empty(mode);
    let mut packer = Packer::low(mode, layout.guard());
    place_boot(&mut layout, &mut packer, mode, &needs.boot)?;
    for (kind, bytes) in [(FaultStacks, needs.fault_stacks_bytes), (Transient, needs.transient_bytes)] {
        layout.add(kind, packer.place(kind, bytes)?)?;
    }
    layout.add(SelfMap, needs.self_map)?;
    place_upper(&mut layout, mode, needs.frames_end)?;
    layout.add(Window, window(mode, packer.rest(), needs.frames_end))?;
    Ok(layout)
}

pub(crate) fn empty(mode: PagingMode) -> Layout {
    // One page of level 2: regions that far apart never share a page table.
    Layout::new(mode, mode.geometry().page_bytes(Level::PD))
}

fn place_boot(
    layout: &mut Layout,
    packer: &mut Packer,
    mode: PagingMode,
    needs: &BootNeeds,
) -> Result<BootLayout, LayoutError> {
    let room = Anchors::of(mode).image;
    check_pages(Image, needs.image_bytes)?;
    let image = VirtRange::saturating(needs.image_base, needs.image_bytes);
    let inside =
        room.start() <= image.start() && image.end() <= room.end() && image.bytes() == needs.image_bytes;
    if !inside || !image.is_aligned(PAGE_BYTES) {
        return Err(LayoutError::ImageBase { image, room });
    }
    layout.add(Image, image)?;
    let mut place = |kind, bytes| {
        let range = packer.place(kind, bytes)?;
        layout.add(kind, range)?;
        Ok(range)
    };
    let block = place(Block, needs.block_bytes)?;
    let stack = place(Stack, needs.stack_bytes)?;
    let framebuffer = place(Framebuffer, needs.framebuffer_bytes)?;
    Ok(BootLayout { image, block, stack, framebuffer })
}

/// Places the memory manager's regions. The two that grow with RAM come last, so that no other region moves with them.
pub(crate) fn place_upper(
    layout: &mut Layout,
    mode: PagingMode,
    frames_end: Frame,
) -> Result<(), LayoutError> {
    let mut packer = Packer::upper(mode, layout.guard());
    let budget = Budget::new(mode, frames_end, packer.room.bytes(), layout.guard())?;
    let regions = [
        (PerProcessor, budget.per_processor),
        (Hardware, budget.hardware),
        (SystemPtes, budget.system_ptes),
        (SystemPteBooks, budget.system_pte_books),
        (NonPagedPool, budget.pool),
        (NonPagedBooks, budget.pool_books),
        (PagedPool, budget.pool),
        (PagedBooks, budget.pool_books),
        (FrameRecords, budget.frame_records),
        (PfnDatabase, budget.pfn_database),
    ];
    for (kind, bytes) in regions {
        layout.add(kind, packer.place(kind, bytes)?)?;
    }
    Ok(())
}

fn check_pages(kind: RegionKind, bytes: u64) -> Result<(), LayoutError> {
    if bytes.is_multiple_of(PAGE_BYTES) { Ok(()) } else { Err(LayoutError::NotPages { kind, bytes }) }
}

/// Returns the window: as many frames from 0 on as the room allows, in whole pages of level 2. `rest` is what the packed
/// regions leave of theirs.
pub(crate) fn window(mode: PagingMode, rest: VirtRange, frames_end: Frame) -> VirtRange {
    let geometry = mode.geometry();
    let room = match Anchors::of(mode).window {
        WindowRoom::Fixed(room) => room,
        WindowRoom::Rest => rest,
    };
    let span = geometry.page_bytes(Level::PD);
    // The frame limit of every mode is at most 2^40, so its address cannot saturate.
    let limit = frames_end.min(geometry.frame_limit()).address().get();
    let wanted = limit.next_multiple_of(span);
    VirtRange::saturating(room.start(), wanted.min(room.bytes()))
}

/// Places regions one after another, a guard apart.
struct Packer {
    room: VirtRange,
    next: VirtAddr,
    guard: u64,
    /// Each region begins at a multiple of it; a multiple of the guard itself.
    alignment: u64,
}

impl Packer {
    /// Packs the room of the small regions.
    const fn low(mode: PagingMode, guard: u64) -> Self {
        let room = Anchors::of(mode).packed;
        Self { room, next: room.start(), guard, alignment: guard }
    }

    /// Packs the room of the memory manager's regions.
    const fn upper(mode: PagingMode, guard: u64) -> Self {
        let Anchors { upper: room, upper_alignment: alignment, .. } = Anchors::of(mode);
        Self { room, next: room.start(), guard, alignment }
    }

    fn place(&mut self, kind: RegionKind, bytes: u64) -> Result<VirtRange, LayoutError> {
        check_pages(kind, bytes)?;
        if bytes == 0 {
            return Ok(VirtRange::saturating(self.next, 0));
        }
        let room = self.room.end().get().saturating_sub(self.next.get());
        let no_room = LayoutError::NoRoom { kind, needed: bytes, room };
        let end = self.next.checked_add(bytes).filter(|end| *end <= self.room.end()).ok_or(no_room)?;
        let range = VirtRange::new(self.next, end).ok_or(no_room)?;
        // Past the end means that the next region has no room; `place` then says so.
        let next = end.checked_add(self.guard).and_then(|next| next.align_up(self.alignment));
        self.next = next.unwrap_or(self.room.end()).min(self.room.end());
        Ok(range)
    }

    /// Returns the room that is left, from a multiple of the guard to one.
    fn rest(&self) -> VirtRange {
        let end = self.room.end().align_down(self.guard);
        VirtRange::new(self.next, end).unwrap_or_default()
    }
}
