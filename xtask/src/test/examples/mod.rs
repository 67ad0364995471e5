//! The examples of the libraries: each is run, and prints what lies beside it, which the book shows.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::host::cargo;
use super::tally::Finding;
use crate::commands::Context;
use crate::process;

/// An example that the book shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Example {
    package: String,
    name: String,
    /// What it prints.
    expected: PathBuf,
}

/// Runs every example that has a file with what it prints, and demands one of every library.
pub(super) fn run(context: &Context) -> Result<Finding> {
    let (examples, without) = find(&context.workspace.root().join("libs"))?;
    let mut faults: Vec<String> =
        without.iter().map(|package| format!("{package} has no example with what it prints")).collect();
    for example in &examples {
        let mut command = cargo(context);
        command.args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            &example.package,
            "--example",
            &example.name,
        ]);
        let finished = process::finish(&mut command)?;
        let wanted = std::fs::read_to_string(&example.expected)
            .with_context(|| format!("cannot read {}", example.expected.display()))?;
        let name = format!("{}/{}", example.package, example.name);
        if !finished.status.success() {
            faults.push(format!(
                "{name} ended with {}:\n{}",
                finished.status,
                process::tail(&finished.stderr, 20)
            ));
        } else if let Some(difference) = difference(&wanted, &finished.stdout) {
            faults.push(format!("{name}, {difference}"));
        }
    }
    if faults.is_empty() {
        return Ok(Finding::Pass(format!("{} examples", examples.len())));
    }
    Ok(Finding::Fail(faults.join("\n")))
}

/// The examples of the packages below `folder` that have a file with what they print, and the packages without any.
fn find(folder: &Path) -> Result<(Vec<Example>, Vec<String>)> {
    let (mut examples, mut without) = (Vec::new(), Vec::new());
    for package in sorted(folder)?.iter().filter(|path| path.join("Cargo.toml").is_file()) {
        let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let before = examples.len();
        let files = sorted(&package.join("examples")).unwrap_or_default();
        for expected in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "out")) {
            examples.push(Example {
                package: name(package),
                name: name(expected),
                expected: expected.clone(),
            });
        }
        if examples.len() == before {
            without.push(name(package));
        }
    }
    Ok((examples, without))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The first line that differs.
fn difference(wanted: &str, printed: &str) -> Option<String> {
    let count = wanted.lines().count().max(printed.lines().count());
    let nothing = "nothing";
    (0..count).find_map(|index| {
        let line = |text: &'_ str| text.lines().nth(index).unwrap_or(nothing).to_owned();
        let (wanted, printed) = (line(wanted), line(printed));
        (wanted != printed).then(|| format!("line {}:\n  wanted  {wanted}\n  printed {printed}", index + 1))
    })
}

#[cfg(test)]
mod tests;
