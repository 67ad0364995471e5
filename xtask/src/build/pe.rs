//! The parts of PE images that building changes (Microsoft PE specification), by their offsets.
//!
//! The packages that write PE images write whole ones; what the linker wrote stays as it is here but for a few fields.

use anyhow::{Context, Result, bail};

/// Offset of the file offset of the PE signature.
const NEW_HEADER: usize = 0x3C;

/// Offsets from the PE signature.
pub(super) mod header {
    /// The processor that the image is for.
    pub(in crate::build) const MACHINE: usize = 4;
    /// Sections.
    pub(in crate::build) const SECTION_COUNT: usize = 6;
    /// Time stamp.
    pub(in crate::build) const STAMP: usize = 8;
    /// Bytes of the optional header.
    pub(in crate::build) const OPTIONAL_BYTES: usize = 20;
    /// The optional header.
    pub(in crate::build) const OPTIONAL: usize = 24;
}

/// Offsets from the optional header.
pub(super) mod optional {
    /// Bytes of sections with data.
    pub(in crate::build) const DATA_BYTES: usize = 8;
    /// What sections' addresses are multiples of.
    pub(in crate::build) const SECTION_ALIGNMENT: usize = 32;
    /// What sections' places in the file are multiples of.
    pub(in crate::build) const FILE_ALIGNMENT: usize = 36;
    /// Bytes of the image in memory.
    pub(in crate::build) const IMAGE_BYTES: usize = 56;
    /// Bytes of all headers.
    pub(in crate::build) const HEADER_BYTES: usize = 60;
    /// Checksum.
    pub(in crate::build) const CHECKSUM: usize = 64;
}

/// Bytes of a section's header, and offsets from it.
pub(super) mod section {
    /// Bytes.
    pub(in crate::build) const BYTES: usize = 40;
    /// Bytes in memory.
    pub(in crate::build) const SIZE: usize = 8;
    /// Place in memory.
    pub(in crate::build) const ADDRESS: usize = 12;
    /// Bytes in the file.
    pub(in crate::build) const RAW_BYTES: usize = 16;
    /// Place in the file.
    pub(in crate::build) const RAW: usize = 20;
    /// Rights and kinds.
    pub(in crate::build) const FLAGS: usize = 36;
}

/// The machine of 32-bit images.
pub(super) const MACHINE_I386: u16 = 0x14C;

/// Initialised data, to be read.
const CONSTANTS: u32 = 0x4000_0040;

/// Returns where the PE signature stands.
///
/// # Errors
/// It is no PE image.
pub(super) fn signature(image: &[u8]) -> Result<usize> {
    let header = u32_at(image, NEW_HEADER)?;
    if bytes_at(image, header, 4)? != b"PE\0\0" {
        bail!("the linker did not write a PE image");
    }
    Ok(header)
}

/// Returns where the headers of sections stand.
///
/// # Errors
/// The image is cut short.
pub(super) fn sections(image: &[u8], signature: usize) -> Result<Vec<usize>> {
    let table =
        signature + header::OPTIONAL + usize::from(u16_at(image, signature + header::OPTIONAL_BYTES)?);
    let count = usize::from(u16_at(image, signature + header::SECTION_COUNT)?);
    Ok((0..count).map(|index| table + index * section::BYTES).collect())
}

/// Adds a section of constants behind all others. The checksum is not right afterwards.
///
/// # Errors
/// It is no PE image, or its headers have no room for another section.
pub(super) fn add_constants(image: &mut Vec<u8>, name: [u8; 8], contents: &[u8]) -> Result<()> {
    let signature = signature(image)?;
    let in_optional = |field: usize| signature + header::OPTIONAL + field;
    let sections = sections(image, signature)?;
    let place = sections.last().context("the image has no section")? + section::BYTES;
    let header_bytes = u32_at(image, in_optional(optional::HEADER_BYTES))?;
    if place + section::BYTES > header_bytes || bytes_at(image, place, section::BYTES)? != [0; section::BYTES]
    {
        bail!("the image's headers have no room for another section");
    }
    let address = u32_at(image, in_optional(optional::IMAGE_BYTES))?;
    let alignment = u32_at(image, in_optional(optional::SECTION_ALIGNMENT))?;
    let file_alignment = u32_at(image, in_optional(optional::FILE_ALIGNMENT))?;
    if alignment == 0 || file_alignment == 0 {
        bail!("the image's sections are aligned to nothing");
    }
    let data = u32_at(image, in_optional(optional::DATA_BYTES))?;
    let raw = image.len().next_multiple_of(file_alignment);
    let raw_bytes = contents.len().next_multiple_of(file_alignment);
    let end = (address + contents.len()).next_multiple_of(alignment);

    image.resize(raw, 0);
    image.extend_from_slice(contents);
    image.resize(raw + raw_bytes, 0);
    let number = |value: usize| u32::try_from(value).context("the image has 4 GiB or more");
    put(image, place, &name)?;
    for (field, value) in [
        (section::SIZE, contents.len()),
        (section::ADDRESS, address),
        (section::RAW_BYTES, raw_bytes),
        (section::RAW, raw),
    ] {
        put(image, place + field, &number(value)?.to_le_bytes())?;
    }
    put(image, place + section::FLAGS, &CONSTANTS.to_le_bytes())?;
    let count = u16::try_from(sections.len() + 1).context("the image has too many sections")?;
    put(image, signature + header::SECTION_COUNT, &count.to_le_bytes())?;
    put(image, in_optional(optional::DATA_BYTES), &number(data + raw_bytes)?.to_le_bytes())?;
    put(image, in_optional(optional::IMAGE_BYTES), &number(end)?.to_le_bytes())
}

/// The sum that the PE format asks for: 16-bit words with the carry added back, plus the file's length. The field
/// itself counts as zero, which it must be.
///
/// # Errors
/// The image has 4 GiB or more.
pub(super) fn checksum(image: &[u8]) -> Result<u32> {
    let mut sum = 0_u32;
    for pair in image.chunks(2) {
        let low = pair.first().copied().unwrap_or_default();
        let high = pair.get(1).copied().unwrap_or_default();
        sum += u32::from(u16::from_le_bytes([low, high]));
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    Ok(sum + u32::try_from(image.len()).context("the image has 4 GiB or more")?)
}

/// Returns bytes of a file.
///
/// # Errors
/// They lie outside.
pub(super) fn bytes_at(bytes: &[u8], place: usize, count: usize) -> Result<&[u8]> {
    let found = bytes.get(place..).and_then(|rest| rest.get(..count));
    found.with_context(|| format!("{count} bytes at {place:#x} lie outside the file"))
}

/// Returns a number of two bytes.
///
/// # Errors
/// They lie outside.
pub(super) fn u16_at(bytes: &[u8], place: usize) -> Result<u16> {
    let found = bytes.get(place..).and_then(|rest| rest.first_chunk());
    Ok(u16::from_le_bytes(*found.with_context(|| format!("2 bytes at {place:#x} lie outside the file"))?))
}

/// Returns a number of four bytes. Offsets and sizes in the file have 32 bits and serve as indices here.
///
/// # Errors
/// They lie outside.
pub(super) fn u32_at(bytes: &[u8], place: usize) -> Result<usize> {
    let found = bytes.get(place..).and_then(|rest| rest.first_chunk());
    let found = found.with_context(|| format!("4 bytes at {place:#x} lie outside the file"))?;
    Ok(usize::try_from(u32::from_le_bytes(*found))?)
}

/// Returns a text that ends with a zero.
///
/// # Errors
/// It lies outside.
pub(super) fn text_at(bytes: &[u8], place: usize) -> Result<String> {
    let rest = bytes.get(place..).with_context(|| format!("the text at {place:#x} lies outside the file"))?;
    let text = rest.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// Replaces bytes.
///
/// # Errors
/// They lie outside.
pub(super) fn put(bytes: &mut [u8], place: usize, value: &[u8]) -> Result<()> {
    let found = bytes.get_mut(place..).and_then(|rest| rest.get_mut(..value.len()));
    found.with_context(|| format!("{place:#x} lies outside the file"))?.copy_from_slice(value);
    Ok(())
}

#[cfg(test)]
#[path = "pe_tests.rs"]
mod tests;
