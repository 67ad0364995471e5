//! The memory manager as far as it stands: the kernel's own layout on the adopted tables.

use xtboot::block::VerifiedBlock;
use xtboot::map::Summary;
use xtboot::space::PageTableSpace;
use xtcore::{Frame, FrameCount, FrameRange, Geometry, Level, PAGE_BYTES, PhysAddr, VirtAddr, VirtRange};
use xtlayout::{BootNeeds, Layout, Needs, RegionKind, plan};
use xtpaging::{Attributes, MapError, Mapping, SelfMap};

use super::adopt::Adopted;
use super::fault::Fault;
use super::frames::EarlyFrames;
use super::paging::{ActiveTables, FirmwareTables, LocalTlb, Slot};
use super::window::{Shown, Window};
use crate::ar::words;
use crate::ar::{FaultStack, set_fault_stacks};
use crate::ke::stamps::Stamps;

/// The memory manager.
#[derive(Debug)]
pub(crate) struct MemoryManager {
    active: ActiveTables,
    block: VerifiedBlock<'static>,
    frames: EarlyFrames,
    layout: Layout,
    window: Window,
    summary: Summary,
}

/// By which way a free frame was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reached {
    /// Through the window.
    Window,
    /// Through the slot.
    Slot,
    /// Not at all: it is not free, or no longer.
    NotFree,
}

/// Machine words in a frame.
const FRAME_WORDS: usize = PAGE_BYTES as usize / size_of::<usize>();

/// Pages of a fault stack; the guard below comes on top.
const FAULT_STACK_PAGES: u64 = 2;

/// Pages from one fault stack's guard to the next.
const FAULT_STACK_STRIDE: u64 = FAULT_STACK_PAGES + 1;

impl MemoryManager {
    /// Gives the kernel its own layout: plans it from the RAM found, removes the loader's identity map, moves the fault
    /// stacks behind guards, opens a transient slot, and opens the window with the block that the first tables lie in.
    ///
    /// Cost: proportional to the descriptors and to the tables in use, not to RAM.
    ///
    /// # Errors
    /// [`Fault`], with what would have been needed.
    pub(crate) fn start(adopted: Adopted, stamps: &mut Stamps) -> Result<Self, Fault> {
        let Adopted { active, block } = adopted;
        let geometry = active.space.geometry();
        let limit = active.space.format().ram_limit();
        let summary = Summary::of(block.runs(), limit);
        let layout = plan(active.space.mode(), &needs(&block, *active.space.self_map(), summary.end))
            .map_err(Fault::Layout)?;
        check_places(&layout, &block)?;
        stamps.end_of("layout planned");

        let danger = [
            block.image().placed.frames,
            block.block().frames,
            block.stack().frames,
            block.identity(),
            FrameRange::with_count(block.page_root().frame(), FrameCount::ONE),
        ];
        let space = PageTableSpace::largest(block.runs(), &danger, limit.min(table_limit(geometry)))
            .map_err(Fault::NoSpace)?;
        let range = layout.range(RegionKind::Window).ok_or(Fault::Missing(RegionKind::Window))?;
        let window = Window::new(range, block);
        let frames = EarlyFrames::new(space);
        let mut manager = Self { active, block, frames, layout, window, summary };
        manager.remove_identity_map()?;
        stamps.end_of("identity map removed");
        manager.move_slot()?;
        manager.move_fault_stacks()?;
        stamps.end_of("fault stacks guarded");
        let first = manager.frames.taken().start();
        // On a 32-bit machine the first tables may lie above the window's end; then it opens with the first frame below.
        let (Shown::At(_) | Shown::Outside) = manager.show(first)?;
        stamps.end_of("window opened");
        Ok(manager)
    }

    fn region(&self, kind: RegionKind) -> Result<VirtRange, Fault> {
        self.layout.range(kind).ok_or(Fault::Missing(kind))
    }

    /// Unmaps the loader's hand-over code, data and stack. Their frames are the loader's and stay in its runs.
    fn remove_identity_map(&mut self) -> Result<(), Fault> {
        let identity = self.block.identity();
        let start = VirtAddr::new(identity.start().address().get());
        let pages = VirtRange::saturating(start, identity.count().bytes());
        let ActiveTables { space, tables } = &mut self.active;
        let mut cursor = space.cursor(tables, pages)?;
        while let Some(obligation) = cursor.unmap(&mut self.frames)? {
            let reclaimed = obligation.discharge(&mut LocalTlb);
            self.frames.note_returned(FrameCount::new(reclaimed.tables().len() as u64));
        }
        Ok(())
    }

    /// Opens the slot of the layout and closes the one that was borrowed above the boot stack.
    #[allow(unsafe_code, reason = "a page of the layout's own region becomes a slot")]
    fn move_slot(&mut self) -> Result<(), Fault> {
        let region = self.region(RegionKind::Transient)?;
        // The slot needs a page table, so its page is mapped to a frame of its own first.
        let rest = self.frames.allocate(FrameCount::ONE)?;
        let pages = VirtRange::saturating(region.start(), PAGE_BYTES);
        self.map(pages, rest.start(), Attributes::KERNEL_DATA)?;
        let (self_map, format) = (*self.active.space.self_map(), *self.active.space.format());
        // SAFETY: the page was mapped a moment ago, in a region that the layout keeps for slots; nobody knows it yet.
        let slot = unsafe { Slot::new(region.start(), Some(rest.start()), &self_map, format) };
        let slot = slot.ok_or(Fault::Missing(RegionKind::Transient))?;
        core::mem::replace(&mut self.active.tables.slot, slot).leave();
        Ok(())
    }

    /// Maps a stack for each fault that needs one, with an unmapped page below it.
    fn move_fault_stacks(&mut self) -> Result<(), Fault> {
        let region = self.region(RegionKind::FaultStacks)?;
        let mut tops = [region.start(); FaultStack::ALL.len()];
        for (number, top) in tops.iter_mut().enumerate() {
            let base = region.start().get() + (number as u64 * FAULT_STACK_STRIDE + 1) * PAGE_BYTES;
            let pages = VirtRange::saturating(VirtAddr::new(base), FAULT_STACK_PAGES * PAGE_BYTES);
            let frames = self.frames.allocate(FrameCount::new(FAULT_STACK_PAGES))?;
            self.map(pages, frames.start(), Attributes::KERNEL_DATA)?;
            *top = pages.end();
        }
        set_fault_stacks(tops);
        Ok(())
    }

    fn map(&mut self, pages: VirtRange, first: Frame, attributes: Attributes) -> Result<(), MapError> {
        let mapping = Mapping { pages, first, attributes, largest: Level::PT };
        self.active.space.map(&mut self.active.tables, &mut self.frames, &mapping)
    }

    fn show(&mut self, frame: Frame) -> Result<Shown, Fault> {
        self.window.ensure(&mut self.active, &mut self.frames, frame)
    }

    /// Tells whether a frame is free: the loader block calls it so, and the kernel has not taken it since.
    fn is_free(&self, frame: Frame) -> bool {
        let free = self.block.run_of(frame).is_some_and(|run| run.kind.is_free_for_kernel());
        free && frame < self.active.space.format().ram_limit() && !self.frames.taken().contains(frame)
    }

    /// Fills a free frame with a machine word, through the window or, where that does not reach, the slot.
    ///
    /// # Errors
    /// [`Fault::Map`] when frames for tables ran out, [`Fault::ForeignPage`].
    #[allow(unsafe_code, reason = "a frame that nobody uses is overwritten")]
    pub(crate) fn fill_free(&mut self, frame: Frame, word: usize) -> Result<Reached, Fault> {
        let shown = self.show(frame)?;
        // Asked after `show`, which may take frames.
        if !self.is_free(frame) {
            return Ok(Reached::NotFree);
        }
        match shown {
            Shown::At(address) => {
                let start = core::ptr::with_exposed_provenance_mut(address.get() as usize);
                // SAFETY: the window shows this frame at that address; free frames are mapped writable, and nobody
                // uses this one, as was found a moment ago.
                unsafe { words::fill(start, FRAME_WORDS, word) };
                Ok(Reached::Window)
            }
            Shown::Outside => {
                // SAFETY: the frame is RAM, and nobody uses it, as was found a moment ago.
                unsafe { self.active.tables.slot.fill(frame, word) };
                Ok(Reached::Slot)
            }
        }
    }

    /// Counts the machine words of a free frame that differ from `word`; none for a frame that is no longer free.
    ///
    /// # Errors
    /// As for [`MemoryManager::fill_free`].
    #[allow(unsafe_code, reason = "a frame that nobody uses is read")]
    pub(crate) fn count_unlike(&mut self, frame: Frame, word: usize) -> Result<usize, Fault> {
        let shown = self.show(frame)?;
        if !self.is_free(frame) {
            return Ok(0);
        }
        match shown {
            Shown::At(address) => {
                let start = core::ptr::with_exposed_provenance(address.get() as usize);
                // SAFETY: the window shows this frame at that address, and nobody uses it, so nobody writes to it.
                Ok(unsafe { words::count_unlike(start, FRAME_WORDS, word) })
            }
            // SAFETY: the frame is RAM, and nobody uses it, so nobody writes to it.
            Shown::Outside => Ok(unsafe { self.active.tables.slot.count_unlike(frame, word) }),
        }
    }

    /// Has the slot show nothing any more.
    pub(crate) fn leave_slot(&mut self) {
        self.active.tables.slot.leave();
    }

    /// Returns a reader of the firmware's tables.
    pub(crate) fn firmware_tables(&mut self) -> FirmwareTables<'_> {
        FirmwareTables::new(&mut self.active, self.block)
    }

    /// Returns the paging that the processor runs on.
    pub(crate) const fn active(&self) -> &ActiveTables {
        &self.active
    }

    /// Returns the verified loader block.
    pub(crate) const fn block(&self) -> &VerifiedBlock<'static> {
        &self.block
    }

    /// Returns the layout.
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the totals of the memory map.
    pub(crate) const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns how many frames the window shows.
    pub(crate) const fn window_frames(&self) -> FrameCount {
        self.window.mapped()
    }

    /// Returns how many frames are in use: image, stack, block, tables, and what was taken since.
    pub(crate) fn frames_in_use(&self) -> FrameCount {
        let owned = self.block.runs().filter(|run| run.kind.is_kernel_owned());
        let owned: u64 = owned.map(|run| run.frames.count().get()).sum();
        let taken = self.frames.taken().count().get();
        FrameCount::new((owned + taken).saturating_sub(self.frames.returned().get()))
    }
}

/// Returns the first frame that page tables do not come from.
///
/// In the 32-bit modes that is the one at 4 GiB (see `docs/adr/0006-pae-tables-below-4-gib.md`).
const fn table_limit(geometry: &Geometry) -> Frame {
    if geometry.virtual_bits() == 32 { PhysAddr::new(1 << 32).frame() } else { geometry.frame_limit() }
}

/// Returns the pages that show the framebuffer.
fn framebuffer(block: &VerifiedBlock<'_>) -> Option<VirtRange> {
    let screen = block.screen()?;
    let frames = FrameRange::covering(screen.address, screen.bytes());
    VirtRange::with_length(screen.base.align_down(PAGE_BYTES), frames.count().bytes())
}

/// Checks that the loader has placed everything where the common planner does: no region of the kernel's own can then
/// meet what the loader has mapped.
fn check_places(layout: &Layout, block: &VerifiedBlock<'_>) -> Result<(), Fault> {
    let placed = [
        (RegionKind::Image, block.image().placed.pages()),
        (RegionKind::Block, block.block().pages()),
        (RegionKind::Stack, block.stack().pages()),
        (RegionKind::Framebuffer, framebuffer(block)),
    ];
    for (kind, found) in placed {
        let planned = layout.range(kind);
        if planned != found {
            let (planned, found) = (planned.unwrap_or_default(), found.unwrap_or_default());
            return Err(Fault::Misplaced { kind, planned, found });
        }
    }
    Ok(())
}

/// Returns what the layout must hold, read from what the loader placed.
fn needs(block: &VerifiedBlock<'_>, self_map: SelfMap, frames_end: Frame) -> Needs {
    let image = block.image().placed;
    let boot = BootNeeds {
        image_base: image.base,
        image_bytes: image.frames.count().bytes(),
        block_bytes: block.block().frames.count().bytes(),
        stack_bytes: block.stack().frames.count().bytes(),
        framebuffer_bytes: framebuffer(block).map_or(0, VirtRange::bytes),
    };
    Needs {
        boot,
        self_map: self_map.region(),
        frames_end,
        fault_stacks_bytes: FaultStack::ALL.len() as u64 * FAULT_STACK_STRIDE * PAGE_BYTES,
        transient_bytes: PAGE_BYTES,
    }
}
