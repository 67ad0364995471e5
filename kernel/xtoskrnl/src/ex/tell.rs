//! What a person reads: the summary of a boot, line by line.

use xtboot::block::VerifiedBlock;
use xtcore::{CpuIndex, FrameCount, PagingMode};
use xtke::time::{Activity, Interval};

use crate::ar::cpu::ARCHITECTURE;
use crate::kd::log;
use crate::ke::bugcheck::Places;
use crate::ke::processor::MOST;
use crate::ke::stamps::Stamps;
use crate::ke::threads;
use crate::mm::Memory;

/// Prints what was handed over and what the kernel made of it.
pub(crate) fn layout(memory: &Memory) {
    let summary = memory.summary();
    let usable = Amount(summary.usable);
    log!("xtoskrnl: usable RAM {usable}, above the mode's limit {}", Amount(summary.above_limit));
    log!("xtoskrnl: virtual layout");
    for region in memory.layout().regions() {
        let (start, end) = (region.range.start(), region.range.end());
        let size = Amount(FrameCount::holding(region.range.bytes()));
        log!("    {:016x} - {:016x}  {size:>9}  {}", start.get(), end.get(), region.kind.name());
    }
}

/// Prints how long each phase of the start took.
pub(crate) fn phases(stamps: &Stamps) {
    log!("xtoskrnl: the way to ready");
    let mut before = 0;
    for phase in stamps.phases() {
        log!("    {:>12} ticks  {}", phase.ticks.saturating_sub(before), phase.name);
        before = phase.ticks;
    }
}

/// Prints what each processor has spent its time on so far, in milliseconds.
pub(crate) fn times() {
    let ticks = threads::page().tick_count().get();
    log!("xtoskrnl: {ticks} clock ticks; milliseconds of each processor: threads, deferred, idle");
    for cpu in (0..MOST).map(CpuIndex::new) {
        let Some(times) = threads::times(cpu) else { continue };
        let [threads, deferred, idle] = [Activity::Kernel, Activity::Dpc, Activity::Idle]
            .map(|activity| times.on(activity).units() / Interval::from_millis(1).units());
        log!("    CPU {:>2}  {threads:>8}  {deferred:>8}  {idle:>8}", cpu.get());
    }
}

/// Prints where the kernel lies, and what it takes to have it there again.
pub(crate) fn places(block: &VerifiedBlock<'_>) {
    let (slot, source) = (block.self_map_slot(), block.layout().source.text());
    log!("xtoskrnl: {Places}; self-map in slot {slot:#x}; {source}");
}

/// Prints who starts, in which mode, and why.
pub(crate) fn banner(mode: PagingMode, reason: &str) {
    let architecture = ARCHITECTURE.name();
    let version = env!("CARGO_PKG_VERSION");
    log!(
        "xtoskrnl: XTOSKRNL {version} for {architecture}, {}-level paging ({mode}): {reason}",
        mode.levels()
    );
}

/// An amount of memory in the largest unit that leaves at least four of it.
pub(crate) struct Amount(pub(crate) FrameCount);

impl core::fmt::Display for Amount {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bytes = self.0.bytes();
        let (unit, name) = [(40, "TiB"), (30, "GiB"), (20, "MiB")]
            .into_iter()
            .find(|(shift, _)| bytes >= 4 << shift)
            .unwrap_or((10, "KiB"));
        let mut text = arrayvec::ArrayString::<24>::new();
        // Twenty digits and a unit always fit.
        let _ = core::fmt::Write::write_fmt(&mut text, format_args!("{} {name}", bytes >> unit));
        out.pad(&text)
    }
}
