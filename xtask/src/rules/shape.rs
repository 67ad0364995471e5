//! How large files and folders of sources may get.

use std::collections::BTreeMap;

use super::{Source, Violation};

/// A longer file holds more than one concept.
const LINES: usize = 600;

/// More files do not fit one glance.
const FILES: usize = 9;

/// Checks the length of one source.
pub(super) fn lines(source: &Source) -> Option<Violation> {
    let count = source.text.lines().count();
    (count > LINES).then(|| Violation {
        place: source.path.clone(),
        line: None,
        what: format!("{count} lines, {LINES} are the most"),
    })
}

/// Checks every folder that holds sources, given the paths of all files.
pub(super) fn folders(files: &[String]) -> Vec<Violation> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        if let Some((folder, name)) = file.rsplit_once('/')
            && name.ends_with(".rs")
        {
            *counts.entry(folder).or_default() += 1;
        }
    }
    let crowded = counts.into_iter().filter(|&(_, count)| count > FILES);
    let violation = |(folder, count): (&str, usize)| Violation {
        place: folder.to_owned(),
        line: None,
        what: format!("{count} source files, {FILES} are the most"),
    };
    crowded.map(violation).collect()
}
