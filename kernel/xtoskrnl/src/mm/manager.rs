//! The memory manager as far as it stands: the kernel's own layout on the adopted tables.

use xtboot::block::VerifiedBlock;
use xtboot::map::Summary;
use xtboot::space::{NoSpace, PageTableSpace, SpaceError};
use xtcore::{Frame, FrameCount, FrameRange, Geometry, Level, PAGE_BYTES, PhysAddr, VirtAddr, VirtRange};
use xtlayout::{BootNeeds, Layout, LayoutError, Needs, RegionKind, plan};
use xtpaging::{Attributes, CursorError, MapError, Mapping, SelfMap};

use super::adopt::Adopted;
use super::frames::EarlyFrames;
use super::paging::{ActiveTables, LocalTlb, Slot};
use super::window::{Outside, Window};
use crate::ar::{FaultStack, set_fault_stacks};
use crate::ke::stamps::Stamps;

/// Why the memory manager cannot stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The regions do not fit the address space.
    Layout(LayoutError),
    /// There is no free memory below the mode's limit.
    NoSpace(NoSpace),
    /// The page-table space is used up.
    Space(SpaceError),
    /// A mapping was refused.
    Map(MapError),
    /// The plan lacks a region that was asked for.
    Missing(RegionKind),
}

impl From<MapError> for Fault {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

impl From<CursorError> for Fault {
    fn from(error: CursorError) -> Self {
        Self::Map(MapError::Range(error))
    }
}

impl From<SpaceError> for Fault {
    fn from(error: SpaceError) -> Self {
        Self::Space(error)
    }
}

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
        let _shown = manager.window_address(first)?;
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
        let slot = unsafe { Slot::new(region.start(), &self_map, format) };
        let slot = slot.ok_or(Fault::Missing(RegionKind::Transient))?;
        core::mem::replace(&mut self.active.tables.slot, slot).close();
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

    /// Makes sure that the window shows `frame` and returns where.
    ///
    /// # Errors
    /// [`MapError`] when frames for tables ran out; the inner [`Outside`] when the window does not show that frame.
    pub(crate) fn window_address(&mut self, frame: Frame) -> Result<Result<VirtAddr, Outside>, MapError> {
        self.window.ensure(&mut self.active, &mut self.frames, frame)
    }

    /// Returns the paging that the processor runs on.
    pub(crate) const fn active(&self) -> &ActiveTables {
        &self.active
    }

    /// Returns the paging that the processor runs on, to reach frames through its slot.
    pub(crate) const fn active_mut(&mut self) -> &mut ActiveTables {
        &mut self.active
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

    /// Returns the frames that the kernel has taken since it started.
    pub(crate) fn taken(&self) -> FrameRange {
        self.frames.taken()
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

/// Returns what the layout must hold, read from what the loader placed.
fn needs(block: &VerifiedBlock<'_>, self_map: SelfMap, frames_end: Frame) -> Needs {
    let image = block.image().placed;
    let boot = BootNeeds {
        image_base: image.base,
        image_bytes: image.frames.count().bytes(),
        block_bytes: block.block().frames.count().bytes(),
        stack_bytes: block.stack().frames.count().bytes(),
        framebuffer_bytes: block.screen().map_or(0, |screen| FrameCount::holding(screen.bytes()).bytes()),
    };
    Needs {
        boot,
        self_map: self_map.region(),
        frames_end,
        fault_stacks_bytes: FaultStack::ALL.len() as u64 * FAULT_STACK_STRIDE * PAGE_BYTES,
        transient_bytes: PAGE_BYTES,
    }
}
