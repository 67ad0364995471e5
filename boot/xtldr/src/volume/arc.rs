//! ARC paths: a volume by its place among the machine's devices, and a folder on it.
//!
//! ```text
//!   \XTOS                                        the loader's own volume
//!   multi(0)esp(0)\XTOS                          the same
//!   multi(0)disk(0)rdisk(1)partition(2)\XTOS     hard disk 1, partition 2; partition 0 is a disk that has none
//!   multi(0)disk(0)cdrom(0)\XTOS                 a CD or DVD
//!   multi(0)disk(0)fdisk(0)\XTOS                 a floppy disk
//!   ramdisk(0)\XTOS                              a disk in memory
//! ```
//!
//! Disks are counted from 0, partitions from 1. Words match without regard to ASCII case; folders may be separated by
//! `/` too. There is one adapter and one controller, `multi(0)disk(0)`: firmware numbers disks through all of them.

use core::fmt;

use crate::report::Quoted;

/// A volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Volume {
    /// The one that the loader was started from.
    Own,
    /// A disk in memory.
    RamDisk(u32),
    /// A hard disk, or what the firmware takes for one.
    HardDisk {
        /// Which one.
        disk: u32,
        /// Which partition, from 1; 0 where the disk has none.
        partition: u32,
    },
    /// A CD or DVD.
    CdRom(u32),
    /// A floppy disk.
    Floppy(u32),
}

impl fmt::Display for Volume {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => out.write_str("multi(0)esp(0)"),
            Self::RamDisk(disk) => write!(out, "ramdisk({disk})"),
            Self::HardDisk { disk, partition } => {
                write!(out, "multi(0)disk(0)rdisk({disk})partition({partition})")
            }
            Self::CdRom(drive) => write!(out, "multi(0)disk(0)cdrom({drive})"),
            Self::Floppy(drive) => write!(out, "multi(0)disk(0)fdisk({drive})"),
        }
    }
}

/// Why a text is no ARC path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArcError<'a> {
    /// There is something else than a device with its number, or a folder.
    Device {
        /// From there on.
        rest: &'a str,
        /// What may stand there.
        wanted: &'static str,
    },
    /// There is a device with another number than 0, of which there is only one.
    OnlyOne {
        /// The device.
        device: &'static str,
        /// Its number.
        number: u32,
    },
}

impl fmt::Display for ArcError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { rest: "", wanted } => write!(out, "the path ends where {wanted} should stand"),
            Self::Device { rest, wanted } => {
                write!(out, "the path has {} where {wanted} should stand", Quoted(rest))
            }
            Self::OnlyOne { device, number } => {
                write!(out, "the path names {device}({number}), there is {device}(0) only")
            }
        }
    }
}

impl core::error::Error for ArcError<'_> {}

/// A folder on a volume. The folder is empty or starts with a separator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArcPath<'a> {
    volume: Volume,
    folder: &'a str,
}

impl<'a> ArcPath<'a> {
    /// Reads a path.
    ///
    /// # Errors
    /// [`ArcError`]: it is none.
    pub fn parse(text: &'a str) -> Result<Self, ArcError<'a>> {
        let (volume, folder) = if starts_a_folder(text) { (Volume::Own, text) } else { volume(text)? };
        if folder.is_empty() || starts_a_folder(folder) {
            Ok(Self { volume, folder })
        } else {
            Err(ArcError::Device { rest: folder, wanted: r"a folder, which starts with \," })
        }
    }

    /// Returns the volume.
    #[must_use]
    pub const fn volume(&self) -> Volume {
        self.volume
    }

    /// Returns the folder as it was written: empty for the root, else it starts with a separator.
    #[must_use]
    pub const fn folder(&self) -> &'a str {
        self.folder
    }
}

/// What may stand between the names of folders.
pub const SEPARATORS: [char; 2] = ['\\', '/'];

/// Returns a path as the firmware reads it: the separators are backslashes.
pub fn backslashed(path: &str) -> impl Iterator<Item = char> {
    path.chars().map(|character| if character == '/' { '\\' } else { character })
}

fn starts_a_folder(text: &str) -> bool {
    text.starts_with(SEPARATORS)
}

/// Reads the devices, and returns what stands behind them.
fn volume(text: &str) -> Result<(Volume, &str), ArcError<'_>> {
    const FIRST: &str = r"a folder (\NAME), multi(0) or ramdisk(n)";
    const SECOND: &str = "esp(0) or disk(0)";
    const THIRD: &str = "rdisk(n), cdrom(n) or fdisk(n)";
    const LAST: &str = "partition(n)";

    if let Some((disk, rest)) = device(text, "ramdisk") {
        return Ok((Volume::RamDisk(disk), rest));
    }
    let rest = only(text, "multi", FIRST)?;
    if device(rest, "esp").is_some() {
        return Ok((Volume::Own, only(rest, "esp", SECOND)?));
    }
    let rest = only(rest, "disk", SECOND)?;
    if let Some((drive, rest)) = device(rest, "cdrom") {
        return Ok((Volume::CdRom(drive), whole(rest)?));
    }
    if let Some((drive, rest)) = device(rest, "fdisk") {
        return Ok((Volume::Floppy(drive), whole(rest)?));
    }
    let (disk, rest) = device(rest, "rdisk").ok_or(ArcError::Device { rest, wanted: THIRD })?;
    let (partition, rest) = device(rest, "partition").ok_or(ArcError::Device { rest, wanted: LAST })?;
    Ok((Volume::HardDisk { disk, partition }, rest))
}

/// Takes `name(number)` off the beginning.
fn device<'a>(text: &'a str, name: &str) -> Option<(u32, &'a str)> {
    let found = text.get(..name.len()).filter(|found| found.eq_ignore_ascii_case(name))?;
    let (number, rest) = text.get(found.len()..)?.strip_prefix('(')?.split_once(')')?;
    // A number's own reader would take a sign.
    let digits = number.bytes().all(|digit| digit.is_ascii_digit());
    Some((number.parse().ok().filter(|_| digits)?, rest))
}

/// Takes a device off the beginning of which there is only one.
fn only<'a>(text: &'a str, name: &'static str, wanted: &'static str) -> Result<&'a str, ArcError<'a>> {
    match device(text, name) {
        Some((0, rest)) => Ok(rest),
        Some((number, _)) => Err(ArcError::OnlyOne { device: name, number }),
        None => Err(ArcError::Device { rest: text, wanted }),
    }
}

/// Takes `partition(0)` off, which may stand behind a drive without partitions.
fn whole(text: &str) -> Result<&str, ArcError<'_>> {
    if device(text, "partition").is_some() { only(text, "partition", "") } else { Ok(text) }
}
