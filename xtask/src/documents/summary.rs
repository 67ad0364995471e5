//! The book's table of contents names every page once, or another page shows it.

use std::collections::BTreeSet;

use super::{Fault, Page, Pages, resolve};

/// Checks the table of contents against all pages.
pub(super) fn check(summary: &Page, pages: &Pages) -> Vec<Fault> {
    let mut listed = BTreeSet::new();
    let mut faults = Vec::new();
    for link in summary.links() {
        let target = resolve(summary.path(), &link.target);
        if let Some(target) = target
            && !listed.insert(target)
        {
            faults.push(Fault::new(summary, link.line, format!("`{}` is listed twice", link.target)));
        }
    }
    for page in pages.values() {
        listed.extend(page.includes().iter().filter_map(|shown| resolve(page.path(), &shown.target)));
    }
    let forgotten = pages.keys().filter(|path| *path != summary.path() && !listed.contains(*path));
    faults
        .extend(forgotten.map(|path| Fault::of_page(path, &format!("{} does not name it", summary.path()))));
    faults
}
