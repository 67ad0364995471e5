//! What all tests share: a simulated machine, page tables reached in both ways, and the modes as a macro.

mod frames;
mod machine;
mod tables;

pub(crate) use frames::PoolFrames;
pub(crate) use machine::{CpuTlb, Machine};
pub(crate) use tables::{TestTables, Way};

use xtcore::{Frame, FrameCount, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtpaging::{Attributes, Cache, Capabilities, Mapping, Privilege, Protection, Scope, Support};

/// Runs each named function, which takes a mode, as one test per paging mode.
macro_rules! in_every_mode {
    ($($name:ident),+ $(,)?) => {
        in_every_mode!(@mode pml2 Pml2 $($name)+);
        in_every_mode!(@mode pml3 Pml3 $($name)+);
        in_every_mode!(@mode pml4 Pml4 $($name)+);
        in_every_mode!(@mode pml5 Pml5 $($name)+);
    };
    (@mode $module:ident $mode:ident $($name:ident)+) => {
        mod $module {
            $(#[test]
            fn $name() {
                super::$name(xtcore::PagingMode::$mode);
            })+
        }
    };
}
pub(crate) use in_every_mode;

/// A processor that has everything, with 46 physical-address bits.
pub(crate) const EVERYTHING: Capabilities = Capabilities {
    no_execute: Support::Present,
    global: Support::Present,
    large_pages: Support::Present,
    gigabyte_pages: Support::Present,
    physical_bits: 46,
};

/// A processor that has nothing but 36 physical-address bits.
pub(crate) const NOTHING: Capabilities = Capabilities {
    no_execute: Support::Absent,
    global: Support::Absent,
    large_pages: Support::Absent,
    gigabyte_pages: Support::Absent,
    physical_bits: 36,
};

/// Every combination of attributes.
pub(crate) fn all_attributes() -> Vec<Attributes> {
    let mut all = Vec::new();
    for protection in [Protection::Read, Protection::ReadWrite, Protection::ReadExecute] {
        for privilege in [Privilege::Supervisor, Privilege::User] {
            for cache in [Cache::WriteBack, Cache::WriteCombining, Cache::UncachedMinus, Cache::Uncached] {
                for scope in [Scope::Local, Scope::Global] {
                    all.push(Attributes { protection, privilege, cache, scope });
                }
            }
        }
    }
    all
}

/// Returns the range of `pages` pages from `start`.
pub(crate) fn range(start: u64, pages: u64) -> VirtRange {
    VirtRange::with_length(VirtAddr::new(start), pages * PAGE_BYTES).expect("a range below 2^64")
}

/// Returns the mapping of `pages` pages from `start` to the frames from `first`, with pages as large as possible.
pub(crate) fn mapping(start: u64, pages: u64, first: u64, attributes: Attributes) -> Mapping {
    Mapping { pages: range(start, pages), first: Frame::new(first), attributes, largest: xtcore::Level::PML5 }
}

/// Returns how many pages of the base size the mode's smallest large page holds: 512 or 1024.
pub(crate) fn large_pages(mode: PagingMode) -> u64 {
    mode.geometry().page_frames(xtcore::Level::PD).get()
}

/// Returns an address of the kernel's half that is a boundary of the mode's large pages of every size.
pub(crate) fn kernel_area(mode: PagingMode) -> u64 {
    // In the 32-bit modes the self-map comes 1 GiB above the base.
    let above = if mode.geometry().virtual_bits() == 32 { 1 << 29 } else { 1 << 30 };
    mode.geometry().kernel_base().get() + above
}

/// Returns `count` as frames.
pub(crate) fn frames(count: u64) -> FrameCount {
    FrameCount::new(count)
}
