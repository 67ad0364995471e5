//! What each need consists of, and whether it is there. Looks only; changes nothing.

use xtcore::choice::Architecture;
use xtqemu::guest::Firmware;

use super::Need;
use crate::process;
use crate::toolchain::debian;

/// The emulator's program; the package that brings it brings the 32-bit one too.
const EMULATOR: &str = "qemu-system-x86_64";

/// One thing that a need consists of.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// What it is.
    pub(crate) name: &'static str,
    /// Which one is there, or why none is.
    pub(crate) found: Result<String, String>,
}

/// Looks for every part of `need`.
pub(crate) fn parts(need: Need) -> Vec<Part> {
    match need {
        Need::Emulator => emulator(),
        Need::DebianToolchain => vec![toolchain()],
    }
}

fn emulator() -> Vec<Part> {
    vec![
        Part { name: "QEMU", found: qemu() },
        Part { name: "64-bit UEFI firmware", found: firmware_of(Architecture::Amd64) },
        Part { name: "32-bit UEFI firmware", found: firmware_of(Architecture::I686) },
    ]
}

fn firmware_of(architecture: Architecture) -> Result<String, String> {
    match Firmware::Installed.locate(architecture) {
        Ok((code, _)) => Ok(code.display().to_string()),
        Err(missing) => Err(missing.to_string()),
    }
}

fn qemu() -> Result<String, String> {
    let program =
        process::find_program(EMULATOR).ok_or_else(|| format!("no {EMULATOR} on the search path"))?;
    let answer =
        process::succeed(process::clean(&program).arg("--version")).map_err(|error| format!("{error:#}"))?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

fn toolchain() -> Part {
    let found = debian::find().map_err(|error| format!("{error:#}")).map(|installed| {
        format!("rustc {}, linker {}", installed.version.release, installed.linker.display())
    });
    Part { name: "Debian's Rust toolchain", found }
}
