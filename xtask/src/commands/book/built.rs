//! The links of the finished book, as a browser would follow them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Returns the links of the HTML files below `folder` that lead to no file, each with the page that it stands in.
///
/// # Errors
/// A file cannot be read.
pub(super) fn dead_links(folder: &Path) -> Result<Vec<String>> {
    let mut dead = Vec::new();
    visit(folder, &mut |page| {
        let text =
            std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
        let from = page.parent().unwrap_or(folder);
        for target in targets(&text) {
            if !from.join(target).is_file() {
                dead.push(format!("{}: the link {target} leads nowhere", page.display()));
            }
        }
        Ok(())
    })?;
    Ok(dead)
}

/// The files of the book that a page refers to, without anchors.
pub(super) fn targets(html: &str) -> Vec<&str> {
    let attributes = ["href=\"", "src=\""];
    let values = attributes.iter().flat_map(|attribute| html.split(attribute).skip(1));
    let paths = values.filter_map(|rest| rest.split(['"', '#', '?']).next());
    paths.filter(|path| !path.is_empty() && !path.contains(':') && !path.starts_with('/')).collect()
}

fn visit(folder: &Path, act: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            visit(&path, act)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            act(&path)?;
        }
    }
    Ok(())
}
