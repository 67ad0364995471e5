//! The report of a boot: one line of JSON that the harness reads, and the verdict.

use core::fmt;

use xtacpi::Platform;
use xtcore::FrameCount;
use xtkd::json::{Object, Writer};
use xtmm::pfn;
use xtpaging::walk::Audit;

use super::bench::Bench;
use super::contexts;
use super::devices::Devices;
use super::interrupts::Interrupts;
use super::measure::FramePairs;
use super::processors::Processors;
use super::stress::{Fill, Stress};
use super::tell::Amount;
use super::translations::Rounds;
use super::waiting::Waiting;
use crate::ar::cpu::ARCHITECTURE;
use crate::hl::power::Verdict;
use crate::kd::{log, record};
use crate::ke::bugcheck::fill_places;
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
        log!(
            "xtoskrnl: audit: {} tables, {} leaves, {} pages, the largest of {}; writable and executable: {} pages, {} frames",
            audit.tables,
            audit.leaves,
            audit.pages,
            Amount(self.memory.largest_page(audit)),
            audit.writable_executable,
            audit.frames_writable_and_executable
        );
        self.print_frames();
        self.print_stress();
        record!("XTOS-REPORT {}", fmt::from_fn(|out| Writer::object(out, |out| self.fill(out))));
        log!("xtoskrnl: {}", if self.verdict() == Verdict::Pass { "PASS" } else { "FAIL" });
    }

    /// Writes the report for programs.
    fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        let Self { memory, audit, .. } = self;
        let (block, summary) = (memory.block(), memory.summary());
        let (choice, counts, stamps) = (block.choice(), block.counts(), block.stamps());
        out.text("verdict", if self.verdict() == Verdict::Pass { "pass" } else { "fail" })?;
        out.text("arch", ARCHITECTURE.name())?;
        out.text("paging", choice.mode)?;
        out.text("paging_reason", choice.reason.text())?;
        out.number("cpus", self.processors.as_ref().map_or(1, Processors::running) as u64)?;
        out.object("descriptors", |out| {
            out.number("given", counts.given)?;
            out.number("kept", counts.kept)?;
            out.number("dropped", counts.dropped)?;
            out.number("merged", counts.merged)
        })?;
        out.number("usable_frames", summary.usable.get())?;
        out.number("frames_above_limit", summary.above_limit.get())?;
        out.number("frames_in_use", self.in_use.get())?;
        out.number("window_frames", memory.window_frames().get())?;
        fill_places(out)?;
        out.number("self_map_slot", block.self_map_slot() as u64)?;
        let digest = block.kernel_sha256();
        let digest = fmt::from_fn(|out| digest.iter().try_for_each(|byte| write!(out, "{byte:02x}")));
        out.text("kernel_sha256", digest)?;
        out.flag("nx", memory.has_no_execute())?;
        out.number("largest_page", memory.largest_page(audit).bytes())?;
        out.number("wx_pages_kernel", audit.writable_executable)?;
        out.number("frames_writable_and_executable", audit.frames_writable_and_executable)?;
        out.number("reserved_bits", audit.reserved_bits)?;
        out.number("tables", audit.tables)?;
        out.number("tables_miscounted", audit.miscounted)?;
        out.object("platform", |out| fill_platform(out, self.platform))?;
        part(out, "fill", self.stress.as_ref().map(|stress| &stress.fill), Fill::fill)?;
        part(out, "stress", self.stress.as_ref(), Stress::fill)?;
        if let Some(processors) = &self.processors {
            out.object("processors", |out| processors.fill(out))?;
        }
        if let Some((handovers, wrong)) = self.contexts {
            out.object("contexts", |out| {
                out.number("handovers", handovers)?;
                out.number("wrong", wrong)
            })?;
        }
        part(out, "delivery", self.interrupts.as_ref(), Interrupts::fill)?;
        part(out, "waiting", self.waiting.as_ref(), Waiting::fill)?;
        part(out, "shootdown", self.rounds.as_ref(), Rounds::fill)?;
        out.object("pfn", |out| {
            out.number("faults", self.frames.faults)?;
            out.number("mapped", self.frames.mapped)?;
            out.number("tables", self.frames.tables)
        })?;
        out.object("time", |out| self.devices.fill_time(out))?;
        out.object("interrupts", |out| self.devices.fill_interrupts(out))?;
        threads::fill_locks(out, "locks")?;
        out.object("frame_pairs", |out| {
            out.number("count", self.pairs.count)?;
            out.number("ticks", self.pairs.ticks)
        })?;
        if let Some(bench) = self.bench {
            out.array("bench", |rows| bench.fill(rows))?;
        }
        let own = stamps.hand_over.saturating_sub(stamps.loader_entry).saturating_sub(stamps.in_firmware);
        out.number("loader_ticks", own)?;
        out.array("phases", |phases| {
            self.phases.iter().try_for_each(|phase| {
                phases.object(|out| {
                    out.text("name", phase.name)?;
                    out.number("ticks", phase.ticks)
                })
            })
        })?;
        out.null("bugcheck")
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

/// Writes what a check found; null where it was left out.
fn part<T>(
    out: &mut Object<'_>,
    name: &'static str,
    found: Option<&T>,
    fill: fn(&T, &mut Object<'_>) -> fmt::Result,
) -> fmt::Result {
    out.or_null(name, found, |out, name, found| out.object(name, |out| fill(found, out)))
}

fn fill_platform(out: &mut Object<'_>, platform: &Platform) -> fmt::Result {
    let Platform { processors, interrupts, fixed, hpet, soft_off, notices } = platform;
    let enabled = processors.enabled().count();
    out.number("processors", enabled as u64)?;
    out.number("online_capable", (processors.listed().len() - enabled) as u64)?;
    out.number("disabled", processors.disabled)?;
    out.number("io_apics", interrupts.io_apics().len() as u64)?;
    out.number("local_apic", interrupts.local_apic.get())?;
    out.flag("hpet", hpet.is_some())?;
    out.number("pm_timer_bits", fixed.pm_timer.map_or(0, |timer| timer.width.bits()))?;
    out.flag("soft_off", soft_off.is_some())?;
    out.number("notices", notices.count() as u64)
}
