//! Nothing unfinished stays behind: no placeholder macros, no notes that promise work.

use super::{Source, Violation};

/// Macros that stand for missing code.
const MACROS: [&str; 2] = ["todo!", "unimplemented!"];

/// Notes that promise work. Put together here, or this file would break its own rule.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Checks one source.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, (code, text)) in source.code.lines().zip(source.text.lines()).enumerate() {
        let macros = MACROS.iter().filter(|word| code.contains(*word));
        for word in macros.chain(NOTES.iter().filter(|word| text.contains(*word))) {
            let what = format!("`{word}`: unfinished work");
            violations.push(Violation { place: source.path.clone(), line: Some(index + 1), what });
        }
    }
    violations
}
