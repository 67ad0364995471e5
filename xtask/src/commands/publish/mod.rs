//! `cargo xtask publish --dry-run`: packs every library as the crate registry would get it, and builds each from its
//! package alone, those that others need first.
//!
//! Cargo itself orders them, and takes what a library needs of its siblings from their packages, so that nothing has to
//! be published for it. Uploading stays a person's decision: the same command of cargo's without `--dry-run`.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Context;
use crate::{process, progress};

/// The folder of the libraries.
const FOLDER: &str = "/libs/";

/// More keywords or categories than the registry takes.
const MOST_WORDS: usize = 5;

/// Characters that a keyword may have.
const LONGEST_KEYWORD: usize = 20;

/// Checks and packs the libraries. Returns 1 when something is missing.
pub(crate) fn run(context: &Context) -> Result<u8> {
    let packages = libraries(context)?;
    let faults: Vec<String> = packages.iter().flat_map(faults).collect();
    if !faults.is_empty() {
        faults.iter().for_each(|fault| println!("{fault}"));
        return Ok(1);
    }
    let mut command = cargo(context);
    command.args(["publish", "--dry-run", "--locked", "--allow-dirty"]);
    command.arg("--target-dir").arg(context.workspace.cache().join("publish"));
    for name in packages.iter().filter_map(name) {
        command.args(["--package", name]);
    }
    progress::step("packing and building every library", || process::succeed(&mut command).map(drop))?;
    println!("{} libraries can be published: {}", packages.len(), typed_line(&packages));
    Ok(0)
}

/// What a person types to publish them.
fn typed_line(packages: &[Value]) -> String {
    let names: Vec<&str> = packages.iter().filter_map(name).collect();
    format!("cargo publish -p {}", names.join(" -p "))
}

/// The libraries, as cargo describes them.
fn libraries(context: &Context) -> Result<Vec<Value>> {
    let mut command = cargo(context);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--locked"]);
    let described: Value = serde_json::from_str(&process::succeed(&mut command)?)?;
    let packages = described.get("packages").and_then(Value::as_array).context("cargo names no packages")?;
    let is_library = |package: &&Value| manifest(package).contains(FOLDER);
    let found: Vec<Value> = packages.iter().filter(is_library).cloned().collect();
    if found.is_empty() {
        bail!("there is no library below {FOLDER}");
    }
    Ok(found)
}

/// What the registry wants of a library, or its readers, and does not get.
fn faults(package: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    for field in ["description", "license", "readme", "rust_version"] {
        if package.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            missing.push(format!("has no {field}"));
        }
    }
    for field in ["keywords", "categories"] {
        let words: Vec<&str> = package
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if words.is_empty() || words.len() > MOST_WORDS {
            missing.push(format!("has {} {field}, 1 to {MOST_WORDS} are taken", words.len()));
        }
        if field == "keywords"
            && let Some(word) = words.iter().find(|word| word.len() > LONGEST_KEYWORD)
        {
            missing
                .push(format!("has the keyword {word}, which is longer than {LONGEST_KEYWORD} characters"));
        }
    }
    let folder = manifest(package).trim_end_matches("Cargo.toml");
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        if !std::path::Path::new(folder).join(file).is_file() {
            missing.push(format!("has no {file} in its folder"));
        }
    }
    let name = name(package).unwrap_or_default();
    missing.into_iter().map(|what| format!("{name} {what}")).collect()
}

fn name(package: &Value) -> Option<&str> {
    package.get("name")?.as_str()
}

fn manifest(package: &Value) -> &str {
    package.get("manifest_path").and_then(Value::as_str).unwrap_or_default()
}

fn cargo(context: &Context) -> std::process::Command {
    let mut command = process::clean(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(context.workspace.root());
    command
}

#[cfg(test)]
mod tests;
