//! Every link leads to a page, an anchor or a file that is there, and every path that is named is one. Links to other sites
//! are not followed.

use super::{Fault, Page, Pages};

/// Checks the links and the included files of a page; `is_file` answers for a path in the checkout.
pub(super) fn check(page: &Page, pages: &Pages, is_file: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for link in page.links() {
        if is_elsewhere(&link.target) {
            continue;
        }
        let (file, anchor) = split(&link.target);
        let fault = |what: &str| Fault::new(page, link.line, format!("the link `{}` {what}", link.target));
        let target = if file.is_empty() { Some(page.path().to_owned()) } else { resolve(page.path(), file) };
        let Some(target) = target else {
            faults.push(fault("leads out of the repository"));
            continue;
        };
        match (pages.get(&target), anchor) {
            (Some(other), Some(anchor)) if !other.has_anchor(anchor) => {
                faults.push(fault("names a heading that is not there"));
            }
            (None, _) if !is_file(&target) => faults.push(fault("leads to no file")),
            _ => {}
        }
    }
    for include in page.includes() {
        let fault = |what: &str| Fault::new(page, include.line, format!("`{}` {what}", include.target));
        match resolve(page.path(), &include.target) {
            Some(target) if is_file(&target) => {
                // Its links would begin at another folder.
                let included = pages.get(&target);
                let relative = |page: &Page| page.links().iter().any(|link| !is_elsewhere(&link.target));
                if included.is_some_and(relative) {
                    faults.push(fault("is included and has relative links"));
                }
            }
            _ => faults.push(fault("is included and not there")),
        }
    }
    faults
}

/// Checks the paths that a page speaks of; `exists` answers for a path in the checkout.
pub(super) fn check_paths(page: &Page, exists: &dyn Fn(&str) -> bool) -> Vec<Fault> {
    let lost = page.paths().iter().filter(|path| !exists(&path.target));
    lost.map(|path| Fault::new(page, path.line, format!("there is no `{}`", path.target))).collect()
}

/// Tells whether a link leads to another site.
fn is_elsewhere(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|one| one.is_ascii_alphanumeric()))
}

/// The file and the anchor of a link.
fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)))
}

/// Returns where the link `target` of the page at `from` leads to, relative to the checkout and without its anchor; `None`
/// when that is elsewhere.
pub(crate) fn resolve(from: &str, target: &str) -> Option<String> {
    if is_elsewhere(target) || target.starts_with('/') {
        return None;
    }
    let (file, _) = split(target);
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
