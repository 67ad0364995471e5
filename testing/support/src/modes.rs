//! The four paging modes, and what every test says about them.

use xtcore::{Frame, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::{AddressSpace, Attributes, Capabilities, Mapping, Support};
use xtsim::{Facts, Width};

/// Runs each named function, which takes a mode, as one test per paging mode.
#[macro_export]
macro_rules! in_every_mode {
    ($($name:ident),+ $(,)?) => {
        $crate::in_every_mode!(@mode pml2 Pml2 $($name)+);
        $crate::in_every_mode!(@mode pml3 Pml3 $($name)+);
        $crate::in_every_mode!(@mode pml4 Pml4 $($name)+);
        $crate::in_every_mode!(@mode pml5 Pml5 $($name)+);
    };
    (@mode $module:ident $mode:ident $($name:ident)+) => {
        mod $module {
            $(#[test]
            fn $name() {
                super::$name($crate::PagingMode::$mode);
            })+
        }
    };
}

/// A processor that has everything, with 46 physical-address bits.
pub const EVERYTHING: Capabilities = Capabilities {
    no_execute: Support::Present,
    global: Support::Present,
    large_pages: Support::Present,
    gigabyte_pages: Support::Present,
    physical_bits: 46,
};

/// A processor that has nothing but 36 physical-address bits.
pub const NOTHING: Capabilities = Capabilities {
    no_execute: Support::Absent,
    global: Support::Absent,
    large_pages: Support::Absent,
    gigabyte_pages: Support::Absent,
    physical_bits: 36,
};

/// Returns how wide the stores of a processor in that mode are.
#[must_use]
pub fn width(mode: PagingMode) -> Width {
    if mode.geometry().virtual_bits() == 32 { Width::Bits32 } else { Width::Bits64 }
}

/// Returns what the walker must know of a machine that runs on an address space.
#[must_use]
pub fn facts(space: &AddressSpace) -> Facts {
    let capabilities = space.capabilities();
    Facts {
        maxphyaddr: capabilities.physical_bits,
        nxe: capabilities.no_execute.is_present(),
        pge: capabilities.global.is_present(),
        pse: capabilities.large_pages.is_present(),
        page1gb: capabilities.gigabyte_pages.is_present(),
        pse36: false,
        ..Facts::modern(space.mode(), space.root())
    }
}

/// Returns the range of `pages` pages from `start`.
///
/// # Panics
/// It reaches over 2^64.
#[must_use]
pub fn range(start: u64, pages: u64) -> VirtRange {
    VirtRange::with_length(VirtAddr::new(start), pages * PAGE_BYTES).expect("a range below 2^64")
}

/// Returns the mapping of `pages` pages from `start` to the frames from `first`, with pages as large as possible.
///
/// # Panics
/// It reaches over 2^64.
#[must_use]
pub fn mapping(start: u64, pages: u64, first: u64, attributes: Attributes) -> Mapping {
    Mapping { pages: range(start, pages), first: Frame::new(first), attributes, largest: Level::PML5 }
}

/// Returns how many pages of the base size the mode's smallest large page holds: 512 or 1024.
#[must_use]
pub fn large_pages(mode: PagingMode) -> u64 {
    mode.geometry().page_frames(Level::PD).get()
}
