//! What the images' bytes must and must not tell: the same sources give the same bytes wherever they lie.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xtcore::choice::Architecture;

use super::Depth;
use super::tally::{Finding, Tally};
use crate::build::{self, Extent, Profile, hash};
use crate::commands::Context;
use crate::toolchain::{self, flags};
use crate::workspace::Workspace;
use crate::{process, target};

/// Bytes that no image may have.
const LIMIT: u64 = 1 << 20;

/// Runs the steps that the tally wants.
pub(super) fn run(context: &Context, depth: Depth, tally: &Tally) {
    for architecture in target::BOTH {
        let name = format!("host/image-holds-no-path-{}", architecture.name());
        tally.step(&name, || holds_no_path(context, architecture));
        let name = format!("host/image-is-small-{}", architecture.name());
        tally.step(&name, || is_small(context, architecture));
    }
    // The first is the one that rustup has more often, without building the core library a second time.
    let elsewhere = match depth {
        Depth::Usual => &target::BOTH[..1],
        Depth::Full => &target::BOTH[..],
    };
    for &architecture in elsewhere {
        let name = format!("host/image-same-elsewhere-{}", architecture.name());
        tally.step(&name, || same_elsewhere(context, architecture));
    }
}

fn built(context: &Context, architecture: Architecture) -> Result<build::Images> {
    let workspace = &context.workspace;
    let toolchains = toolchain::resolve(workspace, &context.setup, context.toolchain, &[architecture])?;
    let toolchain = toolchains.first().context("no toolchain was found")?;
    build::images(workspace, toolchain, architecture, Profile::Release, Extent::System)
}

/// Loader and kernel each stay below [`LIMIT`].
pub(super) fn is_small(context: &Context, architecture: Architecture) -> Result<Finding> {
    let images = built(context, architecture)?;
    let mut sizes = Vec::new();
    for image in [&images.loader, &images.kernel] {
        let about = image.metadata().with_context(|| format!("cannot read {}", image.display()))?;
        if about.len() >= LIMIT {
            let bytes = about.len();
            return Ok(Finding::Fail(format!(
                "{} has {bytes} bytes, it must stay below {LIMIT}",
                image.display()
            )));
        }
        sizes.push(format!("{} KiB", about.len().div_ceil(1 << 10)));
    }
    Ok(Finding::Pass(sizes.join(" and ")))
}

/// No image may hold a path of this machine.
fn holds_no_path(context: &Context, architecture: Architecture) -> Result<Finding> {
    let workspace = &context.workspace;
    let images = built(context, architecture)?;
    let mut found = Vec::new();
    for image in [&images.loader, &images.kernel].into_iter().chain(&images.modules) {
        let bytes = std::fs::read(image).with_context(|| format!("cannot read {}", image.display()))?;
        for path in flags::forbidden_in_images(workspace) {
            if let Some(place) = hash::find(&bytes, &path.to_string_lossy()) {
                found.push(format!("{} holds {} at {place:#x}", image.display(), path.display()));
            }
        }
    }
    if !found.is_empty() {
        return Ok(Finding::Fail(found.join("\n")));
    }
    Ok(Finding::Pass(format!("sha256 {}", hash::sha256(&images.kernel)?)))
}

/// A copy of the checkout, built in another place from nothing, must give the same kernel.
fn same_elsewhere(context: &Context, architecture: Architecture) -> Result<Finding> {
    let workspace = &context.workspace;
    let toolchains = toolchain::resolve(workspace, &context.setup, context.toolchain, &[architecture])?;
    let toolchain = toolchains.first().context("no toolchain was found")?;
    let here = hash::sha256(&build::kernel(workspace, toolchain, architecture)?)?;

    let elsewhere = tempfile::tempdir()?;
    let root = elsewhere.path().join("another place");
    copy(workspace, &root)?;
    let other = Workspace::at(&root, &root.join("target"))?;
    let toolchains = toolchain::resolve(&other, &context.setup, context.toolchain, &[architecture])?;
    let toolchain = toolchains.first().context("no toolchain was found")?;
    let there = hash::sha256(&build::kernel(&other, toolchain, architecture)?)?;
    if here != there {
        return Ok(Finding::Fail(format!("{here} here\n{there} in {}", root.display())));
    }
    Ok(Finding::Pass(format!("sha256 {here}")))
}

/// Copies what a clone would hold: everything but the history and what was built.
fn copy(workspace: &Workspace, root: &Path) -> Result<()> {
    std::fs::create_dir_all(root)?;
    let entries = workspace.root().read_dir()?.map(|entry| Ok(entry?.path()));
    let entries: Vec<PathBuf> = entries.collect::<Result<_>>()?;
    let left_out =
        |path: &Path| path == workspace.target() || path.ends_with("target") || path.ends_with(".git");
    let wanted = entries.iter().filter(|path| !left_out(path));
    process::succeed(process::clean("cp").arg("-R").args(wanted).arg(root))?;
    Ok(())
}
