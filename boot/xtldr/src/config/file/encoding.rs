//! From the bytes of a file to text: UTF-8, or UTF-16 in either byte order behind its byte order mark.
//!
//! UTF-8 stays where it is. UTF-16 is converted into a buffer that the caller lends, because the loader has no heap; half
//! of a surrogate pair becomes a byte that no UTF-8 has, so that the line which holds it is refused like any other that
//! is not text, and the rest of the file is read.

/// A byte that is in no UTF-8 text.
const NO_TEXT: u8 = 0xFF;

/// A unit that is no character by itself: what half a unit at a file's end is taken for.
const HALF_A_PAIR: u16 = 0xD800;

/// The bytes of a text behind its byte order mark, which tells their encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoded<'a> {
    /// UTF-8, also where there is no mark.
    Utf8(&'a [u8]),
    /// UTF-16.
    Utf16(Units<'a>),
}

/// The bytes of UTF-16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units<'a> {
    bytes: &'a [u8],
    /// Reads a unit in their order.
    read: fn([u8; 2]) -> u16,
}

impl<'a> Encoded<'a> {
    /// Reads the mark.
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        match bytes {
            [0xFF, 0xFE, bytes @ ..] => Self::Utf16(Units { bytes, read: u16::from_le_bytes }),
            [0xFE, 0xFF, bytes @ ..] => Self::Utf16(Units { bytes, read: u16::from_be_bytes }),
            [0xEF, 0xBB, 0xBF, bytes @ ..] => Self::Utf8(bytes),
            _ => Self::Utf8(bytes),
        }
    }
}

impl<'a> Units<'a> {
    /// Returns the units; the last one is half a character where a byte is left over.
    pub(crate) fn iter(self) -> impl Iterator<Item = u16> + use<'a> {
        let (pairs, odd) = self.bytes.as_chunks::<2>();
        pairs.iter().map(move |pair| (self.read)(*pair)).chain(odd.first().map(|_| HALF_A_PAIR))
    }
}

/// Returns how many bytes a buffer must have for the conversion of a file: none, unless it is UTF-16.
#[must_use]
pub const fn room(bytes: &[u8]) -> usize {
    match Encoded::of(bytes) {
        // Two bytes become three at most, an odd one at the end becomes one.
        Encoded::Utf16(Units { bytes, .. }) => bytes.len() / 2 * 3 + bytes.len() % 2,
        Encoded::Utf8(_) => 0,
    }
}

/// Returns the text of a file without its byte order mark: in place, or converted into `room`. `None` when the room is
/// smaller than [`room`] says.
pub(in crate::config) fn utf8<'a>(bytes: &'a [u8], into: &'a mut [u8]) -> Option<&'a [u8]> {
    match Encoded::of(bytes) {
        Encoded::Utf8(text) => Some(text),
        Encoded::Utf16(units) => {
            let length = convert(units.iter(), into)?;
            into.get(..length)
        }
    }
}

/// Converts UTF-16 units in the machine's order, up to the first NUL, into `into`. `None` when there is too little room, or
/// when they are no text.
pub(in crate::config) fn utf16(units: impl Iterator<Item = u16>, into: &mut [u8]) -> Option<&str> {
    let length = convert(units.take_while(|unit| *unit != 0), into)?;
    str::from_utf8(into.get(..length)?).ok()
}

/// Writes the text as UTF-8, with [`NO_TEXT`] for what is no character, and returns the bytes written.
fn convert(units: impl Iterator<Item = u16>, into: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    for character in char::decode_utf16(units) {
        let mut encoded = [NO_TEXT; 4];
        let bytes = match character {
            Ok(character) => character.encode_utf8(&mut encoded).len(),
            Err(_) => 1,
        };
        into.get_mut(length..length + bytes)?.copy_from_slice(encoded.get(..bytes)?);
        length += bytes;
    }
    Some(length)
}
