//! Gives an image an identity that depends on its own bytes alone.
//!
//! The linker derives the image's time stamps and the identifier of its debug information from the *debug file*,
//! which holds the paths of the build. Thus the only bytes in which two builds of the same sources in different
//! places differ are these (Microsoft PE specification):
//!
//! * the COFF header's time stamp, and those of the debug directory's entries;
//! * the 16-byte identifier in the CodeView record, which the debug file repeats;
//! * the checksum, which covers the others.
//!
//! They are replaced by parts of a digest that is taken with all of them zero, in the debug file too, so that
//! debuggers still find the two to belong together. Everything else stays as the linker wrote it.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// Offset of the file offset of the PE signature.
const NEW_HEADER: usize = 0x3C;
/// From the PE signature.
const SECTION_COUNT: usize = 6;
const STAMP: usize = 8;
const OPTIONAL_BYTES: usize = 20;
const OPTIONAL: usize = 24;
/// From the optional header.
const CHECKSUM: usize = 64;
const DIRECTORIES_32: usize = 96;
const DIRECTORIES_64: usize = 112;
const MAGIC_64: u16 = 0x20B;
/// The debug directory is the seventh data directory of 8 bytes.
const DEBUG_DIRECTORY: usize = 6 * 8;
/// A section header, and the fields used here.
const SECTION_BYTES: usize = 40;
const SECTION_ADDRESS: usize = 12;
const SECTION_RAW_BYTES: usize = 16;
const SECTION_RAW: usize = 20;
/// An entry of the debug directory, and the fields used here.
const ENTRY_BYTES: usize = 28;
const ENTRY_STAMP: usize = 4;
const ENTRY_KIND: usize = 12;
const ENTRY_RAW: usize = 24;
const CODE_VIEW: u32 = 2;
/// From the CodeView record: `RSDS`, identifier, age, path.
const IDENTIFIER: usize = 4;
const IDENTIFIER_BYTES: usize = 16;
const DEBUG_PATH: usize = 24;

/// What ties an image to its debug file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// The time stamp.
    stamp: [u8; 4],
    /// The identifier.
    identifier: [u8; IDENTIFIER_BYTES],
    /// The name under which debuggers look for the debug file, if the image has one.
    pub(super) debug_file: Option<String>,
}

/// Replaces the identity of `image`, and returns the new one.
///
/// # Errors
/// It is no PE image, or is cut short.
pub(super) fn settle(image: &mut [u8]) -> Result<Identity> {
    let header = u32_at(image, NEW_HEADER)?;
    if bytes_at(image, header, 4)? != b"PE\0\0" {
        bail!("the linker did not write a PE image");
    }
    let mut stamps = vec![header + STAMP];
    let mut identifier = None;
    let mut debug_file = None;
    for entry in debug_entries(image, header)? {
        stamps.push(entry + ENTRY_STAMP);
        if u32_at(image, entry + ENTRY_KIND)? == CODE_VIEW as usize {
            let record = u32_at(image, entry + ENTRY_RAW)?;
            identifier = Some(record + IDENTIFIER);
            debug_file = Some(text_at(image, record + DEBUG_PATH)?);
        }
    }
    let checksum = header + OPTIONAL + CHECKSUM;
    let has_checksum = u32_at(image, checksum)? != 0;

    for &stamp in &stamps {
        put(image, stamp, &[0; 4])?;
    }
    put(image, checksum, &[0; 4])?;
    if let Some(place) = identifier {
        put(image, place, &[0; IDENTIFIER_BYTES])?;
    }

    let digest: [u8; 32] = Sha256::digest(&image).into();
    let (for_stamp, rest) = digest.split_first_chunk().context("a digest has 32 bytes")?;
    let for_identifier = rest.first_chunk().context("a digest has 32 bytes")?;
    let identity = Identity { stamp: *for_stamp, identifier: *for_identifier, debug_file };
    for &stamp in &stamps {
        put(image, stamp, &identity.stamp)?;
    }
    if let Some(place) = identifier {
        put(image, place, &identity.identifier)?;
    }
    if has_checksum {
        let sum = image_checksum(image)?;
        put(image, checksum, &sum.to_le_bytes())?;
    }
    Ok(identity)
}

/// Writes `identity` into the debug file `file` (a "multi-stream file": its stream 1 begins with a version, the time
/// stamp, an age, the identifier).
///
/// # Errors
/// It is no debug file, or is cut short.
pub(super) fn settle_debug_file(file: &mut [u8], identity: &Identity) -> Result<()> {
    const MAGIC: &[u8; 32] = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0";
    if bytes_at(file, 0, MAGIC.len())? != MAGIC {
        bail!("the linker did not write a debug file of the expected kind");
    }
    let block = u32_at(file, 32)?;
    let directory_bytes = u32_at(file, 44)?;
    let map = u32_at(file, 52)?.checked_mul(block).context("a debug file's block lies outside it")?;
    let mut directory = Vec::with_capacity(directory_bytes);
    for index in 0..directory_bytes.div_ceil(block) {
        let place = u32_at(file, map + 4 * index)? * block;
        directory.extend_from_slice(bytes_at(file, place, block)?);
    }
    let streams = u32_at(&directory, 0)?;
    let first_bytes = match u32_at(&directory, 4)? {
        0xFFFF_FFFF => 0,
        bytes => bytes,
    };
    let blocks = 4 + 4 * streams;
    let stream = u32_at(&directory, blocks + 4 * first_bytes.div_ceil(block))? * block;
    put(file, stream + 4, &identity.stamp)?;
    put(file, stream + 12, &identity.identifier)
}

/// The file offsets of the debug directory's entries.
fn debug_entries(image: &[u8], header: usize) -> Result<Vec<usize>> {
    let optional = header + OPTIONAL;
    let directories = match u16_at(image, optional)? {
        MAGIC_64 => DIRECTORIES_64,
        _ => DIRECTORIES_32,
    };
    let directory = optional + directories + DEBUG_DIRECTORY;
    let (address, bytes) = (u32_at(image, directory)?, u32_at(image, directory + 4)?);
    if bytes == 0 {
        return Ok(Vec::new());
    }
    let table = optional + usize::from(u16_at(image, header + OPTIONAL_BYTES)?);
    for index in 0..usize::from(u16_at(image, header + SECTION_COUNT)?) {
        let section = table + index * SECTION_BYTES;
        let start = u32_at(image, section + SECTION_ADDRESS)?;
        let raw_bytes = u32_at(image, section + SECTION_RAW_BYTES)?;
        if (start..start + raw_bytes).contains(&address) {
            let first = u32_at(image, section + SECTION_RAW)? + (address - start);
            return Ok((0..bytes / ENTRY_BYTES).map(|entry| first + entry * ENTRY_BYTES).collect());
        }
    }
    bail!("the debug directory lies in no section");
}

/// The sum that the PE format asks for: 16-bit words with the carry added back, plus the file's length. The field
/// itself counts as zero, which it is here.
fn image_checksum(image: &[u8]) -> Result<u32> {
    let mut sum = 0_u32;
    for pair in image.chunks(2) {
        let low = pair.first().copied().unwrap_or_default();
        let high = pair.get(1).copied().unwrap_or_default();
        sum += u32::from(u16::from_le_bytes([low, high]));
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    Ok(sum + u32::try_from(image.len()).context("the image has 4 GiB or more")?)
}

fn bytes_at(bytes: &[u8], place: usize, count: usize) -> Result<&[u8]> {
    let found = bytes.get(place..).and_then(|rest| rest.get(..count));
    found.with_context(|| format!("{count} bytes at {place:#x} lie outside the file"))
}

fn u16_at(bytes: &[u8], place: usize) -> Result<u16> {
    let found = bytes.get(place..).and_then(|rest| rest.first_chunk());
    Ok(u16::from_le_bytes(*found.with_context(|| format!("2 bytes at {place:#x} lie outside the file"))?))
}

/// Offsets and sizes in the file have 32 bits and serve as indices here.
fn u32_at(bytes: &[u8], place: usize) -> Result<usize> {
    let found = bytes.get(place..).and_then(|rest| rest.first_chunk());
    let found = found.with_context(|| format!("4 bytes at {place:#x} lie outside the file"))?;
    Ok(usize::try_from(u32::from_le_bytes(*found))?)
}

fn text_at(bytes: &[u8], place: usize) -> Result<String> {
    let rest = bytes.get(place..).with_context(|| format!("the text at {place:#x} lies outside the file"))?;
    let text = rest.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn put(bytes: &mut [u8], place: usize, value: &[u8]) -> Result<()> {
    let found = bytes.get_mut(place..).and_then(|rest| rest.get_mut(..value.len()));
    found.with_context(|| format!("{place:#x} lies outside the file"))?.copy_from_slice(value);
    Ok(())
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
