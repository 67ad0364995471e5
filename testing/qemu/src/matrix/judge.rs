//! Whether a boot did what its cell expects.

use serde_json::Value;
use xtcore::PAGE_BYTES;

use super::cell::Cell;
use super::trial::Expectation;
use crate::session::{Outcome, Verdict};

/// Memory that firmware and its tables may keep for themselves. The 32-bit firmware keeps 35 MiB: 16 MiB of ACPI NVS, 8 MiB
/// for system management mode, and the rest for runtime services and the flash's variables.
const FIRMWARE_SHARE: u64 = 40 << 20;

/// Compares an outcome with what `cell` expects.
///
/// # Errors
/// The first contradiction, in words.
pub fn judge(cell: &Cell, outcome: &Outcome) -> Result<(), String> {
    match cell.trial.expectation {
        Expectation::Pass => passed(cell, outcome),
        Expectation::Refused { by, words } => refused(outcome, by, words),
        Expectation::FailWritableAndExecutable => failed_on_purpose(outcome),
    }
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
    Ok(())
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

fn failed_on_purpose(outcome: &Outcome) -> Result<(), String> {
    expect_verdict(outcome, Verdict::Fail)?;
    let counts = ["wx_pages_kernel", "wx_pages_emulator", "frames_writable_and_executable"];
    let found = |key: &&str| outcome.report.get(*key).and_then(Value::as_u64).is_some_and(|count| count > 0);
    match counts.iter().any(found) {
        true => Ok(()),
        false => Err(format!("it fails for another reason: {}", outcome.reason)),
    }
}

fn expect_verdict(outcome: &Outcome, expected: Verdict) -> Result<(), String> {
    if outcome.verdict == expected {
        return Ok(());
    }
    Err(format!("{} instead of {}: {}", outcome.verdict.name(), expected.name(), outcome.reason))
}
