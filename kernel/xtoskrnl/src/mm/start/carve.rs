//! The last early allocations: what the memory manager stands on before it stands.
//!
//! ```text
//!   identity map      removed; its tables will be given back
//!   Transient         a slot for fresh page tables, and one for the boot processor
//!   FaultStacks       a stack for each fault that needs one, an unmapped page below each
//!   PerProcessor      the boot processor's caches: frames, both pools
//!   SystemPtes        from its start: the tables of free ranges, and the depot's batches
//! ```
#![allow(unsafe_code, reason = "memory that was mapped a moment ago becomes Rust objects")]

use xtboot::block::VerifiedBlock;
use xtboot::map::Summary;
use xtcore::{CpuIndex, Frame, FrameCount, FrameRange, Level, PAGE_BYTES, VirtAddr, VirtRange};
use xtlayout::budget::PROCESSOR_SLOT_BYTES;
use xtlayout::{Layout, RegionKind};
use xtmm::frames::{self, Batch};
use xtmm::pool;
use xtmm::space::tables_bound;
use xtpaging::{Attributes, Limbo, MapError, Mapping};

use super::early::EarlyFrames;
use super::layout::{FAULT_STACK_PAGES, FAULT_STACK_STRIDE};
use super::table_limit;
use crate::ar::{FaultStack, local, set_fault_stacks};
use crate::ke::stacks::{self, Name, Stack};
use crate::ke::stamps::Stamps;
use crate::mm::fault::Fault;
use crate::mm::memory::{SLOTS, Window};
use crate::mm::paging::{ActiveTables, EveryTlb, Slot};

/// Batches of the depot: as many frames wait there as 16 MiB have.
const BATCHES: usize = 32;

/// What a processor keeps for the memory manager. All zeros when new.
pub(in crate::mm) struct Caches {
    pub(in crate::mm) frames: frames::CpuCache,
    pub(in crate::mm) nonpaged: pool::CpuCache,
    pub(in crate::mm) paged: pool::CpuCache,
}

/// What the start has carved out, and everything that goes on to the next step.
pub(super) struct Carved {
    pub(super) active: ActiveTables,
    pub(super) block: VerifiedBlock<'static>,
    pub(super) layout: Layout,
    pub(super) summary: Summary,
    pub(super) early: EarlyFrames,
    pub(super) slots: [Slot; SLOTS],
    /// Room for free ranges, and for all ranges that the allocator governs.
    pub(super) ranges: [&'static mut [FrameRange]; 2],
    pub(super) depot: &'static [Batch],
    pub(super) caches: &'static Caches,
    /// The system PTEs that are not used yet.
    pub(super) system: VirtRange,
    /// Frames for page tables of blocks that have none of their own to give.
    pub(super) stock: FrameRange,
}

impl Carved {
    pub(super) fn new(
        active: ActiveTables,
        block: VerifiedBlock<'static>,
        layout: Layout,
        summary: Summary,
        early: EarlyFrames,
        stamps: &mut Stamps,
    ) -> Result<Self, Fault> {
        let mut carver = Carver { active, block, layout, early };
        carver.remove_identity_map()?;
        stamps.end_of("identity map removed");
        let slots = carver.open_slots()?;
        carver.move_fault_stacks()?;
        stamps.end_of("fault stacks guarded");
        let caches = carver.caches()?;
        let mut system = carver.region(RegionKind::SystemPtes)?;
        // Four more ranges than runs may be free, and as many again may come back one day.
        let runs = carver.block.runs().count() * 2 + 16;
        const SYSTEM: RegionKind = RegionKind::SystemPtes;
        let ranges = [carver.zeroed(SYSTEM, &mut system, runs)?, carver.zeroed(SYSTEM, &mut system, runs)?];
        let depot = carver.zeroed::<Batch>(SYSTEM, &mut system, BATCHES)?;
        let stock = carver.stock(&summary)?;
        let Carver { active, block, layout, early } = carver;
        Ok(Self { active, block, layout, summary, early, slots, ranges, depot, caches, system, stock })
    }
}

/// Whoever still allocates early.
struct Carver {
    active: ActiveTables,
    block: VerifiedBlock<'static>,
    layout: Layout,
    early: EarlyFrames,
}

impl Carver {
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
        let mut limbo = Limbo::new();
        while let Some(obligation) = cursor.unmap(&mut self.early, &mut limbo)? {
            let reclaimed = obligation.discharge(&mut EveryTlb);
            for table in reclaimed.tables() {
                self.early.note_returned(*table);
            }
        }
        Ok(())
    }

    /// Opens the slots of the layout and closes the one that was borrowed above the boot stack.
    fn open_slots(&mut self) -> Result<[Slot; SLOTS], Fault> {
        let region = self.region(RegionKind::Transient)?;
        let own = self.open_slot(region, 0)?;
        core::mem::replace(&mut self.active.tables.slot, own).leave();
        Ok([self.open_slot(region, 1)?])
    }

    fn open_slot(&mut self, region: VirtRange, number: u64) -> Result<Slot, Fault> {
        // The slot needs a page table, so its page is mapped to a frame of its own first.
        let rest = self.early.allocate(FrameCount::ONE)?;
        let page = VirtAddr::new(region.start().get() + number * PAGE_BYTES);
        self.map(VirtRange::saturating(page, PAGE_BYTES), rest.start())?;
        let (self_map, format) = (*self.active.space.self_map(), *self.active.space.format());
        // SAFETY: the page was mapped a moment ago, in a region that the layout keeps for slots; nobody knows it yet.
        let slot = unsafe { Slot::new(page, Some(rest.start()), &self_map, format) };
        slot.ok_or(Fault::Missing(RegionKind::Transient))
    }

    /// Maps a stack for each fault that needs one, with an unmapped page below it.
    fn move_fault_stacks(&mut self) -> Result<(), Fault> {
        let region = self.region(RegionKind::FaultStacks)?;
        let mut tops = [region.start(); FaultStack::ALL.len()];
        for ((number, top), stack) in tops.iter_mut().enumerate().zip(FaultStack::ALL) {
            let base = region.start().get() + (number as u64 * FAULT_STACK_STRIDE + 1) * PAGE_BYTES;
            let pages = VirtRange::saturating(VirtAddr::new(base), FAULT_STACK_PAGES * PAGE_BYTES);
            let frames = self.early.allocate(FrameCount::new(FAULT_STACK_PAGES))?;
            self.map(pages, frames.start())?;
            *top = pages.end();
            // There is room for more than these; and a stop on a stack that is not known only lacks its name.
            let _ = stacks::register(Stack::new(Name::of(stack.name(), CpuIndex::BOOT), pages, PAGE_BYTES));
        }
        set_fault_stacks(&local::BOOT, tops);
        Ok(())
    }

    /// Maps the boot processor's caches.
    fn caches(&mut self) -> Result<&'static Caches, Fault> {
        let slot = self.layout.processor_slot(0).ok_or(Fault::Missing(RegionKind::PerProcessor))?;
        let mut room = slot;
        const {
            assert!(size_of::<Caches>() as u64 <= PROCESSOR_SLOT_BYTES, "a slot holds what a processor keeps")
        };
        let caches = self.zeroed::<Caches>(RegionKind::PerProcessor, &mut room, 1)?;
        caches.first().ok_or(Fault::Missing(RegionKind::PerProcessor))
    }

    /// Maps pages from the front of `room`, a part of the region `kind`, for `count` values whose zeros are valid, and takes
    /// them off it.
    fn zeroed<T>(
        &mut self,
        kind: RegionKind,
        room: &mut VirtRange,
        count: usize,
    ) -> Result<&'static mut [T], Fault>
    where
        T: ZeroIsNew,
    {
        let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
        let frames = FrameCount::holding(bytes);
        let none = Fault::Missing(kind);
        let pages =
            VirtRange::with_length(room.start(), frames.bytes()).filter(|pages| pages.end() <= room.end());
        let pages = pages.ok_or(none)?;
        *room = VirtRange::new(pages.end(), room.end()).ok_or(none)?;
        let range = self.early.allocate(frames)?;
        for frame in range.iter() {
            // SAFETY: the early allocator has just given out the frame; nobody else has it.
            unsafe { self.active.tables.slot.fill(frame, 0) };
        }
        self.map(pages, range.start())?;
        let start = core::ptr::with_exposed_provenance_mut::<T>(pages.start().get() as usize);
        // SAFETY: the pages are mapped for good, writable, zero, which is a valid `T`, begin at a page boundary, hold so
        // many values, and are known to nobody else.
        Ok(unsafe { core::slice::from_raw_parts_mut(start, count) })
    }

    /// Sets frames aside for the page tables of blocks that are opened with donors above the limit of page tables: for all
    /// tables that the books of blocks and the window can need. None is ever given back, so each is needed once.
    fn stock(&mut self, summary: &Summary) -> Result<FrameRange, Fault> {
        let space = &self.active.space;
        if summary.end <= table_limit(space.geometry()) {
            return Ok(FrameRange::default());
        }
        let shown = self.region(RegionKind::Window)?;
        let small = [RegionKind::PfnDatabase, RegionKind::FrameRecords].map(|kind| self.region(kind));
        let mut tables = self.window_tables(shown);
        for region in small {
            tables = tables.saturating_add(tables_bound(space, region?, Level::PT));
        }
        // The two parts of a block's record are counted one by one when it is opened, though they lie in one table.
        Ok(self.early.allocate(tables.saturating_add(FrameCount::ONE))?)
    }

    /// Returns the most page tables that the window can need, wherever it has no large pages: at the ends of runs of usable
    /// RAM, below 1 MiB, and where some pages are read-only.
    fn window_tables(&self, shown: VirtRange) -> FrameCount {
        let space = &self.active.space;
        let largest = space.format().largest_page().min(Level::PD);
        let window = Window::new(shown, self.block, *space.format());
        let all = FrameRange::new(Frame::new(0), window.end()).unwrap_or_default();
        let place = |frames: FrameRange| {
            let start = shown.start().checked_add(frames.start().address().get())?;
            VirtRange::with_length(start, frames.count().bytes())
        };
        let mut tables = FrameCount::ZERO;
        let mut add = |frames: FrameRange, largest| {
            let needed = place(frames.intersection(all)).map(|pages| tables_bound(space, pages, largest));
            tables = tables.saturating_add(needed.unwrap_or(FrameCount::ZERO));
        };
        // Runs of different kinds that touch each other appear as one.
        let mut whole = FrameRange::default();
        for run in window.usable(all) {
            if run.start() == whole.end() {
                whole = FrameRange::new(whole.start(), run.end()).unwrap_or(run);
            } else {
                add(whole, largest);
                whole = run;
            }
        }
        add(whole, largest);
        for small in window.small_pages() {
            add(small, Level::PT);
        }
        tables
    }

    fn map(&mut self, pages: VirtRange, first: Frame) -> Result<(), MapError> {
        let mapping = Mapping { pages, first, attributes: Attributes::KERNEL_DATA, largest: Level::PT };
        self.active.space.map(&mut self.active.tables, &mut self.early, &mapping)
    }
}

/// Types of which all-zero bytes are a new value.
///
/// # Safety
/// They are.
unsafe trait ZeroIsNew {}

// SAFETY: an empty range at frame 0.
unsafe impl ZeroIsNew for FrameRange {}
// SAFETY: its documentation says that all zeros is an empty one.
unsafe impl ZeroIsNew for Batch {}
// SAFETY: the documentation of each part says that all zeros is an empty one.
unsafe impl ZeroIsNew for Caches {}
