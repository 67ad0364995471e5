//! Whether a boot did what its cell expects.

mod stop;

use serde_json::Value;
use xtcore::PAGE_BYTES;

use self::stop::Stop;
#[cfg(test)]
pub(super) use self::stop::culprits;
use super::cell::Cell;
use super::trial::{Culprit, Demand, Expectation, KernelBuild};
use crate::locks::Graph;
use crate::screen::{Paper, Picture};
use crate::session::{Outcome, Verdict};

/// Memory that firmware and its tables may keep for themselves. The 32-bit firmware keeps 35 MiB: 16 MiB of ACPI NVS, 8 MiB
/// for system management mode, and the rest for runtime services and the flash's variables.
const FIRMWARE_SHARE: u64 = 40 << 20;

/// Memory that a kernel on one processor may have in use when it is ready, whatever the size of RAM; and what it may
/// have for each descriptor of the firmware's map.
const IN_USE: u64 = 3 << 20;
const IN_USE_PER_DESCRIPTOR: u64 = 8 << 10;

/// Frames of RAM up to which the stress takes all that there are: 64 GiB. Beyond, it leaves most of them alone.
const TAKEN_AS_A_WHOLE: u64 = 64 << 18;

/// Sites of allocations that a boot has no use for unless it is asked to: the special pool with `SPECIALPOOL=`.
const NOT_ASKED_BY_DEFAULT: [&str; 1] = ["special pool"];

/// Compares an outcome with what `cell` expects.
///
/// # Errors
/// The first contradiction, in words.
pub fn judge(cell: &Cell, outcome: &Outcome) -> Result<(), String> {
    match cell.trial.expectation {
        Expectation::Pass => passed(cell, outcome),
        Expectation::Refused { by, words } => refused(outcome, by, words),
        Expectation::FailWritableAndExecutable => failed_on_purpose(outcome),
        Expectation::BugCheck { code, parameters, level, words } => {
            expect_verdict(outcome, Verdict::Fail)?;
            let Culprit { thread, cpu } = cell.trial.culprit;
            stop::judge(outcome, &Stop { code, parameters, level, words, thread, cpu })?;
            stop::tells_all(outcome, cell.trial.parameters)
        }
    }?;
    cell.trial.screen.map_or(Ok(()), |paper| shown(outcome, paper))
}

fn shown(outcome: &Outcome, paper: Paper) -> Result<(), String> {
    let Some(picture) = &outcome.picture else { return Err("no picture of the screen was taken".to_owned()) };
    let file = std::fs::read(picture).map_err(|error| format!("{}: {error}", picture.display()))?;
    let judged = Picture::parse(&file).and_then(|picture| picture.shows_text_on(paper));
    judged.map_err(|error| format!("{error} ({})", picture.display()))
}

fn passed(cell: &Cell, outcome: &Outcome) -> Result<(), String> {
    expect_verdict(outcome, Verdict::Pass)?;
    let text = |key: &str| outcome.report.get(key).and_then(Value::as_str);
    let number = |key: &str| {
        outcome
            .report
            .get(key)
            .and_then(Value::as_u64)
            .ok_or_else(|| format!("the report has no number '{key}'"))
    };
    if text("paging") != Some(cell.mode.name()) {
        return Err(format!("paging is {:?}, expected {}", text("paging"), cell.mode));
    }
    if text("paging_reason") != Some(cell.reason().text()) {
        return Err(format!(
            "the reason is {:?}, expected '{}'",
            text("paging_reason"),
            cell.reason().text()
        ));
    }
    let above = number("frames_above_limit")?;
    let expected = cell.frames_above_limit().get();
    if above != expected {
        return Err(format!("{above} frames above the limit, expected {expected}"));
    }
    let usable = number("usable_frames")?;
    let all = cell.memory.bytes() / PAGE_BYTES;
    if usable > all || usable + above < all - FIRMWARE_SHARE / PAGE_BYTES {
        return Err(format!("{usable} usable frames and {above} above the limit, of {all}"));
    }
    gigantic(cell, number("largest_page")?)?;
    watched(cell.trial.build, outcome)?;
    economical(outcome)
}

/// Checks that pages of 1 GiB are mapped where they should be, and nowhere else. With less memory, or with so much that
/// the stress takes only a part, the kernel may or may not have a use for them.
fn gigantic(cell: &Cell, largest: u64) -> Result<(), String> {
    let may = cell.processor.has_gigabyte_pages() && cell.trial.demand != Demand::GigabytePages;
    let must = may && Demand::GigabytePages.memory() == Some(cell.memory);
    match largest >= 1 << 30 {
        true if !may => Err(format!("a page of {largest} bytes is mapped, which is to be left alone")),
        false if must => Err(format!("no page is larger than {largest} bytes")),
        _ => Ok(()),
    }
}

/// Checks that a checked kernel tells the order of its locks, all of it and without a circle, and that another one does not.
fn watched(build: KernelBuild, outcome: &Outcome) -> Result<(), String> {
    let is_told = outcome.report.get("locks").is_some_and(Value::is_object);
    match build {
        KernelBuild::Release if is_told => Err("a release build watches its locks".to_owned()),
        KernelBuild::Release => Ok(()),
        KernelBuild::Checked => {
            let mut seen = Graph::default();
            seen.add("this boot", &outcome.report)?;
            seen.check()
        }
    }
}

/// Checks what the kernel takes for itself, and that it has tried the memory that it leaves.
fn economical(outcome: &Outcome) -> Result<(), String> {
    let number = |object: Option<&Value>, key: &str| {
        let found = object.and_then(|object| object.get(key)).and_then(Value::as_u64);
        found.ok_or_else(|| format!("the report has no number '{key}' where it belongs"))
    };
    let in_use = outcome.report.get("frames_in_use").and_then(Value::as_u64);
    let in_use = in_use.ok_or("the report has no number 'frames_in_use'")?;
    let descriptors = number(outcome.report.get("descriptors"), "given")?;
    let limit = (IN_USE + IN_USE_PER_DESCRIPTOR * descriptors) / PAGE_BYTES;
    if in_use > limit {
        return Err(format!(
            "{in_use} frames in use with {descriptors} descriptors, at most {limit} are allowed"
        ));
    }
    let zero = [
        (("fill", "wrong_words"), "words did not hold what was written"),
        (("stress", "complaints"), "scenarios complained"),
        (("stress", "difference"), "is what the second round of the stress changed"),
        (("pfn", "faults"), "contradictions between PFN database, page tables and allocator"),
    ];
    for ((object, key), what) in zero {
        match number(outcome.report.get(object), key)? {
            0 => {}
            count => return Err(format!("{count} {what}")),
        }
    }
    taken_as_a_whole(outcome)?;
    asked_everywhere(outcome)?;
    waited(outcome)?;
    let some = [
        (("fill", "frames"), "no frame was filled and checked"),
        (("stress", "injected"), "no allocation failed on purpose"),
        (("pfn", "tables"), "the audit has met no page table"),
    ];
    for ((object, key), what) in some {
        if number(outcome.report.get(object), key)? == 0 {
            return Err(what.to_owned());
        }
    }
    Ok(())
}

/// Checks what threads, waiting and time came to, and that no processor used a translation that was given up.
fn waited(outcome: &Outcome) -> Result<(), String> {
    let part = |key: &str| outcome.report.get(key).filter(|part| part.is_object());
    let waiting = part("waiting").ok_or("the report does not say how threads wait")?;
    if let Some(first) = waiting.get("first").and_then(Value::as_str) {
        return Err(format!("of threads, waiting and time it is not so: {first}"));
    }
    let number = |part: &Value, key: &str| part.get(key).and_then(Value::as_u64);
    match (number(waiting, "checks"), number(waiting, "wrong")) {
        (Some(checks), Some(0)) if checks > 0 => {}
        _ => return Err(format!("threads, waiting and time were not checked: {waiting}")),
    }
    let rounds = part("shootdown").ok_or("the report does not say what translations were used")?;
    match (number(rounds, "rounds"), number(rounds, "reads"), number(rounds, "stale")) {
        (Some(played), Some(reads), Some(0)) if played > 0 && reads >= 2 * played => Ok(()),
        (_, _, Some(0)) => Err(format!("no translation was given up and tried: {rounds}")),
        _ => Err(format!("a processor has used a translation that was given up: {rounds}")),
    }
}

/// Checks that nothing was left when all memory was taken, and that all of it was where that is promised.
fn taken_as_a_whole(outcome: &Outcome) -> Result<(), String> {
    let usable = outcome.report.get("usable_frames").and_then(Value::as_u64);
    let left = outcome.report.get("fill").and_then(|fill| fill.get("left"));
    match left.ok_or("the report does not say what was left")? {
        Value::Null if usable.is_some_and(|usable| usable > TAKEN_AS_A_WHOLE) => Ok(()),
        Value::Null => Err("not all memory was taken, although there is not too much of it".to_owned()),
        left if left.as_u64() == Some(0) => Ok(()),
        left => Err(format!("{left} frames were left when all memory was taken")),
    }
}

/// Checks that failures on purpose have met every site that a boot can ask.
fn asked_everywhere(outcome: &Outcome) -> Result<(), String> {
    let missed = outcome.report.get("stress").and_then(|stress| stress.get("sites_not_asked"));
    let missed = missed.and_then(Value::as_array).ok_or("the report does not say which sites were asked")?;
    let unexpected =
        missed.iter().find(|site| site.as_str().is_none_or(|site| !NOT_ASKED_BY_DEFAULT.contains(&site)));
    match unexpected {
        None => Ok(()),
        Some(site) => Err(format!("no allocation was made to fail at {site}: it was never asked for")),
    }
}

fn refused(outcome: &Outcome, by: &str, words: &[&str]) -> Result<(), String> {
    expect_verdict(outcome, Verdict::Refused)?;
    let Some(refusal) = &outcome.refusal else { return Err("refused by nobody".to_owned()) };
    if refusal.by != by {
        return Err(format!("refused by {}, expected {by}", refusal.by));
    }
    let name = outcome.report.get("bugcheck").and_then(|facts| facts.get("name")).and_then(Value::as_str);
    let said = format!("{} {}", refusal.what, name.unwrap_or_default()).to_lowercase();
    match words.iter().find(|word| !said.contains(&word.to_lowercase())) {
        None => Ok(()),
        Some(word) => Err(format!("'{}' does not mention {word}", refusal.what)),
    }
}

/// Where execution can be forbidden both kernel and harness must have seen the pages, each by itself. Elsewhere
/// only the frames of code that can be written tell.
fn failed_on_purpose(outcome: &Outcome) -> Result<(), String> {
    expect_verdict(outcome, Verdict::Fail)?;
    let required: &[&str] = match outcome.report.get("nx").and_then(Value::as_bool) {
        Some(true) => &["wx_pages_kernel", "wx_pages_emulator"],
        Some(false) => &["frames_writable_and_executable"],
        None => return Err(format!("it fails without a report: {}", outcome.reason)),
    };
    let found =
        |key: &&&str| outcome.report.get(**key).and_then(Value::as_u64).is_some_and(|count| count > 0);
    match required.iter().find(|key| !found(key)) {
        None => Ok(()),
        Some(key) => {
            Err(format!("'{key}' does not tell what was spoiled; it fails because {}", outcome.reason))
        }
    }
}

fn expect_verdict(outcome: &Outcome, expected: Verdict) -> Result<(), String> {
    if outcome.verdict == expected {
        return Ok(());
    }
    Err(format!("{} instead of {}: {}", outcome.verdict.name(), expected.name(), outcome.reason))
}
