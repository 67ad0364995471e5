//! Whether a kernel that stopped itself has said all that it should: the right stop, and everything that somebody needs
//! who was not there.

use serde_json::{Map, Value};

use crate::session::Outcome;

/// The functions that commit the crimes, by the crimes' names; where compilers may build one into another, both.
const CULPRITS: [(&str, &[&str]); 33] = [
    ("stack-recursion", &["recurse"]),
    ("stack-jump", &["stack_jump"]),
    ("stack-frame", &["large_frame"]),
    ("stack-probe", &["stack_probe"]),
    ("null-read", &["null_read"]),
    ("write-text", &["write_text"]),
    ("execute-data", &["execute_data"]),
    ("fault-at-dispatch", &["read_absent"]),
    ("thread-recursion", &["recurse"]),
    ("pool-double-free", &["double_free"]),
    ("pool-wrong-tag", &["wrong_tag"]),
    ("pool-interior", &["interior"]),
    ("pool-foreign", &["foreign"]),
    ("pool-overflow", &["overflow"]),
    ("pool-overflow-far", &["overflow_far"]),
    ("pool-underflow", &["underflow"]),
    ("pool-after-free", &["write_after_free"]),
    ("pageable-touch", &["touch_pageable"]),
    ("pageable-allocate", &["allocate_pageable"]),
    ("lock-twice", &["twice"]),
    ("lock-freed", &["freed"]),
    ("lock-freed-in-pool", &["freed_in_pool"]),
    ("lock-not-held", &["not_held"]),
    ("lock-inversion", &["inversion"]),
    ("lock-above", &["above_its_level"]),
    ("memory-above", &["memory_above"]),
    ("wait-raised", &["wait"]),
    ("level-out-of-order", &["out_of_order"]),
    ("unmap-masked", &["unmap_masked", "unmap"]),
    ("unmap-raised", &["unmap_raised", "unmap"]),
    ("stale-translation", &["remember"]),
    ("stop-in-stop", &["fmt"]),
    ("stop-inside", &["inside"]),
];

/// What a bug check is expected to say, see [`Expectation::BugCheck`].
pub(super) struct Stop<'a> {
    pub(super) code: u64,
    pub(super) parameters: &'a [u64],
    pub(super) level: &'a str,
    pub(super) words: &'a [&'a str],
    pub(super) thread: &'a str,
    pub(super) cpu: u64,
}

/// A triple fault has no bug check, or one of another code: the processor resets the machine without a word.
pub(super) fn judge(outcome: &Outcome, expected: &Stop<'_>) -> Result<(), String> {
    let Some(facts) = outcome.report.get("bugcheck").and_then(Value::as_object) else {
        return Err(format!("it fails without a bug check: {}", outcome.reason));
    };
    let text = |key: &str| facts.get(key).and_then(Value::as_str).unwrap_or_default();
    let code = facts.get("code").and_then(Value::as_u64);
    if code != Some(expected.code) {
        let found = code.unwrap_or_default();
        return Err(format!("bug check {found:#x} {} instead of {:#x}", text("name"), expected.code));
    }
    let found = facts.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let found: Vec<Option<u64>> = found.iter().map(Value::as_u64).collect();
    for (index, parameter) in expected.parameters.iter().enumerate() {
        if found.get(index).copied().flatten() != Some(*parameter) {
            return Err(format!("parameter {} is not {parameter:#x}: {found:x?}", index + 1));
        }
    }
    if text("level") != expected.level {
        return Err(format!("stopped at run level '{}' instead of {}", text("level"), expected.level));
    }
    let Stop { thread, cpu, .. } = *expected;
    if text("thread") != thread || facts.get("cpu").and_then(Value::as_u64) != Some(cpu) {
        let found = facts.get("cpu").cloned().unwrap_or_default();
        return Err(format!(
            "stopped in thread '{}' on CPU {found}, not in '{thread}' on {cpu}",
            text("thread")
        ));
    }
    let said = format!("{} {}", text("what"), text("stack")).to_lowercase();
    match expected.words.iter().find(|word| !said.contains(&word.to_lowercase())) {
        None => Ok(()),
        Some(word) => Err(format!("'{said}' does not mention {word}")),
    }
}

/// Checks what every stop tells: who committed the crime that `parameters` order, by a named frame; the control
/// registers; for page faults the entries of the address; and what each stopped processor was doing.
pub(super) fn tells_all(outcome: &Outcome, parameters: &str) -> Result<(), String> {
    let facts = outcome.report.get("bugcheck").and_then(Value::as_object).ok_or("there is no bug check")?;
    if let Some(crime) = parameters.split_whitespace().find_map(|word| word.strip_prefix("CRIME=")) {
        names_the_culprit(facts, crime.split('@').next().unwrap_or_default())?;
    }
    let log = std::fs::read(&outcome.log).map_err(|error| format!("{}: {error}", outcome.log.display()))?;
    let log = String::from_utf8_lossy(&log);
    let (_, text) = log.split_once("*** STOP ").ok_or("the log has no text of the stop")?;
    for register in ["cr0 ", "cr2 ", "cr3 ", "cr4 "] {
        if !text.contains(register) {
            return Err(format!("the text does not tell {register}"));
        }
    }
    let is_about_an_address = ["page fault", "double fault", "read of", "write to", "fetch from"];
    let what = facts.get("what").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let is_chained =
        text.lines().any(|line| line.trim_start().starts_with("level ") && line.contains(" entry at 0x"));
    if is_about_an_address.iter().any(|words| what.contains(words)) && !is_chained {
        return Err("the text does not tell the entries of the address".to_owned());
    }
    let count = |key: &str| facts.get(key).and_then(Value::as_u64).unwrap_or_default();
    let shown = text.lines().filter(|line| line.starts_with("    CPU ")).count() as u64;
    match (count("others"), count("stopped")) {
        (others, stopped) if others != stopped => {
            Err(format!("{stopped} of {others} processors were stopped"))
        }
        (_, stopped) if stopped != shown => {
            Err(format!("the text tells of {shown} processors, {stopped} stopped"))
        }
        _ => Ok(()),
    }
}

/// Returns the functions that commit a crime.
pub(in crate::matrix) fn culprits(crime: &str) -> Option<&'static [&'static str]> {
    CULPRITS.iter().find(|(name, _)| *name == crime).map(|(_, functions)| *functions)
}

fn names_the_culprit(facts: &Map<String, Value>, crime: &str) -> Result<(), String> {
    let culprits = culprits(crime).ok_or_else(|| format!("nobody knows which function commits {crime}"))?;
    let frames = facts.get("backtrace").and_then(Value::as_array).ok_or("there is no backtrace")?;
    let names: Vec<&str> = frames.iter().filter_map(|frame| frame.get("function")?.as_str()).collect();
    let is_culprit = |name: &&str| {
        let function = name.split('<').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
        name.contains("ex::crime::") && culprits.contains(&function)
    };
    match names.iter().any(is_culprit) {
        true => Ok(()),
        false => Err(format!("no frame names {culprits:?}: {names:?}")),
    }
}
