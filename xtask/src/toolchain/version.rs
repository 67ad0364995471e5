//! What a compiler is: its release, its host, and whether it is new enough.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process;

/// What `rustc -vV` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// E.g. `1.96.0`.
    pub(crate) release: String,
    /// The commit, or `unknown` for a build from a tarball without one.
    pub(crate) commit: String,
    /// E.g. `x86_64-unknown-linux-gnu`.
    pub(crate) host: String,
    /// The major version of its LLVM, e.g. `22`.
    pub(crate) llvm: String,
}

impl Version {
    /// Asks the compiler at `rustc`.
    ///
    /// # Errors
    /// It does not run, or its answer lacks a line.
    pub(crate) fn of(rustc: &Path) -> Result<Self> {
        Self::parse(&process::succeed(process::clean(rustc).arg("-vV"))?)
    }

    fn parse(answer: &str) -> Result<Self> {
        let field = |name: &str| {
            answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        let (Some(release), Some(host)) = (field("release"), field("host")) else {
            bail!("`rustc -vV` said nothing about its release and host: {answer}");
        };
        let commit = field("commit-hash").unwrap_or_else(|| "unknown".to_owned());
        let llvm = field("LLVM version").unwrap_or_default();
        let llvm = llvm.split('.').next().unwrap_or_default().to_owned();
        Ok(Self { release, commit, host, llvm })
    }
}

/// The oldest compiler that builds the workspace.
pub(crate) const MINIMUM: &str = env!("CARGO_PKG_RUST_VERSION");

/// Compares releases number by number; what is not a number counts as zero.
pub(crate) fn older(release: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        let plain = text.split(['-', '+', '~']).next().unwrap_or_default();
        let mut numbers: Vec<u32> = plain.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        numbers.resize(3, 0);
        numbers
    };
    numbers(release) < numbers(than)
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
