//! Debian's packaged toolchain, with libraries for the UEFI targets built from Debian's own sources.
//!
//! Its programs are called by their full paths: on a machine that also has rustup, the names alone mean rustup's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtcore::choice::Architecture;

use super::sysroot::{self, Compiler};
use super::version::{MINIMUM, Version, older};
use super::{Toolchain, Way};
use crate::setup::{self, Need, Setup};
use crate::workspace::Workspace;

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";

/// Debian's compiler as it is installed.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    /// What the compiler says about itself.
    pub(crate) version: Version,
    /// The linker for PE images.
    pub(crate) linker: PathBuf,
}

/// Makes Debian's toolchain able to build for each of `architectures`, installing it where that is allowed.
///
/// # Errors
/// It is not installed and cannot be, it is too old, or its library does not build.
pub(crate) fn provide(
    workspace: &Workspace,
    setup: &Setup,
    architectures: &[Architecture],
) -> Result<Vec<Toolchain>> {
    setup.ensure(&[Need::DebianToolchain])?;
    let installed = find()?;
    let compiler = Compiler { cargo: Path::new(CARGO), rustc: Path::new(RUSTC), version: &installed.version };
    let sysroots = sysroot::provide(workspace, compiler, architectures)?;
    let toolchain = |sysroot| Toolchain {
        way: Way::Debian,
        cargo: CARGO.into(),
        rustc: RUSTC.into(),
        release: installed.version.release.clone(),
        sysroot: Some(sysroot),
        linker: Some(installed.linker.clone()),
    };
    Ok(sysroots.into_iter().map(toolchain).collect())
}

/// Finds Debian's toolchain and checks that every part of it is there.
///
/// # Errors
/// A part is missing, is not Debian's, or is older than the workspace's `rust-version`.
pub(crate) fn find() -> Result<Installed> {
    for program in [CARGO, RUSTC] {
        if !Path::new(program).is_file() {
            bail!("{program} is missing");
        }
        // A link to rustup's proxy would answer with another compiler than the one whose sources are packaged.
        let real = Path::new(program).canonicalize()?;
        if !real.starts_with("/usr") {
            bail!("{program} is not Debian's, it leads to {}", real.display());
        }
    }
    let version = Version::of(Path::new(RUSTC))?;
    if older(&version.release, MINIMUM) {
        bail!("{RUSTC} is Rust {}, but XTOS needs {MINIMUM}", version.release);
    }
    let sources = Path::new("/usr/lib/rustlib/src/rust/library/core/Cargo.toml");
    if !sources.is_file() {
        bail!("{} is missing: the library's sources are not installed", sources.display());
    }
    let linker = linker(&version).context("there is no linker for PE images (rust-lld or lld-link)")?;
    Ok(Installed { version, linker })
}

/// Tells whether the libraries for `architecture` are built already.
pub(crate) fn is_built(workspace: &Workspace, installed: &Installed, architecture: Architecture) -> bool {
    sysroot::is_built(workspace, &installed.version, architecture)
}

/// `rust-lld` is a link that dangles when the linker's own package is missing, so candidates are resolved.
fn linker(version: &Version) -> Option<PathBuf> {
    let beside = format!("/usr/lib/rustlib/{}/bin/rust-lld", version.host);
    let named = format!("/usr/bin/lld-link-{}", version.llvm);
    let candidates = ["/usr/bin/rust-lld", &beside, &named, "/usr/bin/lld-link"];
    candidates.iter().map(PathBuf::from).find(|candidate| candidate.is_file())
}

/// Tells whether this is Debian, where the toolchain is there or can be installed.
pub(crate) fn is_at_home() -> bool {
    setup::on_debian() || find().is_ok()
}
