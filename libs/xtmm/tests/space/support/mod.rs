//! What all tests share: the machine, and the sources of frames and ranges.
#![allow(unsafe_code, reason = "tests change what they like: nothing lives in simulated memory")]

mod frames;
mod lock;
mod machine;
mod ranges;

pub(crate) use frames::{Hook, Reserved, SimFrames};
pub(crate) use lock::{WatchedLock, locks_held};
pub(crate) use machine::{OneThread, Sim, SimTlb};
pub(crate) use ranges::{Crime, Refusal, TestRanges};

use xtcore::{Frame, FrameCount, FrameRange, PagingMode};
use xtmm::space::{Committer, Devices, KernelSpace, Mapper, SystemPtes, WindowRange};
use xtpaging::{Frames, MapError, Mapping};
use xtsim::{Cpu, Ram};
pub(crate) use xtsupport::{SimTables, in_every_mode, large_pages, mapping, range};

/// The tables as a kernel reaches them.
pub(crate) type KernelTables<'m> = SimTables<'m, OneThread<Ram>, OneThread<Cpu>>;
pub(crate) type Kernel<'m> = KernelSpace<'m, Sim, KernelTables<'m>, SimTlb<'m>>;
pub(crate) type SimMapper<'m> = Mapper<'m, Sim, KernelTables<'m>, SimTlb<'m>, SimFrames<'m>>;
pub(crate) type SimCommitter<'m> = Committer<'m, Sim, KernelTables<'m>, SimTlb<'m>, SimFrames<'m>>;
pub(crate) type Ptes<'m> = SystemPtes<'m, Sim, KernelTables<'m>, SimTlb<'m>, SimFrames<'m>, TestRanges<'m>>;

pub(crate) type SimDevices<'m> =
    Devices<'m, Sim, KernelTables<'m>, SimTlb<'m>, SimFrames<'m>, TestRanges<'m>>;

/// Makes a mapper.
pub(crate) fn mapper<'m>(kernel: &'m Kernel<'m>, frames: &'m SimFrames<'m>) -> SimMapper<'m> {
    // SAFETY: no Rust object lies at simulated addresses, so no change of their mappings can harm one.
    unsafe { Mapper::new(kernel, frames) }
}

/// Maps with frames that the test brings.
pub(crate) fn map_from(
    kernel: &Kernel<'_>,
    mapping: &Mapping,
    source: &mut impl Frames,
) -> Result<(), MapError> {
    // SAFETY: no Rust object lies at simulated addresses; the mapping owes nothing to the TLB.
    unsafe { kernel.change(|space, tables, _tlb| space.map(tables, source, mapping)) }
}

/// Returns where tests map: a boundary of large pages of every size, away from window and self-map.
pub(crate) fn area(mode: PagingMode) -> u64 {
    let above = if mode.geometry().virtual_bits() == 32 { 1 << 29 } else { 1 << 32 };
    mode.geometry().kernel_base().get() + above
}

/// Returns `count` frames from `first`.
pub(crate) fn run(first: u64, count: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(first), FrameCount::new(count))
}

/// The window of a test machine: four large pages from the kernel's base on.
pub(crate) fn window(mode: PagingMode) -> WindowRange {
    WindowRange::new(range(mode.geometry().kernel_base().get(), 4 * large_pages(mode)))
}
