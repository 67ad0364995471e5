//! The result lines, and their sum.

use std::time::{Duration, Instant};

use anyhow::Result;
use console::style;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
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
    passed: usize,
    failed: Vec<String>,
    skipped: usize,
    begin: Instant,
}

impl Tally {
    /// A tally of the steps whose names contain `filter`.
    pub(super) fn new(filter: Option<String>) -> Self {
        Self { filter, passed: 0, failed: Vec::new(), skipped: 0, begin: Instant::now() }
    }

    /// Tells whether the step called `name` was asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| name.contains(filter))
    }

    /// Does `work`, if a step of this name was asked for. An error counts as a failure.
    pub(super) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Finding>) {
        if self.wants(name) {
            self.always(name, work);
        }
    }

    /// Does `work` whatever the filter says, because steps that were asked for depend on it.
    pub(super) fn always(&mut self, name: &str, work: impl FnOnce() -> Result<Finding>) {
        let begin = Instant::now();
        let finding = work().unwrap_or_else(|error| Finding::Fail(format!("{error:#}")));
        self.record(name, begin.elapsed(), finding);
    }

    /// Prints the line of a step that has been done.
    pub(super) fn record(&mut self, name: &str, took: Duration, finding: Finding) {
        println!("{}", line(name, took, &finding));
        match finding {
            Finding::Pass(_) => self.passed += 1,
            Finding::Fail(_) => self.failed.push(name.to_owned()),
            Finding::Skip(_) => self.skipped += 1,
        }
    }

    /// Prints the sum. Returns the exit status.
    pub(super) fn finish(self) -> u8 {
        for name in &self.failed {
            println!("failed: {name}");
        }
        println!(
            "{} passed, {} failed, {} skipped in {:.0} s",
            self.passed,
            self.failed.len(),
            self.skipped,
            self.begin.elapsed().as_secs_f64()
        );
        if self.passed == 0 && self.failed.is_empty() {
            println!("nothing was tested: no step matches the filter");
        }
        u8::from(!self.failed.is_empty() || self.passed == 0)
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
