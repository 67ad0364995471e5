//! Set-up on a fresh machine: what is needed, whether it is there, and how it gets there.
//!
//! On Debian the packages are installed, after saying so, where that is allowed: by root, or with `--yes` through
//! sudo. Everywhere else, and without permission, the user gets the one line to type. Nothing is installed that is
//! there already, and a machine that has everything is not touched at all.

mod apt;
mod packages;
mod probe;

use anyhow::{Result, bail};

pub(crate) use packages::install_line;
pub(crate) use probe::parts;

use crate::progress;

/// Something that this program cannot bring along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// QEMU and UEFI firmware of both widths.
    Emulator,
    /// Debian's Rust toolchain with the library's sources and a linker for PE images.
    DebianToolchain,
}

/// What the user allowed beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Nothing: only root installs packages.
    NotGiven,
    /// `--yes`: sudo may be used.
    Given,
}

/// Sees to it that what is needed is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    consent: Consent,
}

impl Setup {
    /// A set-up that may do what `consent` allows.
    pub(crate) const fn new(consent: Consent) -> Self {
        Self { consent }
    }

    /// Makes sure that everything in `needs` is installed.
    ///
    /// # Errors
    /// Something is missing and may not or cannot be installed; the error holds the line to type.
    pub(crate) fn ensure(&self, needs: &[Need]) -> Result<()> {
        let missing: Vec<Need> = needs.iter().copied().filter(|&need| !is_there(need)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let Some(privilege) = apt::privilege(self.consent) else {
            bail!("{}", explain(&missing));
        };
        apt::update(privilege)?;
        let wanted = packages::for_debian(&missing);
        progress::say(&format!("installing the packages {}", wanted.join(" ")));
        apt::install(privilege, &wanted)?;
        let still: Vec<Need> = missing.into_iter().filter(|&need| !is_there(need)).collect();
        if !still.is_empty() {
            bail!("the packages are installed, but something is still missing.\n{}", explain(&still));
        }
        Ok(())
    }
}

/// Tells whether this is Debian itself, not one of its relatives.
pub(crate) fn on_debian() -> bool {
    apt::distribution().id == "debian"
}

fn is_there(need: Need) -> bool {
    parts(need).iter().all(|part| part.found.is_ok())
}

fn explain(missing: &[Need]) -> String {
    let mut lines = vec!["needed, but not installed:".to_owned()];
    for part in missing.iter().flat_map(|&need| parts(need)) {
        if let Err(obstacle) = &part.found {
            lines.push(format!("  {}: {obstacle}", part.name));
        }
    }
    lines.push(install_line(missing));
    lines.join("\n")
}
