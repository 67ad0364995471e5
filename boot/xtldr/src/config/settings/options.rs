//! The command line that the firmware hands to the loader: `KEY=VALUE` with blanks between, over the keys of `[XTLDR]`.
//!
//! ```text
//!   BOOTX64.EFI Timeout=0 Default="XTOS, narrow paging" "Debug=COM1;SCREEN"
//! ```
//!
//! The first word may be the name of the image, as a UEFI shell has it; it is one if there is no `=` in it. What boot
//! managers put there besides (a GUID, another system's structure) is such a word too, or no text, and is passed over
//! in silence. Keys are the same as in the file, without regard to case; the last of several counts. Quotation marks
//! stand around a value or around a whole word.

use crate::config::error::{At, Fault, Source};
use crate::config::file::{control, utf16};
use crate::config::problem::{Problem, Tell};
use crate::config::section::{Key, Value, is_a_modules};

use super::{SettingKey, SettingValues};

/// The most bytes of a command line in UTF-8; three of them may stand for two of the firmware's.
pub const MAX_OPTIONS_BYTES: usize = 4096;

/// Who knows the command line.
pub trait CommandLine {
    /// Copies the load options of the loader's image (UEFI 2.10, section 9.1.1) to `into`, as far as they fit, and returns
    /// how many bytes they have.
    fn load_options(&self, into: &mut [u8]) -> usize;
}

/// The command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options<'a> {
    text: &'a str,
}

/// A word of the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word<'a> {
    Pair { key: &'a str, value: &'a str },
    Alone(&'a str),
    Unclosed(&'a str),
}

impl<'a> Options<'a> {
    /// Wraps the text.
    #[must_use]
    pub const fn parse(text: &'a str) -> Self {
        Self { text }
    }

    /// Reads load options, UTF-16 in the machine's order up to the first NUL, into a buffer. What is no such text, or too
    /// long for the buffer, is not meant for this loader: there are no options then.
    #[must_use]
    pub fn decode(load_options: &[u8], into: &'a mut [u8]) -> Self {
        let (units, odd) = load_options.as_chunks::<2>();
        if !odd.is_empty() {
            return Self::default();
        }
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        Self::parse(utf16(units, into).unwrap_or_default())
    }

    /// Returns the last value that was given for a key, be it one of the loader's or a module's.
    #[must_use]
    pub fn value(&self, wanted: &str) -> Option<&'a str> {
        let matching = |word| match word {
            Word::Pair { key, value } if key.eq_ignore_ascii_case(wanted) => Some(value),
            _ => None,
        };
        self.words().filter_map(matching).last()
    }

    /// Returns the words but the image's name.
    fn words(&self) -> impl Iterator<Item = Word<'a>> + use<'a> {
        let words = Words { rest: self.text };
        words
            .enumerate()
            .filter(|(at, word)| *at > 0 || !matches!(word, Word::Alone(_)))
            .map(|(_, word)| word)
    }

    /// Reads the values, the last one of each key, and tells what is wrong with the words.
    pub(in crate::config) fn values(&self, tell: Tell<'_, 'a>) -> SettingValues<'a> {
        let whole = At::whole(Source::CommandLine);
        let mut values = SettingValues::NONE;
        for word in self.words() {
            match word {
                Word::Alone(word) => tell(Problem::warning(whole.error(Fault::NoValue { word }))),
                Word::Unclosed(word) => tell(Problem::error(whole.error(Fault::Unclosed { word }))),
                Word::Pair { key, value } => match (SettingKey::named(key), control(value)) {
                    (None, _) if is_a_modules(key) => {}
                    (None, _) => tell(Problem::warning(whole.key(key).error(Fault::UnknownKey))),
                    (Some(known), Some((_, found))) => {
                        let error = whole.key(known.name()).error(Fault::Control { found });
                        tell(Problem::error(error));
                    }
                    (Some(known), None) => {
                        values.set(known, Value { at: whole.key(known.name()), text: value });
                    }
                },
            }
        }
        values
    }
}

/// Splits a command line at blanks outside of quotation marks.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.trim_start();
        if text.is_empty() {
            return None;
        }
        let mut is_quoted = false;
        let end = text.find(|character: char| {
            is_quoted ^= character == '"';
            character.is_whitespace() && !is_quoted
        });
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        if is_quoted {
            return Some(Word::Unclosed(word));
        }
        let word = unquoted(word);
        Some(match word.split_once('=') {
            Some((key, value)) if !key.is_empty() => Word::Pair { key, value: unquoted(value).trim() },
            _ => Word::Alone(word),
        })
    }
}

/// Takes the quotation marks off that stand around a text.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
