//! A copy of all that the book consists of.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use crate::documents::{Page, Pages, SUMMARY, resolve};

/// The book's configuration, and its look where that differs from the usual one.
const CONFIGURATION: [(&str, &str); 2] = [("docs/book.toml", "book.toml"), ("docs/book.css", "book.css")];

/// Puts the book's configuration and sources into the folder `into`, which is emptied before.
///
/// # Errors
/// A file cannot be read or written; the table of contents or a page that it names is missing.
pub(super) fn write(root: &Path, pages: &Pages, into: &Path) -> Result<()> {
    if into.exists() {
        std::fs::remove_dir_all(into).with_context(|| format!("cannot empty {}", into.display()))?;
    }
    let source = into.join("src");
    for (file, place) in CONFIGURATION {
        copy(&root.join(file), &into.join(place))?;
    }
    let summary = pages.get(SUMMARY).with_context(|| format!("there is no {SUMMARY}"))?;
    for file in files(summary, pages)? {
        copy(&root.join(&file), &source.join(&file))?;
    }
    let contents = source.join("SUMMARY.md");
    std::fs::write(&contents, moved(summary)).with_context(|| format!("cannot write {}", contents.display()))
}

/// The pages that the table of contents names, and the files that they show or link to.
pub(super) fn files(summary: &Page, pages: &Pages) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for link in summary.links() {
        let Some(path) = resolve(summary.path(), &link.target) else { continue };
        let page =
            pages.get(&path).with_context(|| format!("{SUMMARY}:{}: there is no {path}", link.line))?;
        let named = page.links().iter().chain(page.includes());
        files.extend(named.filter_map(|other| resolve(page.path(), &other.target)));
        files.insert(path);
    }
    files.remove(SUMMARY);
    Ok(files)
}

/// The table of contents, as it reads from the root of the checkout.
pub(super) fn moved(summary: &Page) -> String {
    let mut text = summary.text().to_owned();
    let targets: BTreeSet<&str> = summary.links().iter().map(|link| link.target.as_str()).collect();
    for target in targets {
        if let Some(path) = resolve(summary.path(), target) {
            text = text.replace(&format!("]({target})"), &format!("]({path})"));
        }
    }
    text
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
