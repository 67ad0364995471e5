//! The selection covers what it promises, names are unique, and judging finds every contradiction.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use xtcore::PagingMode;
use xtcore::choice::Architecture;

use super::axes::MEMORY;
use super::select::{product, values};
use super::*;
use crate::guest::{BootLoader, Kernel, Machine, MemorySize};
use crate::screen::{Colour, INK, Paper};
use crate::session::{Outcome, Refusal, Verdict};

#[test]
fn in_the_pairwise_selection_every_value_meets_every_mode() {
    let selected = cells(Scope::Pairwise);
    for mode in PagingMode::ALL {
        let possible = product(mode, &MEMORY);
        assert!(!possible.is_empty());
        for value in possible.iter().flat_map(values) {
            let met = selected.iter().any(|cell| cell.mode == mode && values(cell).contains(&value));
            assert!(met, "{mode} never meets {value:?}");
        }
    }
    let plain = selected.iter().filter(|cell| cell.is_plain()).count();
    assert!(plain <= 40, "{plain} cells take too long for every change");
}

#[test]
fn every_trial_runs_in_both_scopes() {
    for scope in [Scope::Pairwise, Scope::Full] {
        let cells = cells(scope);
        for trial in trials() {
            let is_due = scope == Scope::Full || !matches!(trial.turns, Turns::Covered | Turns::Never);
            assert_eq!(cells.iter().any(|cell| cell.trial == trial), is_due, "{}", trial.name);
        }
        assert!(cells.iter().any(|cell| cell.trial.expectation == Expectation::FailWritableAndExecutable));
    }
}

#[test]
fn what_each_architecture_answers_with_its_own_code_is_tried_on_both() {
    let cells = cells(Scope::Pairwise);
    for trial in trials() {
        let of = |one| {
            let same = cells.iter().filter(|cell| cell.trial == trial);
            same.filter(|cell| architecture(cell.mode) == one).count()
        };
        let expected = match trial.turns {
            Turns::Once => 1,
            Turns::EachArchitecture => 2,
            Turns::EachMode => PagingMode::ALL.len(),
            Turns::In(_) => 1,
            Turns::Covered | Turns::Never => 0,
        };
        let counts = [of(Architecture::Amd64), of(Architecture::I686)];
        assert_eq!(counts.iter().sum::<usize>(), expected, "{}", trial.name);
        assert!(counts.iter().all(|count| *count <= expected.div_ceil(2)), "{}", trial.name);
    }
    assert!(trials().any(|trial| trial.turns == Turns::EachArchitecture));
}

#[test]
fn ways_to_overflow_a_stack_meet_every_mode_processor_and_level() {
    let facts = |trial: &Trial| {
        let Expectation::BugCheck { level, .. } = trial.expectation else { panic!("{}", trial.name) };
        let way = trial.name.rsplit_once("-cpu").expect("a processor").0;
        (way, trial.culprit.cpu, level)
    };
    let trials = super::trial::overflows::TRIALS;
    let all: HashSet<_> = trials.iter().map(facts).collect();
    assert_eq!(all.len(), 3 * 2 * 2, "each way, processor and level");
    for mode in PagingMode::ALL {
        let here = trials.iter().filter(|trial| trial.turns == Turns::In(mode)).map(facts);
        let (ways, (processors, levels)): (HashSet<_>, (HashSet<_>, HashSet<_>)) =
            here.map(|(way, processor, level)| (way, (processor, level))).unzip();
        assert_eq!((ways.len(), processors.len(), levels.len()), (3, 2, 2), "{mode}");
    }
    for trial in trials {
        let cells = cells(Scope::Full).into_iter().filter(|cell| cell.trial == trial).count();
        assert_eq!(cells, PagingMode::ALL.len(), "{}", trial.name);
    }
}

#[test]
fn checked_kernels_boot_in_each_mode_and_must_tell_the_order_of_their_locks() {
    let selected = cells(Scope::Pairwise);
    let checked: Vec<_> = selected.iter().filter(|cell| cell.trial.name == "checked").collect();
    assert_eq!(checked.len(), PagingMode::ALL.len());
    let cell = checked.first().expect("a checked boot");
    let guest = cell.guest(&images(), "w".into()).expect("all images are there");
    assert_eq!(guest.files.kernel, Kernel::Intact("i686/checked".into()));
    assert_eq!(guest.processors, 4);
    let report = |locks: Value| with(good(cell), "locks", locks);
    let of = |edges: Value| json!({ "classes": [], "edges": edges, "left_out": 0 });
    let judged = |locks| judge(cell, &outcome(Verdict::Pass, report(locks)));
    assert_eq!(judged(of(json!([["a", "b"]]))), Ok(()));
    assert!(judged(of(json!([["a", "b"], ["b", "a"]]))).is_err());
    assert!(judged(of(json!([]))).is_err());
    assert!(judged(json!(null)).is_err());
    let release = Cell { trial: PLAIN, ..**cell };
    let judged = |locks| judge(&release, &outcome(Verdict::Pass, report(locks)));
    assert_eq!(judged(json!(null)), Ok(()));
    assert!(judged(of(json!([["a", "b"]]))).is_err());
}

#[test]
fn the_order_of_locks_is_that_of_all_checked_boots_together() {
    let trial = trials().find(|trial| trial.name == "checked").expect("the trial exists");
    let result = |name: &str, pair: [&str; 2], trial: Trial| CellResult {
        cell: Cell { trial, ..cell(name) },
        outcome: Some(outcome(
            Verdict::Pass,
            json!({ "locks": { "classes": [{ "name": pair[0] }], "edges": [pair], "left_out": 0 } }),
        )),
        judgement: Ok(()),
        time: std::time::Duration::ZERO,
    };
    let page = "| 1 | `a` |\n| 2 | `b` |\n";
    let one = result("pml4/auto/1G/q35/qemu64", ["a", "b"], trial);
    let other = result("pml5/auto/1G/q35/max", ["b", "a"], trial);
    assert!(lock_order(std::slice::from_ref(&one), page).is_ok());
    assert!(lock_order(std::slice::from_ref(&one), "").is_err(), "the document does not know it");
    assert!(lock_order(&[one.clone(), other.clone()], page).is_err());
    let unwatched = CellResult { cell: Cell { trial: PLAIN, ..other.cell }, ..other };
    assert!(lock_order(&[one, unwatched.clone()], page).is_ok_and(|told| told.is_some()));
    assert_eq!(lock_order(&[unwatched], page), Ok(None), "release builds say nothing");
}

#[test]
fn machines_with_one_two_four_and_eight_processors_are_tried_in_every_mode() {
    for cells in [cells(Scope::Pairwise), cells(Scope::Full)] {
        for (mode, processors) in PagingMode::ALL.iter().flat_map(|mode| [1, 2, 4, 8].map(|n| (*mode, n))) {
            let is_tried = |cell: &Cell| {
                let Trial { processors: has, parameters, expectation: Expectation::Pass, .. } = cell.trial
                else {
                    return false;
                };
                // A seed chooses places and nothing else.
                let is_ordinary = parameters.is_empty() || parameters.starts_with("KASLRSEED=");
                cell.mode == mode && has == processors && is_ordinary
            };
            assert!(cells.iter().any(is_tried), "{mode} with {processors} processors");
        }
    }
}

#[test]
fn what_takes_long_is_given_the_time() {
    let long = cells(Scope::Full).into_iter().filter(|cell| cell.trial.turns == Turns::Never);
    let ordinary = cell("pml4/auto/6G/q35/max,la57=off").timeout();
    assert!(long.clone().count() > 0);
    assert!(long.map(|cell| cell.timeout()).all(|timeout| timeout > 10 * ordinary));
}

#[test]
fn selections_are_the_same_every_time_and_names_are_unique() {
    for scope in [Scope::Pairwise, Scope::Full] {
        let cells = cells(scope);
        let names: Vec<_> = cells.iter().map(Cell::name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(self::cells(scope), cells);
        assert!(cells.iter().all(Cell::exists));
    }
}

#[test]
fn the_full_run_has_every_large_memory_with_and_without_huge_pages() {
    let names: Vec<_> = cells(Scope::Full).iter().map(Cell::name).collect();
    for name in [
        "pml2/forced/64G/q35/max",
        "pml3/auto/64G/q35/max",
        "pml4/auto/12T/q35/max,la57=off",
        "pml4/auto/1T/q35/max,la57=off,pdpe1gb=off",
        "pml5/auto/1T/q35/max",
        "pml5/auto/12T/q35/max",
        "pml5/auto/1T/q35/max,pdpe1gb=off",
        "pml4/auto/12T/q35/max,la57=off/no-gigabyte-pages",
        "pml5/auto/12T/q35/max/no-gigabyte-pages",
        "pml4/forced/6G/pc/max/from-pml5",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

fn cell(name: &str) -> Cell {
    let found = cells(Scope::Full).into_iter().find(|cell| cell.name() == name);
    found.unwrap_or_else(|| panic!("no cell {name}"))
}

#[test]
fn frames_above_the_limit_follow_the_machines_memory_map() {
    for (name, mebibytes) in [
        ("pml2/forced/1G/q35/max", 0),
        ("pml2/forced/4G/q35/max", 2 << 10),
        ("pml2/forced/6G/q35/max", 4 << 10),
        ("pml3/auto/6G/q35/max", 0),
        ("pml3/auto/64G/q35/max", 2 << 10),
        ("pml4/auto/6G/pc/qemu64", 0),
    ] {
        assert_eq!(cell(name).frames_above_limit().bytes() >> 20, mebibytes, "{name}");
    }
}

fn images() -> Images {
    let of = |name: &str| ArchitectureImages {
        loader: format!("{name}/loader").into(),
        kernel: format!("{name}/kernel").into(),
        checked_kernel: Some(format!("{name}/checked").into()),
        tampering_loader: Some(format!("{name}/tamper").into()),
        five_level_shim: None,
    };
    Images { amd64: Some(of("amd64")), i686: Some(of("i686")) }
}

#[test]
fn a_cell_describes_its_guest() {
    let guest = cell("pml4/forced/512M/pc/max").guest(&images(), "w".into()).expect("all images are there");
    assert_eq!(guest.architecture, Architecture::Amd64);
    assert_eq!((guest.machine, guest.processor.as_str()), (Machine::Pc, "max"));
    assert_eq!(guest.kernel_parameters(), "DEBUG=COM1 EXIT DEBUGEXIT=0xF4 INSPECT NOXPA");

    let tampered = trials().find(|trial| trial.name == "block-checksum").expect("the trial exists");
    let spoiled = Cell { trial: tampered, ..cell("pml3/auto/128M/q35/n270") };
    let guest = spoiled.guest(&images(), "w".into()).expect("all images are there");
    assert_eq!(guest.files.loader, BootLoader::Direct("i686/tamper".into()));
    assert!(guest.kernel_parameters().ends_with("INSPECT TAMPER=checksum"));
}

#[test]
fn a_cell_without_its_image_says_which() {
    let shimmed = cell("pml4/forced/512M/pc/max/from-pml5");
    assert_eq!(shimmed.guest(&images(), "w".into()).err(), Some(ImageMissing::FiveLevelShim));
    let nothing = Images::default();
    let missing = cell("pml3/auto/1G/q35/max").guest(&nothing, "w".into()).err();
    assert_eq!(missing, Some(ImageMissing::Architecture(Architecture::I686)));
}

fn outcome(verdict: Verdict, report: Value) -> Outcome {
    Outcome {
        verdict,
        reason: String::new(),
        report: report.as_object().cloned().unwrap_or_else(Map::new),
        refusal: None,
        remarks: Vec::new(),
        tail: Vec::new(),
        log: "log".into(),
        picture: None,
    }
}

/// A report of a boot with which all is well, and economy at its limit.
fn good(cell: &Cell) -> Value {
    let above = cell.frames_above_limit().get();
    json!({
        "paging": cell.mode.name(), "paging_reason": cell.reason().text(),
        "usable_frames": cell.memory.bytes() / 4096 - above, "frames_above_limit": above,
        "frames_in_use": 768 + 200, "descriptors": { "given": 100 }, "largest_page": 4 << 20,
        "fill": { "frames": 1000, "left": 0, "wrong_words": 0 },
        "stress": { "complaints": 0, "difference": 0, "injected": 100, "sites_not_asked": ["special pool"] },
        "pfn": { "faults": 0, "tables": 20 },
        "waiting": { "checks": 90, "wrong": 0, "first": null },
        "shootdown": { "rounds": 100, "reads": 400, "stale": 0 },
    })
}

/// Returns a report with another value of a key.
fn with(mut report: Value, key: &str, value: Value) -> Value {
    report[key] = value;
    report
}

#[test]
fn a_pass_is_judged_by_mode_reason_and_memory() {
    let cell = cell("pml2/forced/6G/q35/max");
    let good = good(&cell);
    assert_eq!(judge(&cell, &outcome(Verdict::Pass, good.clone())), Ok(()));
    assert!(judge(&cell, &outcome(Verdict::TimedOut, good.clone())).is_err());
    for (key, value) in [
        ("paging", json!("pml3")),
        ("largest_page", json!(null)),
        ("largest_page", json!(1 << 30)),
        ("paging_reason", json!("no idea")),
        ("frames_above_limit", json!(0)),
        ("frames_above_limit", json!(null)),
        ("usable_frames", json!(400_000)),
        ("usable_frames", json!(3 << 20)),
        ("frames_in_use", json!(768 + 201)),
        ("frames_in_use", json!(null)),
        ("descriptors", json!({ "given": 99 })),
        ("descriptors", json!(null)),
        ("fill", json!({ "frames": 0, "left": 0, "wrong_words": 0 })),
        ("fill", json!({ "frames": 9, "left": 1, "wrong_words": 0 })),
        ("fill", json!({ "frames": 9, "left": 0, "wrong_words": 1 })),
        ("fill", json!({ "frames": 9, "left": null, "wrong_words": 0 })),
        ("fill", json!({ "frames": 9, "wrong_words": 0 })),
        ("fill", json!(null)),
        ("stress", json!({ "complaints": 1, "difference": 0, "injected": 100, "sites_not_asked": [] })),
        ("stress", json!({ "complaints": 0, "difference": 1, "injected": 100, "sites_not_asked": [] })),
        ("stress", json!({ "complaints": 0, "difference": 0, "injected": 0, "sites_not_asked": [] })),
        ("stress", json!({ "complaints": 0, "difference": 0, "injected": 9, "sites_not_asked": ["stack"] })),
        ("stress", json!({ "complaints": 0, "difference": 0, "injected": 9, "sites_not_asked": [7] })),
        ("stress", json!({ "complaints": 0, "difference": 0, "injected": 9 })),
        ("stress", json!(null)),
        ("pfn", json!({ "faults": 1, "tables": 20 })),
        ("pfn", json!({ "faults": 0, "tables": 0 })),
        ("pfn", json!(null)),
        ("waiting", json!({ "checks": 90, "wrong": 1, "first": "time goes on" })),
        ("waiting", json!({ "checks": 90, "wrong": 1, "first": null })),
        ("waiting", json!({ "checks": 0, "wrong": 0, "first": null })),
        ("waiting", json!({ "wrong": 0 })),
        ("waiting", json!(null)),
        ("shootdown", json!({ "rounds": 100, "reads": 400, "stale": 1 })),
        ("shootdown", json!({ "rounds": 0, "reads": 0, "stale": 0 })),
        ("shootdown", json!({ "rounds": 100, "reads": 199, "stale": 0 })),
        ("shootdown", json!({ "rounds": 100, "reads": 400 })),
        ("shootdown", json!(null)),
    ] {
        let mut wrong = good.clone();
        wrong[key] = value;
        assert!(judge(&cell, &outcome(Verdict::Pass, wrong)).is_err(), "{key}");
    }
}

#[test]
fn a_part_of_the_memory_is_enough_only_where_there_is_too_much_of_it() {
    let cell = cell("pml4/auto/12T/q35/max,la57=off");
    let judged = |left: Value| {
        let report = with(good(&cell), "fill", json!({ "frames": 1000, "left": left, "wrong_words": 0 }));
        judge(&cell, &outcome(Verdict::Pass, report))
    };
    assert_eq!(judged(json!(null)), Ok(()));
    assert_eq!(judged(json!(0)), Ok(()), "taken nevertheless");
    assert!(judged(json!(1)).is_err());
}

#[test]
fn pages_of_1_gib_are_mapped_where_they_may_and_must_be() {
    const GIANT: u64 = 1 << 30;
    const LARGE: u64 = 2 << 20;
    for (name, accepted) in [
        ("pml5/auto/6G/q35/max", [false, true]),
        ("pml5/auto/4G/q35/max", [true, true]),
        ("pml5/auto/6G/q35/max,pdpe1gb=off", [true, false]),
        ("pml4/auto/6G/q35/qemu64", [true, false]),
        ("pml5/forced/6G/q35/max/no-gigabyte-pages", [true, false]),
        ("pml5/auto/12T/q35/max/no-gigabyte-pages", [true, false]),
    ] {
        let cell = cell(name);
        let judged = [LARGE, GIANT].map(|largest| {
            judge(&cell, &outcome(Verdict::Pass, with(good(&cell), "largest_page", json!(largest))))
        });
        assert_eq!(judged.map(|judged| judged.is_ok()), accepted, "{name}");
    }
}

#[test]
fn a_refusal_is_judged_by_its_author_and_its_words() {
    let trial = trials().find(|trial| trial.name == "block-checksum").expect("the trial exists");
    let cell = Cell { trial, ..cell("pml5/auto/128M/q35/max") };
    let mut refused = outcome(Verdict::Refused, json!({ "bugcheck": { "name": "LOADER_BLOCK_MISMATCH" } }));
    let by = |by: &str, what: &str| Some(Refusal { by: by.to_owned(), what: what.to_owned() });
    refused.refusal = by("xtoskrnl", "the Checksum is wrong");
    assert_eq!(judge(&cell, &refused), Ok(()));
    refused.refusal = by("xtldr", "the checksum is wrong");
    assert!(judge(&cell, &refused).is_err());
    refused.refusal = by("xtoskrnl", "something is wrong");
    assert!(judge(&cell, &refused).is_err());
    assert!(judge(&cell, &outcome(Verdict::Pass, json!({}))).is_err());
}

#[test]
fn the_failure_on_purpose_must_fail_for_its_own_reason() {
    let trial = trials().find(|trial| trial.name == "writable-code").expect("the trial exists");
    let cell = Cell { trial, ..cell("pml5/auto/128M/q35/max") };
    let both = json!({ "nx": true, "wx_pages_kernel": 3, "wx_pages_emulator": 3 });
    assert_eq!(judge(&cell, &outcome(Verdict::Fail, both.clone())), Ok(()));
    assert!(judge(&cell, &outcome(Verdict::Pass, both.clone())).is_err());
    for blind in ["wx_pages_kernel", "wx_pages_emulator", "nx"] {
        for value in [json!(0), json!(null)] {
            let mut one = both.clone();
            one[blind] = value;
            assert!(judge(&cell, &outcome(Verdict::Fail, one)).is_err(), "{blind}");
        }
    }
    let frames = |count: u64| json!({ "nx": false, "frames_writable_and_executable": count });
    assert_eq!(judge(&cell, &outcome(Verdict::Fail, frames(3))), Ok(()));
    assert!(judge(&cell, &outcome(Verdict::Fail, frames(0))).is_err());
}

/// A stop as it should be, with the text in a log.
fn stop(folder: &std::path::Path, text: &str) -> (Cell, Outcome) {
    let trial = trials().find(|trial| trial.name == "null-read-raised").expect("the trial exists");
    let cell = Cell { trial, ..cell("pml5/auto/128M/q35/max") };
    let facts = json!({ "bugcheck": {
        "code": 10, "name": "IRQL_NOT_LESS_OR_EQUAL", "parameters": [16, 2, 0, 4711], "what": "Read of 0x10, there",
        "cpu": 0, "level": "dispatch", "stack": "boot stack", "thread": "main", "others": 1, "stopped": 1,
        "backtrace": [
            { "address": "0x10", "function": null, "offset": 0 },
            { "address": "0x20", "function": "ex::crime::null_read", "offset": 4 },
        ],
    } });
    let log = folder.join("serial.log");
    std::fs::write(&log, text).expect("a folder of the test's own");
    (cell, Outcome { log, ..outcome(Verdict::Fail, facts) })
}

const TEXT: &str = "*** STOP 0x0000000a IRQL_NOT_LESS_OR_EQUAL
    cr0 80010033  cr2 10  cr3 de47000  cr4 300ef0
    level 4 entry at 0xffffad56ab55a000: 0x0000000000000c00  not present
    CPU 1: passive, thread idle 1
";

#[test]
fn a_bug_check_is_judged_by_everything_it_says() {
    let folder = tempfile::tempdir().expect("a folder of the test's own");
    let (cell, good) = stop(folder.path(), TEXT);
    assert_eq!(judge(&cell, &good), Ok(()));
    for verdict in [Verdict::Pass, Verdict::TimedOut] {
        assert!(judge(&cell, &Outcome { verdict, ..good.clone() }).is_err());
    }
    for (key, value) in [
        ("code", json!(80)),
        ("code", json!(null)),
        ("parameters", json!([16, 2, 1, 4711])),
        ("parameters", json!([16, 2])),
        ("parameters", json!(null)),
        ("level", json!("passive")),
        ("what", json!("write to 0x10")),
        ("what", json!(null)),
        ("thread", json!("culprit")),
        ("thread", json!(null)),
        ("cpu", json!(1)),
        ("stopped", json!(0)),
        ("backtrace", json!([])),
        ("backtrace", json!(null)),
        ("backtrace", json!([{ "address": "0x20", "function": "ex::crime::commit", "offset": 4 }])),
    ] {
        let mut wrong = good.clone();
        wrong.report.get_mut("bugcheck").expect("it was put there")[key] = value;
        assert!(judge(&cell, &wrong).is_err(), "{key}");
    }
    let mut none = good;
    none.report.insert("bugcheck".to_owned(), json!(null));
    assert!(judge(&cell, &none).is_err());
}

#[test]
fn a_bug_check_without_a_part_of_its_text_is_none() {
    let folder = tempfile::tempdir().expect("a folder of the test's own");
    for part in ["STOP", "cr0 ", "cr4 ", "level 4 entry", "    CPU 1"] {
        let (cell, outcome) = stop(folder.path(), &TEXT.replace(part, ""));
        assert!(judge(&cell, &outcome).is_err(), "{part}");
    }
    let (cell, outcome) = stop(&folder.path().join("."), TEXT);
    std::fs::remove_file(&outcome.log).expect("it was written");
    assert!(judge(&cell, &outcome).is_err());
}

#[test]
fn every_crime_of_the_matrix_has_its_culprit() {
    for trial in trials() {
        let Some((_, crime)) = trial.parameters.split_once("CRIME=") else { continue };
        let crime = crime.split(['@', ' ']).next().expect("a name");
        let known = super::judge::culprits(crime);
        assert!(known.is_some_and(|functions| !functions.is_empty()), "{}: {crime}", trial.name);
    }
}

#[test]
fn every_bug_check_of_the_kernel_has_its_section_and_no_other() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("part of the repository");
    let (source, document) = (read("kernel/xtoskrnl/src/ke/bugcheck/codes.rs"), read("docs/bug-checks.md"));
    let (_, codes) = source.split_once("\ncodes! {").expect("the table of codes");
    let mut expected = Vec::new();
    for definition in
        codes.split(';').filter_map(|definition| definition.split_once(" = 0x")).map(|(_, rest)| rest)
    {
        let number = definition.split(',').next().expect("a number").replace('_', "");
        let name = definition.split('"').nth(1).expect("a name");
        expected.push((format!("0x{number} {name}"), definition.split('"').skip(3).step_by(2).count()));
    }
    let sections = document.split("\n### ").skip(1).map(|section| {
        let (title, text) = section.split_once('\n').expect("a section has text");
        for part in ["\nParameters: 1 ", "\nUsual causes: ", "\nLook at: "] {
            assert!(text.contains(part), "{title}:{part}");
        }
        let parameters = text.lines().find(|line| line.starts_with("Parameters: ")).expect("parameters");
        (title.to_owned(), (1..=4).filter(|number| parameters.contains(&format!(" {number} "))).count())
    });
    let mut found: Vec<(String, usize)> = sections.collect();
    assert!(found.len() > 20);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_a_mode_lacks_is_not_tried_in_it() {
    for scope in [Scope::Pairwise, Scope::Full] {
        let cells = cells(scope);
        let demanding = |cell: &&Cell| cell.trial.demand == Demand::NoExecute;
        assert!(cells.iter().any(|cell| demanding(&cell)));
        assert!(cells.iter().filter(demanding).all(|cell| cell.mode != PagingMode::Pml2));
    }
    let everywhere = |cell: &&Cell| cell.trial.name == "stack-recursion";
    assert_eq!(cells(Scope::Full).iter().filter(everywhere).count(), PagingMode::ALL.len());
}

#[test]
fn a_trial_that_is_about_the_screen_needs_its_picture() {
    let trial = trials().find(|trial| trial.name == "block-version").expect("the trial exists");
    let cell = Cell { trial, ..cell("pml5/auto/128M/q35/max") };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("screen.ppm");
    let mut refused = outcome(Verdict::Refused, json!({ "bugcheck": { "name": "LOADER_BLOCK_MISMATCH" } }));
    refused.refusal = Some(Refusal { by: "xtoskrnl".to_owned(), what: "another version".to_owned() });
    assert!(judge(&cell, &refused).is_err(), "no picture");
    refused.picture = Some(file.clone());
    assert!(judge(&cell, &refused).is_err(), "no file");
    for (paper, good) in [(Paper::Stop, true), (Paper::Log, false)] {
        let Colour(red, green, blue) = paper.colour();
        let Colour(ink_red, ink_green, ink_blue) = INK;
        let mut picture = b"P6\n100 20\n255\n".to_vec();
        picture.extend([red, green, blue].repeat(1400));
        picture.extend([ink_red, ink_green, ink_blue].repeat(600));
        std::fs::write(&file, picture).expect("written");
        assert_eq!(judge(&cell, &refused).is_ok(), good);
    }
}

#[test]
fn two_kernels_in_one_run_are_found() {
    let result = |name: &str, hash: &str| CellResult {
        cell: cell(name),
        outcome: Some(outcome(Verdict::Pass, json!({ "image_sha256": hash }))),
        judgement: Ok(()),
        time: std::time::Duration::ZERO,
    };
    let amd64 = [result("pml4/auto/1G/q35/qemu64", "a"), result("pml5/auto/1G/q35/max", "a")];
    assert_eq!(same_image(&amd64), Ok(()));
    let mixed = [result("pml2/forced/1G/q35/max", "b"), result("pml3/auto/1G/q35/max", "c")];
    assert!(same_image(&mixed).is_err());
    let apart = [result("pml4/auto/1G/q35/qemu64", "a"), result("pml3/auto/1G/q35/max", "c")];
    assert_eq!(same_image(&apart), Ok(()));
}

#[test]
fn a_cell_that_cannot_start_is_a_result_too() {
    let cells = [cell("pml3/auto/1G/q35/max"), cell("pml5/auto/1G/q35/max")];
    let count = std::sync::atomic::AtomicUsize::new(0);
    let results = run_cells(&cells, &Images::default(), "/nonexistent".as_ref(), 2, &|_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(results.iter().map(|result| result.cell).collect::<Vec<_>>(), cells);
    assert!(results.iter().all(|result| result.judgement.is_err() && result.outcome.is_none()));
    assert_eq!(count.into_inner(), 4, "each cell starts and finishes");
}

#[test]
fn sizes_in_names_are_those_people_type() {
    assert_eq!(cell("pml5/auto/64M/q35/max").memory, MemorySize::mebibytes(64));
}
