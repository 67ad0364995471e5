//! The plan of a run: cases in groups, whose subjects take turns.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::report;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    /// CPU time for one operation, in nanoseconds.
    Nanoseconds,
    /// CPU time in microseconds.
    Microseconds,
    /// Memory taken from the system, per byte that is in use.
    BytesPerByte,
}

impl Unit {
    /// Returns the name as the report shows it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::BytesPerByte => "bytes/byte",
        }
    }
}

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only to see that everything works: the figures are worth little.
    Quick,
    /// For figures to be published.
    Full,
}

impl Effort {
    /// Returns `operations`, or the part of them that a quick run does.
    pub(crate) const fn operations(self, operations: usize) -> usize {
        match self {
            Self::Quick => operations.div_ceil(16),
            Self::Full => operations,
        }
    }

    /// Returns `repeats`, or as many as a quick run does.
    pub(crate) const fn repeats(self, repeats: usize) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => repeats,
        }
    }
}

/// One figure: what one repeat of a case found out about one test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The test, with its parameters, e.g. `frames/random/16GiB`.
    pub(crate) test: String,
    /// What it counts.
    pub(crate) unit: Unit,
    /// The figure.
    pub(crate) value: f64,
}

impl Sample {
    /// A figure of `test`, whose unit is nanoseconds per operation.
    pub(crate) fn nanoseconds(test: impl Into<String>, value: f64) -> Self {
        Self { test: test.into(), unit: Unit::Nanoseconds, value }
    }
}

type Work = Box<dyn FnMut(usize) -> Result<Vec<Sample>>>;

/// One subject in one group of tests.
struct Case {
    group: String,
    subject: &'static str,
    repeats: usize,
    work: Work,
}

/// All cases of a run.
pub(crate) struct Plan {
    /// How thoroughly to measure.
    pub(crate) effort: Effort,
    filter: Option<String>,
    cases: Vec<Case>,
}

impl Plan {
    /// An empty plan that takes only groups whose name contains `filter`.
    pub(crate) fn new(effort: Effort, filter: Option<String>) -> Self {
        Self { effort, filter, cases: Vec::new() }
    }

    /// Tells whether the filter lets a group through.
    fn wants(&self, group: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| group.contains(filter.as_str()))
    }

    /// Adds a subject to a group. `work` is given the number of the repeat, as a seed.
    pub(crate) fn add(
        &mut self,
        group: impl Into<String>,
        subject: &'static str,
        repeats: usize,
        work: impl FnMut(usize) -> Result<Vec<Sample>> + 'static,
    ) {
        let group = group.into();
        if self.wants(&group) {
            let repeats = self.effort.repeats(repeats);
            self.cases.push(Case { group, subject, repeats, work: Box::new(work) });
        }
    }

    /// Measures everything, group by group.
    ///
    /// # Errors
    /// Those of a case.
    pub(crate) fn run(self) -> Result<()> {
        let of: usize = self.cases.iter().map(|case| case.repeats).sum();
        let mut done = 0;
        let mut groups: Vec<Vec<Case>> = Vec::new();
        for case in self.cases {
            match groups.last_mut() {
                Some(group) if group.first().is_some_and(|first| first.group == case.group) => {
                    group.push(case)
                }
                _ => groups.push(vec![case]),
            }
        }
        for group in groups {
            measure(group, &mut done, of)?;
        }
        report::finished();
        Ok(())
    }
}

/// Lets the subjects of a group take turns, and reports their samples in the order in which they were added.
fn measure(mut group: Vec<Case>, done: &mut usize, of: usize) -> Result<()> {
    let most = group.iter().map(|case| case.repeats).max().unwrap_or(0);
    let mut found: BTreeMap<(String, usize), (Unit, Vec<f64>)> = BTreeMap::new();
    for repeat in 0..most {
        for (place, case) in group.iter_mut().enumerate().filter(|(_, case)| repeat < case.repeats) {
            report::progress(*done, of, &format!("{}: {}", case.group, case.subject));
            let samples =
                (case.work)(repeat).with_context(|| format!("{} with {}", case.group, case.subject))?;
            for sample in samples {
                let entry = found.entry((sample.test, place)).or_insert((sample.unit, Vec::new()));
                entry.1.push(sample.value);
            }
            *done += 1;
        }
    }
    for ((test, place), (unit, values)) in found {
        let subject = group.get(place).map_or("", |case| case.subject);
        report::samples(&test, subject, unit, &values);
    }
    Ok(())
}
