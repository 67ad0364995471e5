//! What a guest has said so far.

use std::collections::VecDeque;

use serde_json::{Map, Value};
use xtcore::{PhysAddr, VirtAddr};

use super::machine_line::{MachineLine, Refusal};
use crate::inspect::Run;

/// Lines of the log that an outcome quotes.
const TAIL: usize = 25;

/// What a guest has said so far, sorted by meaning.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// The first refusal.
    pub refusal: Option<Refusal>,
    /// The first bug check.
    pub bug_check: Option<Map<String, Value>>,
    /// The kernel's report.
    pub report: Option<Map<String, Value>>,
    /// The kernel's own walk.
    pub ranges: Vec<Run>,
    /// Addresses that the kernel translated.
    pub translations: Vec<(VirtAddr, PhysAddr)>,
    /// Lines that start like machine lines and are none.
    pub malformed: Vec<String>,
    /// The last lines, machine lines left out where they come in thousands.
    pub tail: VecDeque<String>,
}

/// What a line asks the harness to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    /// Go on reading.
    None,
    /// Inspect the guest now, then send it a byte.
    Inspect,
    /// The guest has given up; it may not be able to end by itself.
    ExpectEnd,
}

impl Transcript {
    /// Takes in one line.
    ///
    /// The first refusal, bug check and report count. Firmware may mirror the screen to the serial line, so the
    /// same line can come twice.
    pub(crate) fn take(&mut self, line: &str) -> Request {
        let parsed = MachineLine::parse(line);
        if !matches!(parsed, Some(MachineLine::Range(_) | MachineLine::Translation(..))) {
            if self.tail.len() == TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(line.to_owned());
        }
        match parsed {
            None => {}
            Some(MachineLine::Refused(refusal)) => {
                self.refusal.get_or_insert(refusal);
                return Request::ExpectEnd;
            }
            Some(MachineLine::BugCheck(facts)) => {
                self.bug_check.get_or_insert(facts);
                return Request::ExpectEnd;
            }
            Some(MachineLine::Report(facts)) => {
                self.report.get_or_insert(facts);
            }
            // Whoever asked reads it in the log.
            Some(MachineLine::Answer(_)) => {}
            Some(MachineLine::Range(run)) => self.ranges.push(run),
            Some(MachineLine::Translation(from, to)) => self.translations.push((from, to)),
            Some(MachineLine::Inspect) => return Request::Inspect,
            Some(MachineLine::Malformed(line)) => self.malformed.push(line),
        }
        Request::None
    }
}
