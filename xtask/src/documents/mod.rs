//! The documents say what is so: every page is in the book, every link leads somewhere, every command exists, the list of
//! parameters is that of the code, and a library's first page says how much of it is unsafe.
//!
//! What a generator writes is compared where the generator is: the memory layout by a test of `xtlayout`, the errors of
//! the loader block by one of `xtboot`, what the examples print by `host/examples`.
//!
//! Each check is a pure function from text to faults, so its tests show it cases that must fail.

mod builds;
mod commands;
mod links;
mod page;
mod parameters;
mod readmes;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};

pub(crate) use links::resolve;
pub(crate) use page::Page;

use crate::workspace::Workspace;

/// The book's table of contents.
pub(crate) const SUMMARY: &str = "docs/SUMMARY.md";

/// The list of all parameters.
const PARAMETERS: &str = "docs/parameters.md";

/// Where parameters are asked for.
const ASKERS: [&str; 2] = ["boot/xtldr/src", "kernel/xtoskrnl/src"];

/// A place in a document that is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The page, relative to the checkout.
    page: String,
    /// The line, where one can be told; the first is 1.
    line: Option<usize>,
    /// What is wrong.
    what: String,
}

impl Fault {
    fn new(page: &Page, line: usize, what: String) -> Self {
        Self { page: page.path().to_owned(), line: Some(line), what }
    }

    fn of_page(page: &str, what: &str) -> Self {
        Self { page: page.to_owned(), line: None, what: what.to_owned() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.page, self.what),
            None => write!(out, "{}: {}", self.page, self.what),
        }
    }
}

/// All pages of the checkout, by their paths relative to it.
pub(crate) type Pages = BTreeMap<String, Page>;

/// Reads every page of the checkout.
///
/// # Errors
/// A folder or a page cannot be read.
pub(crate) fn pages(workspace: &Workspace) -> Result<Pages> {
    let mut paths = Vec::new();
    list(workspace.root(), workspace.root(), "md", &mut paths)?;
    let read = |path: String| {
        let text = read(&workspace.root().join(&path))?;
        Ok((path.clone(), Page::parse(&path, &text)))
    };
    paths.into_iter().map(read).collect()
}

/// Checks the documents of the whole checkout.
///
/// # Errors
/// Something cannot be read: nothing can be said then.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Fault>> {
    let pages = pages(workspace)?;
    let is_file = |path: &str| workspace.root().join(path).is_file();
    let exists = |path: &str| workspace.root().join(path).exists();
    let summary = pages.get(SUMMARY).with_context(|| format!("there is no {SUMMARY}"))?;
    let mut faults = summary::check(summary, &pages);
    for page in pages.values() {
        faults.extend(links::check(page, &pages, &is_file));
        faults.extend(links::check_paths(page, &exists));
        faults.extend(commands::check(page));
        faults.extend(builds::check(page, &is_file));
    }
    let mut asked = Vec::new();
    for folder in ASKERS {
        let mut sources = Vec::new();
        list(workspace.root(), &workspace.root().join(folder), "rs", &mut sources)?;
        for source in sources {
            asked.extend(parameters::asked_in(&read(&workspace.root().join(source))?));
        }
    }
    let listed = pages.get(PARAMETERS).with_context(|| format!("there is no {PARAMETERS}"))?;
    faults.extend(parameters::check(listed, &asked));
    let version = readmes::rust_version(&read(&workspace.root().join("Cargo.toml"))?)?;
    for (path, page) in &pages {
        if let Some(library) = readmes::library(path) {
            let mut sources = Vec::new();
            list(
                workspace.root(),
                &workspace.root().join(format!("libs/{library}/src")),
                "rs",
                &mut sources,
            )?;
            let texts = sources.iter().map(|source| read(&workspace.root().join(source)));
            faults.extend(readmes::check(page, &texts.collect::<Result<Vec<_>>>()?, &version));
        }
    }
    Ok(faults)
}

/// Lists the files below `folder` whose names end in `.extension`; hidden folders and build folders are left out.
fn list(root: &Path, folder: &Path, extension: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                list(root, &path, extension, files)?;
            }
        } else if path.extension().is_some_and(|found| found == extension)
            && let Ok(relative) = path.strip_prefix(root)
        {
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
