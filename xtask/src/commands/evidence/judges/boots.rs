//! What boots of the matrix say. Whether a boot did what its cell expects was decided when it was judged there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xtcore::PagingMode;
use xtqemu::matrix::{Cell, CellResult, EntryPaging, Expectation, Selection};

use super::super::gathered::Gathered;
use super::super::{Found, Verdict};
use super::judged;
use crate::commands::evidence::goals::SHOOTDOWN;
use crate::commands::evidence::suites::sum;
use crate::test::{Depth, Finding, Step};

/// Every cell.
pub(in super::super) const fn any(_: &Cell) -> bool {
    true
}

/// A boot that has to pass, and so is looked at from outside.
pub(in super::super) fn passes(cell: &Cell) -> bool {
    cell.trial.expectation == Expectation::Pass
}

/// A boot in which nothing is wrong but where things lie.
pub(in super::super) fn is_ordinary(cell: &Cell) -> bool {
    let parameters = cell.trial.parameters;
    passes(cell)
        && (parameters.is_empty() || parameters.contains("KASLRSEED=") || parameters.contains("ROUNDS="))
}

/// A boot that has to end in a bug check.
pub(in super::super) fn is_bug_check(cell: &Cell) -> bool {
    matches!(cell.trial.expectation, Expectation::BugCheck { .. })
}

/// A crime against a pool.
pub(in super::super) fn is_pool_crime(cell: &Cell) -> bool {
    is_bug_check(cell) && cell.trial.name.starts_with("pool-")
}

/// A stack that overflows.
pub(in super::super) fn is_overflow(cell: &Cell) -> bool {
    is_bug_check(cell) && (cell.trial.name.starts_with("stack-") || cell.trial.name == "thread-recursion")
}

/// Returns the failure of the first boot that went another way than expected.
fn all_as_expected(figure: String, boots: &[&CellResult]) -> Found {
    let wrong: Vec<&&CellResult> = boots.iter().filter(|boot| boot.judgement.is_err()).collect();
    judged(figure, wrong.is_empty(), || {
        let names: Vec<String> = wrong.iter().take(3).map(|boot| boot.cell.name()).collect();
        format!("{} of {} boots, the first: {}", wrong.len(), boots.len(), names.join(", "))
    })
}

/// The same, where something else must be so, too; `short` says what is missing of that.
fn expected_and(figure: String, boots: &[&CellResult], is_so: bool, short: impl FnOnce() -> String) -> Found {
    if is_so { all_as_expected(figure, boots) } else { judged(figure, false, short) }
}

/// Returns a number of a boot's report, by its JSON pointer.
fn number(boot: &CellResult, place: &str) -> Option<u64> {
    let (key, rest) =
        place.trim_start_matches('/').split_once('/').map_or((place, None), |(key, rest)| (key, Some(rest)));
    let value = boot.outcome.as_ref()?.report.get(key.trim_start_matches('/'))?;
    match rest {
        Some(rest) => value.pointer(&format!("/{rest}"))?.as_u64(),
        None => value.as_u64(),
    }
}

/// Adds up a number of all reports that have it.
fn total(boots: &[&CellResult], place: &str) -> u64 {
    boots.iter().filter_map(|boot| number(boot, place)).sum()
}

/// Returns the modes in which there is a boot `of` a kind.
fn modes_with(boots: &[&CellResult], of: impl Fn(&CellResult) -> bool) -> BTreeSet<&'static str> {
    boots.iter().filter(|boot| of(boot)).map(|boot| boot.cell.mode.name()).collect()
}

fn words<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

pub(in super::super) fn modes(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(Cell::is_plain)?;
    let of = |selection| modes_with(&boots, |boot| boot.cell.selection == selection);
    let (forced, automatic) = (of(Selection::Forced), of(Selection::Automatic));
    let figure =
        format!("forced: {}; chosen: {}", words(forced.iter().copied()), words(automatic.iter().copied()));
    let found = all_as_expected(figure, &boots);
    if found.verdict != Verdict::Reached
        || forced.len() == PagingMode::ALL.len() && automatic.len() == forced.len()
    {
        return Ok(found);
    }
    // This firmware starts no processor that lacks PAE.
    let missing = PagingMode::ALL.into_iter().filter(|mode| !automatic.contains(mode.name()));
    let missing = words(missing.map(PagingMode::name).collect::<Vec<_>>());
    Ok(Found {
        verdict: Verdict::Smaller(format!("{missing} chosen automatically: only by tests of the host")),
        ..found
    })
}

pub(in super::super) fn memory(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(Cell::is_plain)?;
    let mut most: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    let mut least: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    for boot in &boots {
        let memory = boot.cell.memory;
        let size = (memory.bytes(), memory.to_string());
        let name = boot.cell.mode.name();
        let largest = most.entry(name).or_insert_with(|| size.clone());
        *largest = largest.clone().max(size.clone());
        let smallest = least.entry(name).or_insert_with(|| size.clone());
        *smallest = smallest.clone().min(size);
    }
    let range = |(mode, (_, most)): (&&str, &(u64, String))| {
        let least = least.get(*mode).map_or("", |(_, text)| text);
        format!("{mode} {least} to {most}")
    };
    let figure = most.iter().map(range).collect::<Vec<_>>().join("; ");
    let found = all_as_expected(figure, &boots);
    Ok(match (gathered.depth, &found.verdict) {
        (Depth::Usual, Verdict::Reached) => {
            Found { verdict: Verdict::Smaller("large memories run with --full".to_owned()), ..found }
        }
        _ => found,
    })
}

pub(in super::super) fn processors(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(is_ordinary)?;
    let running =
        |boot: &CellResult| number(boot, "processors/running") == Some(boot.cell.trial.processors.into());
    let mut counts: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for boot in boots.iter().filter(|boot| running(boot)) {
        counts.entry(boot.cell.trial.processors).or_default().insert(boot.cell.mode.name());
    }
    let threads = modes_with(&boots, |boot| boot.cell.trial.arrangement.threads > 1 && running(boot));
    let mut parts: Vec<String> =
        counts.iter().map(|(count, modes)| format!("{count} in {} modes", modes.len())).collect();
    parts.push(format!("two threads a core in {}", words(threads.iter().copied())));
    let met = [1, 2, 4, 8]
        .iter()
        .all(|count| counts.get(count).is_some_and(|modes| modes.len() == PagingMode::ALL.len()));
    let found = all_as_expected(parts.join("; "), &boots);
    if found.verdict != Verdict::Reached {
        return Ok(found);
    }
    Ok(judged(found.figure, met && !threads.is_empty(), || {
        "a number that does not meet each mode".to_owned()
    }))
}

pub(in super::super) fn every_cell(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(any)?;
    let kinds =
        |of: fn(&Expectation) -> bool| boots.iter().filter(|boot| of(&boot.cell.trial.expectation)).count();
    let figure = format!(
        "{} boots: {} that pass, {} refused by name, {} stopped by name",
        boots.len(),
        kinds(|expected| *expected == Expectation::Pass),
        kinds(|expected| matches!(expected, Expectation::Refused { .. })),
        kinds(|expected| !matches!(expected, Expectation::Pass | Expectation::Refused { .. })),
    );
    let found = all_as_expected(figure, &boots);
    Ok(match (gathered.depth, &found.verdict) {
        (Depth::Usual, Verdict::Reached) => Found {
            verdict: Verdict::Smaller(
                "each value meets each mode; the whole product runs with --full".to_owned(),
            ),
            ..found
        },
        _ => found,
    })
}

pub(in super::super) fn entries(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(Cell::is_plain)?;
    let mut states: BTreeMap<EntryPaging, usize> = BTreeMap::new();
    for boot in &boots {
        *states.entry(boot.cell.entry_paging()).or_default() += 1;
    }
    let count = |(state, count): (&EntryPaging, &usize)| format!("{}: {count}", state.name());
    let figure = states.iter().map(count).collect::<Vec<_>>().join("; ");
    let found = all_as_expected(format!("boots from {figure}"), &boots);
    if found.verdict != Verdict::Reached {
        return Ok(found);
    }
    let missing = EntryPaging::ALL.len() - states.len();
    Ok(judged(found.figure, missing == 0, || format!("{missing} states")))
}

pub(in super::super) fn walker(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(passes)?;
    let (differences, compared) =
        (total(&boots, "walker_differences"), total(&boots, "translations_compared"));
    let seen = boots
        .iter()
        .filter(|boot| number(boot, "translations_compared").is_some_and(|count| count >= 1000))
        .count();
    let figure = format!("{differences} differences in {compared} translations of {seen} boots");
    Ok(judged(figure, differences == 0 && seen == boots.len(), || {
        format!("{differences} differences; {} boots were not looked at", boots.len() - seen)
    }))
}

pub(in super::super) fn rights(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(passes)?;
    let keys = ["wx_pages_kernel", "wx_pages_emulator", "frames_writable_and_executable"];
    let [kernel, emulator, frames] = keys.map(|key| total(&boots, key));
    // Without NX the harness counts frames alone.
    let looked = boots.iter().filter(|boot| number(boot, "frames_writable_and_executable").is_some()).count();
    let figure = format!("kernel {kernel}, harness {emulator}, frames {frames}, in {looked} boots");
    let is_so = kernel + emulator + frames == 0 && looked == boots.len();
    // Who was not inspected from outside has not passed.
    Ok(expected_and(figure, &boots, is_so, || {
        let (pages, unseen) = (kernel + emulator + frames, boots.len() - looked);
        format!("{pages} pages or frames; {unseen} boots were not looked at")
    }))
}

pub(in super::super) fn frames(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(passes)?;
    let [faults, mapped, tables] =
        ["pfn/faults", "pfn/mapped", "pfn/tables"].map(|place| total(&boots, place));
    let figure = format!(
        "{faults} contradictions; {mapped} mapped frames and {tables} tables met in {} boots",
        boots.len()
    );
    Ok(expected_and(figure, &boots, faults == 0 && mapped > 0, || format!("{faults} contradictions")))
}

/// Sites that no boot has asked although it should have; and failures on purpose.
pub(super) fn injected(gathered: &Gathered) -> Result<(u64, usize, bool), String> {
    let boots = gathered.boots(passes)?;
    let all_good = boots.iter().all(|boot| boot.judgement.is_ok());
    Ok((total(&boots, "stress/injected"), boots.len(), all_good))
}

/// Crimes against pools that ended as they should.
pub(super) fn pool_crimes(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(is_pool_crime)?;
    Ok(all_as_expected(format!("{} crimes in the guest end in their bug checks", boots.len()), &boots))
}

pub(in super::super) fn overflows(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(is_overflow)?;
    let processors: BTreeSet<u64> = boots.iter().map(|boot| boot.cell.trial.culprit.cpu).collect();
    let modes = modes_with(&boots, |_| true);
    let figure =
        format!("{} overflows on CPUs {processors:?} in {} end in a bug check", boots.len(), words(modes));
    let found = all_as_expected(figure, &boots);
    Ok(match (gathered.depth, &found.verdict) {
        (Depth::Usual, Verdict::Reached) => Found {
            verdict: Verdict::Smaller("each in one mode or two; in all of them with --full".to_owned()),
            ..found
        },
        _ => found,
    })
}

pub(in super::super) fn shootdown(gathered: &Gathered) -> Result<Found, String> {
    let boots: Vec<&CellResult> =
        gathered.boots(is_ordinary)?.into_iter().filter(|boot| boot.cell.trial.processors > 1).collect();
    let [rounds, reads, stale] =
        ["rounds", "reads", "stale"].map(|key| total(&boots, &format!("shootdown/{key}")));
    let simulated = sum(gathered.suite(&SHOOTDOWN)?, "shootdown", "count");
    let models = match gathered.step(Step::Models)? {
        Finding::Pass(count) => count.clone(),
        Finding::Fail(_) => return Ok(judged("a model failed".to_owned(), false, || "a model".to_owned())),
        Finding::Skip(why) => return Err(format!("the models: {why}")),
    };
    let figure = format!(
        "{stale} stale of {reads} reads in {rounds} rounds of {} boots; {simulated} rounds simulated; {models}",
        boots.len()
    );
    let most = boots.iter().filter_map(|boot| number(boot, "shootdown/rounds")).max().unwrap_or_default();
    if stale > 0 || boots.iter().any(|boot| boot.judgement.is_err()) {
        return Ok(all_as_expected(figure, &boots));
    }
    Ok(super::sized(figure, most, 1_000_000, gathered.depth))
}

pub(in super::super) fn exhaustion(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(passes)?;
    let [left, complaints, difference] =
        ["fill/left", "stress/complaints", "stress/difference"].map(|place| total(&boots, place));
    let whole = boots.iter().filter(|boot| number(boot, "fill/left") == Some(0)).count();
    let figure = format!(
        "all memory taken in {whole} of {} boots; {complaints} complaints, difference {difference}",
        boots.len()
    );
    let is_so = left + complaints + difference == 0 && whole > 0;
    Ok(expected_and(figure, &boots, is_so, || format!("{} frames", left + difference)))
}

pub(in super::super) fn bug_checks(gathered: &Gathered) -> Result<Found, String> {
    let boots = gathered.boots(is_bug_check)?;
    let code = |boot: &CellResult| {
        boot.outcome.as_ref()?.report.get("bugcheck")?.get("name").and_then(Value::as_str).map(str::to_owned)
    };
    let codes: BTreeSet<String> = boots.iter().filter_map(|boot| code(boot)).collect();
    Ok(all_as_expected(
        format!("{} crimes end in the bug check that each expects, {} codes", boots.len(), codes.len()),
        &boots,
    ))
}
