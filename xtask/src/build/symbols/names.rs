//! Names for people who read a stop: paths without hashes, without the arguments of generics, without what the compiler
//! had to add.

/// What the architecture's compilers put in front of the names of C functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoration {
    /// Nothing.
    None,
    /// An underscore.
    Underscore,
}

/// The kernel's own crate, whose name need not be said.
const KERNEL: &str = "xtoskrnl::";

/// How the names of our crates begin.
const OURS: &str = "xt";

/// Crates whose functions mean something only together with what they were called for.
const FOREIGN: [&str; 2] = ["core::", "alloc::"];

/// Returns the short form of a name: the path, in which a closure is `closure#1`. A function of the core library is followed by
/// the first of our own names that stands among its arguments, because `core::ops::function::FnOnce::call_once` alone tells
/// nothing.
pub(super) fn shorten(name: &str, decoration: Decoration) -> String {
    let name = undecorated(name, decoration);
    let name = match rustc_demangle::try_demangle(&name) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => name,
    };
    let short = path(&name);
    match hint(&name) {
        Some(hint) if is_foreign(&short) => format!("{short}<{hint}>"),
        _ => short,
    }
}

/// Tells whether a name is one of the core library's.
pub(super) fn is_foreign(name: &str) -> bool {
    FOREIGN.iter().any(|prefix| name.starts_with(prefix))
}

/// A symbol that may be replaced is called `.weak.NAME.default.WHERE`.
fn undecorated(name: &str, decoration: Decoration) -> String {
    let name = match name.strip_prefix(".weak.").and_then(|rest| rest.split_once(".default.")) {
        Some((weak, _)) => weak,
        None => name,
    };
    match decoration {
        Decoration::Underscore => name.strip_prefix('_').unwrap_or(name).to_owned(),
        Decoration::None => name.to_owned(),
    }
}

/// The path alone: what stands outside of angle brackets, without the numbers of implementations.
fn path(name: &str) -> String {
    let mut outside = String::new();
    let mut nesting = 0_usize;
    for character in name.chars() {
        match character {
            '<' => nesting += 1,
            '>' => nesting = nesting.saturating_sub(1),
            _ if nesting == 0 => outside.push(character),
            _ => {}
        }
    }
    let telling = outside.split("::").filter(|segment| !segment.is_empty() && !segment.starts_with("impl$"));
    let joined = telling.collect::<Vec<_>>().join("::").replace("closure$", "closure#");
    joined.strip_prefix(KERNEL).unwrap_or(&joined).to_owned()
}

/// The first name of ours among the arguments: a closure if there is one, because that is the code which the function runs.
fn hint(name: &str) -> Option<String> {
    let (_, arguments) = name.split_once('<')?;
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':' | '$');
    let paths = || {
        let candidates = arguments.split(|character| !is_name(character));
        candidates.filter(|candidate| candidate.starts_with(OURS) && candidate.contains("::"))
    };
    let found = paths().find(|candidate| candidate.contains("closure")).or_else(|| paths().next())?;
    Some(path(&found.replace("::closure_env$", "::closure$")))
}
