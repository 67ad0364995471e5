//! Debian's package manager: asked for versions, and run where that is allowed.

use std::process::Command;

use anyhow::{Context, Result};

use super::Consent;
use crate::{process, progress};

/// How commands of the package manager are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privilege {
    /// This process is root already.
    Root,
    /// By way of sudo, to which the user agreed.
    Sudo,
}

/// What `/etc/os-release` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// E.g. `debian`; `macos` there; empty where unknown.
    pub(crate) id: String,
    /// E.g. `12`; empty for a rolling release.
    pub(crate) release: String,
}

/// The distribution that this runs on.
pub(crate) fn distribution() -> Distribution {
    if cfg!(target_os = "macos") {
        return Distribution { id: "macos".to_owned(), release: String::new() };
    }
    parse(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn parse(os_release: &str) -> Distribution {
    let field = |name: &str| {
        let value = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default().trim_matches('"').to_owned()
    };
    Distribution { id: field("ID"), release: field("VERSION_ID") }
}

/// How packages may be installed here: not at all without Debian, without root, or without consent to sudo.
pub(crate) fn privilege(consent: Consent) -> Option<Privilege> {
    if distribution().id != "debian" {
        return None;
    }
    let user = process::succeed(process::clean("id").arg("-u")).ok()?;
    if user == "0" {
        return Some(Privilege::Root);
    }
    let sudo = process::find_program("sudo").is_some();
    (consent == Consent::Given && sudo).then_some(Privilege::Sudo)
}

/// Refreshes the package lists.
///
/// # Errors
/// It fails twice.
pub(crate) fn update(privilege: Privilege) -> Result<()> {
    progress::step("refreshing the package lists", || {
        twice(|| {
            let mut command = apt_get(privilege);
            command.arg("update");
            command
        })
    })
}

/// Installs `packages`, with nothing that they merely recommend.
///
/// # Errors
/// It fails twice.
pub(crate) fn install(privilege: Privilege, packages: &[String]) -> Result<()> {
    progress::step("installing packages", || {
        twice(|| {
            let mut command = apt_get(privilege);
            command.args(["install", "--no-install-recommends", "--yes"]).args(packages);
            command
        })
    })
}

/// The line that a user types who does it by hand.
pub(crate) fn typed_line(packages: &[String]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install --no-install-recommends --yes {}",
        packages.join(" ")
    )
}

/// The version of `package` that would be installed, if it exists.
pub(crate) fn candidate(package: &str) -> Option<String> {
    let answer = process::succeed(process::clean("apt-cache").args(["policy", package])).ok()?;
    let version = answer.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

/// The packages that `package` depends on.
pub(crate) fn dependencies(package: &str) -> Vec<String> {
    let answer = process::succeed(process::clean("apt-cache").args(["depends", package])).unwrap_or_default();
    answer.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned).collect()
}

fn apt_get(privilege: Privilege) -> Command {
    // sudo drops the environment, so the variable is set behind it, by env.
    let mut command = match privilege {
        Privilege::Root => process::clean("env"),
        Privilege::Sudo => {
            let mut command = process::clean("sudo");
            command.arg("env");
            command
        }
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]);
    command
}

/// Mirrors fail for a moment now and then; a second failure is believed.
fn twice(make: impl Fn() -> Command) -> Result<()> {
    if process::succeed(&mut make()).is_ok() {
        return Ok(());
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    process::succeed(&mut make()).map(drop).context("tried twice")
}

#[cfg(test)]
#[path = "apt_tests.rs"]
mod tests;
