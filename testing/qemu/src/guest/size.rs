//! An amount of guest memory, as people write it: `64M`, `1G`, `12T`.

use std::fmt;
use std::str::FromStr;

/// An amount of guest memory in bytes, never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MemorySize(u64);

/// A text that names no amount of memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidMemorySize(String);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

impl MemorySize {
    /// Builds a size of `count` MiB.
    #[must_use]
    pub const fn mebibytes(count: u32) -> Self {
        Self((count as u64) << 20)
    }

    /// Builds a size of `count` GiB.
    #[must_use]
    pub const fn gibibytes(count: u32) -> Self {
        Self((count as u64) << 30)
    }

    /// Returns the size in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for MemorySize {
    type Err = InvalidMemorySize;

    /// Parses a decimal number and one of the letters K, M, G, T (powers of 1024, either case); without a letter
    /// the unit is MiB, as it is for the emulator's own option.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidMemorySize(text.to_owned());
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "K" => KIB,
            "" | "M" => MIB,
            "G" => GIB,
            "T" => TIB,
            _ => return Err(invalid()),
        };
        let count: u64 = digits.parse().map_err(|_| invalid())?;
        match count.checked_mul(unit) {
            Some(bytes) if bytes > 0 => Ok(Self(bytes)),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for MemorySize {
    /// Writes the size with the largest unit that divides it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, letter) in [(TIB, 'T'), (GIB, 'G'), (MIB, 'M')] {
            if self.0.is_multiple_of(unit) {
                return write!(out, "{}{letter}", self.0 / unit);
            }
        }
        write!(out, "{}K", self.0.div_ceil(KIB))
    }
}

impl fmt::Display for InvalidMemorySize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}' is no amount of memory; write for example 64M, 1G or 12T", self.0)
    }
}

impl std::error::Error for InvalidMemorySize {}
