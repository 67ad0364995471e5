//! The house rules that a compiler doesn't check: who may import whom, where machine code lives, how large a file
//! and a folder get, that whoever can run out of memory can be made to, and that nothing unfinished stays behind.
//!
//! Each rule is a pure function from text to violations, so its tests show it cases that must fail.

mod imports;
mod layers;
mod machine;
mod mask;
mod shape;
mod sites;
mod unfinished;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The file or folder, relative to the checkout.
    place: String,
    /// The line, where one can be told; the first is 1.
    line: Option<usize>,
    /// Which rule, and how it is broken.
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.place, self.what),
            None => write!(formatter, "{}: {}", self.place, self.what),
        }
    }
}

/// A Rust source file.
#[derive(Debug, Clone)]
struct Source {
    /// Its path, relative to the checkout.
    path: String,
    /// Its text.
    text: String,
    /// Its text with comments and literals blanked out, line for line.
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: mask::code_of(text) }
    }
}

/// Checks every rule on the whole checkout.
///
/// # Errors
/// A file cannot be read, or a manifest cannot be parsed: nothing can be said then.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Violation>> {
    let root = workspace.root();
    let members = members(root)?;
    let mut violations = Vec::new();
    for member in &members {
        let path = format!("{member}/Cargo.toml");
        let text = read(&root.join(&path))?;
        violations.extend(imports::check(&path, &text).with_context(|| format!("cannot read {path}"))?);
    }
    let mut files = Vec::new();
    for member in &members {
        list(root, &root.join(member), &mut files)?;
    }
    violations.extend(shape::folders(&files));
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        let source = Source::new(path, &read(&root.join(path))?);
        violations.extend(shape::lines(&source));
        violations.extend(unfinished::check(&source));
        violations.extend(machine::check(&source));
        violations.extend(layers::check(&source));
        sources.push(source);
    }
    violations.extend(sites::check(&sources));
    Ok(violations)
}

/// The workspace's members as its manifest lists them, and the packages that are workspaces of their own, which it
/// excludes by name.
fn members(root: &Path) -> Result<Vec<String>> {
    let manifest: toml::Table = read(&root.join("Cargo.toml"))?.parse()?;
    let workspace = manifest.get("workspace").context("the manifest is no workspace's")?;
    let list = |name: &str| workspace.get(name).and_then(|list| list.as_array());
    let included = list("members").context("the workspace's manifest lists no members")?;
    let all = included.iter().chain(list("exclude").into_iter().flatten());
    let names: Option<Vec<String>> = all.map(|name| name.as_str().map(str::to_owned)).collect();
    let names = names.context("a member's name is not a string")?;
    if names.iter().any(|name| name.contains('*')) {
        bail!("the workspace's members are to be named one by one");
    }
    Ok(names)
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                list(root, &path, files)?;
            }
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests;
