//! The two architectures as the build sees them: Rust's names of their targets and the names of the files that
//! UEFI and the loader look for.

use xtcore::choice::Architecture;

/// Both architectures, in the order in which everything handles them.
pub(crate) const BOTH: [Architecture; 2] = [Architecture::Amd64, Architecture::I686];

/// Rust's name of the UEFI target.
pub(crate) const fn triple(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Amd64 => "x86_64-unknown-uefi",
        Architecture::I686 => "i686-unknown-uefi",
    }
}

/// The file that firmware of this width starts from removable media (UEFI 2.10, 3.5.1.1).
pub(crate) const fn boot_file(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Amd64 => "BOOTX64.EFI",
        Architecture::I686 => "BOOTIA32.EFI",
    }
}

/// The folder below the system's path that holds this architecture's kernel.
pub(crate) const fn system_folder(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Amd64 => "AMD64",
        Architecture::I686 => "I686",
    }
}
