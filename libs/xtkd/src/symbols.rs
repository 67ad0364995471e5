//! A compact table of function names, which an image carries with it.
//!
//! It is read where it lies, without memory of its own, by whoever has nothing else: a lookup is a binary search over blocks of
//! [`BLOCK`] functions and a walk through one of them. A name is a row of words, which most names share, so it need not be put
//! together anywhere before it is printed.
//!
//! # Format, version 1
//! All numbers are little-endian; an offset counts bytes from the table's beginning.
//!
//! ```text
//!    0  8 bytes   "XTSYMS", version (u16): 1
//!    8  u32       checksum: FNV-1a, 32 bits, of everything from offset 12 to the end
//!   12  u32       bytes of the whole table
//!   16  u32       functions
//!   20  u32       blocks: functions / 16, rounded up
//!   24  u32       words
//!   28  u32       bytes of the words' text
//!   32  blocks:   address (u32), place of the block's first entry (u32, an offset) of each
//!       words:    end (u16) of each word's text, in the text, which is shorter than 64 KiB
//!       text:     the words, UTF-8, one after another
//!       entries:  of each function, in the order of addresses:
//!                     address less the one of the entry before, in a block's first entry 0   (number)
//!                     bytes of code                                                          (number)
//!                     words of the name                                                      (number)
//!                     each word's index                                                      (numbers)
//! ```
//!
//! A *number* has seven bits in each byte, the lowest first; the top bit is set in all bytes but the last (LEB128).
//! Addresses count from the image's first byte. Where the linker gave one piece of code to several functions, one name
//! stands for all.
//!
//! # What it guarantees
//! A table that is damaged is refused, by its checksum. One that is wrong on purpose, with a right checksum, may lead to wrong
//! names, but to no panic and to no longer work: a lookup ends after one block whatever stands there.

use core::fmt;

mod bytes;

pub use self::bytes::Flaw;
use self::bytes::{Reader, u32_at};

/// Functions in a block; only the last block may have fewer.
pub const BLOCK: u32 = 16;

/// The beginning of a table, with its version.
pub const MAGIC: [u8; 8] = *b"XTSYMS\x01\0";

/// The bytes before the blocks.
pub const HEADER_BYTES: usize = 32;

/// Where the checksum stands, and where what it covers begins.
pub const CHECKSUM: usize = 8;
const COVERED: usize = 12;

/// Bytes of a block's entry in the index.
pub const INDEX_BYTES: usize = 8;

/// Bytes of a word's end.
pub const END_BYTES: usize = 2;

/// Returns the checksum of a table: FNV-1a of what stands behind the checksum.
#[must_use]
pub fn checksum(table: &[u8]) -> u32 {
    let covered = table.get(COVERED..).unwrap_or_default();
    covered.iter().fold(0x811C_9DC5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A table that has been looked over.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    blocks: &'a [u8],
    ends: &'a [u8],
    text: &'a [u8],
    /// The whole table: places of entries count from its beginning.
    whole: &'a [u8],
    functions: u32,
}

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its first byte, from the image's.
    pub start: u32,
    /// Bytes of code.
    pub bytes: u32,
    /// Its name.
    pub name: Name<'a>,
}

/// A function's name. Printing it looks the words up.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    table: Table<'a>,
    words: Reader<'a>,
    count: u32,
}

impl<'a> Table<'a> {
    /// Looks a table over: its marks, the sizes of its parts, its checksum. Reads all of it once. More bytes may follow.
    ///
    /// # Errors
    /// [`Flaw`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Flaw> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
            return Err(Flaw::Magic);
        }
        let length = u32_at(bytes, 12)? as usize;
        let whole = bytes.get(..length).ok_or(Flaw::CutShort)?;
        let (stored, computed) = (u32_at(whole, CHECKSUM)?, checksum(whole));
        if stored != computed {
            return Err(Flaw::Checksum { stored, computed });
        }
        let functions = u32_at(whole, 16)?;
        let (blocks, words, text) = (u32_at(whole, 20)?, u32_at(whole, 24)?, u32_at(whole, 28)?);
        if blocks != functions.div_ceil(BLOCK) {
            return Err(Flaw::Blocks { blocks, functions });
        }
        let rest = whole.get(HEADER_BYTES..).ok_or(Flaw::CutShort)?;
        let (blocks, rest) = split(rest, blocks, INDEX_BYTES)?;
        let (ends, rest) = split(rest, words, END_BYTES)?;
        let (text, _) = split(rest, text, 1)?;
        Ok(Self { blocks, ends, text, whole, functions })
    }

    /// Returns how many functions there are.
    #[must_use]
    pub const fn functions(&self) -> u32 {
        self.functions
    }

    /// Returns the function whose code contains an offset from the image's first byte.
    #[must_use]
    #[inline(never)]
    pub fn find(&self, offset: u32) -> Option<Function<'a>> {
        let (mut low, mut high) = (0, self.blocks.len() / INDEX_BYTES);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.block(middle)?.0 <= offset { low = middle + 1 } else { high = middle }
        }
        self.entries(low.checked_sub(1)?)
            .take_while(|function| function.start <= offset)
            .find(|function| offset - function.start < function.bytes)
    }

    /// Returns every function, in the order of addresses.
    pub fn iter(&self) -> impl Iterator<Item = Function<'a>> + use<'a> {
        let table = *self;
        (0..self.blocks.len() / INDEX_BYTES).flat_map(move |block| table.entries(block))
    }

    /// Returns where a block's first function begins, and where its first entry stands.
    fn block(&self, block: usize) -> Option<(u32, usize)> {
        let entry = self.blocks.get(block.checked_mul(INDEX_BYTES)?..)?;
        Some((u32_at(entry, 0).ok()?, u32_at(entry, 4).ok()? as usize))
    }

    /// Returns a block's functions, as many as can be read.
    fn entries(&self, block: usize) -> impl Iterator<Item = Function<'a>> + use<'a> {
        let table = *self;
        let found = self.block(block).and_then(|(start, place)| Some((start, self.whole.get(place..)?)));
        let (mut address, bytes) = found.unwrap_or_default();
        let mut reader = Reader::new(bytes);
        // The last block ends with the table's functions.
        let before = u32::try_from(block).unwrap_or(u32::MAX).saturating_mul(BLOCK);
        let count = self.functions.saturating_sub(before).min(BLOCK);
        (0..count).map_while(move |_| {
            address = address.checked_add(reader.number()?)?;
            let (bytes, count) = (reader.number()?, reader.number()?);
            let words = reader;
            for _ in 0..count {
                reader.number()?;
            }
            Some(Function { start: address, bytes, name: Name { table, words, count } })
        })
    }

    /// Returns a word.
    fn word(&self, index: u32) -> Option<&'a str> {
        let at = (index as usize).checked_mul(END_BYTES)?;
        let end_at = |at: usize| {
            let end = self.ends.get(at..)?.first_chunk()?;
            Some(usize::from(u16::from_le_bytes(*end)))
        };
        let start = match at.checked_sub(END_BYTES) {
            Some(before) => end_at(before)?,
            None => 0,
        };
        core::str::from_utf8(self.text.get(start..end_at(at)?)?).ok()
    }
}

/// Takes `count` things of `bytes` bytes each off the front.
fn split(from: &[u8], count: u32, bytes: usize) -> Result<(&[u8], &[u8]), Flaw> {
    let bytes = (count as usize).checked_mul(bytes).ok_or(Flaw::CutShort)?;
    from.split_at_checked(bytes).ok_or(Flaw::CutShort)
}

impl<'a> Name<'a> {
    /// Returns the words that the name is made of, as many as can be read.
    pub fn words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (table, mut reader) = (self.table, self.words);
        (0..self.count).map_while(move |_| table.word(reader.number()?))
    }

    /// Tells whether the name begins with `prefix`.
    #[must_use]
    pub fn starts_with(&self, prefix: &str) -> bool {
        let mut rest = prefix;
        for word in self.words() {
            let shared = word.len().min(rest.len());
            if word.as_bytes().get(..shared) != rest.as_bytes().get(..shared) {
                return false;
            }
            rest = rest.get(shared..).unwrap_or_default();
            if rest.is_empty() {
                return true;
            }
        }
        rest.is_empty()
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().try_for_each(|word| out.write_str(word))
    }
}

#[cfg(test)]
mod tests;
