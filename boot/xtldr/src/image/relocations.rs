//! Base relocations: a list of blocks, each a page and the offsets in it where an address is stored.
//!
//! ```text
//!   +0  page's offset from the base  u32
//!   +4  bytes of this block          u32     a multiple of 4, at least 8
//!   +8  entries                      u16     kind in bits 15 to 12, offset in the page in bits 11 to 0
//! ```

use object::pe::{self, ImageBaseRelocation};
use object::pod::from_bytes;
use xtcore::PAGE_BYTES;
use xtcore::choice::Architecture;

use super::error::{Directory, ImageError};
use super::headers::Headers;
use super::sections::Mapped;

const BLOCK_HEADER: usize = size_of::<ImageBaseRelocation>();
const DIRECTORY: usize = pe::IMAGE_DIRECTORY_ENTRY_BASERELOC;

/// How many bytes an entry changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    /// IMAGE_REL_BASED_HIGHLOW.
    Four,
    /// IMAGE_REL_BASED_DIR64.
    Eight,
}

/// A stored address: where, and how wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Target {
    at: u32,
    width: Width,
}

/// Returns the bytes of the relocation directory, which must lie inside the contents of one section.
pub(super) fn locate<'a>(
    file: &'a [u8],
    headers: &Headers<'_>,
    mapped: &[Mapped],
) -> Result<&'a [u8], ImageError> {
    let (at, bytes) = headers.directory(DIRECTORY);
    if bytes == 0 {
        return Ok(&[]);
    }
    let outside = ImageError::DirectoryRange { directory: Directory::Relocations, at, bytes };
    let section = mapped.iter().skip(1).find(|section| section.holds(at, bytes)).ok_or(outside)?;
    let contents = section.file_bytes(file).ok_or(outside)?;
    let start = (at - section.address) as usize;
    contents.get(start..start + bytes as usize).ok_or(outside)
}

/// Checks every block and every entry.
pub(super) fn check(bytes: &[u8], headers: &Headers<'_>, mapped: &[Mapped]) -> Result<(), ImageError> {
    let own = match headers.architecture {
        Architecture::I686 => Width::Four,
        Architecture::Amd64 => Width::Eight,
    };
    // Entries of a block lie close together: look in the section of the last one first.
    let mut current: Option<&Mapped> = None;
    each(bytes, |target| {
        let length = match target.width {
            Width::Four => 4,
            Width::Eight => 8,
        };
        if target.width != own {
            return Err(ImageError::RelocationWidth { at: target.at, bytes: length });
        }
        if !current.is_some_and(|section| section.holds(target.at, length)) {
            current = mapped.iter().skip(1).find(|section| section.holds(target.at, length));
        }
        match current {
            Some(_) => Ok(()),
            None => Err(ImageError::RelocationRange { at: target.at, image: headers.image_bytes }),
        }
    })
}

/// Adds `slide` at every target.
pub(super) fn apply(bytes: &[u8], memory: &mut [u8], slide: u64) -> Result<(), ImageError> {
    let image = u32::try_from(memory.len()).unwrap_or(u32::MAX);
    each(bytes, |Target { at, width }| {
        let outside = ImageError::RelocationRange { at, image };
        let place = memory.get_mut(at as usize..).ok_or(outside)?;
        match width {
            Width::Four => {
                let stored = place.first_chunk_mut::<4>().ok_or(outside)?;
                // A 32-bit image slides by a 32-bit distance; the sum wraps as the address space does.
                *stored = u32::from_le_bytes(*stored).wrapping_add(slide as u32).to_le_bytes();
            }
            Width::Eight => {
                let stored = place.first_chunk_mut::<8>().ok_or(outside)?;
                *stored = u64::from_le_bytes(*stored).wrapping_add(slide).to_le_bytes();
            }
        }
        Ok(())
    })
}

/// Calls `visit` for every entry that changes something.
fn each(mut bytes: &[u8], mut visit: impl FnMut(Target) -> Result<(), ImageError>) -> Result<(), ImageError> {
    let whole = bytes.len();
    while !bytes.is_empty() {
        let offset = whole - bytes.len();
        let short = ImageError::RelocationBlock { offset, bytes: bytes.len() };
        let (header, _) = from_bytes::<ImageBaseRelocation>(bytes).map_err(|()| short)?;
        let page = header.virtual_address.get(object::LittleEndian);
        let length = header.size_of_block.get(object::LittleEndian) as usize;
        let wrong = ImageError::RelocationBlock { offset, bytes: length };
        if length < BLOCK_HEADER || !length.is_multiple_of(4) || !u64::from(page).is_multiple_of(PAGE_BYTES) {
            return Err(wrong);
        }
        let (block, rest) = bytes.split_at_checked(length).ok_or(wrong)?;
        let entries = block.get(BLOCK_HEADER..).ok_or(wrong)?;
        for entry in entries.chunks_exact(2) {
            let entry = entry.first_chunk::<2>().map_or(0, |entry| u16::from_le_bytes(*entry));
            // The page is aligned, so its low bits are free for the offset.
            let at = page | u32::from(entry & 0xFFF);
            let width = match pe::BaseRelocationType(entry >> 12) {
                pe::IMAGE_REL_BASED_ABSOLUTE => continue,
                pe::IMAGE_REL_BASED_HIGHLOW => Width::Four,
                pe::IMAGE_REL_BASED_DIR64 => Width::Eight,
                kind => return Err(ImageError::RelocationKind { at, kind: kind.0 }),
            };
            visit(Target { at, width })?;
        }
        bytes = rest;
    }
    Ok(())
}
