//! Text that is put together in memory that the caller brings.
//!
//! # Invariants
//! * The length is at most the capacity; what is behind it is never shown.
//! * **All or nothing**: what does not fit as a whole leaves the buffer as it was.

use core::fmt;

use super::Unit;

/// The text does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full {
    /// How many units the buffer can hold.
    pub capacity: usize,
    /// How many were in it before.
    pub length: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the text does not fit: {} of {} units are taken", self.length, self.capacity)
    }
}

impl core::error::Error for Full {}

/// A text with room for more. Of bytes, it holds UTF-8 if nothing else was appended.
///
/// ```
/// use xtrtl::text::{Buffer, Full, lossy};
///
/// let mut room = [0_u16; 8];
/// let mut name = Buffer::new(&mut room);
/// write!(name, "COM{}", 1)?;
/// assert!(write!(name, " at {:#x}", 0x3F8).is_err());
/// assert_eq!(lossy(name.text()).to_string(), "COM1");
/// # Ok::<(), Full>(())
/// ```
#[derive(Debug)]
pub struct Buffer<'b, U> {
    units: &'b mut [U],
    length: usize,
}

impl<'b, U: Unit> Buffer<'b, U> {
    /// Returns an empty text in this memory.
    #[must_use]
    pub const fn new(units: &'b mut [U]) -> Self {
        Self { units, length: 0 }
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &[U] {
        self.units.get(..self.length).unwrap_or_default()
    }

    /// Returns how many units it can hold.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.units.len()
    }

    /// Makes it empty.
    pub const fn clear(&mut self) {
        self.length = 0;
    }

    /// Puts a text behind what is there. Linear in it.
    ///
    /// # Errors
    /// [`Full`]; nothing is changed.
    pub fn append(&mut self, text: &[U]) -> Result<(), Full> {
        let full = self.full();
        let room = self.units.get_mut(self.length..).and_then(|room| room.get_mut(..text.len()));
        room.ok_or(full)?.copy_from_slice(text);
        self.length += text.len();
        Ok(())
    }

    /// Puts what is formatted behind what is there: `write!` and `writeln!` call it.
    ///
    /// # Errors
    /// [`Full`]; nothing is changed.
    pub fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> Result<(), Full> {
        let full = self.full();
        let before = self.length;
        fmt::write(&mut Writer(self), arguments).map_err(|fmt::Error| {
            self.length = before;
            full
        })
    }

    const fn full(&self) -> Full {
        Full { capacity: self.units.len(), length: self.length }
    }
}

/// Takes the pieces of what is formatted.
struct Writer<'w, 'b, U>(&'w mut Buffer<'b, U>);

impl<U: Unit> fmt::Write for Writer<'_, '_, U> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for character in piece.chars() {
            let room = self.0.units.get_mut(self.0.length..).ok_or(fmt::Error)?;
            self.0.length += U::encode(character, room).ok_or(fmt::Error)?;
        }
        Ok(())
    }
}
