//! Where machine code lives: assembly and code for one architecture stay in the folders made for them, so that
//! everything else can be tested on any host.

use super::{Source, Violation};

/// Folders that may hold it.
const HOMES: [&str; 6] = [
    "kernel/xtoskrnl/src/ar/",
    "kernel/xtoskrnl/src/hl/",
    "boot/xtldr/src/arch/",
    "boot/modules/beep/src/port.rs",
    "testing/la57shim/",
    "benches/src/harness/machine.rs",
];

/// What may not stand elsewhere.
const WORDS: [&str; 2] = ["asm!", "target_arch"];

/// Checks one source.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    if HOMES.iter().any(|home| source.path.starts_with(home)) {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for (index, line) in source.code.lines().enumerate() {
        for word in WORDS.iter().filter(|word| line.contains(*word)) {
            let what = format!("`{word}` belongs into one of {}", HOMES.join(", "));
            violations.push(Violation { place: source.path.clone(), line: Some(index + 1), what });
        }
    }
    violations
}
