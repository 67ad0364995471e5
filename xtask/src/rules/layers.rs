//! The order of the kernel's folders: `ar`, `hl` below `ke` below `mm` below `ex`; `kd`, the debugger, may be called
//! from everywhere and may look at everything.
//!
//! Files directly in the kernel's source folder compose the layers and may use them all.

use super::{Source, Violation};

const KERNEL: &str = "kernel/xtoskrnl/src/";

/// The layers, lowest first; a folder may use its own layer and those below.
const LAYERS: [(&str, u8); 7] = [("ar", 0), ("hl", 0), ("ke", 1), ("mm", 2), ("ex", 3), ("ob", 4), ("ps", 4)];

fn layer(folder: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == folder).map(|&(_, layer)| layer)
}

/// Checks what a kernel source uses; other sources are none of its business.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let Some((folder, own)) = own_layer(&source.path) else { return Vec::new() };
    let depth = depth(&source.path);
    let mut violations = Vec::new();
    for (index, used) in top_level_names(&source.code, depth) {
        if layer(&used).is_some_and(|other| other > own) {
            let line = source.code.get(..index).map(|before| before.matches('\n').count() + 1);
            let what = format!("{folder}/ must not use {used}/, which lies above it");
            violations.push(Violation { place: source.path.clone(), line, what });
        }
    }
    violations
}

fn own_layer(path: &str) -> Option<(&str, u8)> {
    let (folder, _) = path.strip_prefix(KERNEL)?.split_once('/')?;
    Some((folder, layer(folder)?))
}

/// How many modules lie between the file and the crate's root.
fn depth(path: &str) -> usize {
    let inside = path.strip_prefix(KERNEL).unwrap_or(path);
    let names = inside.split('/').count();
    if inside.ends_with("/mod.rs") { names - 1 } else { names }
}

/// Every name of a module directly below the crate's root that `code` mentions, and where.
fn top_level_names(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let after = start + "crate::".len();
        names.extend(names_behind(code, after));
    }
    let climb = "super::".repeat(depth);
    for (start, _) in code.match_indices(&climb) {
        names.extend(names_behind(code, start + climb.len()));
    }
    names
}

/// The name at `start`, or each first name of the group in braces there.
fn names_behind(code: &str, start: usize) -> Vec<(usize, String)> {
    let text = code.get(start..).unwrap_or_default();
    if !text.starts_with('{') {
        return vec![(start, leading_name(text))];
    }
    let mut names = Vec::new();
    let mut nesting = 0_usize;
    for (at, one) in text.char_indices() {
        match one {
            '{' => nesting += 1,
            '}' => nesting -= 1,
            _ => {}
        }
        if nesting == 0 {
            break;
        }
        if nesting == 1 && matches!(one, '{' | ',') {
            let rest = text.get(at + 1..).unwrap_or_default();
            let skipped = rest.len() - rest.trim_start().len();
            names.push((start + at + 1 + skipped, leading_name(rest.trim_start())));
        }
    }
    names
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect()
}
