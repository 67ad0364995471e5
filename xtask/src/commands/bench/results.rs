//! What a run of the benchmark said: one JSON object a line.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The samples of one subject in one test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// The test, with its parameters.
    pub(super) test: String,
    /// The allocator or mapper.
    pub(super) subject: String,
    /// What the samples count.
    pub(super) unit: String,
    /// At least one.
    samples: Vec<f64>,
}

impl Series {
    /// Sorts the samples of a subject. Returns `None` when there are none, or one of them is not a number.
    pub(super) fn new(test: &str, subject: &str, unit: &str, mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let fits = !samples.is_empty() && samples.iter().all(|sample| sample.is_finite());
        fits.then(|| Self {
            test: test.to_owned(),
            subject: subject.to_owned(),
            unit: unit.to_owned(),
            samples,
        })
    }

    /// Returns the sample in the middle, or the mean of the two.
    pub(super) fn median(&self) -> f64 {
        let count = self.samples.len();
        let at = |index: usize| self.samples.get(index).copied().unwrap_or_default();
        (at((count - 1) / 2) + at(count / 2)) / 2.0
    }

    /// Returns the smallest and the largest sample.
    pub(super) fn spread(&self) -> (f64, f64) {
        let end = |sample: Option<&f64>| sample.copied().unwrap_or_default();
        (end(self.samples.first()), end(self.samples.last()))
    }
}

/// Everything that one run found out.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The machine, as pairs of a name and a value.
    pub(super) environment: Vec<(String, String)>,
    /// What was left out, and why.
    pub(super) notices: Vec<String>,
    /// All samples, in the order of the run.
    pub(super) series: Vec<Series>,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    /// Cases that are done.
    pub(super) done: u64,
    /// All cases.
    pub(super) of: u64,
    /// What is measured now.
    pub(super) what: String,
}

impl Results {
    /// Takes one line in. Returns it when it tells of progress.
    ///
    /// # Errors
    /// It is not one of the lines that the benchmark prints.
    pub(super) fn take(&mut self, line: &str) -> Result<Option<Progress>> {
        let value: Value = serde_json::from_str(line).with_context(|| format!("not a report: {line}"))?;
        let text = |name: &str| {
            let found = value.get(name).and_then(Value::as_str);
            found.map(str::to_owned).with_context(|| format!("no {name} in {line}"))
        };
        let number = |name: &str| {
            value.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {line}"))
        };
        match text("kind")?.as_str() {
            "progress" => {
                return Ok(Some(Progress { done: number("done")?, of: number("of")?, what: text("what")? }));
            }
            "notice" => self.notices.push(text("what")?),
            "samples" => {
                let samples = value.get("samples").and_then(Value::as_array).into_iter().flatten();
                let samples: Option<Vec<f64>> = samples.map(Value::as_f64).collect();
                let series = samples.and_then(|samples| {
                    Series::new(&text("test").ok()?, &text("subject").ok()?, &text("unit").ok()?, samples)
                });
                self.series.push(series.with_context(|| format!("no samples in {line}"))?);
            }
            "environment" => {
                self.note("Processor", text("cpu")?);
                self.note("Processors", number("processors")?.to_string());
                self.note("Memory", text("memory")?);
                self.note("Kernel", text("kernel")?);
                self.note("Load average before", text("load")?);
            }
            "finished" => self.note("Load average after", text("load")?),
            other => anyhow::bail!("the benchmark speaks of {other}"),
        }
        Ok(None)
    }

    /// Adds a fact about the machine.
    pub(super) fn note(&mut self, name: &str, value: String) {
        self.environment.push((name.to_owned(), value));
    }

    /// Returns the samples of a subject in a test.
    pub(super) fn find(&self, test: &str, subject: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.test == test && series.subject == subject)
    }

    /// Returns the different values that `part` has among the series of a suite, in the order of the run.
    pub(super) fn distinct<'a>(&'a self, suite: &str, part: impl Fn(&'a Series) -> &'a str) -> Vec<&'a str> {
        let mut found = Vec::new();
        for series in self.series.iter().filter(|series| series.test.starts_with(suite)) {
            if !found.contains(&part(series)) {
                found.push(part(series));
            }
        }
        found
    }
}
