//! Kernel images broken on purpose: each variant spoils one thing that the loader promises to notice.
//!
//! The damage is done to a copy of the real kernel, so everything that is not named here stays right. Offsets are
//! those of the PE format (Microsoft PE specification, sections "COFF file header" and "section table").

use std::fmt;

/// One thing wrong with a kernel image.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Damage {
    /// The second half of the file is gone.
    Truncated,
    /// The header names a machine that is neither of ours (0x01C4, ARM).
    WrongMachine,
    /// The four bytes `PE\0\0` are not there.
    Signature,
    /// The second section begins where the first one does.
    OverlappingSections,
    /// The first block of relocations patches a page far beyond the image.
    RelocationOutside,
}

/// The file to damage is no PE image with at least two sections and relocations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAnImage;

/// Offset of the file offset of the PE signature.
const NEW_HEADER: usize = 0x3C;
/// From the PE signature: machine, number of sections, bytes of the optional header, optional header.
const MACHINE: usize = 4;
const SECTION_COUNT: usize = 6;
const OPTIONAL_BYTES: usize = 20;
const OPTIONAL: usize = 24;
/// Bytes of a section header, and the fields used here.
const SECTION_BYTES: usize = 40;
const SECTION_ADDRESS: usize = 12;
const SECTION_FILE_OFFSET: usize = 20;

impl Damage {
    /// Breaks `image`, a whole PE file.
    ///
    /// # Errors
    /// [`NotAnImage`] when the place to damage does not exist; `image` is unchanged then.
    pub fn apply(self, image: &mut Vec<u8>) -> Result<(), NotAnImage> {
        let header = read_u32(image, NEW_HEADER)? as usize;
        match self {
            Self::Truncated => {
                image.truncate(image.len() / 2);
                Ok(())
            }
            Self::WrongMachine => write(image, header + MACHINE, &0x01C4_u16.to_le_bytes()),
            Self::Signature => write(image, header, b"EP\0\0"),
            Self::OverlappingSections => {
                let first = section(image, header, 0)?;
                let second = section(image, header, 1)?;
                let address = read_u32(image, first + SECTION_ADDRESS)?;
                write(image, second + SECTION_ADDRESS, &address.to_le_bytes())
            }
            Self::RelocationOutside => {
                let table = relocations(image, header)?;
                write(image, table, &0x7FFF_F000_u32.to_le_bytes())
            }
        }
    }
}

/// Returns the offset of a section's header.
fn section(image: &[u8], header: usize, index: usize) -> Result<usize, NotAnImage> {
    if index >= usize::from(read_u16(image, header + SECTION_COUNT)?) {
        return Err(NotAnImage);
    }
    let optional = usize::from(read_u16(image, header + OPTIONAL_BYTES)?);
    Ok(header + OPTIONAL + optional + index * SECTION_BYTES)
}

/// Returns the file offset of the section `.reloc`.
fn relocations(image: &[u8], header: usize) -> Result<usize, NotAnImage> {
    for index in 0..usize::from(read_u16(image, header + SECTION_COUNT)?) {
        let record = section(image, header, index)?;
        if image.get(record..record + 8) == Some(b".reloc\0\0".as_slice()) {
            return Ok(read_u32(image, record + SECTION_FILE_OFFSET)? as usize);
        }
    }
    Err(NotAnImage)
}

fn read_u16(image: &[u8], offset: usize) -> Result<u16, NotAnImage> {
    let bytes = image.get(offset..).and_then(|rest| rest.first_chunk()).ok_or(NotAnImage)?;
    Ok(u16::from_le_bytes(*bytes))
}

fn read_u32(image: &[u8], offset: usize) -> Result<u32, NotAnImage> {
    let bytes = image.get(offset..).and_then(|rest| rest.first_chunk()).ok_or(NotAnImage)?;
    Ok(u32::from_le_bytes(*bytes))
}

fn write(image: &mut [u8], offset: usize, bytes: &[u8]) -> Result<(), NotAnImage> {
    image
        .get_mut(offset..)
        .and_then(|rest| rest.get_mut(..bytes.len()))
        .ok_or(NotAnImage)?
        .copy_from_slice(bytes);
    Ok(())
}

impl fmt::Display for NotAnImage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the kernel file is no PE image with two sections and relocations")
    }
}

impl std::error::Error for NotAnImage {}
