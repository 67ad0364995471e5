//! The import direction between packages: small libraries below, the loader and the kernel above, and never back.
//!
//! `xtsim` stands apart: it holds the independent oracle and must not share code with what it judges. `xtsupport` joins
//! the two for tests, so nobody's code may import it, and `xtsim` not even for its tests.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Violation;

/// A package of ours, and which of our packages it may import.
struct Row {
    package: &'static str,
    may_import: &'static [&'static str],
    /// What only its tests may import as well.
    tests_may_import: &'static [&'static str],
    /// Foreign packages that it must not import.
    never: &'static [&'static str],
}

const fn row(package: &'static str, may_import: &'static [&'static str]) -> Row {
    Row { package, may_import, tests_may_import: &["xtsim", "xtsupport"], never: &[] }
}

const LIBRARIES: &[&str] = &[
    "xtcore", "xtacpi", "xtboot", "xtpaging", "xtlayout", "xthal", "xtrtl", "xtmm", "xtke", "xtkd", "xtterm",
];

const TABLE: &[Row] = &[
    row("xtcore", &[]),
    row("xtacpi", &["xtcore"]),
    row("xtboot", &["xtcore"]),
    row("xthal", &["xtrtl", "xtcore"]),
    row("xtrtl", &[]),
    row("xtterm", &[]),
    row("xtkd", &["xtterm", "xtcore"]),
    row("xtpaging", &["xtcore"]),
    row("xtlayout", &["xtcore"]),
    row("xtmm", &["xtpaging", "xtcore"]),
    // Its tests take pages away with the real mapper, to see whether other processors notice.
    Row { tests_may_import: &["xtsim", "xtsupport", "xtpaging"], ..row("xtke", &["xtrtl", "xtcore"]) },
    row("xtmodule", &[]),
    row("xtmod-acpi", &["xtmodule", "xtacpi", "xtcore"]),
    row("xtmod-beep", &["xtmodule"]),
    row("xtmod-chainldr", &["xtmodule"]),
    row("xtmod-dummy", &["xtmodule"]),
    row("xtmod-framebuf", &["xtmodule"]),
    row("xtldr", &["xtmodule", "xtboot", "xthal", "xtpaging", "xtlayout", "xtterm", "xtkd", "xtcore"]),
    Row { never: &["uefi"], ..row("xtoskrnl", LIBRARIES) },
    Row { tests_may_import: &[], ..row("xtsim", &["xtcore"]) },
    Row { tests_may_import: &[], ..row("xtsupport", &["xtpaging", "xtsim", "xtcore"]) },
    row("la57shim", &["xtldr", "xtpaging", "xtcore"]),
    row("xtqemu", &["xtcore", "xtsim"]),
    row("xtask", &["xtcore", "xtboot", "xtkd", "xtqemu"]),
    row("xtbench", &["xtmm", "xtpaging", "xtcore"]),
    row(
        "xtfuzz",
        &["xtacpi", "xtboot", "xtcore", "xtldr", "xtmm", "xtpaging", "xtrtl", "xtsim", "xtsupport", "xtterm"],
    ),
];

/// The beginning that the names of our packages share, and the ones without it.
fn is_ours(package: &str) -> bool {
    package.starts_with("xt") || TABLE.iter().any(|row| row.package == package)
}

/// Checks the manifest `text`, found at `path`.
///
/// # Errors
/// It is not a manifest.
pub(super) fn check(path: &str, text: &str) -> Result<Vec<Violation>> {
    let manifest: Table = text.parse()?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let name = name.context("the package has no name")?;
    let violation = |what: String| Violation { place: path.to_owned(), line: None, what };
    let Some(row) = TABLE.iter().find(|row| row.package == name) else {
        return Ok(vec![violation(format!(
            "{name} has no row in the table of imports; decide what it may import"
        ))]);
    };
    let mut violations = Vec::new();
    for import in imports(&manifest) {
        let for_tests = import.kind == Kind::Tests && row.tests_may_import.contains(&import.package.as_str());
        let allowed = row.may_import.contains(&import.package.as_str()) || for_tests;
        if is_ours(&import.package) && !allowed {
            violations.push(violation(format!("{name} must not import {}", import.package)));
        }
        if row.never.contains(&import.package.as_str()) {
            violations.push(violation(format!("{name} must never import {}", import.package)));
        }
    }
    Ok(violations)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Tests,
}

struct Import {
    package: String,
    kind: Kind,
}

/// Every dependency, also those for some targets only and those under another name.
fn imports(manifest: &Table) -> Vec<Import> {
    let per_target = manifest.get("target").and_then(Value::as_table);
    let tables = per_target.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest).chain(tables).flat_map(imports_of_table).collect()
}

fn imports_of_table(table: &Table) -> Vec<Import> {
    let kinds =
        [("dependencies", Kind::Code), ("build-dependencies", Kind::Code), ("dev-dependencies", Kind::Tests)];
    let mut found = Vec::new();
    for (section, kind) in kinds {
        for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            let renamed = value.get("package").and_then(Value::as_str);
            found.push(Import { package: renamed.unwrap_or(name).to_owned(), kind });
        }
    }
    found
}
