//! `cargo xtask book`: the documents as a book to read in a browser.
//!
//! ```text
//!   the checkout --stage--> the pages at their own places --mdBook--> HTML --links--> nothing leads nowhere
//! ```
//!
//! Pages of the book lie all over the checkout, and link to one another as they lie. So the book is built from a copy of
//! every page that the table of contents names, and of every file that one of them shows or links to, each at its place.

mod built;
mod stage;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Context;
use crate::workspace::Workspace;
use crate::{cli, documents, process, progress};

/// The program that writes the book, and the version that is installed where there is none.
const MDBOOK: (&str, &str) = ("mdbook", "0.5.4");

/// Writes the book. Returns 1 when one of its links leads nowhere.
pub(crate) fn run(context: &Context, options: &cli::Book) -> Result<u8> {
    let workspace = &context.workspace;
    let program = provide(workspace)?;
    let pages = documents::pages(workspace)?;
    let staged = workspace.cache().join("book/source");
    stage::write(workspace.root(), &pages, &staged)?;
    let out = match &options.out {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace.cache().join("book/html"),
    };
    let mut command = process::clean(&program);
    command.arg("build").arg(&staged).arg("--dest-dir").arg(&out);
    progress::step("writing the book", || process::succeed(&mut command).map(drop))?;
    let lost = built::dead_links(&out)?;
    lost.iter().for_each(|link| println!("{link}"));
    println!("{}", out.join("index.html").display());
    Ok(u8::from(!lost.is_empty()))
}

/// Finds mdBook, or has cargo build it into the build folder.
fn provide(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = find(workspace) {
        return Ok(found);
    }
    let (name, version) = MDBOOK;
    let tools = tools(workspace);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = process::clean(cargo);
    command.args(["install", "--locked", "--version", version, name, "--root"]).arg(&tools);
    // Neither a server nor what watches files is wanted.
    command.args(["--no-default-features", "--features", "search"]);
    progress::step("building mdBook, once", || process::succeed(&mut command).map(drop))?;
    find(workspace).with_context(|| format!("cargo has installed no {name} below {}", tools.display()))
}

/// Finds mdBook on the search path, or where it was built before.
pub(super) fn find(workspace: &Workspace) -> Option<PathBuf> {
    let (name, _) = MDBOOK;
    let own = || Some(tools(workspace).join("bin").join(name)).filter(|file| file.is_file());
    process::find_program(name).or_else(own)
}

/// Where programs are put that the project builds for itself.
fn tools(workspace: &Workspace) -> PathBuf {
    workspace.cache().join("tools")
}
