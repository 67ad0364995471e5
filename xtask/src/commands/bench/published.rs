//! What the pages of the benchmark say: read back, because a figure of an earlier run on a quiet machine is worth more
//! than one of a busy machine now.

use super::counted::PAGES;
use super::goals::Suite;
use crate::commands::Context;

/// A row of the table of goals on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// What it is about.
    pub(crate) what: String,
    /// "reached", or how much is missing.
    pub(crate) verdict: String,
}

impl Judgement {
    /// Tells whether the goal was reached.
    pub(crate) fn is_reached(&self) -> bool {
        self.verdict == "reached"
    }
}

/// Returns the goals of all pages that are there.
pub(crate) fn published(context: &Context) -> Vec<Judgement> {
    let folder = context.workspace.root().join(PAGES);
    let pages = Suite::ALL.map(|suite| std::fs::read_to_string(folder.join(format!("{}.md", suite.name()))));
    pages.into_iter().flatten().flat_map(|page| judgements(&page)).collect()
}

/// Takes the goals out of a page: the first table below its heading "Goals".
pub(super) fn judgements(page: &str) -> Vec<Judgement> {
    let (_, goals) = page.split_once("\n## Goals\n").unwrap_or_default();
    let table =
        goals.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    // The heading and the line below it.
    table.skip(2).filter_map(judgement).collect()
}

fn judgement(row: &str) -> Option<Judgement> {
    let mut cells = row.trim_matches('|').split('|').map(str::trim);
    let what = cells.next()?.to_owned();
    let verdict = cells.next_back()?.trim_matches('*').to_owned();
    Some(Judgement { what, verdict })
}
