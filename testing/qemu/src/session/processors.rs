//! What a report must say of processors and interrupts: as many run as the machine has, they sit where it has them, and every
//! interrupt came once.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::guest::{Arrangement, Guest};

/// Returns the first thing that is wrong or missing.
pub(super) fn complaint(guest: &Guest, report: &Map<String, Value>) -> Option<String> {
    let number = |object: &str, key: &str| report.get(object)?.get(key)?.as_u64();
    let silenced = silenced(guest);
    for (object, key, expected) in [
        ("delivery", "lost", 0),
        ("delivery", "unexpected", 0),
        ("delivery", "complaints", 0),
        ("contexts", "wrong", 0),
        ("processors", "silent", silenced.into()),
        ("processors", "left_behind", 0),
        ("processors", "wrong", 0),
        ("processors", "misplaced", 0),
    ] {
        match number(object, key) {
            Some(count) if count == expected => {}
            Some(count) => return Some(format!("{object}.{key} is {count}")),
            None => return Some(format!("the report does not tell {object}.{key}")),
        }
    }
    // A check in which nothing was delivered, or nothing had to wait, has shown nothing.
    for (object, key) in [("delivery", "delivered"), ("delivery", "deferred"), ("contexts", "handovers")] {
        if number(object, key).unwrap_or(0) == 0 {
            return Some(format!("{object}.{key} is 0"));
        }
    }
    let running = report.get("cpus").and_then(Value::as_u64);
    let expected = expected(guest);
    if running != Some(expected) {
        return Some(format!("{running:?} processors run, {expected} should"));
    }
    let listed = report.get("processors")?;
    if listed.get("silent_apic_ids").and_then(Value::as_array).map(Vec::len) != Some(silenced as usize) {
        return Some("the silent processors are not named".to_owned());
    }
    let placed = number("processors", "placed");
    if placed != Some(expected - 1) {
        return Some(format!("{placed:?} threads were placed on {expected} processors"));
    }
    seated(guest, listed.get("each").and_then(Value::as_array), expected)
}

/// Returns what is wrong with where the processors that run sit. All must be listed, with different identifiers, and have run
/// something; where all run, they must sit as the guest was arranged.
fn seated(guest: &Guest, each: Option<&Vec<Value>>, expected: u64) -> Option<String> {
    let each = each.map_or(&[][..], Vec::as_slice);
    let distinct = |keys: &[&str]| {
        let values = each.iter().map(|one| keys.iter().map(|key| one.get(key)?.as_u64()).collect());
        values.collect::<Option<HashSet<Vec<u64>>>>().map(|found| found.len() as u64)
    };
    let processors = u64::from(guest.processors);
    let Arrangement { sockets, threads } = guest.arrangement;
    let as_arranged = [
        (&["package"][..], u64::from(sockets)),
        (&["core"], processors / u64::from(threads)),
        (&["thread"], threads.into()),
    ];
    let as_arranged = if expected == processors { &as_arranged[..] } else { &[] };
    for (keys, count) in [(&["cpu"][..], expected), (&["apic_id"], expected), (&["core", "thread"], expected)]
        .iter()
        .chain(as_arranged)
    {
        let found = distinct(keys);
        if found != Some(*count) || each.len() as u64 != expected {
            return Some(format!(
                "{found:?} different {keys:?} among {} processors, {count} should be",
                each.len()
            ));
        }
    }
    let idle = each.iter().find(|one| one.get("ran").and_then(Value::as_u64).unwrap_or(0) == 0);
    idle.map(|one| format!("a processor has run nothing: {one}"))
}

/// Returns the value of a parameter, if it is a number.
fn parameter(guest: &Guest, wanted: &str) -> Option<u32> {
    let words = guest.parameters.split_ascii_whitespace().rev();
    let value =
        words.filter_map(|word| word.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case(wanted));
    value.and_then(|(_, number)| number.parse().ok())
}

/// Returns how many processors may run: all of them, unless a parameter limits them.
fn allowed(guest: &Guest) -> u32 {
    guest.processors.min(parameter(guest, "MAXCPUS").unwrap_or(u32::MAX).max(1))
}

/// Returns how many processors are not told to start: one, if a parameter names one of the others.
fn silenced(guest: &Guest) -> u32 {
    u32::from(parameter(guest, "SILENT").is_some_and(|number| (1..allowed(guest)).contains(&number)))
}

/// Returns how many processors should run.
fn expected(guest: &Guest) -> u64 {
    u64::from(allowed(guest) - silenced(guest))
}

#[cfg(test)]
mod tests;
