//! What strings are made of.

use core::fmt;

/// A unit of a string: a byte, or one of UTF-16.
pub trait Unit: Copy + Ord + fmt::Debug + sealed::Unit {}

impl Unit for u8 {}
impl Unit for u16 {}

pub(super) mod sealed {
    use super::fmt;

    pub trait Unit: Sized {
        /// The unit of an ASCII character.
        fn of_ascii(byte: u8) -> Self;

        /// The ASCII character of the unit, if it is one.
        fn ascii(self) -> Option<u8>;

        /// The unit in upper case.
        fn upper(self) -> Self;

        /// Writes a character, and returns how many units it took; nothing if there are too few.
        fn encode(character: char, into: &mut [Self]) -> Option<usize>;

        /// Writes text for people.
        fn show(text: &[Self], out: &mut fmt::Formatter<'_>) -> fmt::Result;
    }
}

impl sealed::Unit for u8 {
    fn of_ascii(byte: u8) -> Self {
        byte
    }

    fn ascii(self) -> Option<u8> {
        self.is_ascii().then_some(self)
    }

    fn upper(self) -> Self {
        self.to_ascii_uppercase()
    }

    fn encode(character: char, into: &mut [Self]) -> Option<usize> {
        let length = character.len_utf8();
        into.get_mut(..length).map(|place| character.encode_utf8(place).len())
    }

    fn show(text: &[Self], out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in text.utf8_chunks() {
            out.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                fmt::Write::write_char(out, char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl sealed::Unit for u16 {
    fn of_ascii(byte: u8) -> Self {
        Self::from(byte)
    }

    fn ascii(self) -> Option<u8> {
        u8::try_from(self).ok().filter(u8::is_ascii)
    }

    fn upper(self) -> Self {
        if let Some(byte) = self.ascii() {
            return Self::from(byte.to_ascii_uppercase());
        }
        let Some(character) = char::from_u32(u32::from(self)) else { return self };
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => Self::try_from(u32::from(single)).unwrap_or(self),
            _ => self,
        }
    }

    fn encode(character: char, into: &mut [Self]) -> Option<usize> {
        let length = character.len_utf16();
        into.get_mut(..length).map(|place| character.encode_utf16(place).len())
    }

    fn show(text: &[Self], out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in char::decode_utf16(text.iter().copied()) {
            fmt::Write::write_char(out, character.unwrap_or(char::REPLACEMENT_CHARACTER))?;
        }
        Ok(())
    }
}

/// Text for people, made by [`lossy`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lossy<'t, U>(&'t [U]);

/// Shows text, with U+FFFD for what is none.
#[must_use]
pub const fn lossy<U: Unit>(text: &[U]) -> Lossy<'_, U> {
    Lossy(text)
}

impl<U: Unit> fmt::Display for Lossy<'_, U> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        U::show(self.0, out)
    }
}
