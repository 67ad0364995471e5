//! Examples and tests that a page has cargo run are there, in the library that it names.

use super::{Fault, Page};

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
        let places = match (after("--example"), after("--test")) {
            (Some(example), _) => vec![format!("libs/{package}/examples/{example}.rs")],
            (None, Some(test)) => {
                vec![
                    format!("libs/{package}/tests/{test}.rs"),
                    format!("libs/{package}/tests/{test}/main.rs"),
                ]
            }
            (None, None) => continue,
        };
        if !places.iter().any(|place| is_file(place)) {
            faults.push(Fault::new(
                page,
                command.line,
                format!("`{}`: there is no {}", command.target, places[0]),
            ));
        }
    }
    faults
}
