//! What a report must say of processors and interrupts: as many run as the machine has, and every interrupt came once.

use serde_json::{Map, Value};

use crate::guest::Guest;

/// Returns the first thing that is wrong or missing.
pub(super) fn complaint(guest: &Guest, report: &Map<String, Value>) -> Option<String> {
    let number = |object: &str, key: &str| report.get(object)?.get(key)?.as_u64();
    for (object, key) in [
        ("delivery", "lost"),
        ("delivery", "unexpected"),
        ("delivery", "complaints"),
        ("contexts", "wrong"),
        ("processors", "silent"),
        ("processors", "wrong"),
    ] {
        match number(object, key) {
            Some(0) => {}
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
    (running != Some(expected)).then(|| format!("{running:?} processors run, {expected} should"))
}

/// Returns how many processors should run: all of them, unless a parameter limits them.
fn expected(guest: &Guest) -> u64 {
    let words = guest.parameters.split_ascii_whitespace();
    let limit =
        words.filter_map(|word| word.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case("MAXCPUS"));
    let limit = limit.and_then(|(_, most)| most.parse::<u64>().ok()).unwrap_or(u64::MAX);
    u64::from(guest.processors).min(limit.max(1))
}

#[cfg(test)]
mod tests;
