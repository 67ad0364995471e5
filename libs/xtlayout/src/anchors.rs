//! The fixed points of each mode's layout.
//!
//! The image's base must be legal in both modes of an architecture, because one linked image serves both: the last
//! 8 TiB of the address space belong to the kernel in PML4 and in PML5.

use xtcore::{Level, PagingMode, VirtAddr, VirtRange};

/// The fixed points of a mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchors {
    /// Where the image may lie.
    pub(crate) image: VirtRange,
    /// Where the small regions are packed, lowest first.
    pub(crate) packed: VirtRange,
    /// Where the window may lie. Its base is a multiple of the largest page.
    pub(crate) window: WindowRoom,
    /// Where the memory manager's regions are packed, lowest first.
    pub(crate) upper: VirtRange,
    /// Each of them begins at a multiple of this, in bytes.
    pub(crate) upper_alignment: u64,
}

/// How the window finds its place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WindowRoom {
    /// A room of its own.
    Fixed(VirtRange),
    /// What the packed regions leave of their room.
    Rest,
}

const fn range(start: u64, end: u64) -> VirtRange {
    VirtRange::saturating(VirtAddr::new(start), end - start)
}

const GIB: u64 = 1 << 30;

impl Anchors {
    /// Returns the anchors of a mode.
    pub(crate) const fn of(mode: PagingMode) -> Self {
        match mode {
            PagingMode::Pml2 | PagingMode::Pml3 => Self {
                image: range(0x8080_0000, 0x8400_0000),
                packed: range(0x8440_0000, 0xBFC0_0000),
                window: WindowRoom::Rest,
                // Above the self-map of either mode and a guard; the last 4 MiB stay empty for addresses near 2^32.
                upper: range(0xC0C0_0000, 0xFFC0_0000),
                upper_alignment: mode.geometry().page_bytes(Level::PD),
            },
            PagingMode::Pml4 => Self::amd64(range(0xFFFF_8000_0000_0000, 0xFFFF_C000_0000_0000)),
            PagingMode::Pml5 => Self::amd64(range(0xFF00_0000_0000_0000, 0xFF10_0000_0000_0000)),
        }
    }

    const fn amd64(window: VirtRange) -> Self {
        let base = 0xFFFF_F800_0000_0000;
        Self {
            image: range(base, base + GIB),
            // The rest of the image's PML4 entry, but for a guard: the entries behind it are left to the self-map.
            packed: range(base + GIB + (2 << 20), base + 512 * GIB - (2 << 20)),
            window: WindowRoom::Fixed(window),
            upper: range(0xFFFF_C100_0000_0000, 0xFFFF_F600_0000_0000),
            // An entry of the PML4 table each: no region's address depends on another's size up to here.
            upper_alignment: 512 * GIB,
        }
    }
}
