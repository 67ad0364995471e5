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

use super::pe::{self, bytes_at, header, optional, put, section, text_at, u16_at, u32_at};

/// Where the data directories stand in the optional header of either kind, which its first two bytes tell.
const DIRECTORIES_32: usize = 96;
const DIRECTORIES_64: usize = 112;
const MAGIC_64: u16 = 0x20B;
/// The debug directory is the seventh data directory of 8 bytes.
const DEBUG_DIRECTORY: usize = 6 * 8;
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
    let signature = pe::signature(image)?;
    let mut stamps = vec![signature + header::STAMP];
    let mut identifier = None;
    let mut debug_file = None;
    for entry in debug_entries(image, signature)? {
        stamps.push(entry + ENTRY_STAMP);
        if u32_at(image, entry + ENTRY_KIND)? == CODE_VIEW as usize {
            let record = u32_at(image, entry + ENTRY_RAW)?;
            identifier = Some(record + IDENTIFIER);
            debug_file = Some(text_at(image, record + DEBUG_PATH)?);
        }
    }
    let checksum = signature + header::OPTIONAL + optional::CHECKSUM;
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
        let sum = pe::checksum(image)?;
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
fn debug_entries(image: &[u8], signature: usize) -> Result<Vec<usize>> {
    let optional = signature + header::OPTIONAL;
    let directories = match u16_at(image, optional)? {
        MAGIC_64 => DIRECTORIES_64,
        _ => DIRECTORIES_32,
    };
    let directory = optional + directories + DEBUG_DIRECTORY;
    let (address, bytes) = (u32_at(image, directory)?, u32_at(image, directory + 4)?);
    if bytes == 0 {
        return Ok(Vec::new());
    }
    for section in pe::sections(image, signature)? {
        let start = u32_at(image, section + section::ADDRESS)?;
        let raw_bytes = u32_at(image, section + section::RAW_BYTES)?;
        if (start..start + raw_bytes).contains(&address) {
            let first = u32_at(image, section + section::RAW)? + (address - start);
            return Ok((0..bytes / ENTRY_BYTES).map(|entry| first + entry * ENTRY_BYTES).collect());
        }
    }
    bail!("the debug directory lies in no section");
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
