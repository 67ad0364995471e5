//! Whoever can run out of memory can be made to: each public function of the memory manager that may return the lack of
//! it passes a site of `xtmm::inject`, itself or in a function that it calls, and each site is asked by somebody.
//!
//! Functions are known by their names alone, so that a call may be taken for one of another function of this name. What
//! matters is the way from a public function to the question; tests of the host and of each boot then meet every site.

use std::collections::BTreeSet;

use super::{Source, Violation};

/// Where the rule holds.
const HOME: &str = "libs/xtmm/src/";

/// Where the sites are listed.
const LIST: &str = "libs/xtmm/src/inject.rs";

/// Errors that can tell of a lack of memory.
const ERRORS: [&str; 8] = [
    "OutOfFrames",
    "FrameError",
    "AdoptError",
    "NoPages",
    "SpaceError",
    "PoolError",
    "StackError",
    "ProbeRefusal",
];

/// How a site is asked.
const QUESTION: &str = ".fails(";

/// Functions that return such an error for other reasons, by file and name.
const OTHERS: [(&str, &str, &str); 5] = [
    ("frames/allocator/adopt.rs", "give_back", "what is given back brings the memory for its own books"),
    ("space/error.rs", "shortage", "turns one error into another"),
    ("space/error.rs", "out_of_frames", "turns one error into another"),
    ("stack/place.rs", "new", "computes a size"),
    ("stack/place.rs", "with_committed", "computes a size"),
];

/// A function, as far as the rule looks at it.
#[derive(Debug)]
struct Function<'a> {
    path: &'a str,
    line: usize,
    name: &'a str,
    is_public: bool,
    can_run_out: bool,
    body: &'a str,
}

impl Function<'_> {
    fn calls(&self, name: &str) -> bool {
        let mut rest = self.body;
        while let Some((before, after)) = rest.split_once(name) {
            let is_whole = !before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
            if is_whole && (after.starts_with('(') || after.starts_with("::<")) {
                return true;
            }
            rest = after;
        }
        false
    }

    fn asks(&self) -> bool {
        self.body.contains(QUESTION)
    }
}

/// Checks all sources together.
pub(super) fn check(sources: &[Source]) -> Vec<Violation> {
    let mine: Vec<&Source> = sources.iter().filter(|source| is_looked_at(&source.path)).collect();
    let functions: Vec<Function<'_>> = mine.iter().flat_map(|source| functions(source)).collect();
    let mut violations = silent(&functions);
    for source in sources.iter().filter(|source| source.path == LIST) {
        violations.extend(unasked(source, &mine));
    }
    violations
}

fn is_looked_at(path: &str) -> bool {
    path.starts_with(HOME) && path != LIST && !path.contains("tests") && !path.contains("models")
}

/// Public functions that can run out of memory without having been asked.
fn silent(functions: &[Function<'_>]) -> Vec<Violation> {
    let mut asking: BTreeSet<&str> =
        functions.iter().filter(|function| function.asks()).map(|function| function.name).collect();
    let reaches = |function: &Function<'_>, asking: &BTreeSet<&str>| {
        function.asks() || asking.iter().any(|name| function.calls(name))
    };
    loop {
        let new: Vec<&str> = functions
            .iter()
            .filter(|function| {
                function.can_run_out && !asking.contains(function.name) && reaches(function, &asking)
            })
            .map(|function| function.name)
            .collect();
        if new.is_empty() {
            break;
        }
        asking.extend(new);
    }
    let is_listed = |function: &Function<'_>| {
        let path = function.path.trim_start_matches(HOME);
        OTHERS.iter().any(|(file, name, _)| *file == path && *name == function.name)
    };
    let wrong = functions.iter().filter(|function| {
        function.is_public && function.can_run_out && !is_listed(function) && !reaches(function, &asking)
    });
    let violation = |function: &Function<'_>| Violation {
        place: function.path.to_owned(),
        line: Some(function.line),
        what: format!("`{}` can run out of memory and passes no site of xtmm::inject", function.name),
    };
    wrong.map(violation).collect()
}

/// Sites of the list that nobody asks.
fn unasked(list: &Source, sources: &[&Source]) -> Vec<Violation> {
    let entries = list.code.split_once("sites! {").and_then(|(_, rest)| rest.split_once('}'));
    let names =
        entries.map_or("", |(entries, _)| entries).split(';').filter_map(|entry| entry.split(',').next());
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let is_asked = |name: &str| sources.iter().any(|source| mentions(&source.code, name));
    let violation = |name: &str| Violation {
        place: list.path.clone(),
        line: None,
        what: format!("nobody asks the site {name}"),
    };
    names.filter(|name| !is_asked(name)).map(violation).collect()
}

fn mentions(code: &str, site: &str) -> bool {
    let path = format!("Site::{site}");
    code.match_indices(&path).any(|(at, _)| {
        let after = code.get(at + path.len()..).unwrap_or_default();
        !after.starts_with(|next: char| next.is_alphanumeric() || next == '_')
    })
}

/// Takes the functions with bodies out of a source.
fn functions(source: &Source) -> Vec<Function<'_>> {
    let code = source.code.as_str();
    let starts = code.match_indices("fn ").filter(|(at, _)| {
        !code.get(..*at).unwrap_or_default().ends_with(|last: char| last.is_alphanumeric() || last == '_')
    });
    starts.filter_map(|(at, _)| function(source, at)).collect()
}

fn function(source: &Source, at: usize) -> Option<Function<'_>> {
    let code = source.code.as_str();
    let rest = code.get(at + 3..)?;
    let name = rest
        .split(|one: char| !one.is_alphanumeric() && one != '_')
        .next()
        .filter(|name| !name.is_empty())?;
    let open = rest.find('{')?;
    if rest.find(';').is_some_and(|end| end < open) {
        return None;
    }
    let signature = rest.get(..open)?;
    let returned = signature.rsplit_once("->").map_or("", |(_, returned)| returned);
    let before = code.get(..at)?;
    let words = before.rsplit(['}', '{', ';', ')']).next().unwrap_or_default();
    Some(Function {
        path: &source.path,
        line: before.lines().count().max(1),
        name,
        is_public: words.split_whitespace().any(|word| word == "pub"),
        can_run_out: ERRORS.iter().any(|error| returned.contains(error)),
        body: block(rest.get(open..)?),
    })
}

/// Returns the block that `text` begins with, as far as it goes.
fn block(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, one) in text.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth <= 1 => return text.get(..at).unwrap_or(text),
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}
