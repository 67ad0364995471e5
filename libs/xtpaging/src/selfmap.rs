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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SelfMap {
    mode: PagingMode,
    slot: usize,
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
        Some(Self { mode, slot })
    }

    /// Returns the self-map at the slot that the geometry suggests.
    #[must_use]
    pub const fn standard(mode: PagingMode) -> Self {
        Self { mode, slot: mode.geometry().self_map_slot() }
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
    #[must_use]
    pub const fn entry_address(&self, level: Level, address: VirtAddr) -> Option<VirtAddr> {
        let geometry = self.geometry();
        let Some(base) = self.base(level) else { return None };
        let width = (1 << geometry.virtual_bits()) - 1;
        let index = (address.get() & width) >> geometry.shift(level);
        Some(VirtAddr::new(base.get() + index * geometry.entry_bytes()))
    }

    /// Returns the address of the page that shows the table at `level` which covers `address`.
    #[must_use]
    pub const fn table_address(&self, level: Level, address: VirtAddr) -> Option<VirtAddr> {
        match self.entry_address(level, address) {
            Some(entry) => Some(entry.align_down(PAGE_BYTES)),
            None => None,
        }
    }

    /// Returns the address of the first entry at `level`.
    #[must_use]
    pub const fn base(&self, level: Level) -> Option<VirtAddr> {
        let geometry = self.geometry();
        if level.number() > self.highest().number() {
            return None;
        }
        let width = (1 << geometry.virtual_bits()) - 1;
        let first = geometry.canonical((self.slot as u64) << geometry.shift(self.highest()));
        let mut base = first;
        let mut reached = 1;
        while reached < level.number() {
            let index = (base.get() & width) >> geometry.shift(Level::PT);
            base = VirtAddr::new(first.get() + index * geometry.entry_bytes());
            reached += 1;
        }
        Some(base)
    }

    /// Returns all addresses that belong to the self-map.
    #[must_use]
    pub const fn region(&self) -> VirtRange {
        let geometry = self.geometry();
        let start = geometry.canonical((self.slot as u64) << geometry.shift(self.highest()));
        let bytes = geometry.page_bytes(self.highest()) * directories(self.mode) as u64;
        VirtRange::saturating(start, bytes)
    }
}

/// Returns the number of tables at the self-map's level that form it together.
const fn directories(mode: PagingMode) -> usize {
    match mode {
        PagingMode::Pml3 => 4,
        PagingMode::Pml2 | PagingMode::Pml4 | PagingMode::Pml5 => 1,
    }
}
