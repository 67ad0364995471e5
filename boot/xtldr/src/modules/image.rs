//! A module's file: is it one, and what does it say of itself?
//!
//! The firmware checks images when it loads them, and says `unsupported`; this says in words what is wrong, before any
//! memory is spent, and finds the dependencies, without which nothing could be ordered. The headers are read by the crate
//! `object`. Source: Microsoft PE format, UEFI 2.10, section 2.1.1.

use core::fmt;

use object::pe::{
    self, IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER, ImageDosHeader, ImageFileHeader, ImageNtHeaders32,
    ImageNtHeaders64,
};
use object::read::ReadRef;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use xtcore::choice::Architecture;
use xtmodule::info::{self, Info, InfoError};

/// Why a file is no module of this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageError {
    /// It is no EFI image: its headers are others, or cut off.
    NoImage,
    /// It is for another machine.
    Machine {
        /// The machine's number in the headers.
        found: u16,
        /// What it should be for.
        architecture: Architecture,
    },
    /// It is no boot service driver.
    Subsystem {
        /// The subsystem's number.
        found: u16,
    },
    /// It has no section `.modinfo`.
    NoInfo,
    /// The section cannot be used.
    Info(InfoError),
}

/// Checks a file, and returns what it says of itself, from its [`section`].
///
/// # Errors
/// [`ImageError`], for the first thing that is wrong.
pub fn inspect(file: &[u8], architecture: Architecture) -> Result<Info<'_>, ImageError> {
    Info::parse(section(file, architecture)?).map_err(ImageError::Info)
}

/// Checks a file's headers, and returns the contents of its section `.modinfo`. The slice must be aligned to 4 bytes,
/// as any allocation is; else it counts as no image.
///
/// Linear in the number of sections.
///
/// # Errors
/// [`ImageError`], for the first thing that is wrong.
pub fn section(file: &[u8], architecture: Architecture) -> Result<&[u8], ImageError> {
    let dos = ImageDosHeader::parse(file).map_err(|_| ImageError::NoImage)?;
    let at = u64::from(dos.nt_headers_offset());
    check_machine(file, at, architecture)?;
    match architecture {
        Architecture::Amd64 => find_info::<ImageNtHeaders64>(file, at),
        Architecture::I686 => find_info::<ImageNtHeaders32>(file, at),
    }
}

/// Checks the machine before anything else, because everything behind it depends on that.
fn check_machine(file: &[u8], at: u64, architecture: Architecture) -> Result<(), ImageError> {
    let signature = file.read_bytes_at(at, 4).ok().filter(|bytes| **bytes == *b"PE\0\0");
    let header: Option<&ImageFileHeader> = signature.and_then(|_| file.read_at(at + 4).ok());
    let machine = header.ok_or(ImageError::NoImage)?.machine.get(object::LittleEndian);
    let expected = match architecture {
        Architecture::Amd64 => pe::IMAGE_FILE_MACHINE_AMD64,
        Architecture::I686 => pe::IMAGE_FILE_MACHINE_I386,
    };
    if machine == expected { Ok(()) } else { Err(ImageError::Machine { found: machine.0, architecture }) }
}

fn find_info<Headers: ImageNtHeaders>(file: &[u8], mut at: u64) -> Result<&[u8], ImageError> {
    let (headers, _) = Headers::parse(file, &mut at).map_err(|_| ImageError::NoImage)?;
    let subsystem = headers.optional_header().subsystem();
    if subsystem != IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER {
        return Err(ImageError::Subsystem { found: subsystem.0 });
    }
    let sections = headers.sections(file, at).map_err(|_| ImageError::NoImage)?;
    let section = sections.iter().find(|section| section.name == info::SECTION).ok_or(ImageError::NoInfo)?;
    section.pe_data(file).map_err(|_| ImageError::NoImage)
}

impl fmt::Display for ImageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoImage => write!(out, "its file is no EFI image"),
            Self::Machine { found, architecture } => {
                write!(out, "it is for machine {found:#06x}; this loader is for {}", architecture.name())
            }
            Self::Subsystem { found } => write!(
                out,
                "its subsystem is {found}; a module is an EFI boot service driver, which is {}",
                IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER.0
            ),
            Self::NoInfo => write!(out, "it has no section .modinfo"),
            Self::Info(error) => write!(out, "its section .modinfo cannot be used: {error}"),
        }
    }
}

impl core::error::Error for ImageError {}
