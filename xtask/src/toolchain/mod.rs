//! The compilers that build the loader and the kernel, found or made ready.
//!
//! Stable Rust builds both for its own UEFI targets; what a machine may lack is `core` and `alloc` for them.
//! Two ways lead there:
//!
//! * [`rustup`]: the user's own toolchain, with the targets added by `rustup target add`. Tried quietly, because a
//!   network or mirror may not carry them; each target succeeds or fails for itself.
//! * [`debian`]: Debian's packaged compiler with a [`sysroot`] built once from Debian's own copy of the library's source.
//!
//! Both get the same [`flags`]. Invariant: a [`Toolchain`] value can build for the architecture it was asked for;
//! everything that can be missing is found out while making it.

pub(crate) mod debian;
pub(crate) mod flags;
pub(crate) mod rustup;
mod sysroot;
pub(crate) mod version;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use xtcore::choice::Architecture;

use crate::setup::Setup;
use crate::target;
use crate::workspace::Workspace;

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Choice {
    /// rustup where it has the target, else Debian's.
    #[default]
    Auto,
    /// The user's toolchain, with rustup's prebuilt targets.
    Rustup,
    /// Debian's packaged toolchain.
    Debian,
}

/// How a toolchain came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// See [`rustup`].
    Rustup,
    /// See [`debian`].
    Debian,
}

impl Way {
    /// The name shown to users and used in paths.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        }
    }
}

/// A compiler that can build for one architecture.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    /// Where it comes from.
    pub(crate) way: Way,
    /// Its cargo, by full path.
    pub(crate) cargo: PathBuf,
    /// Its compiler, by full path; cargo would otherwise take another one from the search path.
    pub(crate) rustc: PathBuf,
    /// The release, e.g. `1.96.0`.
    pub(crate) release: String,
    /// Where the compiler finds `core`, if not where it was installed.
    pub(crate) sysroot: Option<PathBuf>,
    /// The linker, if not the compiler's own.
    pub(crate) linker: Option<PathBuf>,
}

/// Finds or makes a toolchain for each of `architectures`, in their order.
///
/// May install packages or build the standard library, so it may take minutes the first time.
///
/// # Errors
/// Neither way leads to a target; the error names both obstacles.
pub(crate) fn resolve(
    workspace: &Workspace,
    setup: &Setup,
    choice: Choice,
    architectures: &[Architecture],
) -> Result<Vec<Toolchain>> {
    match choice {
        Choice::Debian => debian::provide(workspace, setup, architectures),
        Choice::Rustup => architectures.iter().map(|&one| rustup::provide(workspace, one)).collect(),
        Choice::Auto => architectures.iter().map(|&one| either(workspace, setup, one)).collect(),
    }
}

fn either(workspace: &Workspace, setup: &Setup, architecture: Architecture) -> Result<Toolchain> {
    let refusal = match rustup::provide(workspace, architecture) {
        Ok(toolchain) => return Ok(toolchain),
        Err(refusal) => refusal,
    };
    match debian::provide(workspace, setup, &[architecture]).map(|mut made| made.pop()) {
        Ok(Some(toolchain)) => Ok(toolchain),
        Ok(None) => bail!("no toolchain was made for {}", target::triple(architecture)),
        Err(obstacle) => bail!(
            "there is no way to build for {}.\nrustup: {refusal:#}\nDebian's toolchain: {obstacle:#}",
            target::triple(architecture)
        ),
    }
}
