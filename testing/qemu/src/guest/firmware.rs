//! Where the UEFI firmware lies.
//!
//! A firmware is two files: code, used in place, and a template of its variables, of which every boot gets a fresh
//! copy (variables that were written on one machine type can hang the firmware on another).

use std::fmt;
use std::path::{Path, PathBuf};

use xtcore::choice::Architecture;

/// Which firmware to start.
#[derive(Clone, Debug)]
pub enum Firmware {
    /// The one that a distribution's package installed.
    Installed,
    /// These two files.
    Files {
        /// The firmware's code, opened read-only.
        code: PathBuf,
        /// The template of its variables, copied for the boot.
        variables: PathBuf,
    },
}

/// No package with UEFI firmware for the architecture is installed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirmwareMissing {
    /// The architecture.
    pub architecture: Architecture,
    /// The Debian package that holds the firmware.
    pub package: &'static str,
    /// The first file that was looked for.
    pub expected: &'static str,
}

/// Code and variables of one packaged firmware.
type Packaged = (&'static str, &'static str);

/// Debian and Ubuntu, then Arch, then Fedora.
const AMD64: [Packaged; 3] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
];

/// The same for 32 bits. Debian builds only the variant with secure boot, which starts unsigned images as long as
/// no keys are enrolled.
const I686: [Packaged; 3] = [
    ("/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF32_VARS_4M.fd"),
    ("/usr/share/edk2/ia32/OVMF_CODE.4m.fd", "/usr/share/edk2/ia32/OVMF_VARS.4m.fd"),
    ("/usr/share/edk2/ovmf-ia32/OVMF_CODE.fd", "/usr/share/edk2/ovmf-ia32/OVMF_VARS.fd"),
];

impl Firmware {
    /// Returns the paths of code and variables for `architecture`.
    ///
    /// # Errors
    /// [`FirmwareMissing`] when [`Firmware::Installed`] is asked for and none of the known places has both files.
    pub fn locate(&self, architecture: Architecture) -> Result<(PathBuf, PathBuf), FirmwareMissing> {
        let (known, package) = match (self, architecture) {
            (Self::Files { code, variables }, _) => return Ok((code.clone(), variables.clone())),
            (Self::Installed, Architecture::Amd64) => (&AMD64, "ovmf"),
            (Self::Installed, Architecture::I686) => (&I686, "ovmf-ia32"),
        };
        known
            .iter()
            .find(|(code, variables)| Path::new(code).is_file() && Path::new(variables).is_file())
            .map(|(code, variables)| (PathBuf::from(code), PathBuf::from(variables)))
            .ok_or(FirmwareMissing { architecture, package, expected: known[0].0 })
    }
}

impl fmt::Display for FirmwareMissing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { architecture, package, expected } = self;
        write!(
            out,
            "no UEFI firmware for {} is installed (looked for {expected} and its like): install the package {package}",
            architecture.name()
        )
    }
}

impl std::error::Error for FirmwareMissing {}
