//! The compiler flags that both toolchains get.
//!
//! Guarantee: an image built from the same sources by the same compiler has the same bytes wherever the checkout,
//! the package cache and the standard library's sources lie, because every such path is replaced by a fixed name.
//!
//! Linker arguments are not here: they belong to the binaries' build scripts.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Separates the flags in `CARGO_ENCODED_RUSTFLAGS`, so that paths may contain blanks.
pub(crate) const SEPARATOR: &str = "\x1f";

/// A path that must not appear in an image, and the name that stands for it there.
type Renamed = (PathBuf, String);

/// The flags for code of ours, encoded for `CARGO_ENCODED_RUSTFLAGS`.
///
/// Packages must have been fetched before: each folder below the package cache is renamed by its own name,
/// which depends on where the packages came from.
///
/// # Errors
/// A path is not valid Unicode, which the compiler's own options do not allow either.
pub(crate) fn ours(workspace: &Workspace, rustc: &Path, sysroot: Option<&Path>) -> Result<OsString> {
    let mut flags = vec!["-Cforce-frame-pointers=yes".to_owned()];
    let mut renamed = library_sources(rustc);
    renamed.extend(package_sources());
    renamed.push((workspace.target().to_owned(), "/xtos/target".to_owned()));
    renamed.push((workspace.root().to_owned(), "/xtos".to_owned()));
    flags.extend(remappings(renamed)?);
    if let Some(folder) = sysroot {
        flags.push(format!("--sysroot={}", text(folder)?));
    }
    Ok(flags.join(SEPARATOR).into())
}

/// The flags for the standard library that we build ourselves, encoded for `CARGO_ENCODED_RUSTFLAGS`.
///
/// It keeps its bitcode, or link-time optimisation of the whole image would be impossible.
///
/// # Errors
/// A path is not valid Unicode.
pub(crate) fn library(rustc: &Path, folder: &Path) -> Result<OsString> {
    let mut flags = vec!["-Cforce-frame-pointers=yes".to_owned(), "-Cembed-bitcode=yes".to_owned()];
    let mut renamed = library_sources(rustc);
    renamed.extend(package_sources());
    renamed.push((folder.to_owned(), "/xtos/sysroot".to_owned()));
    flags.extend(remappings(renamed)?);
    Ok(flags.join(SEPARATOR).into())
}

/// Every real path that the flags rename: what an image must not contain.
pub(crate) fn forbidden_in_images(workspace: &Workspace) -> Vec<PathBuf> {
    let mut paths = vec![workspace.root().to_owned(), workspace.target().to_owned()];
    paths.extend(package_cache());
    paths
}

/// Where the compiler's installation keeps the library's sources, as given and with links resolved.
fn library_sources(rustc: &Path) -> Vec<Renamed> {
    let Some(prefix) = rustc.parent().and_then(Path::parent) else { return Vec::new() };
    let given = prefix.join("lib/rustlib/src/rust");
    let mut paths = vec![given.clone()];
    if let Ok(real) = given.canonicalize()
        && real != given
    {
        paths.push(real);
    }
    paths.into_iter().map(|path| (path, "/rust".to_owned())).collect()
}

fn package_cache() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    Some(home.join("registry/src"))
}

/// The unpacked packages; the folder's own name tells which registry or mirror they came from.
fn package_sources() -> Vec<Renamed> {
    let Some(cache) = package_cache() else { return Vec::new() };
    let Ok(entries) = cache.read_dir() else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders.into_iter().map(|folder| (folder, "/packages".to_owned())).collect()
}

/// The compiler takes the last prefix that matches, so the innermost folders come last.
fn remappings(mut renamed: Vec<Renamed>) -> Result<Vec<String>> {
    renamed.sort_by_key(|(path, _)| path.components().count());
    renamed.iter().map(|(path, name)| Ok(format!("--remap-path-prefix={}={name}", text(path)?))).collect()
}

fn text(path: &Path) -> Result<&str> {
    let Some(text) = path.to_str() else {
        bail!("the path {} is not valid Unicode", OsStr::new(path).to_string_lossy());
    };
    Ok(text)
}
