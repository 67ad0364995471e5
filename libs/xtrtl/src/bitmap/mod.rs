//! Bitmaps over memory that the caller brings: single bits, ranges, counts, and runs with a hint. NT's `RTL_BITMAP`.
//!
//! # Invariants
//! * Words are 64 bits wide on every architecture, so what a host tests is what a 32-bit kernel runs; bit `n` is bit
//!   `n % 64` of word `n / 64`.
//! * Bits behind the length, in the last word or beyond, are neither read into an answer nor written.
//! * A range is looked at before anything is changed: a refused call changes nothing.

mod find;

use core::fmt;
use core::ops::Range;

pub use find::Runs;

const WORD: usize = u64::BITS as usize;

/// What a bit says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bit {
    /// 0.
    Clear,
    /// 1.
    Set,
}

impl Bit {
    /// Returns what a bit says that does not say this.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Clear => Self::Set,
            Self::Set => Self::Clear,
        }
    }
}

/// The words are fewer than the bits want.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooShort {
    /// How many words there are.
    pub words: usize,
    /// How many bits were to lie in them.
    pub bits: usize,
}

impl fmt::Display for TooShort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} words of 64 bits do not hold {} bits", self.words, self.bits)
    }
}

impl core::error::Error for TooShort {}

/// The range ends behind the bitmap, or before it begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutOfRange {
    /// What was asked for.
    pub range: Range<usize>,
    /// How many bits there are.
    pub bits: usize,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no range {}..{} in {} bits", self.range.start, self.range.end, self.bits)
    }
}

impl core::error::Error for OutOfRange {}

/// How many words hold so many bits.
#[must_use]
pub const fn words_for(bits: usize) -> usize {
    bits.div_ceil(WORD)
}

/// Some bits, in words of any kind of memory: `[u64; N]`, `&mut [u64]`, or `&[u64]` for who only reads.
///
/// # Examples
/// ```
/// use xtrtl::bitmap::{Bit, Bitmap};
///
/// let mut pages = Bitmap::new([0; 2], 100)?;
/// pages.fill(0..60, Bit::Set).expect("there are 100");
/// // Across the words, up to the last bit.
/// assert_eq!(pages.find(Bit::Clear, 40, 0), Some(60));
/// assert_eq!(pages.find(Bit::Clear, 41, 0), None);
/// # Ok::<(), xtrtl::bitmap::TooShort>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bitmap<W> {
    words: W,
    bits: usize,
}

impl<W: AsRef<[u64]>> Bitmap<W> {
    /// Returns a bitmap of so many bits, which say what the words say.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(words: W, bits: usize) -> Result<Self, TooShort> {
        let there = words.as_ref().len();
        if there < words_for(bits) {
            return Err(TooShort { words: there, bits });
        }
        Ok(Self { words, bits })
    }

    /// Returns how many bits there are.
    #[must_use]
    pub const fn bits(&self) -> usize {
        self.bits
    }

    /// Returns the words.
    #[must_use]
    pub fn into_words(self) -> W {
        self.words
    }

    /// Returns a bit, if it is there.
    pub fn get(&self, bit: usize) -> Option<Bit> {
        let word = self.words.as_ref().get(bit / WORD).filter(|_| bit < self.bits)?;
        Some(if word >> (bit % WORD) & 1 == 0 { Bit::Clear } else { Bit::Set })
    }

    /// Counts the bits of a range that say this. Linear in its words.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn count(&self, range: Range<usize>, bit: Bit) -> Result<usize, OutOfRange> {
        let pieces = Pieces::new(self.checked(range)?);
        let ones = |(word, mask): (usize, u64)| (self.seen(word, bit) & mask).count_ones() as usize;
        Ok(pieces.map(ones).sum())
    }

    /// Tells whether all bits of a range say this; those of an empty range do. Linear in its words.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn all(&self, range: Range<usize>, bit: Bit) -> Result<bool, OutOfRange> {
        let mut pieces = Pieces::new(self.checked(range)?);
        Ok(pieces.all(|(word, mask)| self.seen(word, bit) & mask == mask))
    }

    /// Returns a word, in which the bits are ones that say `bit`.
    fn seen(&self, word: usize, bit: Bit) -> u64 {
        let word = self.words.as_ref().get(word).copied().unwrap_or(0);
        match bit {
            Bit::Set => word,
            Bit::Clear => !word,
        }
    }

    fn checked(&self, range: Range<usize>) -> Result<Range<usize>, OutOfRange> {
        if range.start > range.end || range.end > self.bits {
            return Err(OutOfRange { range, bits: self.bits });
        }
        Ok(range)
    }
}

impl<W: AsRef<[u64]> + AsMut<[u64]>> Bitmap<W> {
    /// Lets a bit say this, and returns what it said before; nothing if it is not there.
    pub fn put(&mut self, at: usize, bit: Bit) -> Option<Bit> {
        let before = self.get(at)?;
        let word = self.words.as_mut().get_mut(at / WORD)?;
        write(word, 1 << (at % WORD), bit);
        Some(before)
    }

    /// Lets all bits of a range say this. Linear in its words.
    ///
    /// # Errors
    /// [`OutOfRange`]; nothing is changed.
    pub fn fill(&mut self, range: Range<usize>, bit: Bit) -> Result<(), OutOfRange> {
        for (word, mask) in Pieces::new(self.checked(range)?) {
            if let Some(word) = self.words.as_mut().get_mut(word) {
                write(word, mask, bit);
            }
        }
        Ok(())
    }

    /// Finds a run as [`Bitmap::find`] does, and turns it round: what was clear is set, and the other way about.
    pub fn take(&mut self, bit: Bit, length: usize, hint: usize) -> Option<usize> {
        let start = self.find(bit, length, hint)?;
        // What was found is in the bitmap.
        self.fill(start..start + length, bit.other()).ok().map(|()| start)
    }
}

const fn write(word: &mut u64, mask: u64, bit: Bit) {
    match bit {
        Bit::Set => *word |= mask,
        Bit::Clear => *word &= !mask,
    }
}

/// The words of a range, each with a mask of the bits that are in it.
struct Pieces(Range<usize>);

impl Pieces {
    const fn new(range: Range<usize>) -> Self {
        Self(range)
    }
}

impl Iterator for Pieces {
    type Item = (usize, u64);

    fn next(&mut self) -> Option<(usize, u64)> {
        let Range { start, end } = self.0;
        if start >= end {
            return None;
        }
        let (word, from) = (start / WORD, start % WORD);
        let count = (WORD - from).min(end - start);
        self.0.start = start + count;
        // At least one bit and at most a word's.
        Some((word, (u64::MAX >> (WORD - count)) << from))
    }
}

#[cfg(test)]
mod tests;
