//! What is done to a boot beside choosing the machine: files broken on purpose, a loader that lies, devices that
//! are missing. And what is to come of it.

use crate::guest::{Configuration, Damage, ExitDevice, Graphics, LineEnds};
use crate::screen::Paper;

/// What a boot is expected to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expectation {
    /// It passes, in the mode and with the memory that the cell says.
    Pass,
    /// It is refused.
    Refused {
        /// By `xtldr` or `xtoskrnl`.
        by: &'static str,
        /// Words that the refusal or its bug check contains, whatever their case.
        words: &'static [&'static str],
    },
    /// It fails, because something is writable and executable: the proof that the harness can find it.
    FailWritableAndExecutable,
}

/// Which build of the loader a trial needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoaderBuild {
    /// The ordinary one.
    Ordinary,
    /// The one that spoils the loader block as the parameter TAMPER says.
    Tampering,
}

/// The kernel's file in a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KernelFile {
    /// As it was built.
    Intact,
    /// With one thing wrong.
    Damaged(Damage),
    /// Absent.
    Missing,
}

/// The configuration in a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigurationFile {
    /// The ordinary one.
    Ordinary(LineEnds),
    /// Absent.
    Missing,
    /// No byte in it.
    Empty,
    /// Right, but followed by a mebibyte on one line.
    OverLong,
}

/// How often a trial occurs in the selection for every change; the whole matrix has each in every mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    /// In one of the modes.
    Once,
    /// In one mode of each architecture, because different code answers it there.
    EachArchitecture,
}

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The last word of the cell's name; empty for the ordinary boot.
    pub name: &'static str,
    /// The loader.
    pub loader: LoaderBuild,
    /// The kernel's file.
    pub kernel: KernelFile,
    /// The configuration.
    pub configuration: ConfigurationFile,
    /// Further kernel parameters.
    pub parameters: &'static str,
    /// The graphics card.
    pub graphics: Graphics,
    /// The exit port.
    pub exit_device: ExitDevice,
    /// What its screen is to show text on; `None` leaves the screen alone.
    pub screen: Option<Paper>,
    /// How often it occurs.
    pub turns: Turns,
    /// What is to come of it.
    pub expectation: Expectation,
}

/// The ordinary boot.
pub const PLAIN: Trial = Trial {
    name: "",
    loader: LoaderBuild::Ordinary,
    kernel: KernelFile::Intact,
    configuration: ConfigurationFile::Ordinary(LineEnds::Lf),
    parameters: "",
    graphics: Graphics::Card,
    exit_device: ExitDevice::Present,
    screen: None,
    turns: Turns::Once,
    expectation: Expectation::Pass,
};

const fn tampered(name: &'static str, parameters: &'static str, expectation: Expectation) -> Trial {
    Trial { name, loader: LoaderBuild::Tampering, parameters, expectation, ..PLAIN }
}

/// A loader block that the kernel must not accept.
const fn false_block(name: &'static str, parameters: &'static str, words: &'static [&'static str]) -> Trial {
    tampered(name, parameters, Expectation::Refused { by: "xtoskrnl", words })
}

const fn kernel(name: &'static str, kernel: KernelFile) -> Trial {
    let expectation = Expectation::Refused { by: "xtldr", words: &["XTOSKRNL.EXE"] };
    Trial { name, kernel, expectation, ..PLAIN }
}

const fn configuration(name: &'static str, configuration: ConfigurationFile) -> Trial {
    let expectation = Expectation::Refused { by: "xtldr", words: &["XTLDR.INI"] };
    Trial { name, configuration, expectation, ..PLAIN }
}

/// Every trial but the ordinary boot.
pub const TRIALS: [Trial; 24] = [
    kernel("kernel-missing", KernelFile::Missing),
    kernel("kernel-truncated", KernelFile::Damaged(Damage::Truncated)),
    kernel("kernel-wrong-machine", KernelFile::Damaged(Damage::WrongMachine)),
    kernel("kernel-corrupt-header", KernelFile::Damaged(Damage::Signature)),
    kernel("kernel-overlapping-sections", KernelFile::Damaged(Damage::OverlappingSections)),
    kernel("kernel-relocation-outside", KernelFile::Damaged(Damage::RelocationOutside)),
    configuration("configuration-missing", ConfigurationFile::Missing),
    configuration("configuration-empty", ConfigurationFile::Empty),
    configuration("configuration-overlong", ConfigurationFile::OverLong),
    Trial { name: "configuration-crlf", configuration: ConfigurationFile::Ordinary(LineEnds::CrLf), ..PLAIN },
    // Without an exit port the stopped kernel stays where it is, and its screen can be looked at.
    Trial {
        exit_device: ExitDevice::Absent,
        screen: Some(Paper::Stop),
        ..false_block("block-version", "TAMPER=version", &["LOADER_BLOCK_MISMATCH", "version"])
    },
    false_block("block-size", "TAMPER=size", &["LOADER_BLOCK_MISMATCH", "bytes"]),
    false_block("block-checksum", "TAMPER=checksum", &["LOADER_BLOCK_MISMATCH", "checksum"]),
    false_block("block-unsorted", "TAMPER=unsorted", &["LOADER_BLOCK_MISMATCH", "memory map"]),
    false_block("block-overlap", "TAMPER=overlap", &["LOADER_BLOCK_MISMATCH", "memory map"]),
    false_block("block-free-root", "TAMPER=cr3free", &["LOADER_BLOCK_MISMATCH", "page table"]),
    false_block("block-machine", "TAMPER=machine", &["LOADER_BLOCK_MISMATCH", "machine"]),
    false_block("no-memory", "TAMPER=nomemory", &["INSTALL_MORE_MEMORY", "memory"]),
    Trial {
        name: "contradiction",
        parameters: "NOXPA XPA",
        expectation: Expectation::Refused { by: "xtldr", words: &["NOXPA", "XPA", "contradict"] },
        ..PLAIN
    },
    tampered("poisoned-memory", "TAMPER=poison", Expectation::Pass),
    // Where execution can be forbidden both counts must find it; without that, only the frames tell.
    Trial {
        turns: Turns::EachArchitecture,
        ..tampered("writable-code", "TAMPER=wx", Expectation::FailWritableAndExecutable)
    },
    Trial { name: "screen", screen: Some(Paper::Log), ..PLAIN },
    Trial { name: "no-framebuffer", graphics: Graphics::Absent, ..PLAIN },
    Trial { name: "no-exit-port", exit_device: ExitDevice::Absent, turns: Turns::EachArchitecture, ..PLAIN },
];

impl ConfigurationFile {
    /// Returns the file for a boot with these kernel parameters.
    #[must_use]
    pub fn build(self, parameters: &str) -> Configuration {
        match self {
            Self::Ordinary(ends) => Configuration::Standard(ends),
            Self::Missing => Configuration::Missing,
            Self::Empty => Configuration::Verbatim(String::new()),
            Self::OverLong => {
                let ordinary = Configuration::Standard(LineEnds::Lf).text(parameters).unwrap_or_default();
                Configuration::Verbatim(format!("{ordinary}Comment={}\n", "x".repeat(1 << 20)))
            }
        }
    }
}
