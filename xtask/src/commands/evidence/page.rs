//! The table, for people and for programs.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use super::gathered::Gathered;
use super::goals::{CRIMES, Need};
use super::suites::about;
use super::{Row, Verdict};
use crate::test::Depth;

const HEAD: &str = "\
# Evidence

What the project claims, and what was found when it was tried. Every figure comes out of the reports of tests and boots;
`cargo xtask evidence` writes this page anew, `--only R5,R9` repeats single rows, and `--full` runs them at the size of a
release. The benchmark's goals stand with its figures: [frames](benchmarks/frames.md), [pools](benchmarks/pools.md),
[page tables](benchmarks/paging.md).
";

impl Verdict {
    /// Returns the words of the table.
    fn words(&self) -> String {
        match self {
            Self::Reached => "reached".to_owned(),
            Self::Smaller(size) => format!("holds so far: {size}"),
            Self::Short(by) => format!("**short by** {by}"),
            Self::NotRun(why) => format!("not run here: {why}"),
        }
    }

    /// Returns the word for programs, and what completes it.
    fn facts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Reached => ("reached", None),
            Self::Smaller(size) => ("holds so far", Some(size)),
            Self::Short(by) => ("short by", Some(by)),
            Self::NotRun(why) => ("not run", Some(why)),
        }
    }
}

impl Row {
    /// Returns what a stranger types to repeat it.
    fn command(&self, depth: Depth) -> String {
        let full = if depth == Depth::Full { " --full" } else { "" };
        format!("cargo xtask evidence --only {}{full}", self.goal.id)
    }
}

/// Text that cannot break a row of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The rows alone.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = "| | what | goal | found | verdict |\n|---|---|---|---|---|\n".to_owned();
    for Row { goal, found } in rows {
        let cells = [goal.id, goal.what, goal.goal, &found.figure, &found.verdict.words()].map(cell);
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// The page.
pub(super) fn page(rows: &[Row], gathered: &Gathered, depth: Depth) -> String {
    let size = match depth {
        Depth::Usual => "This run had the size that every change has to pass.",
        Depth::Full => "This run had the size of a release.",
    };
    let mut text = format!("{HEAD}\n{size}\n\n{}", table(rows));
    text.push_str("\n## How to repeat a row\n\n| | command | what it runs |\n|---|---|---|\n");
    for row in rows {
        let what: Vec<String> = row.goal.needs.iter().map(Need::words).collect();
        let _ = writeln!(text, "| {} | `{}` | {} |", row.goal.id, row.command(depth), what.join("; "));
    }
    text.push_str(&misses(gathered));
    text
}

impl Need {
    /// Returns what it runs, in words.
    fn words(&self) -> String {
        match self {
            Self::Tests(suite) => format!("`{}`", suite.command()),
            Self::Step(step) => format!("`cargo xtask test host --filter {}`", step.name()),
            Self::Boots(_) => "boots of the matrix".to_owned(),
            Self::Costs => "`cargo xtask bench boot`, its boots with 256 MiB and the largest".to_owned(),
            Self::Speed => "the pages that `cargo xtask bench` has written".to_owned(),
        }
    }
}

/// What the pools' checks find and miss, crime by crime, as the test of the crimes has counted it.
fn misses(gathered: &Gathered) -> String {
    let Ok(told) = gathered.suite(&CRIMES) else { return String::new() };
    let mut text = "\n## What the pools' checks find\n\n\
                    Random crimes against a pool in use, as its test has counted them: what is missed at each level of checking.\n\n\
                    | crime | checking | found | missed |\n|---|---|---|---|\n"
        .to_owned();
    for checking in ["default checking", "full checking"] {
        for object in about(told, checking) {
            let show =
                |key: &str| object.get(key).map_or(String::new(), |value| value.to_string().replace('"', ""));
            let level = checking.trim_end_matches(" checking");
            let _ =
                writeln!(text, "| {} | {level} | {} | {} |", show("crime"), show("found"), show("missed"));
        }
    }
    text
}

/// The table for programs.
///
/// # Errors
/// It cannot be written as JSON.
pub(super) fn data(rows: &[Row], depth: Depth) -> Result<String> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let (verdict, more) = row.found.verdict.facts();
            json!({
                "id": row.goal.id, "what": row.goal.what, "goal": row.goal.goal, "found": row.found.figure,
                "verdict": verdict, "more": more, "repeat": row.command(depth),
            })
        })
        .collect();
    let size = if depth == Depth::Full { "full" } else { "usual" };
    Ok(serde_json::to_string_pretty(&json!({ "size": size, "rows": rows }))? + "\n")
}
