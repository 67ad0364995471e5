//! The entry point of SMBIOS: where its table is, and whether it adds up.
//!
//! Source: SMBIOS 3.7, sections 5.2.1 (2.x, 32 bits) and 5.2.2 (3.x, 64 bits).

#[cfg(test)]
mod tests;

use core::fmt;

/// Bytes of the longer entry point, that of 2.x.
pub(super) const MAX_BYTES: usize = 31;

/// An entry point that adds up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EntryPoint {
    major: u8,
    minor: u8,
    table: u64,
}

/// Why it is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// It begins with something else.
    Anchor,
    /// Its length is impossible.
    Length { bytes: u8 },
    /// Its bytes do not add up to zero.
    Checksum { sum: u8 },
}

impl EntryPoint {
    /// Reads an entry point; bytes behind it do not count.
    pub(super) fn parse(bytes: &[u8; MAX_BYTES]) -> Result<Self, Fault> {
        let (length, shortest) = match bytes {
            [b'_', b'S', b'M', b'3', b'_', _, length, ..] => (*length, 24),
            // The 2.1 specification says 30 where it means 31.
            [b'_', b'S', b'M', b'_', _, length, ..] => (*length, 30),
            _ => return Err(Fault::Anchor),
        };
        let whole = bytes.get(..length.into()).filter(|whole| whole.len() >= shortest);
        let whole = whole.ok_or(Fault::Length { bytes: length })?;
        let sum = whole.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if sum != 0 {
            return Err(Fault::Checksum { sum });
        }
        Ok(match *bytes {
            [_, _, _, b'3', _, _, _, major, minor, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] => {
                Self { major, minor, table: u64::from_le_bytes([a, b, c, d, e, f, g, h]) }
            }
            [_, _, _, _, _, _, major, minor, .., a, b, c, d, _, _, _] => {
                Self { major, minor, table: u32::from_le_bytes([a, b, c, d]).into() }
            }
        })
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}, table at {:#x}", self.major, self.minor, self.table)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Anchor => write!(out, "it begins with no anchor"),
            Self::Length { bytes } => write!(out, "a length of {bytes} bytes is impossible"),
            Self::Checksum { sum } => write!(out, "its bytes add up to {sum:#04x} instead of 0"),
        }
    }
}

impl core::error::Error for Fault {}
