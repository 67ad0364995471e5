//! What a report must say of the date: what the guest's battery-backed clock was set to, and else what the host's says, because
//! the emulator sets the guest's by it, to universal time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::guest::Guest;

/// Units of 100 nanoseconds from the beginning of 1601 to that of 1970: 369 years, 89 of them leap years.
const UNIX: u64 = (369 * 365 + 89) * DAY;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const SECOND: u64 = 10_000_000;

/// How far the guest's date may be from what it should be: longer than any boot takes, and shorter than the distance between
/// time zones.
const TOLERANCE: Duration = Duration::from_secs(20 * 60);

/// Returns what is wrong with the date, if it is `now`.
pub(super) fn complaint(guest: &Guest, report: &Map<String, Value>, now: SystemTime) -> Option<String> {
    let Some(found) = report.get("time").and_then(|time| time.get("boot_time")?.as_u64()) else {
        return Some("the report does not tell time.boot_time".to_owned());
    };
    let hosts = || UNIX + now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() * SECOND;
    let expected = asked(guest).and_then(units).unwrap_or_else(hosts);
    let tolerance = TOLERANCE.as_secs() * SECOND;
    (found.abs_diff(expected) > tolerance)
        .then(|| format!("the guest's date is {found}, it should be about {expected} (in 100 ns since 1601)"))
}

/// Returns what the parameters set the clock to.
fn asked(guest: &Guest) -> Option<&str> {
    let words = guest.parameters.split_ascii_whitespace().rev();
    words
        .filter_map(|word| word.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("TIME"))
        .map(|at| at.1)
}

/// Reads `2031-02-03T04:05:06` as units of 100 nanoseconds since the beginning of 1601, year by year; `None` for what is none, by
/// which the kernel sets no clock.
fn units(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut days = day.checked_sub(1)?;
    days += (1601..year).map(|year| 365 + u64::from(leap(year))).sum::<u64>();
    days += (1..month)
        .map(|month| match month {
            2 => 28 + u64::from(leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        })
        .sum::<u64>();
    Some(days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND)
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let parts: Option<Vec<u64>> = text.split(between).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests;
