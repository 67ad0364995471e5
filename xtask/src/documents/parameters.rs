//! The list of parameters is that of the code: what loader and kernel ask for is in it, and nothing else.

use std::collections::BTreeSet;

use super::{Fault, Page};

/// How a parameter is asked for, up to its name.
const QUESTIONS: [&str; 5] =
    ["value(\"", "has(\"", "number(\"", "parameters.get(\"", "choose(parameters, \""];

/// Returns the parameters that a source asks for.
pub(super) fn asked_in(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for question in QUESTIONS {
        for (at, _) in source.match_indices(question) {
            let name = source.get(at + question.len()..).and_then(|rest| rest.split('"').next());
            found.extend(name.filter(|name| is_parameter(name)).map(str::to_owned));
        }
    }
    found
}

/// The names of parameters are upper case; what else is looked up is not.
fn is_parameter(name: &str) -> bool {
    name.len() > 2 && name.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit())
}

/// Checks the page with the list, whose tables begin each row with a parameter in back quotes.
pub(super) fn check(page: &Page, asked: &[String]) -> Vec<Fault> {
    let asked: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    let mut listed = BTreeSet::new();
    let mut faults = Vec::new();
    for (text, line) in page.text().lines().zip(1..) {
        let Some(name) = row(text) else { continue };
        if !listed.insert(name) {
            faults.push(Fault::new(page, line, format!("`{name}` has two rows")));
        }
        if !asked.contains(name) {
            faults.push(Fault::new(page, line, format!("nobody asks for `{name}`")));
        }
    }
    let missing = asked.difference(&listed);
    faults.extend(
        missing.map(|name| Fault::of_page(page.path(), &format!("`{name}` is asked for and has no row"))),
    );
    faults
}

/// The parameter that a row of a table is about.
fn row(line: &str) -> Option<&str> {
    let cell = line.strip_prefix("| `")?;
    let end = cell.find(|one: char| !one.is_ascii_uppercase() && !one.is_ascii_digit())?;
    cell.get(..end).filter(|name| is_parameter(name))
}
