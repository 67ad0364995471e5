//! Where things are: the checkout's root, and the folder that everything built or cached goes into.
//!
//! Invariant: every path that the other modules write to lies below [`Workspace::cache`], except files that the
//! user named. Deleting the target folder therefore undoes everything but installed packages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The checkout and its build folder, both absolute.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this program was started in.
    ///
    /// Cargo tells it at run time; the path known at compile time is the fallback for a direct start.
    ///
    /// # Errors
    /// No workspace manifest there, e.g. because the checkout has been moved since the build.
    pub(crate) fn find() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let Some(root) = package.parent() else { bail!("{} has no parent folder", package.display()) };
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => std::path::absolute(folder).context("cannot resolve CARGO_TARGET_DIR")?,
            None => root.join("target"),
        };
        Self::at(root, &target)
    }

    /// The checkout at `root`, built into `target`.
    ///
    /// # Errors
    /// No workspace manifest there.
    pub(crate) fn at(root: &Path, target: &Path) -> Result<Self> {
        if !root.join("Cargo.lock").is_file() || !root.join("xtask/Cargo.toml").is_file() {
            bail!("{} is not a checkout of XTOS; start this as `cargo xtask` inside one", root.display());
        }
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    /// The checkout's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's build folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Our own folder inside the build folder: images, standard libraries, logs, notes.
    pub(crate) fn cache(&self) -> PathBuf {
        self.target.join("xtos")
    }
}
