//! The fixed points of each mode's layout.
//!
//! The image's base must be legal in both modes of an architecture, because one linked image serves both: the last
//! 8 TiB of the address space belong to the kernel in PML4 and in PML5.

use xtcore::{PagingMode, VirtAddr, VirtRange};

/// The fixed points of a mode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchors {
    /// Where the image may lie.
    pub(crate) image: VirtRange,
    /// Where the small regions are packed, lowest first.
    pub(crate) packed: VirtRange,
    /// Where the window may lie. Its base is a multiple of the largest page.
    pub(crate) window: WindowRoom,
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
            },
            PagingMode::Pml4 => Self::amd64(range(0xFFFF_8000_0000_0000, 0xFFFF_C000_0000_0000)),
            PagingMode::Pml5 => Self::amd64(range(0xFF00_0000_0000_0000, 0xFF10_0000_0000_0000)),
        }
    }

    const fn amd64(window: VirtRange) -> Self {
        let base = 0xFFFF_F800_0000_0000;
        Self {
            image: range(base, base + GIB),
            packed: range(base + GIB + (2 << 20), base + 1024 * GIB),
            window: WindowRoom::Fixed(window),
        }
    }
}
