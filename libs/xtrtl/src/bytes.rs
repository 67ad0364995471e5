//! Numbers of a known byte order anywhere in a buffer, aligned or not.
//!
//! For formats that have no structure to lay over them, as strings of variable length with numbers between. `core` has the
//! byte order (`from_le_bytes`), this adds the place.

/// A number of a fixed size. Implemented for the unsigned numbers of 8 to 64 bits.
pub trait Number: Copy + sealed::Number {}

mod sealed {
    pub trait Number: Sized {
        fn from_little(bytes: &[u8]) -> Option<Self>;
        fn from_big(bytes: &[u8]) -> Option<Self>;
        fn put_little(self, bytes: &mut [u8]) -> Option<()>;
        fn put_big(self, bytes: &mut [u8]) -> Option<()>;
    }
}

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Number for $number {}

        impl sealed::Number for $number {
            fn from_little(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().copied().map(Self::from_le_bytes)
            }

            fn from_big(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().copied().map(Self::from_be_bytes)
            }

            fn put_little(self, bytes: &mut [u8]) -> Option<()> {
                bytes.first_chunk_mut().map(|place| *place = self.to_le_bytes())
            }

            fn put_big(self, bytes: &mut [u8]) -> Option<()> {
                bytes.first_chunk_mut().map(|place| *place = self.to_be_bytes())
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64);

/// Returns the little-endian number at an offset, if all of it is there.
///
/// ```
/// use xtrtl::bytes::{read_be, read_le};
///
/// let bytes = [0x00, 0x12, 0x34];
/// assert_eq!((read_le::<u16>(&bytes, 1), read_be::<u16>(&bytes, 1)), (Some(0x3412), Some(0x1234)));
/// assert_eq!(read_le::<u16>(&bytes, 2), None);
/// ```
#[must_use]
pub fn read_le<N: Number>(bytes: &[u8], at: usize) -> Option<N> {
    N::from_little(bytes.get(at..)?)
}

/// Returns the big-endian number at an offset, if all of it is there.
#[must_use]
pub fn read_be<N: Number>(bytes: &[u8], at: usize) -> Option<N> {
    N::from_big(bytes.get(at..)?)
}

/// Writes a little-endian number at an offset; writes nothing, and returns nothing, if it does not fit.
#[must_use = "nothing was written if it did not fit"]
pub fn write_le<N: Number>(bytes: &mut [u8], at: usize, number: N) -> Option<()> {
    number.put_little(bytes.get_mut(at..)?)
}

/// Writes a big-endian number at an offset; writes nothing, and returns nothing, if it does not fit.
#[must_use = "nothing was written if it did not fit"]
pub fn write_be<N: Number>(bytes: &mut [u8], at: usize, number: N) -> Option<()> {
    number.put_big(bytes.get_mut(at..)?)
}

#[cfg(test)]
mod tests;
