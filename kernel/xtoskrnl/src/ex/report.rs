//! The report of a boot: one line of JSON that the harness reads, and the verdict.

use core::fmt;

use xtacpi::Platform;
use xtcore::FrameCount;
use xtmm::pfn;
use xtpaging::walk::Audit;

use super::bench::Bench;
use super::contexts;
use super::devices::Devices;
use super::interrupts::Interrupts;
use super::measure::FramePairs;
use super::processors::Processors;
use super::stress::Stress;
use super::tell::Amount;
use super::translations::Rounds;
use super::waiting::Waiting;
use crate::ar::cpu::ARCHITECTURE;
use crate::hl::power::Verdict;
use crate::kd::{log, record};
use crate::ke::bugcheck::PlacesJson;
use crate::ke::stamps::Phase;
use crate::ke::threads;
use crate::mm::Memory;

/// Everything that is reported.
pub(crate) struct Report<'a> {
    /// The memory manager.
    pub(crate) memory: &'a Memory,
    /// What ACPI tables say of the machine.
    pub(crate) platform: &'a Platform,
    /// The audit of the page tables after the stress.
    pub(crate) audit: &'a Audit,
    /// The audit of the PFN database after it.
    pub(crate) frames: &'a pfn::Audit,
    /// The stress, unless `STRESS=off` left it out.
    pub(crate) stress: Option<Stress>,
    /// The check of the interrupts, where there are any.
    pub(crate) interrupts: Option<Interrupts>,
    /// Handovers between contexts, and what was wrong with them.
    pub(crate) contexts: Option<(u32, u32)>,
    /// The processors, where more than one can be started.
    pub(crate) processors: Option<Processors>,
    /// The check of threads, waiting and time, where a clock ticks.
    pub(crate) waiting: Option<Waiting>,
    /// The check that nobody uses a translation that was given up, unless `STRESS=off` left it out.
    pub(crate) rounds: Option<Rounds>,
    /// What allocating and freeing a frame costs.
    pub(crate) pairs: FramePairs,
    /// What the kernel's operations cost, if the user has asked.
    pub(crate) bench: Option<&'a Bench>,
    /// Frames in use when the kernel was ready.
    pub(crate) in_use: FrameCount,
    /// Interrupt controllers and clocks.
    pub(crate) devices: &'a Devices,
    /// The phases of the start.
    pub(crate) phases: &'a [Phase],
}

impl Report<'_> {
    /// Returns whether all checks passed.
    pub(crate) fn verdict(&self) -> Verdict {
        let is_clean = self.devices.work()
            && self.audit.is_clean()
            && self.frames.is_clean()
            && self.interrupts.is_none_or(|interrupts| interrupts.is_clean())
            && self.contexts.is_some_and(|(handovers, wrong)| handovers == contexts::HANDOVERS && wrong == 0)
            && self
                .processors
                .as_ref()
                .is_none_or(|processors| processors.is_clean() && processors.all_ran())
            && self.waiting.is_none_or(|waiting| waiting.is_clean())
            && self.rounds.is_none_or(|rounds| rounds.is_clean())
            && self.stress.is_none_or(|stress| stress.is_clean());
        if is_clean { Verdict::Pass } else { Verdict::Fail }
    }

    /// Prints what the PFN database says frames are for, and what is wrong with it.
    fn print_frames(&self) {
        let frames = self.frames;
        log!(
            "xtoskrnl: PFN database: {} entries, {} mappings, {} tables; faults: {}",
            frames.entries,
            frames.mapped,
            frames.tables,
            frames.faults
        );
        for owner in pfn::Owner::ALL.iter().copied().filter(|owner| frames.active_of(*owner) > 0) {
            log!("    {:>12}  {}", Amount(FrameCount::new(frames.active_of(owner))), owner.name());
        }
        for fault in &frames.first {
            log!("xtoskrnl: PFN database: {fault:?}");
        }
    }

    /// Prints what the stress found.
    fn print_stress(&self) {
        let Some(stress) = self.stress else {
            log!("xtoskrnl: the stress was left out");
            return;
        };
        let Stress { operations, complaints, difference, fill, injected, sites } = stress;
        log!(
            "xtoskrnl: stress: {operations} operations, {complaints} complaints, a difference of {difference}"
        );
        log!("xtoskrnl:         {injected} allocations failed on purpose, at {} sites", sites.count());
        for site in sites.others() {
            log!("xtoskrnl:         never asked for: {}", site.name());
        }
        log!(
            "xtoskrnl: exhaustion: {} frames taken, {}; {} of them written and compared, {} outside the window; {} wrong words",
            fill.taken,
            Left(fill.left),
            fill.frames,
            fill.outside_window,
            fill.wrong_words
        );
    }

    /// Prints the report, for people and as JSON.
    pub(crate) fn print(&self) {
        let audit = self.audit;
        let verdict = if self.verdict() == Verdict::Pass { "pass" } else { "fail" };
        log!(
            "xtoskrnl: audit: {} tables, {} leaves, {} pages; writable and executable: {} pages, {} frames",
            audit.tables,
            audit.leaves,
            audit.pages,
            audit.writable_executable,
            audit.frames_writable_and_executable
        );
        self.print_frames();
        self.print_stress();
        record!("XTOS-REPORT {self}");
        log!("xtoskrnl: {}", if verdict == "pass" { "PASS" } else { "FAIL" });
    }
}

/// What the allocator had left, in words.
struct Left(Option<u64>);

impl fmt::Display for Left {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(frames) => write!(out, "{frames} left"),
            None => out.write_str("the rest left alone"),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, audit, .. } = self;
        let (block, summary) = (memory.block(), memory.summary());
        let (choice, counts) = (block.choice(), block.counts());
        let verdict = if self.verdict() == Verdict::Pass { "pass" } else { "fail" };
        write!(out, "{{\"verdict\":\"{verdict}\",\"arch\":\"{}\"", ARCHITECTURE.name())?;
        write!(out, ",\"paging\":\"{}\",\"paging_reason\":\"{}\"", choice.mode, choice.reason.text())?;
        let cpus = self.processors.as_ref().map_or(1, Processors::running);
        write!(
            out,
            ",\"cpus\":{cpus},\"descriptors\":{{\"given\":{},\"kept\":{}",
            counts.given, counts.kept
        )?;
        write!(out, ",\"dropped\":{},\"merged\":{}}}", counts.dropped, counts.merged)?;
        write!(out, ",\"usable_frames\":{}", summary.usable.get())?;
        write!(out, ",\"frames_above_limit\":{}", summary.above_limit.get())?;
        write!(
            out,
            ",\"frames_in_use\":{},\"window_frames\":{}",
            self.in_use.get(),
            memory.window_frames().get()
        )?;
        write!(out, ",{PlacesJson},\"self_map_slot\":{}", block.self_map_slot())?;
        write!(out, ",\"kernel_sha256\":\"")?;
        block.kernel_sha256().iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str("\"")?;
        write!(out, ",\"nx\":{}", memory.has_no_execute())?;
        write!(out, ",\"wx_pages_kernel\":{}", audit.writable_executable)?;
        write!(out, ",\"frames_writable_and_executable\":{}", audit.frames_writable_and_executable)?;
        write!(out, ",\"reserved_bits\":{},\"tables\":{}", audit.reserved_bits, audit.tables)?;
        write!(out, ",\"tables_miscounted\":{}", audit.miscounted)?;
        write_platform(out, self.platform)?;
        match self.stress {
            Some(stress) => write_stress(out, &stress)?,
            None => write!(out, ",\"fill\":null,\"stress\":null")?,
        }
        if let Some(processors) = &self.processors {
            write!(out, ",\"processors\":{processors}")?;
        }
        if let Some((handovers, wrong)) = self.contexts {
            write!(out, ",\"contexts\":{{\"handovers\":{handovers},\"wrong\":{wrong}}}")?;
        }
        match self.interrupts {
            Some(interrupts) => write!(out, ",\"delivery\":{interrupts}")?,
            None => write!(out, ",\"delivery\":null")?,
        }
        match self.waiting {
            Some(waiting) => write!(out, ",\"waiting\":{waiting}")?,
            None => write!(out, ",\"waiting\":null")?,
        }
        match self.rounds {
            Some(rounds) => write!(out, ",\"shootdown\":{rounds}")?,
            None => write!(out, ",\"shootdown\":null")?,
        }
        write!(out, ",\"pfn\":{{\"faults\":{},\"mapped\":{}", self.frames.faults, self.frames.mapped)?;
        write!(out, ",\"tables\":{}}}", self.frames.tables)?;
        write!(out, ",{}", self.devices)?;
        write!(out, ",\"locks\":{}", threads::Seen)?;
        let FramePairs { count, ticks } = self.pairs;
        write!(out, ",\"frame_pairs\":{{\"count\":{count},\"ticks\":{ticks}}}")?;
        if let Some(bench) = self.bench {
            write!(out, ",\"bench\":{bench}")?;
        }
        let stamps = block.stamps();
        let own = stamps.hand_over.saturating_sub(stamps.loader_entry).saturating_sub(stamps.in_firmware);
        write!(out, ",\"loader_ticks\":{own},\"phases\":[")?;
        for (index, phase) in self.phases.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{{\"name\":\"{}\",\"ticks\":{}}}", phase.name, phase.ticks)?;
        }
        write!(out, "],\"bugcheck\":null}}")
    }
}

fn write_platform(out: &mut fmt::Formatter<'_>, platform: &Platform) -> fmt::Result {
    let Platform { processors, interrupts, fixed, hpet, soft_off, notices } = platform;
    let enabled = processors.enabled().count();
    let capable = processors.listed().len() - enabled;
    write!(out, ",\"platform\":{{\"processors\":{enabled},\"online_capable\":{capable}")?;
    write!(out, ",\"disabled\":{},\"io_apics\":{}", processors.disabled, interrupts.io_apics().len())?;
    write!(out, ",\"local_apic\":{},\"hpet\":{}", interrupts.local_apic.get(), hpet.is_some())?;
    let timer_bits = fixed.pm_timer.map_or(0, |timer| timer.width.bits());
    write!(out, ",\"pm_timer_bits\":{timer_bits},\"soft_off\":{}", soft_off.is_some())?;
    write!(out, ",\"notices\":{}}}", notices.count())
}

fn write_stress(out: &mut fmt::Formatter<'_>, stress: &Stress) -> fmt::Result {
    let Stress { operations, complaints, difference, fill, injected, sites } = stress;
    write!(out, ",\"fill\":{{\"frames\":{},\"taken\":{}", fill.frames, fill.taken)?;
    write!(out, ",\"outside_window\":{}", fill.outside_window)?;
    write!(out, ",\"wrong_words\":{},\"left\":", fill.wrong_words)?;
    match fill.left {
        Some(left) => write!(out, "{left}}}")?,
        None => write!(out, "null}}")?,
    }
    write!(out, ",\"stress\":{{\"operations\":{operations},\"complaints\":{complaints}")?;
    write!(out, ",\"difference\":{difference},\"injected\":{injected},\"sites\":{}", sites.count())?;
    write!(out, ",\"sites_not_asked\":[")?;
    for (index, site) in sites.others().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}\"{}\"", site.name())?;
    }
    write!(out, "]}}")
}
