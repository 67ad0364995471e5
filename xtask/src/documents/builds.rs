//! Examples and tests that a page has cargo run are there, in the package that it names.

use super::{Fault, Page};

/// Where packages with examples and tests are.
const ROOMS: [&str; 2] = ["libs", "boot"];

/// Checks what a page has cargo run; `is_file` answers for a path in the checkout.
pub(super) fn check(page: &Page, is_file: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for command in page.builds() {
        let words: Vec<&str> = command.target.split_whitespace().collect();
        let after = |name: &str| {
            let pairs = words.iter().zip(words.iter().skip(1));
            pairs.filter(|(option, _)| **option == name).map(|(_, value)| *value).next()
        };
        let Some(package) = after("-p").or_else(|| after("--package")) else { continue };
        let files = match (after("--example"), after("--test")) {
            (Some(example), _) => vec![format!("{package}/examples/{example}.rs")],
            (None, Some(test)) => {
                vec![format!("{package}/tests/{test}.rs"), format!("{package}/tests/{test}/main.rs")]
            }
            (None, None) => continue,
        };
        let is_there = |file: &String| ROOMS.iter().any(|room| is_file(&format!("{room}/{file}")));
        if !files.iter().any(is_there) {
            let lost = format!("`{}`: there is no {}", command.target, files[0]);
            faults.push(Fault::new(page, command.line, lost));
        }
    }
    faults
}
