//! From everything that is known about a boot to one verdict and its reason in words.
//!
//! A pass needs all of it: the kernel's own word, the way in which the emulator ended, and the inspection. Whatever
//! is missing or contradicts makes it a failure.

mod places;

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::console::machine_line::Refusal;
use super::console::transcript::Transcript;
use super::{date, processors};
use crate::guest::{Ending, ExitDevice, Guest, Inspection};
use crate::inspect::Findings;
use crate::monitor::End;

/// The verdict on a boot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// The kernel found nothing wrong and neither did the harness.
    Pass,
    /// Something is wrong.
    Fail,
    /// Loader or kernel refused what it was given, and said so.
    Refused,
    /// The guest did not end in time.
    TimedOut,
    /// The guest was to stay on, and its user ended it. Nothing was checked.
    Unchecked,
}

impl Verdict {
    /// Returns the word that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
            Self::Unchecked => "unchecked",
        }
    }

    /// Returns the exit status of a command that ends with this verdict.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Pass | Self::Unchecked => 0,
            Self::Fail => 1,
            Self::Refused => 2,
            Self::TimedOut => 3,
        }
    }
}

/// How the emulator came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// By itself, with this exit status (`None`: by a signal), for this reason.
    ByItself(Option<i32>, End),
    /// By the harness, because time was up.
    TimedOut,
    /// By the harness, because the guest had given up and could not end by itself.
    GivenUp,
    /// By the harness, because the user had enough.
    Enough,
}

/// Exit statuses of the emulator when the guest writes 0x10, 0x11 or 0x12 to the exit port: `2 * value + 1`.
const EXIT_PASS: i32 = 0x21;
const EXIT_REFUSED: i32 = 0x25;

/// Judges a boot. The text is empty when there is nothing to explain.
pub(crate) fn verdict(
    guest: &Guest,
    ended: Ended,
    transcript: &Transcript,
    findings: Option<&Findings>,
) -> (Verdict, String) {
    if let Some(Refusal { by, what }) = refusal(ended, transcript) {
        return (Verdict::Refused, format!("{by} refuses: {what}"));
    }
    if let Some(facts) = &transcript.bug_check {
        return (Verdict::Fail, format!("bug check {}", words(facts)));
    }
    match ended {
        Ended::TimedOut => {
            let seconds = guest.timeout.map_or(0, |time| time.as_secs());
            return (Verdict::TimedOut, format!("the guest did not end within {seconds} s"));
        }
        Ended::ByItself(_, End::Reset) => {
            let text = "the guest reset: triple fault, or a reset by its firmware";
            return (Verdict::Fail, text.to_owned());
        }
        Ended::Enough => return (Verdict::Unchecked, String::new()),
        Ended::ByItself(..) if guest.ending == Ending::StayOn => return (Verdict::Unchecked, String::new()),
        Ended::ByItself(..) | Ended::GivenUp => {}
    }
    match complaint(guest, ended, transcript, findings) {
        Some(reason) => (Verdict::Fail, reason),
        None => (Verdict::Pass, String::new()),
    }
}

/// Returns who refused what. A kernel that stops with a bug check and exits as "refused" has refused as well.
pub(crate) fn refusal(ended: Ended, transcript: &Transcript) -> Option<Refusal> {
    let by_kernel = || {
        let facts = transcript.bug_check.as_ref()?;
        let refused = matches!(ended, Ended::ByItself(Some(EXIT_REFUSED), _));
        refused.then(|| Refusal { by: "xtoskrnl".to_owned(), what: words(facts) })
    };
    transcript.refusal.clone().or_else(by_kernel)
}

/// Returns the first reason why the boot is no pass.
fn complaint(
    guest: &Guest,
    ended: Ended,
    transcript: &Transcript,
    findings: Option<&Findings>,
) -> Option<String> {
    let Some(report) = &transcript.report else {
        return Some(format!("the guest ended without a report ({ended:?})"));
    };
    if report.get("verdict").and_then(Value::as_str) != Some("pass") {
        let seen = findings.and_then(|findings| findings.complaint(report)).unwrap_or_default();
        return Some(format!("the kernel's own checks failed {seen}").trim_end().to_owned());
    }
    let listed = report.get("platform").and_then(|platform| platform.get("processors")?.as_u64());
    if listed != Some(guest.processors.into()) {
        let listed = listed.map_or("no number of".to_owned(), |count| count.to_string());
        let there = guest.processors;
        return Some(format!(
            "the kernel found {listed} processors in the firmware's tables, there are {there}"
        ));
    }
    match (guest.exit_device, ended) {
        (ExitDevice::Present, Ended::ByItself(Some(EXIT_PASS), _)) => {}
        (ExitDevice::Absent, Ended::ByItself(Some(0), End::PoweredOff)) => {}
        (ExitDevice::Present, _) => {
            return Some(format!("the report says pass, the exit port does not ({ended:?})"));
        }
        (ExitDevice::Absent, _) => return Some(format!("the guest did not power off by ACPI ({ended:?})")),
    }
    if let Some(line) = transcript.malformed.first() {
        return Some(format!("a machine line that cannot be read: {line}"));
    }
    if let Some(reason) = processors::complaint(guest, report) {
        return Some(reason);
    }
    if let Some(reason) = places::complaint(guest, report) {
        return Some(reason);
    }
    if let Some(reason) = date::complaint(guest, report, SystemTime::now()) {
        return Some(reason);
    }
    match (guest.inspection, findings) {
        (Inspection::Off, _) => None,
        (Inspection::Full, None) => Some("the kernel did not wait to be inspected".to_owned()),
        (Inspection::Full, Some(findings)) => findings.complaint(report),
    }
}

/// Returns a bug check's name and its other facts in words.
fn words(facts: &Map<String, Value>) -> String {
    let name = facts.get("name").and_then(Value::as_str).unwrap_or("without a name");
    let parameters = facts.get("parameters").cloned().unwrap_or(Value::Null);
    format!("{name} {parameters}")
}
