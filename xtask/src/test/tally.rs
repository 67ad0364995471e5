//! The result lines, and their sum.
//!
//! A tally is shared by steps that run side by side: its lines come whole, each when its step is done.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use console::style;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// As it should; with a remark for the line's end, or none.
    Pass(String),
    /// Not as it should, and how.
    Fail(String),
    /// It cannot run here, and why. Shown and counted, never silent.
    Skip(String),
}

/// Counts the steps and prints a line for each.
#[derive(Debug)]
pub(super) struct Tally {
    filter: Option<String>,
    begin: Instant,
    sum: Mutex<Sum>,
}

/// How many steps ended how.
#[derive(Debug, Default)]
struct Sum {
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
}

impl Tally {
    /// A tally of the steps whose names contain `filter`.
    pub(super) fn new(filter: Option<String>) -> Self {
        Self { filter, begin: Instant::now(), sum: Mutex::default() }
    }

    /// Tells whether the step called `name` was asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| name.contains(filter))
    }

    /// Does `work`, if a step of this name was asked for. An error counts as a failure.
    pub(super) fn step(&self, name: &str, work: impl FnOnce() -> Result<Finding>) {
        if self.wants(name) {
            self.always(name, work);
        }
    }

    /// Does `work` whatever the filter says, because steps that were asked for depend on it.
    pub(super) fn always(&self, name: &str, work: impl FnOnce() -> Result<Finding>) {
        let begin = Instant::now();
        let finding = work().unwrap_or_else(|error| Finding::Fail(format!("{error:#}")));
        self.record(name, begin.elapsed(), finding);
    }

    /// Prints the line of a step that has been done.
    pub(super) fn record(&self, name: &str, took: Duration, finding: Finding) {
        let mut sum = self.sum();
        println!("{}", line(name, took, &finding));
        match finding {
            Finding::Pass(_) => sum.passed += 1,
            Finding::Fail(_) => sum.failed.push(name.to_owned()),
            Finding::Skip(_) => sum.skipped += 1,
        }
    }

    fn sum(&self) -> MutexGuard<'_, Sum> {
        self.sum.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the sum. Returns the exit status.
    pub(super) fn finish(self) -> u8 {
        let took = self.begin.elapsed().as_secs_f64();
        let Sum { passed, failed, skipped } = self.sum.into_inner().unwrap_or_else(PoisonError::into_inner);
        for name in &failed {
            println!("failed: {name}");
        }
        println!("{passed} passed, {} failed, {skipped} skipped in {took:.0} s", failed.len());
        if passed == 0 && failed.is_empty() {
            let why = if skipped > 0 { "all that matches was skipped" } else { "no step matches the filter" };
            println!("nothing was tested: {why}");
        }
        u8::from(!failed.is_empty() || passed == 0)
    }
}

fn line(name: &str, took: Duration, finding: &Finding) -> String {
    let seconds = took.as_secs_f64();
    let (word, text) = match finding {
        Finding::Pass(text) => (style("PASS").green(), text),
        Finding::Fail(text) => (style("FAIL").red().bold(), text),
        Finding::Skip(text) => (style("SKIP").yellow(), text),
    };
    let head = format!("{word}  {name:<44} {seconds:>6.1} s");
    match finding {
        _ if text.is_empty() => head,
        Finding::Fail(_) => format!("{head}\n      {}", text.trim_end().replace('\n', "\n      ")),
        Finding::Pass(_) | Finding::Skip(_) => format!("{head}  {text}"),
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
