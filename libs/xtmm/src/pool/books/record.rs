//! What the books know about one place of a slab.
//!
//! ```text
//!   in use    31 ........ 16 | 15 ................... 0
//!             tag's place + 1 | bytes behind the block, up to the end of its place
//!
//!   freed     31 | 30 ... 16 | 15 ................... 0
//!             1  | as before: whose it was, and where its canary lies; free as well
//!
//!   free      31 ........ 16 | 15     | 14 ............ 0
//!             0               | filled | the next free place of the slab, plus 1; 0 outside a slab's chain
//! ```
//!
//! Zero, the state of fresh memory, is free. "Filled" says that full checking has filled the place with its pattern.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::pool::books::UNIT_BYTES;
use crate::pool::tags::Place;

/// The record of a place. Written by whoever owns the place: the allocating or freeing processor, or the holder of the
/// class's lock.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Record(AtomicU32);

/// Where a record lies: its number, if the books consisted of records only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct RecordIndex(u32);

impl RecordIndex {
    /// Records that fit a unit.
    const PER_UNIT: u32 = (UNIT_BYTES / size_of::<Record>()) as u32;

    /// The units whose records can be named, wherever a slab's records end: those of the first 16 GiB.
    pub(crate) const UNITS: usize = (u32::MAX / Self::PER_UNIT - 64) as usize;

    /// Returns the record of a place of the slab that a unit below [`RecordIndex::UNITS`] describes: records follow the
    /// header, which takes one unit.
    #[inline]
    pub(crate) const fn of(unit: u32, place: u32) -> Self {
        Self::behind(unit.wrapping_add(1), place)
    }

    /// The same for the unit in front of `unit`.
    #[inline]
    pub(crate) const fn behind(unit: u32, place: u32) -> Self {
        Self(unit.wrapping_mul(Self::PER_UNIT).wrapping_add(place))
    }

    /// Wraps a number.
    #[inline]
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[inline]
    pub(crate) const fn get(self) -> usize {
        self.0 as usize
    }

    /// Returns the number as it is stored.
    #[inline]
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
}

/// A record's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Content(u32);

impl Record {
    #[inline]
    pub(crate) fn read(&self) -> Content {
        Content(self.0.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn write(&self, content: Content) {
        self.0.store(content.0, Ordering::Relaxed);
    }
}

impl Content {
    const FILLED: u32 = 1 << 15;
    const FREED: u32 = 1 << 31;

    /// Free, with any bytes in it.
    pub(crate) const FREE: Self = Self(0);

    /// Free, and filled with the pattern.
    pub(crate) const FREE_FILLED: Self = Self(Self::FILLED);

    /// In use under a tag, with `slack` bytes behind the block; `slack` is below 2^16.
    #[inline]
    pub(crate) const fn used(place: Place, slack: usize) -> Self {
        Self(place.to_record() << 16 | slack as u32)
    }

    /// Returns what becomes of a place in use that is freed before its canary is checked.
    #[inline]
    pub(crate) const fn freed(self) -> Self {
        Self(self.0 | Self::FREED)
    }

    /// Returns what a freed place was before; `None` for one that needs no check.
    #[inline]
    pub(crate) const fn before_freed(self) -> Option<Self> {
        if self.0 & Self::FREED == 0 { None } else { Some(Self(self.0 & !Self::FREED)) }
    }

    /// Free and in its slab's chain, in front of `next`. What a place was before it was freed is forgotten.
    pub(crate) const fn chained(self, next: u16) -> Self {
        if self.is_filled() { Self(Self::FILLED | next as u32) } else { Self(next as u32) }
    }

    /// Returns the link of a chained place.
    pub(crate) const fn next(self) -> u16 {
        self.0 as u16 & !(Self::FILLED as u16)
    }

    /// Returns the content without the link.
    pub(crate) const fn unchained(self) -> Self {
        Self(self.0 & Self::FILLED)
    }

    /// Tells whether the place is free and filled.
    pub(crate) const fn is_filled(self) -> bool {
        self.0 & (Self::FILLED | !0xFFFF) == Self::FILLED
    }

    /// Tells whether the place is free, and not filled: whether it can be given out as it is, if its canary has been
    /// checked. One comparison: zero, or negative.
    #[inline]
    pub(crate) const fn is_ready(self) -> bool {
        self.0.cast_signed() <= 0
    }

    /// Tells whether the place is free.
    #[inline]
    pub(crate) const fn is_free(self) -> bool {
        self.0 >> 16 == 0 || self.0 & Self::FREED != 0
    }

    /// Tells whether the place is in use under a tag.
    #[inline]
    pub(crate) const fn is_used_by(self, place: Place) -> bool {
        self.0 >> 16 == place.to_record()
    }

    /// Returns the tag's place of a place in use.
    #[inline]
    pub(crate) const fn place(self) -> Option<Place> {
        Place::from_record(self.0 >> 16)
    }

    /// Returns the bytes behind the block of a place in use.
    #[inline]
    pub(crate) const fn slack(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    /// Returns the number that bug checks print.
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
}
