//! Looks at a stopped guest from outside and compares three views of its address space.
//!
//! The harness walks guest physical memory from CR3 with its own walker, which shares no constant and no code with
//! the kernel. That walk is compared with the kernel's own list of its mappings and with the emulator's
//! (`info tlb`, `gva2gpa`), and from it the harness counts what must not be: pages that can be written and
//! executed, and frames that one mapping can write and another one execute.
//!
//! Where the processor cannot forbid execution every page is executable, so the first count has no meaning and the
//! second one counts writable mappings of the frames that hold the kernel's code.

mod code;
mod differences;
mod extents;
#[cfg(test)]
mod firmware_tests;
mod run;
#[cfg(test)]
mod tests;
pub mod walk;

use std::path::Path;

use serde_json::{Map, Value, json};
use xtcore::{FrameCount, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtsim::PhysicalMemory;

use self::differences::{Differences, with_listing, with_ranges, with_translation};
use self::extents::Extents;
pub use self::run::{Rights, Run, coalesce};
pub use self::walk::Leaf;
use crate::monitor::memory::GuestMemory;
use crate::monitor::registers::ControlRegisters;
use crate::monitor::tlb::{self, Listing};
use crate::monitor::{Monitor, MonitorError};

/// Addresses that the kernel has to translate for the inspection, drawn at random from all that it maps.
pub(crate) const TRANSLATIONS_REQUIRED: u64 = 1000;

/// What the kernel says about itself.
pub(crate) struct Subject<'a> {
    /// The runs of mappings that it found.
    pub ranges: &'a [Run],
    /// The addresses that it translated.
    pub translations: &'a [(VirtAddr, PhysAddr)],
    /// Its report.
    pub report: Option<&'a Map<String, Value>>,
    /// Its file.
    pub image: Option<&'a [u8]>,
}

/// What the harness found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// The paging mode, from the control registers; `None` with paging off.
    pub mode: Option<PagingMode>,
    /// Whether page-table entries can forbid execution here.
    pub no_execute: bool,
    /// The slot of the root table that names the table itself.
    pub self_map_slot: Option<u64>,
    /// Whether the supervisor respects read-only pages.
    pub write_protect: bool,
    /// Pages of 4 KiB that can be written and executed; `None` where execution cannot be forbidden.
    pub writable_and_executable: Option<u64>,
    /// Frames that can be written by one mapping and executed by another; `None` where it cannot be known.
    pub frames_both: Option<FrameCount>,
    /// Whether the emulator could list its mappings, so that there was something to compare with.
    pub listing_compared: bool,
    /// Differences between the views, all comparisons together.
    pub walker_differences: u64,
    /// Addresses that kernel, emulator and harness all translated.
    pub translations_compared: u64,
    /// Remarks and the first differences in words.
    pub remarks: Vec<String>,
}

/// Stops the guest, inspects it and lets it go on.
///
/// # Errors
/// The monitor failed. Whatever is wrong with the guest is in the findings.
pub(crate) fn inspect(
    monitor: &mut Monitor,
    scratch: &Path,
    subject: &Subject<'_>,
) -> Result<Findings, MonitorError> {
    monitor.execute("stop", json!({}))?;
    let findings = look(monitor, scratch, subject)?;
    monitor.execute("cont", json!({}))?;
    Ok(findings)
}

fn look(monitor: &mut Monitor, scratch: &Path, subject: &Subject<'_>) -> Result<Findings, MonitorError> {
    let text = monitor.ask("info registers")?;
    let registers = ControlRegisters::parse(&text).ok_or(MonitorError::Unintelligible(text))?;
    let Some(mode) = registers.mode() else {
        return Ok(Findings { remarks: vec!["paging is off".to_owned()], ..Findings::default() });
    };
    let facts = walk::facts(monitor, &registers, mode)?;
    let listing = tlb::parse(&monitor.ask("info tlb")?);
    let mut emulators = Vec::with_capacity(subject.translations.len());
    for (from, _) in subject.translations {
        emulators.push(address_in(&monitor.ask(&format!("gva2gpa {from:#x}"))?));
    }

    let memory = open(monitor, scratch, &registers);
    let (leaves, faults) = walk::walk(&memory, &facts);
    let own = |from| xtsim::translate(&memory, &facts, from).ok().map(|found| found.physical.get());
    let translations = compare_translations(subject.translations, &emulators, own);
    let code = code_frames(&memory, &facts, subject);
    let self_map = walk::self_map(&memory, &facts);
    memory.finish()?;

    let mut findings = Findings {
        mode: Some(mode),
        no_execute: facts.nxe,
        self_map_slot: self_map.map(|(slot, _)| slot),
        write_protect: facts.wp,
        translations_compared: subject.translations.len() as u64,
        ..Findings::default()
    };
    for fault in &faults {
        findings.walker_differences += 1;
        findings.remarks.push(format!("an entry that no processor could use: {fault}"));
    }
    findings.take_listing(&leaves, listing, mode);
    findings.take(
        "the kernel's list",
        compare_ranges(&leaves, subject.ranges, self_map.map(|(_, region)| region), facts.nxe),
    );
    findings.take("translations", translations);
    findings.count_rights(&leaves, code);
    Ok(findings)
}

/// Opens the guest's memory for a walk from its root.
fn open<'a>(monitor: &'a mut Monitor, scratch: &Path, registers: &ControlRegisters) -> GuestMemory<'a> {
    let memory = GuestMemory::new(monitor, scratch);
    match registers.mode() {
        Some(PagingMode::Pml3) => memory.with_pointers_at(registers.root()),
        _ => memory,
    }
}

/// Compares what the kernel, the emulator and the own walk make of each address.
fn compare_translations(
    kernels: &[(VirtAddr, PhysAddr)],
    emulators: &[Option<u64>],
    own: impl Fn(VirtAddr) -> Option<u64>,
) -> Differences {
    let mut differences = Differences::default();
    for ((from, to), emulators) in kernels.iter().zip(emulators) {
        with_translation(&mut differences, *from, to.get(), *emulators, own(*from));
    }
    differences
}

/// Compares the kernel's list with the own walk, the self-map left out. Where execution cannot be forbidden the
/// kernel may write down what it would forbid, so that right is not compared there.
fn compare_ranges(
    leaves: &[Leaf],
    kernels: &[Run],
    self_map: Option<VirtRange>,
    no_execute: bool,
) -> Differences {
    let ignored = if no_execute { Rights::default() } else { Rights::EXECUTE };
    let strip = |run: Run| Run { rights: run.rights.without(ignored), ..run };
    let outside = leaves.iter().filter(|leaf| !self_map.is_some_and(|range| range.contains(leaf.page)));
    let own = coalesce(outside.map(|leaf| strip(leaf.run())));
    let kernels = coalesce(kernels.iter().copied().map(strip));
    with_ranges(&own, &kernels)
}

/// Returns the frames of the kernel's code, or `None` when the kernel does not report where it is loaded.
fn code_frames<M: PhysicalMemory>(
    memory: &M,
    facts: &xtsim::Facts,
    subject: &Subject<'_>,
) -> Option<Extents> {
    let base = subject.report?.get("image_base")?;
    let base = base.as_u64().or_else(|| u64::from_str_radix(base.as_str()?.strip_prefix("0x")?, 16).ok())?;
    let sections = code::sections(subject.image?, VirtAddr::new(base));
    let mut pages = Vec::new();
    for section in sections {
        for offset in (0..section.bytes()).step_by(PAGE_BYTES as usize) {
            let page = section.start().checked_add(offset)?;
            let found = xtsim::translate(memory, facts, page).ok()?;
            pages.push((found.physical, PAGE_BYTES));
        }
    }
    (!pages.is_empty()).then(|| Extents::new(pages))
}

/// Returns the address in the emulator's answer `gpa: 0x1000`, or `None` for `Unmapped`. Zero comes without `0x`.
fn address_in(answer: &str) -> Option<u64> {
    let digits = answer.trim().strip_prefix("gpa: ")?;
    u64::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).ok()
}

impl Findings {
    fn take(&mut self, what: &str, differences: Differences) {
        self.walker_differences += differences.count;
        if differences.count > 0 {
            self.remarks.push(format!("{what}: {} differences, of which the first are", differences.count));
            self.remarks.extend(differences.words);
        }
    }

    /// Compares the emulator's listing with the own walk, if it is one.
    fn take_listing(&mut self, leaves: &[Leaf], listing: Listing, mode: PagingMode) {
        match listing {
            Listing::Leaves(lines) => {
                self.listing_compared = true;
                self.take("the emulator's listing", with_listing(leaves, &lines));
            }
            Listing::PagingOff => self.remarks.push("the emulator says that paging is off".to_owned()),
            Listing::Unsupported(line) => {
                self.remarks.push(format!("this emulator cannot list the mappings of {mode}: {line}"));
            }
        }
    }

    /// Counts what can be written and executed, the self-map included.
    fn count_rights(&mut self, leaves: &[Leaf], code: Option<Extents>) {
        let having = |right: Rights| {
            let leaves = leaves.iter().filter(move |leaf| leaf.rights.contains(right));
            Extents::new(leaves.map(|leaf| (leaf.target, leaf.bytes)))
        };
        let executable = if self.no_execute {
            let both = Rights::WRITE.with(Rights::EXECUTE);
            let mut pages = 0;
            for leaf in leaves.iter().filter(|leaf| leaf.rights.contains(both)) {
                if pages == 0 {
                    self.remarks.push(format!("writable and executable: {}", leaf.run()));
                }
                pages += leaf.bytes / PAGE_BYTES;
            }
            self.writable_and_executable = Some(pages);
            Some(having(Rights::EXECUTE))
        } else {
            code
        };
        if let Some(executable) = executable {
            let (count, first) = having(Rights::WRITE).shared_frames(&executable);
            self.frames_both = Some(count);
            if let Some(first) = first {
                self.remarks.push(format!("the frame at {first:#x} can be written and executed"));
            }
        }
    }

    /// Returns the first thing that is wrong with the guest, in words. `report` is the kernel's.
    pub(crate) fn complaint(&self, report: &Map<String, Value>) -> Option<String> {
        let number = |key: &str| report.get(key).and_then(Value::as_u64);
        let Some(mode) = self.mode else { return Some("paging is off".to_owned()) };
        if report.get("paging").and_then(Value::as_str) != Some(mode.name()) {
            return Some(format!("the processor is in {mode}, the kernel reports another mode"));
        }
        if self.self_map_slot.is_none() || number("self_map_slot") != self.self_map_slot {
            return Some(format!(
                "the self-map is in slot {:?}, the kernel says {:?}",
                self.self_map_slot,
                number("self_map_slot")
            ));
        }
        if report.get("nx").and_then(Value::as_bool) != Some(self.no_execute) {
            return Some(format!(
                "execution can be forbidden: {}; the kernel says otherwise",
                self.no_execute
            ));
        }
        if !self.write_protect {
            return Some("CR0.WP is clear: read-only pages are not respected".to_owned());
        }
        if let Some(pages @ 1..) = self.writable_and_executable {
            return Some(format!("{pages} pages are writable and executable"));
        }
        if number("wx_pages_kernel") != Some(0) {
            return Some("the kernel does not report 0 pages writable and executable".to_owned());
        }
        let kernels = number("frames_writable_and_executable");
        match self.frames_both.map(FrameCount::get) {
            Some(count) if kernels != Some(count) => {
                return Some(format!(
                    "the harness counts {count} frames mapped both ways, the kernel {kernels:?}"
                ));
            }
            _ if kernels != Some(0) => {
                return Some("the kernel does not report 0 frames mapped both ways".to_owned());
            }
            _ => {}
        }
        if self.walker_differences > 0 {
            return Some(format!("{} differences between the walks", self.walker_differences));
        }
        if !self.listing_compared {
            return Some("the emulator's listing of the mappings could not be compared".to_owned());
        }
        let compared = self.translations_compared;
        (compared < TRANSLATIONS_REQUIRED).then(|| {
            format!("{compared} translations compared, at least {TRANSLATIONS_REQUIRED} are required")
        })
    }
}
