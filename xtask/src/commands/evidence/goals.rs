//! The goals, in their own words, and what each needs to be judged. The goals of section 3, speed, are those of
//! `cargo xtask bench`: one row here sums their pages up.

use xtqemu::matrix::Cell;

use super::gathered::Gathered;
use super::judges::{boots, costs, counts, speed};
use super::suites::Suite;
use super::{Found, Verdict};
use crate::test::Step;

/// What has to be run for a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    /// Tests of the host.
    Tests(Suite),
    /// A step of `cargo xtask test`.
    Step(Step),
    /// Those cells of the matrix.
    Boots(fn(&Cell) -> bool),
    /// Boots with counted instructions.
    Costs,
    /// The pages of the benchmark, which a quiet machine has written.
    Speed,
}

/// A goal.
#[derive(Debug)]
pub(super) struct Goal {
    /// Its name.
    pub(super) id: &'static str,
    /// What it is about.
    pub(super) what: &'static str,
    /// What is to be reached.
    pub(super) goal: &'static str,
    /// What is run for it.
    pub(super) needs: &'static [Need],
    /// Finds the figure.
    judge: fn(&Gathered) -> Result<Found, String>,
}

impl Goal {
    /// Finds the figure in what was run. What could not be run says why.
    pub(super) fn judge(&self, gathered: &Gathered) -> Found {
        let not_run = |reason| Found { figure: String::new(), verdict: Verdict::NotRun(reason) };
        (self.judge)(gathered).unwrap_or_else(not_run)
    }
}

const fn suite(package: &'static str, target: &'static str, filter: &'static str) -> Suite {
    Suite { package, target, filter }
}

/// Random memory maps.
pub(super) const MAPS: Suite = suite("xtboot", "random_maps", "");
/// Maps of real firmware.
pub(super) const REAL_MAPS: Suite = suite("xtboot", "real_maps", "usable_memory");
/// Firmware with bad habits.
pub(super) const HABITS: Suite = suite("xtldr", "boot", "::pml");
/// The page tables' model.
pub(super) const MODEL: Suite = suite("xtpaging", "paging", "model::");
/// Kernel files with changes.
pub(super) const IMAGES: Suite = suite("xtldr", "image", "mutants");
/// Crimes against the pool.
pub(super) const CRIMES: Suite = suite("xtmm", "pool", "crimes::");
/// The long run of the pool.
pub(super) const SOAK: Suite = suite("xtmm", "pool", "a_long_run_does_not_grow");
/// Failures on purpose, suite by suite.
pub(super) const INJECTED: [Suite; 5] = [
    suite("xtmm", "frames", "failures::"),
    suite("xtmm", "arena", "model::"),
    suite("xtmm", "space", "injection::"),
    suite("xtmm", "pool", "failure::whatever_fails"),
    suite("xtmm", "stack", "life::"),
];
/// Shootdown beside a simulated machine whose TLB forgets nothing by itself.
pub(super) const SHOOTDOWN: Suite = suite("xtke", "shootdown", "nobody_sees_what_is_gone");
/// The size of a PFN entry.
pub(super) const ENTRY: Suite = suite("xtmm", "pfn", "an_entry_costs");

/// All goals, in the order of the table.
pub(super) const GOALS: &[Goal] = &[
    Goal {
        id: "W1",
        what: "paging modes from one binary per architecture",
        goal: "PML2, PML3, PML4, PML5, each forced and each chosen automatically",
        needs: &[Need::Boots(Cell::is_plain)],
        judge: boots::modes,
    },
    Goal {
        id: "W2",
        what: "RAM, every usable frame counted",
        goal: "64 MiB to 12 TiB (amd64), to 4 GiB (PML2), to 64 GiB of addresses (PML3)",
        needs: &[Need::Boots(Cell::is_plain)],
        judge: boots::memory,
    },
    Goal {
        id: "W3",
        what: "processors",
        goal: "1, 2, 4, 8, also two threads a core, all running threads, in each mode",
        needs: &[Need::Boots(boots::is_ordinary)],
        judge: boots::processors,
    },
    Goal {
        id: "W4",
        what: "every cell of mode x RAM x processors x machine",
        goal: "a PASS or a named refusal; no triple fault, no hang",
        needs: &[Need::Boots(boots::any)],
        judge: boots::every_cell,
    },
    Goal {
        id: "W5",
        what: "firmware states at entry",
        goal: "paging off, PAE, 4-level, 5-level",
        needs: &[Need::Boots(Cell::is_plain)],
        judge: boots::entries,
    },
    Goal {
        id: "W6",
        what: "real firmware memory maps through the sanitiser",
        goal: "all, in each mode",
        needs: &[Need::Tests(REAL_MAPS)],
        judge: counts::real_maps,
    },
    Goal {
        id: "C1",
        what: "kernel entry to ready, 16 GiB against 256 MiB",
        goal: "at most 1.10 x, in counted instructions",
        needs: &[Need::Costs],
        judge: costs::growth_to_16_gib,
    },
    Goal {
        id: "C2",
        what: "kernel entry to ready, 256 MiB, amd64",
        goal: "at most 2 million instructions",
        needs: &[Need::Costs],
        judge: costs::instructions,
    },
    Goal {
        id: "C3",
        what: "kernel entry to ready, 12 TiB against 256 MiB",
        goal: "at most 1.10 x",
        needs: &[Need::Costs],
        judge: costs::growth_to_12_tib,
    },
    Goal {
        id: "C4",
        what: "loader entry to hand-over without firmware, 12 TiB against 256 MiB",
        goal: "at most 1.10 x",
        needs: &[Need::Costs],
        judge: costs::loader_growth,
    },
    Goal {
        id: "C5",
        what: "memory in use when ready, one CPU",
        goal: "at most 3 MiB + 8 KiB per memory descriptor, flat in RAM",
        needs: &[Need::Costs],
        judge: costs::in_use,
    },
    Goal {
        id: "C6",
        what: "PFN entry",
        goal: "at most 32 bytes on amd64, 16 on i686",
        needs: &[Need::Tests(ENTRY)],
        judge: counts::entry,
    },
    Goal {
        id: "C7",
        what: "kernel image and loader",
        goal: "each below 1 MiB",
        needs: &[Need::Step(Step::SizeAmd64), Need::Step(Step::SizeI686)],
        judge: counts::images_are_small,
    },
    Goal {
        id: "C8",
        what: "in the guest: frame pair, guard included",
        goal: "at most 40 counted instructions",
        needs: &[Need::Costs],
        judge: costs::frame_pair,
    },
    Goal {
        id: "S",
        what: "speed beside the best crates: see the pages of the benchmark",
        goal: "every row of frames, pools and paging",
        needs: &[Need::Speed],
        judge: speed::pages,
    },
    Goal {
        id: "R1",
        what: "fuzzed memory maps",
        goal: "10^7 a release, 10^5 in CI; 0 panics, 0 broken invariants",
        needs: &[Need::Tests(MAPS)],
        judge: counts::random_maps,
    },
    Goal {
        id: "R2",
        what: "lying firmware: the map grows 0..64 entries a call, exit refused 0..3 times, stride 40..256",
        goal: "every outcome clean",
        needs: &[Need::Tests(HABITS)],
        judge: counts::habits,
    },
    Goal {
        id: "R3",
        what: "the kernel's page tables against the emulator's own walker",
        goal: "0 differences, 1,000 random translations, on every boot",
        needs: &[Need::Boots(boots::passes)],
        judge: boots::walker,
    },
    Goal {
        id: "R4",
        what: "rights writable and executable; frames mapped both ways",
        goal: "0 and 0, counted by the kernel and by the harness",
        needs: &[Need::Boots(boots::passes)],
        judge: boots::rights,
    },
    Goal {
        id: "R5",
        what: "page-table model check, per mode",
        goal: "10^7 actions; 0 differences; 0 tables leaked",
        needs: &[Need::Tests(MODEL)],
        judge: counts::model,
    },
    Goal {
        id: "R6",
        what: "PFN invariants",
        goal: "each frame in one state; counts equal full walks",
        needs: &[Need::Boots(boots::passes)],
        judge: boots::frames,
    },
    Goal {
        id: "R7",
        what: "allocation-failure injection, every site, Nth failure until a run has none",
        goal: "an error each time, 0 panics, 0 leaks",
        needs: &[
            Need::Tests(INJECTED[0]),
            Need::Tests(INJECTED[1]),
            Need::Tests(INJECTED[2]),
            Need::Tests(INJECTED[3]),
            Need::Tests(INJECTED[4]),
            Need::Boots(boots::passes),
        ],
        judge: counts::injection,
    },
    Goal {
        id: "R8",
        what: "pool crimes",
        goal: "default: every double free; full checking: overflow >= 99 %, write after free >= 95 %; special pool: all",
        needs: &[Need::Tests(CRIMES), Need::Boots(boots::is_pool_crime)],
        judge: counts::crimes,
    },
    Goal {
        id: "R9",
        what: "stack overflow: ways, processors, run levels, modes",
        goal: "a clean bug check with the thread's name every time; 0 triple faults",
        needs: &[Need::Boots(boots::is_overflow)],
        judge: boots::overflows,
    },
    Goal {
        id: "R10",
        what: "TLB shootdown",
        goal: "10^6 rounds on 2..8 CPUs, 0 stale reads, no deadlock; models of the protocol",
        needs: &[Need::Boots(boots::is_ordinary), Need::Tests(SHOOTDOWN), Need::Step(Step::Models)],
        judge: boots::shootdown,
    },
    Goal {
        id: "R11",
        what: "exhaustion of frames, virtual space, stacks, threads",
        goal: "errors, then full recovery, difference 0",
        needs: &[Need::Boots(boots::passes)],
        judge: boots::exhaustion,
    },
    Goal {
        id: "R12",
        what: "kernel image parser",
        goal: "10^6 mutants, 0 panics, 0 out-of-bounds",
        needs: &[Need::Tests(IMAGES)],
        judge: counts::images,
    },
    Goal {
        id: "R13",
        what: "soak",
        goal: "10^9 allocations from a seed, footprint slope 0",
        needs: &[Need::Tests(SOAK)],
        judge: counts::soak,
    },
    Goal {
        id: "R14",
        what: "bug checks",
        goal: "code, name, parameters in words, run level, CPU, thread, registers, backtrace, chain",
        needs: &[Need::Boots(boots::is_bug_check)],
        judge: boots::bug_checks,
    },
    Goal {
        id: "F",
        what: "fuzz targets: memory maps, loader block, PE image, INI, ACPI tables, page tables, pools, and others",
        goal: "60 s each, nothing found",
        needs: &[Need::Step(Step::Fuzz)],
        judge: counts::fuzz,
    },
    Goal {
        id: "R15",
        what: "unsafe code",
        goal: "each block argued; Miri clean where it can run",
        needs: &[Need::Step(Step::Clippy), Need::Step(Step::Interpreter)],
        judge: counts::unsafe_code,
    },
];
