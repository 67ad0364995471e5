//! Where files are: ARC paths, the volumes that they name, and the door to what is on them.
//!
//! ```text
//!   arc       "multi(0)disk(0)rdisk(0)partition(1)\XTOS"  -> a volume and a folder on it
//!   devices   device paths of file systems and disks      -> which volume each file system is
//!   Files     read a file, list a folder, list the volumes
//!   Variables what the firmware remembers from one boot to the next
//! ```
//!
//! Everything is read-only. Volumes are those whose devices the firmware has connected to its drivers; one that it
//! left alone is not there. Their numbers are the firmware's order, which a person can see in the loader's shell.

mod arc;
mod devices;
mod missing;
#[cfg(test)]
mod tests;
mod variables;

pub use arc::{ArcError, ArcPath, SEPARATORS, Volume, backslashed};
pub use devices::{Devices, Disk};
pub use missing::NotThere;
pub use variables::{Variable, Variables};

use core::fmt;

use crate::firmware::Status;
use crate::report::Short;

/// A file or folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// The volume.
    pub volume: Volume,
    /// The path on it, from its root, with backslashes.
    pub path: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What lies beside the loader is called as everybody calls it.
        if self.volume != Volume::Own {
            self.volume.fmt(out)?;
        }
        Short(self.path).fmt(out)
    }
}

/// Why a file or folder cannot be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileFailure {
    /// There is no such volume.
    NoVolume,
    /// There is nothing of that name on it.
    Missing,
    /// It is a folder.
    NotAFile,
    /// It is a file.
    NotAFolder,
    /// The firmware refuses.
    Refused(Status),
}

impl fmt::Display for FileFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVolume => out.write_str("there is no such volume"),
            Self::Missing => out.write_str("there is no such file"),
            Self::NotAFile => out.write_str("it is a folder"),
            Self::NotAFolder => out.write_str("it is no folder"),
            Self::Refused(status) => write!(out, "it cannot be read: {status}"),
        }
    }
}

impl core::error::Error for FileFailure {}

/// What a folder's entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// An entry of a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// A file's size.
    pub bytes: u64,
    /// What it is.
    pub kind: FileKind,
}

/// Whether the loader was started from a volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It was: the volume is also `multi(0)esp(0)`.
    Own,
    /// It was not.
    Other,
}

/// A volume with a file system that the firmware reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VolumeInfo<'a> {
    /// Its name in ARC paths; `None` where it has none, as a volume in the network.
    pub volume: Option<Volume>,
    /// Whether the loader came from it.
    pub role: Role,
    /// Its label; empty where it has none.
    pub label: &'a str,
    /// Its size.
    pub bytes: u64,
}

impl fmt::Display for VolumeInfo<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.role, self.volume) {
            (Role::Own, Some(volume)) => write!(out, "{} = {volume}", Volume::Own)?,
            (Role::Own, None) => Volume::Own.fmt(out)?,
            (Role::Other, Some(volume)) => volume.fmt(out)?,
            (Role::Other, None) => out.write_str("a volume without an ARC name")?,
        }
        write!(out, " ({} MiB", self.bytes >> 20)?;
        if !self.label.is_empty() {
            write!(out, ", \"{}\"", Short(self.label))?;
        }
        out.write_str(")")
    }
}

/// The files that the firmware can read.
pub trait Files {
    /// Returns the size of a file.
    ///
    /// # Errors
    /// [`FileFailure`].
    fn bytes(&self, at: &Place<'_>) -> Result<u64, FileFailure>;

    /// Reads a file from its start and returns how many bytes were read; fewer than `into` holds where it is shorter.
    ///
    /// # Errors
    /// [`FileFailure`]; `into` holds anything then.
    fn read(&self, at: &Place<'_>, into: &mut [u8]) -> Result<usize, FileFailure>;

    /// Names everything in a folder but itself and the one above, in the file system's order.
    ///
    /// # Errors
    /// [`FileFailure`]; something may have been named then.
    fn list(&self, at: &Place<'_>, each: &mut dyn FnMut(&FileInfo<'_>)) -> Result<(), FileFailure>;

    /// Names every volume, in the firmware's order.
    fn volumes(&self, each: &mut dyn FnMut(&VolumeInfo<'_>));
}
