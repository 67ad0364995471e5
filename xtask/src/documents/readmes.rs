//! What a library says of itself on its first page is so: how many of its files open `unsafe`, and the oldest compiler.

use anyhow::{Context, Result};

use super::{Fault, Page};

/// What a file says that opens `unsafe`, without blanks.
const OPENED: &str = "allow(unsafe_code,";

/// The library whose first page lies at `path`, if one's does.
pub(super) fn library(path: &str) -> Option<&str> {
    path.strip_prefix("libs/")?.strip_suffix("/README.md").filter(|name| !name.contains('/'))
}

/// The oldest compiler that the workspace's manifest promises.
pub(super) fn rust_version(manifest: &str) -> Result<String> {
    let manifest: toml::Table = manifest.parse()?;
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let version =
        package.and_then(|package| package.get("rust-version")).and_then(|version| version.as_str());
    version.map(str::to_owned).context("the workspace promises no compiler")
}

/// Checks the first page of a library with these sources.
pub(super) fn check(page: &Page, sources: &[String], version: &str) -> Vec<Fault> {
    let opens = |source: &&String| {
        let dense: String = source.chars().filter(|one| !one.is_whitespace()).collect();
        dense.contains(OPENED)
    };
    let count = sources.iter().filter(opens).count();
    let about_unsafe =
        if count == 0 { "No `unsafe`".to_owned() } else { format!("`unsafe` in {count} of its files") };
    let wanted = [about_unsafe, format!("Rust {version} or later")];
    let missing = wanted.iter().filter(|words| !page.text().contains(words.as_str()));
    missing.map(|words| Fault::of_page(page.path(), &format!("does not say \"{words}\""))).collect()
}
