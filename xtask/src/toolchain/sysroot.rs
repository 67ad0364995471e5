//! `core`, `alloc` and `compiler_builtins` for a UEFI target, built once from the sources that a distribution packages.
//!
//! Only this step needs the compiler's permission to use unstable options. Everything of ours is built afterwards
//! as ordinary stable code against the result, in seconds instead of a minute, and stable's feature gates hold.
//!
//! The result is cached per compiler, recipe and target below the build folder and appears there by one rename, so
//! an interrupted build leaves nothing that looks finished.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtcore::choice::Architecture;

use super::flags;
use super::version::Version;
use crate::target;
use crate::workspace::Workspace;
use crate::{process, progress};

/// Counts changes to how the libraries are built, so that a cache of the old kind is not used.
const RECIPE: u32 = 1;

const MANIFEST: &str = "[package]\nname = \"sysroot\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                        [profile.release]\ncodegen-units = 1\n\n[workspace]\n";

const LIBRARIES: [&str; 3] = ["libcore-", "liballoc-", "libcompiler_builtins-"];

/// The compiler whose libraries are built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compiler<'a> {
    /// Its cargo.
    pub(crate) cargo: &'a Path,
    /// Itself.
    pub(crate) rustc: &'a Path,
    /// What it says about itself.
    pub(crate) version: &'a Version,
}

/// Returns a folder for `--sysroot` per architecture, building the ones that are missing in one go.
///
/// # Errors
/// The build fails, or the cache cannot be written.
pub(crate) fn provide(
    workspace: &Workspace,
    compiler: Compiler<'_>,
    architectures: &[Architecture],
) -> Result<Vec<PathBuf>> {
    let cache = cache(workspace, compiler.version);
    let missing: Vec<Architecture> =
        architectures.iter().copied().filter(|&one| !place(&cache, one).is_dir()).collect();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|one| one.name()).collect();
        let what = format!(
            "building the core library of Rust {} for {} (once)",
            compiler.version.release,
            names.join(" and ")
        );
        progress::step(&what, || build(&cache, compiler, &missing))?;
    }
    Ok(architectures.iter().map(|&one| place(&cache, one)).collect())
}

/// Tells whether the libraries for `architecture` are built already.
pub(crate) fn is_built(workspace: &Workspace, version: &Version, architecture: Architecture) -> bool {
    place(&cache(workspace, version), architecture).is_dir()
}

fn cache(workspace: &Workspace, version: &Version) -> PathBuf {
    let commit: String = version.commit.chars().take(9).collect();
    workspace.cache().join("sysroot").join(format!("{}-{commit}-{RECIPE}", version.release))
}

fn place(cache: &Path, architecture: Architecture) -> PathBuf {
    cache.join(target::triple(architecture))
}

fn build(cache: &Path, compiler: Compiler<'_>, architectures: &[Architecture]) -> Result<()> {
    let package = cache.join("build");
    std::fs::create_dir_all(package.join("src"))
        .with_context(|| format!("cannot create {}", package.display()))?;
    std::fs::write(package.join("Cargo.toml"), MANIFEST)?;
    std::fs::write(package.join("src/lib.rs"), "#![no_std]\n")?;

    let mut command = process::clean(compiler.cargo);
    command.current_dir(&package).args(["build", "--release", "-Zbuild-std=core,alloc,compiler_builtins"]);
    command.arg("-Zbuild-std-features=compiler-builtins-mem");
    for &one in architectures {
        command.args(["--target", target::triple(one)]);
    }
    command.env("RUSTC", compiler.rustc).env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_TARGET_DIR", package.join("target"));
    command.env("CARGO_ENCODED_RUSTFLAGS", flags::library(compiler.rustc, &package)?);
    process::succeed(&mut command)?;

    for &one in architectures {
        install(cache, &package, compiler, one)?;
    }
    // Hundreds of megabytes of intermediate results that nothing reads again.
    std::fs::remove_dir_all(&package)?;
    Ok(())
}

/// Puts the libraries where the compiler looks, beside its own folder for the host.
fn install(cache: &Path, package: &Path, compiler: Compiler<'_>, architecture: Architecture) -> Result<()> {
    let triple = target::triple(architecture);
    let readable = std::fs::Permissions::from_mode(0o755);
    let unfinished =
        tempfile::Builder::new().prefix("unfinished-").permissions(readable).tempdir_in(cache)?;
    let libraries = unfinished.path().join("lib/rustlib").join(triple).join("lib");
    std::fs::create_dir_all(&libraries)?;
    let built = package.join("target").join(triple).join("release/deps");
    let mut found = 0;
    for entry in built.read_dir().with_context(|| format!("cannot read {}", built.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_library = path.extension() == Some(OsStr::new("rlib"));
        if is_library && LIBRARIES.iter().any(|library| name.starts_with(library)) {
            std::fs::copy(&path, libraries.join(&name))?;
            found += 1;
        }
    }
    if found != LIBRARIES.len() {
        bail!("{} holds {found} of the {} libraries expected", built.display(), LIBRARIES.len());
    }
    let prefix = compiler.rustc.parent().and_then(Path::parent).unwrap_or(Path::new("/usr"));
    let host = Path::new("lib/rustlib").join(&compiler.version.host);
    std::os::unix::fs::symlink(prefix.join(&host), unfinished.path().join(&host))?;
    let place = place(cache, architecture);
    std::fs::rename(unfinished.keep(), &place).with_context(|| format!("cannot create {}", place.display()))
}
