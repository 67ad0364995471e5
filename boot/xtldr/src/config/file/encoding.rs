//! From the bytes of a file to text: UTF-8, or UTF-16 in either byte order behind its byte order mark.
//!
//! UTF-8 stays where it is. UTF-16 is converted into a buffer that the caller lends, because the loader has no heap; half
//! of a surrogate pair becomes a byte that no UTF-8 has, so that the line which holds it is refused like any other that
//! is not text, and the rest of the file is read.

/// A byte that is in no UTF-8 text.
const NO_TEXT: u8 = 0xFF;

/// A unit that is no character by itself: what half a unit at a file's end is taken for.
const HALF_A_PAIR: u16 = 0xD800;

/// In which order the bytes of a UTF-16 unit come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Little,
    Big,
}

/// Returns the bytes behind a byte order mark of UTF-16, and their order.
const fn marked(bytes: &[u8]) -> Option<(Order, &[u8])> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((Order::Little, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((Order::Big, rest)),
        _ => None,
    }
}

/// Returns how many bytes a buffer must have for the conversion of a file: none, unless it is UTF-16.
#[must_use]
pub const fn room(bytes: &[u8]) -> usize {
    match marked(bytes) {
        // Two bytes become three at most, an odd one at the end becomes one.
        Some((_, units)) => units.len() / 2 * 3 + units.len() % 2,
        None => 0,
    }
}

/// Returns the text of a file without its byte order mark: in place, or converted into `room`. `None` when the room is
/// smaller than [`room`] says.
pub(in crate::config) fn utf8<'a>(bytes: &'a [u8], into: &'a mut [u8]) -> Option<&'a [u8]> {
    match marked(bytes) {
        None => Some(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)),
        Some((order, units)) => {
            let (pairs, odd) = units.as_chunks::<2>();
            let units = pairs.iter().map(|pair| match order {
                Order::Little => u16::from_le_bytes(*pair),
                Order::Big => u16::from_be_bytes(*pair),
            });
            let length = convert(units.chain(odd.first().map(|_| HALF_A_PAIR)), into)?;
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
