//! Everything that was run for the rows: each thing once, whatever the number of rows that need it.

use anyhow::Result;
use xtqemu::matrix::{self, Cell, CellResult, Scope};

use super::goals::{Goal, Need};
use super::suites::{Suite, Told};
use crate::commands::Context;
use crate::commands::bench::{self, Costs};
use crate::progress;
use crate::test::boot;
use crate::test::{Depth, Finding, Step};

/// What was run, and what came of it. An error is one line.
#[derive(Debug)]
pub(super) struct Gathered {
    /// How much was asked for.
    pub(super) depth: Depth,
    suites: Vec<(Suite, Result<Told, String>)>,
    steps: Vec<(Step, Result<Finding, String>)>,
    costs: Result<Costs, String>,
    boots: Result<Vec<CellResult>, String>,
    /// What the pages of the benchmark say.
    pub(super) speed: Vec<bench::Judgement>,
}

impl Gathered {
    /// Runs what `goals` need, and tells the user so.
    pub(super) fn run(context: &Context, depth: Depth, goals: &[&'static Goal]) -> Self {
        let needs: Vec<&Need> = goals.iter().flat_map(|goal| goal.needs).collect();
        let mut gathered = Self::nothing(depth);
        for need in &needs {
            match need {
                Need::Tests(suite) if gathered.suite(suite).is_err() => {
                    let told = announced(&suite.command(), || suite.run(context, depth));
                    gathered.suites.push((*suite, told));
                }
                // They take minutes, whatever the depth: only a release waits for them, or who asks for their row.
                Need::Step(Step::Fuzz) if depth == Depth::Usual && goals.len() > 1 => {
                    let why = "a minute for each target, with --full or asked for alone";
                    gathered.steps.push((Step::Fuzz, Err(why.to_owned())));
                }
                Need::Step(step) if gathered.step(*step).is_err() => {
                    let finding = announced(step.name(), || step.run(context, depth));
                    gathered.steps.push((*step, finding));
                }
                _ => {}
            }
        }
        if needs.iter().any(|need| matches!(need, Need::Costs)) {
            gathered.costs = announced("boots with counted instructions", || bench::costs(context, depth));
        }
        let cells: Vec<Cell> = matrix::cells(match depth {
            Depth::Usual => Scope::Pairwise,
            Depth::Full => Scope::Full,
        });
        let is_needed = |cell: &Cell| needs.iter().any(|need| matches!(need, Need::Boots(of) if of(cell)));
        let cells: Vec<Cell> = cells.into_iter().filter(is_needed).collect();
        if !cells.is_empty() {
            let total = cells.len();
            gathered.boots = announced(&format!("{total} boots of the matrix"), || {
                boot::evidence(context, &cells, &|result| {
                    let word = result.judgement.as_ref().err().map_or("as expected", String::as_str);
                    progress::say(&format!("  {}: {word}", result.cell.name()));
                })
            });
        }
        if needs.iter().any(|need| matches!(need, Need::Speed)) {
            gathered.speed = bench::published(context);
        }
        gathered
    }

    /// As before anything was run.
    pub(super) fn nothing(depth: Depth) -> Self {
        Self {
            depth,
            suites: Vec::new(),
            steps: Vec::new(),
            costs: Err("no boot was counted".to_owned()),
            boots: Err("nothing was booted".to_owned()),
            speed: Vec::new(),
        }
    }

    /// Returns what a suite has told.
    pub(super) fn suite(&self, wanted: &Suite) -> Result<&Told, String> {
        let found = self.suites.iter().find(|(suite, _)| suite == wanted);
        let (_, told) = found.ok_or_else(|| format!("`{}` was not run", wanted.command()))?;
        told.as_ref().map_err(Clone::clone)
    }

    /// Returns what came of a step.
    pub(super) fn step(&self, wanted: Step) -> Result<&Finding, String> {
        let found = self.steps.iter().find(|(step, _)| *step == wanted);
        let (_, finding) = found.ok_or_else(|| format!("{} was not run", wanted.name()))?;
        finding.as_ref().map_err(Clone::clone)
    }

    /// Returns what boots cost.
    pub(super) fn costs(&self) -> Result<&Costs, String> {
        self.costs.as_ref().map_err(Clone::clone)
    }

    /// Returns the boots of the cells that are `of` a kind; an error when there are none.
    pub(super) fn boots(&self, of: fn(&Cell) -> bool) -> Result<Vec<&CellResult>, String> {
        let all = self.boots.as_ref().map_err(Clone::clone)?;
        let boots: Vec<&CellResult> = all.iter().filter(|result| of(&result.cell)).collect();
        if boots.is_empty() { Err("no such boot".to_owned()) } else { Ok(boots) }
    }

    /// Adds a suite, as if it had been run.
    #[cfg(test)]
    pub(super) fn with_suite(mut self, suite: Suite, told: Result<Told, String>) -> Self {
        self.suites.push((suite, told));
        self
    }
}

/// Tells what is being done, does it, and makes one line of an error.
fn announced<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T, String> {
    progress::step(what, work).map_err(|error| {
        let text = format!("{error:#}");
        let line =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ");
        progress::say(&format!("  {line}"));
        line
    })
}
