//! The user's own toolchain, with the prebuilt UEFI targets that rustup offers.
//!
//! A target that is already there is used without asking anybody. Otherwise `rustup target add` is tried, once a
//! day at most: a refusal is written down per compiler and target, so that every later command does not wait for
//! the network again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use xtcore::choice::Architecture;

use super::version::Version;
use super::{Toolchain, Way};
use crate::target;
use crate::workspace::Workspace;
use crate::{process, progress};

/// How long a refusal is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an answer from the network may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// The user's cargo and compiler, whether or not rustup manages them.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// rustup itself, where it is installed.
    pub(crate) rustup: Option<PathBuf>,
    /// Its cargo.
    pub(crate) cargo: PathBuf,
    /// Its compiler.
    pub(crate) rustc: PathBuf,
    /// What the compiler says about itself.
    pub(crate) version: Version,
}

/// Finds the toolchain that rustup selects, or, without rustup, the one that runs this program.
///
/// # Errors
/// There is none, or it does not run.
pub(crate) fn find() -> Result<Found> {
    if let Some(rustup) = process::find_program("rustup") {
        let which = |tool: &str| -> Result<PathBuf> {
            Ok(process::succeed(process::clean(&rustup).args(["which", tool]))?.into())
        };
        let (cargo, rustc) = (which("cargo")?, which("rustc")?);
        let version = Version::of(&rustc)?;
        return Ok(Found { rustup: Some(rustup), cargo, rustc, version });
    }
    let cargo = match std::env::var_os("CARGO") {
        Some(path) => PathBuf::from(path),
        None => process::find_program("cargo").context("there is no cargo on the search path")?,
    };
    let beside = cargo.with_file_name("rustc");
    let rustc = if beside.is_file() {
        beside
    } else {
        process::find_program("rustc").context("there is no rustc on the search path")?
    };
    let version = Version::of(&rustc)?;
    Ok(Found { rustup: None, cargo, rustc, version })
}

/// Makes the user's toolchain able to build for `architecture`.
///
/// # Errors
/// There is no such toolchain, or its target cannot be had; the error says why.
pub(crate) fn provide(workspace: &Workspace, architecture: Architecture) -> Result<Toolchain> {
    let found = find()?;
    if !has_target(&found, architecture)? {
        add(workspace, &found, architecture)?;
    }
    Ok(Toolchain {
        way: Way::Rustup,
        cargo: found.cargo,
        rustc: found.rustc,
        release: found.version.release,
        sysroot: None,
        linker: None,
    })
}

/// Tells whether the prebuilt `core` for `architecture` is installed.
///
/// # Errors
/// The compiler does not run.
pub(crate) fn has_target(found: &Found, architecture: Architecture) -> Result<bool> {
    let asked = ["--print", "target-libdir", "--target", target::triple(architecture)];
    let folder = PathBuf::from(process::succeed(process::clean(&found.rustc).args(asked))?);
    Ok(holds_core(&folder))
}

fn holds_core(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn add(workspace: &Workspace, found: &Found, architecture: Architecture) -> Result<()> {
    let triple = target::triple(architecture);
    let Some(rustup) = &found.rustup else {
        bail!("this toolchain has no {triple}, and there is no rustup to add it");
    };
    let note = refusal_note(workspace, found, architecture);
    if let Some(refusal) = remembered(&note) {
        bail!("refused earlier ({}): {refusal}", note.display());
    }
    let asked = progress::step(&format!("rustup target add {triple}"), || {
        // An unreachable mirror is an answer here, not a failure of the step.
        Ok(process::succeed_within(process::clean(rustup).args(["target", "add", triple]), PATIENCE))
    })?;
    if let Err(refusal) = asked {
        let reason = first_error(&format!("{refusal:#}"));
        if let Some(folder) = note.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&note, &reason)?;
        progress::say(&format!("rustup cannot add {triple}: {reason}"));
        bail!("{reason}");
    }
    Ok(())
}

/// The note about an earlier refusal, if it is fresh.
pub(crate) fn remembered_refusal(
    workspace: &Workspace,
    found: &Found,
    architecture: Architecture,
) -> Option<String> {
    remembered(&refusal_note(workspace, found, architecture))
}

fn refusal_note(workspace: &Workspace, found: &Found, architecture: Architecture) -> PathBuf {
    let name = format!("rustup-{}-{}", found.version.release, target::triple(architecture));
    workspace.cache().join("refused").join(name)
}

fn remembered(note: &Path) -> Option<String> {
    let written = note.metadata().ok()?.modified().ok()?;
    let fresh = written.elapsed().is_ok_and(|age| age < REMEMBERED);
    if fresh { std::fs::read_to_string(note).ok() } else { None }
}

/// The one line of rustup's chatter that tells the reason.
fn first_error(said: &str) -> String {
    let line = said.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
    line.unwrap_or_else(|| said.lines().next().unwrap_or("no reason given")).to_owned()
}
