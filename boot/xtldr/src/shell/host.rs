//! What the commands need of the machine and the session.

use core::fmt;

use xtpaging::processor::{Cpuid, Processor};

use crate::firmware::Firmware;
use crate::menu::{Entries, FirmwareSettings};
use crate::volume::{FileFailure, FileInfo};

/// A volume with files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Volume<'a> {
    /// What a path to it begins with.
    pub path: &'a str,
    /// Its label.
    pub label: &'a str,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A boot module that has been loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Module<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What it does.
    pub description: &'a str,
}

/// Everything that the shell knows.
///
/// Paths are texts as a person types them: with or without a volume in front, the loader's own without one.
pub trait Host {
    /// Returns the firmware.
    fn firmware(&self) -> &dyn Firmware;

    /// Returns what the processor can do.
    fn processor(&self) -> &Processor;

    /// Returns the processor's own words.
    fn cpuid(&self) -> &dyn Cpuid;

    /// Returns the entries of the menu.
    fn entries(&self) -> &dyn Entries;

    /// Returns the entry that boots when none is named.
    fn default_entry(&self) -> usize;

    /// Tells whether there is a way to the firmware's settings.
    fn firmware_settings(&self) -> FirmwareSettings;

    /// Calls `each` for every volume.
    fn volumes(&self, each: &mut dyn FnMut(&Volume<'_>));

    /// Calls `each` for everything in a folder.
    ///
    /// # Errors
    /// [`FileFailure`] when it is not there, is no folder, or cannot be read.
    fn list(&self, path: &str, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure>;

    /// Returns the size of a file.
    ///
    /// # Errors
    /// [`FileFailure`] when it is not there or cannot be opened.
    fn file_bytes(&self, path: &str) -> Result<u64, FileFailure>;

    /// Reads a file from its start and returns how many bytes were read; fewer than `into` holds where it is shorter.
    ///
    /// # Errors
    /// [`FileFailure`] when it is not there or cannot be read.
    fn read_file(&self, path: &str, into: &mut [u8]) -> Result<usize, FileFailure>;

    /// Calls `each` for every module loaded, in the order of loading.
    fn modules(&self, each: &mut dyn FnMut(&Module<'_>));

    /// Calls `each` for every command that modules provide, with a line about it.
    fn commands(&self, each: &mut dyn FnMut(&str, &str));

    /// Runs a module's command with the rest of its line, and says in `out` if it fails. `None` where no module provides it.
    fn run(&self, command: &str, arguments: &str, out: &mut dyn fmt::Write) -> Option<fmt::Result>;

    /// Loads a module and what it depends on, and says in `out` what came of it.
    ///
    /// # Errors
    /// Only those of `out`.
    fn insert_module(&self, name: &str, out: &mut dyn fmt::Write) -> fmt::Result;
}
