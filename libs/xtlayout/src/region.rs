//! Regions, and the layout that is a list of them.

use arrayvec::ArrayVec;
use xtcore::{PagingMode, VirtAddr, VirtRange};

use crate::budget::{PROCESSOR_SLOT_BYTES, PoolBooks};
use crate::error::LayoutError;

xtcore::named! {
    /// What a region of the kernel's address space is for.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    pub enum RegionKind => name {
        /// All usable RAM up to a limit, frame after frame.
        Window => "window",
        /// The page tables, seen through their recursive entry.
        SelfMap => "self-map",
        /// The kernel's image.
        Image => "image",
        /// The loader block.
        Block => "loader block",
        /// The stack of the boot processor.
        Stack => "boot stack",
        /// The firmware's linear framebuffer.
        Framebuffer => "framebuffer",
        /// The stacks of faults that must not use the stack they interrupt, with a guard below each.
        FaultStacks => "fault stacks",
        /// Pages through which a processor reaches a frame for a moment.
        Transient => "transient slots",
        /// An entry for each frame of RAM.
        PfnDatabase => "PFN database",
        /// The frame allocator's record of each block of RAM.
        FrameRecords => "frame records",
        /// Virtual pages that are handed out by the page: mappings of chosen frames, devices, stacks.
        SystemPtes => "system PTEs",
        /// What describes the system PTEs.
        SystemPteBooks => "system PTE books",
        /// Small blocks of memory that is always there.
        NonPagedPool => "non-paged pool",
        /// What describes the non-paged pool; see [`PoolBooks`].
        NonPagedBooks => "non-paged pool books",
        /// Small blocks of memory that appears when it is touched.
        PagedPool => "paged pool",
        /// What describes the paged pool, itself never paged; see [`PoolBooks`].
        PagedBooks => "paged pool books",
        /// A slot of [`PROCESSOR_SLOT_BYTES`](crate::budget::PROCESSOR_SLOT_BYTES) for each processor's own data.
        PerProcessor => "per-processor data",
        /// Devices that are mapped for good, before there are system PTEs or after.
        Hardware => "hardware mappings",
    }
}

/// A region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// What it is for.
    pub kind: RegionKind,
    /// Where it lies; never empty.
    pub range: VirtRange,
}

/// The kernel's regions, sorted by address, disjoint, with guards between.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    mode: PagingMode,
    guard: u64,
    regions: ArrayVec<Region, { RegionKind::ALL.len() }>,
}

impl Layout {
    pub(crate) const fn new(mode: PagingMode, guard: u64) -> Self {
        Self { mode, guard, regions: ArrayVec::new_const() }
    }

    /// Returns the mode that the layout was planned for.
    #[must_use]
    pub const fn mode(&self) -> PagingMode {
        self.mode
    }

    /// Returns the least distance between two regions, in bytes: a page of level 2.
    #[must_use]
    pub const fn guard(&self) -> u64 {
        self.guard
    }

    /// Returns the regions, lowest first.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Returns where a region lies, if the layout has it.
    #[must_use]
    pub fn range(&self, kind: RegionKind) -> Option<VirtRange> {
        self.regions.iter().find(|region| region.kind == kind).map(|region| region.range)
    }

    /// Returns the region that contains `address`. Cost: a look at each region.
    #[must_use]
    pub fn find(&self, address: VirtAddr) -> Option<Region> {
        self.regions.iter().copied().find(|region| region.range.contains(address))
    }

    /// Returns the parts of the books of a pool, or `None` when `pool` is no pool or the layout has none.
    #[must_use]
    pub fn pool_books(&self, pool: RegionKind) -> Option<PoolBooks> {
        let books = match pool {
            RegionKind::NonPagedPool => RegionKind::NonPagedBooks,
            RegionKind::PagedPool => RegionKind::PagedBooks,
            _ => return None,
        };
        Some(PoolBooks::divide(self.mode, self.range(pool)?.bytes(), self.range(books)?))
    }

    /// Returns the slot of the processor with that number, counted from 0, or `None` when there is none for it.
    #[must_use]
    pub fn processor_slot(&self, number: u64) -> Option<VirtRange> {
        let slots = self.range(RegionKind::PerProcessor)?;
        let start = slots.start().checked_add(number.checked_mul(PROCESSOR_SLOT_BYTES)?)?;
        slots.contains(start).then(|| VirtRange::saturating(start, PROCESSOR_SLOT_BYTES))
    }

    /// Adds a region; an empty one is left out.
    ///
    /// # Errors
    /// [`LayoutError::Collision`] when it comes closer than a guard to another region.
    pub(crate) fn add(&mut self, kind: RegionKind, range: VirtRange) -> Result<(), LayoutError> {
        if range.is_empty() {
            return Ok(());
        }
        if let Some(known) = self.too_close(range) {
            return Err(LayoutError::Collision { kind, range, other: known.kind, at: known.range });
        }
        let place = self.regions.iter().take_while(|known| known.range.start() < range.start()).count();
        self.regions
            .try_insert(place, Region { kind, range })
            .map_err(|_| LayoutError::TooManyRegions { kind })
    }

    /// Tells whether a region there would keep the guard to all others.
    pub(crate) fn has_room_for(&self, range: VirtRange) -> bool {
        self.too_close(range).is_none()
    }

    /// Returns the first region that `range` comes closer to than a guard.
    fn too_close(&self, range: VirtRange) -> Option<Region> {
        self.regions.iter().copied().find(|known| {
            let before = known.range.end().get().saturating_add(self.guard) <= range.start().get();
            let after = range.end().get().saturating_add(self.guard) <= known.range.start().get();
            !before && !after
        })
    }
}
