//! `cargo xtask evidence`: runs what the goals claim, and writes one table: goal, figure, verdict, how to repeat it.
//!
//! Nothing is checked here. Every figure comes out of what the tests and the boots report by themselves: lines
//! `XTOS-EVIDENCE {…}` of the host tests ([`suites`]), the reports of the cells of the matrix, the counted boots of `bench boot`,
//! steps of `cargo xtask test`, and the pages of `cargo xtask bench`. [`goals`] has the words of the goals and what each
//! needs; what several rows need runs once. What goes wrong costs the rows that needed it, not the table.

mod gathered;
mod goals;
mod judges;
mod page;
mod suites;

use anyhow::{Context as _, Result, bail};

use self::gathered::Gathered;
use self::goals::{GOALS, Goal};
use super::Context;
use crate::cli::Evidence;
use crate::progress;
use crate::test::Depth;

/// Where the table is kept, and the same for programs.
const PAGE: &str = "docs/evidence.md";
const DATA: &str = "docs/evidence.json";

/// How far a goal is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// Reached.
    Reached,
    /// It holds, but with less than the goal asks for: what was run of what.
    Smaller(String),
    /// Not reached, and by how much.
    Short(String),
    /// Nothing was found out here, and why.
    NotRun(String),
}

/// What was found about a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    figure: String,
    verdict: Verdict,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    goal: &'static Goal,
    found: Found,
}

/// Runs what was asked for. The exit status is 1 when a goal is not reached or could not be tried.
pub(crate) fn run(context: &Context, options: &Evidence) -> Result<u8> {
    let wanted = select(&options.only)?;
    let depth = if options.full { Depth::Full } else { Depth::Usual };
    let gathered = Gathered::run(context, depth, &wanted);
    let rows: Vec<Row> = wanted.iter().map(|&goal| Row { goal, found: goal.judge(&gathered) }).collect();
    if options.only.is_empty() {
        let root = context.workspace.root();
        for (name, text) in [(PAGE, page::page(&rows, &gathered, depth)), (DATA, page::data(&rows, depth)?)] {
            let place = root.join(name);
            std::fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))?;
        }
        progress::say(&format!("{PAGE} and {DATA} have been written"));
    }
    print!("{}", page::table(&rows));
    let is_held = |row: &Row| matches!(row.found.verdict, Verdict::Reached | Verdict::Smaller(_));
    Ok(u8::from(!rows.iter().all(is_held)))
}

/// Returns the goals of these names, or all.
fn select(only: &[String]) -> Result<Vec<&'static Goal>> {
    let known = |name: &String| GOALS.iter().any(|goal| goal.id.eq_ignore_ascii_case(name));
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        let ids: Vec<&str> = GOALS.iter().map(|goal| goal.id).collect();
        bail!("no goal is called {unknown}; there are {}", ids.join(", "));
    }
    let asked = |goal: &&Goal| only.is_empty() || only.iter().any(|name| goal.id.eq_ignore_ascii_case(name));
    Ok(GOALS.iter().filter(asked).collect())
}

#[cfg(test)]
mod tests;
