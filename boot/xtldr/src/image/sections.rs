//! The section table: what lies where in the file and in the image, and with which rights.

use arrayvec::ArrayVec;
use object::pe::{self, ImageSectionHeader};
use xtboot::block::{Section, SectionProtection};
use xtcore::{FrameCount, PAGE_BYTES};

use super::error::{ImageError, Within};
use super::headers::Headers;

/// The most mapped parts of an image, the headers included.
pub const MAX_SECTIONS: usize = 32;

/// The headers have no section of their own; this stands for their name.
const HEADERS: [u8; 8] = *b"headers\0";

/// A part of the image that is mapped with rights of its own. It lies inside the image and inside the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapped {
    /// Its name, padded with zeros.
    pub name: [u8; 8],
    /// Offset of its first byte from the image's base, a multiple of the page size.
    pub address: u32,
    /// Its size in memory, in bytes; not zero.
    pub bytes: u32,
    /// Offset of its contents in the file.
    pub(super) file_offset: u32,
    /// Bytes of its contents in the file, at most [`Mapped::bytes`]; zeros follow.
    pub(super) file_length: u32,
    /// Its rights.
    pub protection: SectionProtection,
}

impl Mapped {
    /// Returns the name as text, or a question mark where it is none.
    #[must_use]
    pub fn name(&self) -> &str {
        let length = self.name.iter().position(|byte| *byte == 0).unwrap_or(self.name.len());
        let name = self.name.get(..length).and_then(|name| str::from_utf8(name).ok());
        name.filter(|name| name.chars().all(|character| character.is_ascii_graphic())).unwrap_or("?")
    }

    /// Returns the part as the boot protocol knows it: whole pages.
    #[must_use]
    pub const fn section(&self) -> Section {
        Section {
            offset: FrameCount::new(self.address as u64 / PAGE_BYTES),
            pages: FrameCount::holding(self.bytes as u64),
            protection: self.protection,
        }
    }

    /// Tells whether `[at, at + bytes)` lies inside.
    pub(super) fn holds(&self, at: u32, bytes: u32) -> bool {
        let end = u64::from(self.address) + u64::from(self.bytes);
        at >= self.address && u64::from(at) + u64::from(bytes) <= end
    }

    /// Returns the contents. `None` only for another file than the one that was checked.
    pub(super) fn file_bytes<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.file_offset).ok()?;
        let end = start.checked_add(usize::try_from(self.file_length).ok()?)?;
        file.get(start..end)
    }
}

/// Checks all sections and returns what is mapped, the headers first.
pub(super) fn check(
    file: &[u8],
    headers: &Headers<'_>,
) -> Result<ArrayVec<Mapped, MAX_SECTIONS>, ImageError> {
    let count = headers.sections.len();
    if count == 0 || count >= MAX_SECTIONS {
        return Err(ImageError::SectionCount { found: count, limit: MAX_SECTIONS - 1 });
    }
    let mut mapped = ArrayVec::new();
    mapped.push(Mapped {
        name: HEADERS,
        address: 0,
        bytes: headers.header_bytes,
        file_offset: 0,
        file_length: headers.header_bytes,
        protection: SectionProtection::Read,
    });
    let mut end = page_end(0, headers.header_bytes);
    for (index, header) in headers.sections.iter().enumerate() {
        let section = check_one(file, headers, index, header)?;
        if u64::from(section.address) < end {
            return Err(ImageError::Overlap { index, at: section.address, previous_end: end });
        }
        end = page_end(section.address, section.bytes);
        mapped.push(section);
    }
    if end > u64::from(headers.image_bytes) {
        return Err(ImageError::SectionRange {
            index: count - 1,
            within: Within::Image,
            end,
            limit: headers.image_bytes.into(),
        });
    }
    check_contents(headers.header_bytes, &mapped)?;
    Ok(mapped)
}

/// Returns the end of the last page that `[address, address + bytes)` touches.
fn page_end(address: u32, bytes: u32) -> u64 {
    (u64::from(address) + u64::from(bytes)).next_multiple_of(PAGE_BYTES)
}

fn check_one(
    file: &[u8],
    headers: &Headers<'_>,
    index: usize,
    header: &ImageSectionHeader,
) -> Result<Mapped, ImageError> {
    let address = header.virtual_address.get(object::LittleEndian);
    let bytes = header.virtual_size.get(object::LittleEndian);
    if !u64::from(address).is_multiple_of(PAGE_BYTES) || bytes == 0 {
        return Err(ImageError::SectionPlace { index, at: address, bytes });
    }
    let in_memory = u64::from(address) + u64::from(bytes);
    if in_memory > u64::from(headers.image_bytes) {
        let limit = headers.image_bytes.into();
        return Err(ImageError::SectionRange { index, within: Within::Image, end: in_memory, limit });
    }
    let offset = header.pointer_to_raw_data.get(object::LittleEndian);
    let length = header.size_of_raw_data.get(object::LittleEndian);
    let in_file = u64::from(offset) + u64::from(length);
    if length != 0 && in_file > file.len() as u64 {
        let limit = file.len() as u64;
        return Err(ImageError::SectionRange { index, within: Within::File, end: in_file, limit });
    }
    Ok(Mapped {
        name: header.name,
        address,
        bytes,
        file_offset: if length == 0 { 0 } else { offset },
        // The file pads contents to its own alignment; what exceeds the section is padding.
        file_length: length.min(bytes),
        protection: protection(index, header)?,
    })
}

fn protection(index: usize, header: &ImageSectionHeader) -> Result<SectionProtection, ImageError> {
    let characteristics = header.characteristics.get(object::LittleEndian).0;
    let has = |flag: pe::SectionFlags| characteristics & flag.0 != 0;
    match (has(pe::IMAGE_SCN_MEM_WRITE), has(pe::IMAGE_SCN_MEM_EXECUTE)) {
        (true, true) => Err(ImageError::WritableCode { index }),
        (true, false) => Ok(SectionProtection::ReadWrite),
        (false, true) => Ok(SectionProtection::ReadExecute),
        (false, false) => Ok(SectionProtection::Read),
    }
}

/// Checks that no two sections share bytes of the file, and none has bytes of the headers.
///
/// Quadratic in the few sections: they need not lie in the file in the order in which they lie in memory.
fn check_contents(header_bytes: u32, mapped: &[Mapped]) -> Result<(), ImageError> {
    let range = |section: &Mapped| {
        let start = u64::from(section.file_offset);
        (start, start + u64::from(section.file_length))
    };
    let filled = |section: &&Mapped| section.file_length != 0;
    for (index, section) in mapped.iter().skip(1).enumerate().filter(|(_, section)| filled(section)) {
        let (start, end) = range(section);
        let others = mapped.iter().skip(index + 2).filter(filled);
        let shared = others.map(range).any(|(other, other_end)| start < other_end && other < end);
        if shared || start < u64::from(header_bytes) {
            return Err(ImageError::SharedContents { index, start, end });
        }
    }
    Ok(())
}
