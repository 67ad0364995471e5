//! What all tests share: the machine, the sources of frames and ranges, and the modes as a macro.

mod frames;
mod lock;
mod machine;
mod ranges;
mod tables;

pub(crate) use frames::{Hook, Reserved, SimFrames};
pub(crate) use lock::{WatchedLock, locks_held};
pub(crate) use machine::{Sim, SimTlb};
pub(crate) use ranges::{Crime, Refusal, TestRanges};
pub(crate) use tables::SimTables;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtmm::space::{Committer, KernelSpace, Mapper, SystemPtes, Window};
use xtpaging::{Attributes, Mapping};

pub(crate) type Kernel<'m> = KernelSpace<'m, Sim, SimTables<'m>, SimTlb<'m>>;
pub(crate) type SimMapper<'m> = Mapper<'m, Sim, SimTables<'m>, SimTlb<'m>, SimFrames<'m>>;
pub(crate) type SimCommitter<'m> = Committer<'m, Sim, SimTables<'m>, SimTlb<'m>, SimFrames<'m>>;
pub(crate) type Ptes<'m> = SystemPtes<'m, Sim, SimTables<'m>, SimTlb<'m>, SimFrames<'m>, TestRanges<'m>>;

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

/// Returns where tests map: a boundary of large pages of every size, away from window and self-map.
pub(crate) fn area(mode: PagingMode) -> u64 {
    let above = if mode.geometry().virtual_bits() == 32 { 1 << 29 } else { 1 << 32 };
    mode.geometry().kernel_base().get() + above
}

/// Returns the range of `pages` pages from `start`.
pub(crate) fn range(start: u64, pages: u64) -> VirtRange {
    VirtRange::with_length(VirtAddr::new(start), pages * PAGE_BYTES).expect("a range below 2^64")
}

/// Returns `count` frames from `first`.
pub(crate) fn run(first: u64, count: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(first), FrameCount::new(count))
}

/// Returns the mapping of `pages` pages from `start` to the frames from `first`, as large as possible.
pub(crate) fn mapping(start: u64, pages: u64, first: u64, attributes: Attributes) -> Mapping {
    Mapping { pages: range(start, pages), first: Frame::new(first), attributes, largest: xtcore::Level::PML5 }
}

/// Returns how many pages of the base size a large page holds: 512 or 1024.
pub(crate) fn large(mode: PagingMode) -> u64 {
    mode.geometry().page_frames(xtcore::Level::PD).get()
}

/// The window of a test machine: four large pages from the kernel's base on.
pub(crate) fn window(mode: PagingMode) -> Window {
    Window::new(range(mode.geometry().kernel_base().get(), 4 * large(mode)))
}
