//! A line taken apart.

use core::fmt;
use core::ops::Range;

use arrayvec::{ArrayString, ArrayVec};

use super::LINE_BYTES;

/// The most words of a line.
pub const MAX_WORDS: usize = 32;

/// The words of a line: what white space separates, where it does not stand between double quotes. The quotes are gone,
/// and a backslash is itself, since paths are full of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Words {
    text: ArrayString<LINE_BYTES>,
    words: ArrayVec<Range<usize>, MAX_WORDS>,
}

/// Why a line has no words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WordError {
    /// A quote is open at the end.
    OpenQuote,
    /// More words than [`MAX_WORDS`].
    TooMany,
    /// More than a line's bytes.
    TooLong,
}

impl fmt::Display for WordError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenQuote => out.write_str("a quote (\") is opened and not closed"),
            Self::TooMany => write!(out, "a line may have {MAX_WORDS} words"),
            Self::TooLong => write!(out, "a line may have {LINE_BYTES} bytes"),
        }
    }
}

impl core::error::Error for WordError {}

impl Words {
    /// Takes a line apart.
    ///
    /// # Errors
    /// [`WordError`].
    pub fn split(line: &str) -> Result<Self, WordError> {
        let mut words = Self::default();
        // Where the word that has begun starts; quotes begin an empty one.
        let mut start = None;
        let mut quoted = false;
        for character in line.chars() {
            match character {
                '"' => {
                    quoted = !quoted;
                    start = start.or(Some(words.text.len()));
                }
                _ if character.is_whitespace() && !quoted => words.end(start.take())?,
                _ => {
                    start = start.or(Some(words.text.len()));
                    words.text.try_push(character).map_err(|_| WordError::TooLong)?;
                }
            }
        }
        if quoted {
            return Err(WordError::OpenQuote);
        }
        words.end(start)?;
        Ok(words)
    }

    /// Returns the words in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| self.text.get(word.clone()).unwrap_or_default())
    }

    fn end(&mut self, start: Option<usize>) -> Result<(), WordError> {
        match start {
            Some(start) => self.words.try_push(start..self.text.len()).map_err(|_| WordError::TooMany),
            None => Ok(()),
        }
    }
}
