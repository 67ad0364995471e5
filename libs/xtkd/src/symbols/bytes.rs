//! Numbers in a table, and what may be wrong with one.

use core::fmt;

/// Why a table is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It does not begin as a table of this version does.
    Magic,
    /// It is shorter than its own numbers say.
    CutShort,
    /// Its bytes are not those that it was made with.
    Checksum {
        /// The checksum that stands in it.
        stored: u32,
        /// The checksum of its bytes.
        computed: u32,
    },
    /// It has too many or too few blocks for its functions.
    Blocks {
        /// Blocks.
        blocks: u32,
        /// Functions.
        functions: u32,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => out.write_str("it does not begin with the mark of a table of names, version 1"),
            Self::CutShort => out.write_str("it is cut short"),
            Self::Checksum { stored, computed } => {
                write!(out, "its checksum is {computed:#x} and should be {stored:#x}")
            }
            Self::Blocks { blocks, functions } => {
                write!(out, "it has {blocks} blocks for {functions} functions")
            }
        }
    }
}

impl core::error::Error for Flaw {}

/// Returns the number at an offset.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Flaw> {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.map(|found| u32::from_le_bytes(*found)).ok_or(Flaw::CutShort)
}

/// Reads numbers one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the next number; `None` at the end, and for one that 32 bits do not hold.
    pub(super) fn number(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in (0..32).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u32::from(byte & 0x7F);
            if bits.checked_shl(shift)? >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}
