//! The recursive self-map: where an entry appears in the virtual address space.
//!
//! One slot of the root table refers to the root table itself, so the processor's own walk, one level short, ends in
//! a page table instead of a page. Everything follows from the slot:
//!
//! ```text
//!   base(1)   = the first address that the slot covers
//!   base(n+1) = pte_of(base(n))
//!   entry(n, va) = base(n) + (va >> shift(n)) * entry_bytes
//!
//!            slot    base(1) PTEs        base(2) PDEs        base(3)             base(4)             base(5)
//!   PML2     0x300   C0000000            C0300000
//!   PML3     0x600   C0000000            C0600000            (not reachable)
//!   PML4     0x1ED   FFFFF680_00000000   FFFFF6FB_40000000   FFFFF6FB_7DA00000   FFFFF6FB_7DBED000
//!   PML5     0x1ED   FFED0000_00000000   FFEDF680_00000000   FFEDF6FB_40000000   FFEDF6FB_7DA00000   FFEDF6FB_7DBED000
//! ```
//!
//! In PML3 four slots, one per page directory, form it; the page-directory-pointer table is no full table, so the
//! chain stops at level 2.

use xtcore::{Geometry, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};

/// The self-map of an address space.
///
/// Every access to a table asks where an entry is, so what does not depend on the address is worked out once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SelfMap {
    mode: PagingMode,
    slot: usize,
    /// The bits that the mode translates.
    width: u64,
    /// From the page tables up.
    stages: [Stage; 5],
    region: VirtRange,
}

/// Where the entries of a level appear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stage {
    /// The first one; `None` where the self-map shows none.
    base: Option<VirtAddr>,
    /// How far an address is shifted so that the level's index is that of a byte: entries have 2^n bytes.
    shift: u32,
}

impl SelfMap {
    /// Derives the self-map of a mode from its slot, or `None` when the tables have no such slot, when it lies in the
    /// user half, or when it is the last one, whose end a range could not name.
    #[must_use]
    pub const fn new(mode: PagingMode, slot: usize) -> Option<Self> {
        let geometry = mode.geometry();
        let slots = geometry.entries(geometry.self_map_level()) * directories(mode);
        if slot < slots / 2 || slot + directories(mode) >= slots || !slot.is_multiple_of(directories(mode)) {
            return None;
        }
        Some(Self::at(mode, slot))
    }

    /// Returns the self-map at the slot that the geometry suggests.
    #[must_use]
    pub const fn standard(mode: PagingMode) -> Self {
        Self::at(mode, mode.geometry().self_map_slot())
    }

    /// Returns the self-map at a slot that is fit for one.
    const fn at(mode: PagingMode, slot: usize) -> Self {
        let geometry = mode.geometry();
        let pt = Stage::of(geometry, slot, Level::PT);
        let pd = Stage::of(geometry, slot, Level::PD);
        let pdpt = Stage::of(geometry, slot, Level::PDPT);
        let pml4 = Stage::of(geometry, slot, Level::PML4);
        let pml5 = Stage::of(geometry, slot, Level::PML5);
        let width = (1 << geometry.virtual_bits()) - 1;
        let start = geometry.canonical((slot as u64) << geometry.shift(geometry.self_map_level()));
        let bytes = geometry.page_bytes(geometry.self_map_level()) * directories(mode) as u64;
        let region = VirtRange::saturating(start, bytes);
        Self { mode, slot, width, stages: [pt, pd, pdpt, pml4, pml5], region }
    }

    /// Returns the paging mode.
    #[must_use]
    pub const fn mode(&self) -> PagingMode {
        self.mode
    }

    /// Returns the slot.
    #[must_use]
    pub const fn slot(&self) -> usize {
        self.slot
    }

    const fn geometry(&self) -> &'static Geometry {
        self.mode.geometry()
    }

    /// Returns the highest level whose entries appear in the self-map.
    #[must_use]
    pub const fn highest(&self) -> Level {
        self.geometry().self_map_level()
    }

    /// Returns the address of the entry at `level` that maps `address`, or `None` when the mode has no such level or
    /// the self-map does not show it. Bits of `address` above the mode's width do not matter.
    #[inline]
    #[must_use]
    pub fn entry_address(&self, level: Level, address: VirtAddr) -> Option<VirtAddr> {
        let byte = self.byte_of(level, address)?;
        Some(VirtAddr::new(byte.get() & !(self.geometry().entry_bytes() - 1)))
    }

    /// Returns the address of the page that shows the table at `level` which covers `address`.
    #[inline]
    #[must_use]
    pub fn table_address(&self, level: Level, address: VirtAddr) -> Option<VirtAddr> {
        Some(self.byte_of(level, address)?.align_down(PAGE_BYTES))
    }

    /// Returns the address of the first entry at `level`.
    #[inline]
    #[must_use]
    pub fn base(&self, level: Level) -> Option<VirtAddr> {
        self.stage(level)?.base
    }

    /// Returns an address within the entry at `level` that maps `address`.
    #[inline]
    fn byte_of(&self, level: Level, address: VirtAddr) -> Option<VirtAddr> {
        let Stage { base, shift } = *self.stage(level)?;
        Some(VirtAddr::new(base?.get() + ((address.get() & self.width) >> shift)))
    }

    #[inline]
    fn stage(&self, level: Level) -> Option<&Stage> {
        self.stages.get(usize::from(level.number()) - 1)
    }

    /// Returns all addresses that belong to the self-map.
    #[must_use]
    pub const fn region(&self) -> VirtRange {
        self.region
    }
}

impl Stage {
    /// Works out where the entries of a level appear.
    const fn of(geometry: &Geometry, slot: usize, level: Level) -> Self {
        let highest = geometry.self_map_level();
        let shift = geometry.shift(level) - geometry.entry_bytes().trailing_zeros();
        if level.number() > highest.number() {
            return Self { base: None, shift };
        }
        let width = (1 << geometry.virtual_bits()) - 1;
        let first = geometry.canonical((slot as u64) << geometry.shift(highest));
        let mut base = first;
        let mut reached = 1;
        while reached < level.number() {
            let index = (base.get() & width) >> geometry.shift(Level::PT);
            base = VirtAddr::new(first.get() + index * geometry.entry_bytes());
            reached += 1;
        }
        Self { base: Some(base), shift }
    }
}

/// Returns the number of tables at the self-map's level that form it together.
const fn directories(mode: PagingMode) -> usize {
    match mode {
        PagingMode::Pml3 => 4,
        PagingMode::Pml2 | PagingMode::Pml4 | PagingMode::Pml5 => 1,
    }
}
