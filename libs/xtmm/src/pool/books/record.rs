//! What the books know about one place of a slab, in two bytes.
//!
//! ```text
//!   in use     15 ................ 5 | 4 ............ 0     32 and more
//!              the tag's place + 1   | slack
//!
//!   freed      0                     | slack as before      0 .. 30: free, and its canary is to be checked unless zero
//!
//!   filled     0                     | 31                   free, and filled with full checking's pattern
//!
//!   chained    15 14 | 9             | 8 ............ 0     0xC000 and more: free, in its slab's chain
//!              1  1  | filled        | the next place + 1
//! ```
//!
//! Zero, the state of fresh memory, is free. Two bytes and not more, because the one thing that a free has to wait for is
//! the record of its block: half as many bytes are half as many cache lines that can be missing.

use core::sync::atomic::{AtomicU16, Ordering};

use crate::pool::books::UNIT_BYTES;
use crate::pool::tags::Place;

/// The record of a place. Written by whoever owns the place: the allocating or freeing processor, or the holder of the
/// class's lock.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Record(AtomicU16);

/// Where a record lies: its number, if the books consisted of records only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct RecordIndex(u32);

impl RecordIndex {
    /// Records that fit a unit.
    const PER_UNIT: u32 = (UNIT_BYTES / size_of::<Record>()) as u32;

    /// Bytes between the start of a slab's first unit and its first record.
    pub(crate) const HEADER_BYTES: usize = 16;

    const IN_HEADER: u32 = (Self::HEADER_BYTES / size_of::<Record>()) as u32;

    /// The units whose records can be named, wherever a slab's records end: those of the first 8 GiB.
    pub(crate) const UNITS: usize = (u32::MAX / Self::PER_UNIT - 64) as usize;

    /// Returns the record of a place of the slab that a unit below [`RecordIndex::UNITS`] describes: records follow the
    /// header.
    #[inline]
    pub(crate) const fn of(unit: u32, place: u32) -> Self {
        Self(unit.wrapping_mul(Self::PER_UNIT).wrapping_add(Self::IN_HEADER).wrapping_add(place))
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

/// How many bytes lie behind a block, up to the end of its place, as a record says it: exactly, or only that they are many.
/// The number of many bytes stands in the bytes themselves, see [`canary`](crate::pool::check::canary).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Slack(u16);

impl Slack {
    /// As many bytes, and more, are not told exactly.
    pub(crate) const LONG: usize = 30;

    /// Describes a number of bytes.
    #[inline]
    pub(crate) const fn of(bytes: usize) -> Self {
        Self(if bytes < Self::LONG { bytes as u16 } else { Self::LONG as u16 })
    }

    /// Tells whether there are too many bytes to be told.
    #[inline]
    pub(crate) const fn is_long(self) -> bool {
        self.0 as usize == Self::LONG
    }

    /// Returns the number of bytes, or the least that it can be.
    #[inline]
    pub(crate) const fn least(self) -> usize {
        self.0 as usize
    }

    /// Tells whether the block fills its place.
    #[inline]
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Returns the number of bytes; `None` when it stands in the bytes themselves.
    #[inline]
    pub(crate) const fn exact(self) -> Option<usize> {
        if self.is_long() { None } else { Some(self.0 as usize) }
    }
}

/// A record's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Content(u16);

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

const SLACK_BITS: u32 = 5;
const SLACK: u16 = (1 << SLACK_BITS) - 1;

impl Content {
    const CHAINED: u16 = 0xC000;
    const CHAINED_FILLED: u16 = 1 << 9;

    /// Free, with any bytes in it.
    pub(crate) const FREE: Self = Self(0);

    /// Free, and filled with the pattern.
    pub(crate) const FREE_FILLED: Self = Self(SLACK);

    /// In use under a tag.
    #[inline]
    pub(crate) const fn used(place: Place, slack: Slack) -> Self {
        Self((place.to_record() << SLACK_BITS) as u16 | slack.0)
    }

    /// Returns what becomes of a place in use that is freed before its canary is checked.
    #[inline]
    pub(crate) const fn freed(self) -> Self {
        Self(self.0 & SLACK)
    }

    /// Returns the slack of a block in use, or of the one that a freed place was.
    #[inline]
    pub(crate) const fn slack(self) -> Slack {
        Slack(self.0 & SLACK)
    }

    /// Returns the slack of the block that a free place was; `None` where no canary is to be checked.
    #[inline]
    pub(crate) const fn before_freed(self) -> Option<Slack> {
        if self.is_ready() && !self.slack().is_none() { Some(self.slack()) } else { None }
    }

    /// Free and in its slab's chain, in front of `next`, which is at most 256. What a place was before it was freed is
    /// forgotten.
    pub(crate) const fn chained(self, next: u16) -> Self {
        let filled = if self.is_filled() { Self::CHAINED_FILLED } else { 0 };
        Self(Self::CHAINED | filled | next)
    }

    /// Returns the link of a chained place.
    pub(crate) const fn next(self) -> u16 {
        self.0 & (Self::CHAINED_FILLED - 1)
    }

    /// Returns the content without the link.
    pub(crate) const fn unchained(self) -> Self {
        if self.is_filled() { Self::FREE_FILLED } else { Self::FREE }
    }

    /// Tells whether the place is free and filled.
    pub(crate) const fn is_filled(self) -> bool {
        self.0 == SLACK
            || self.0 & (Self::CHAINED | Self::CHAINED_FILLED) == Self::CHAINED | Self::CHAINED_FILLED
    }

    /// Tells whether the place is free, and neither filled nor chained: whether it can be given out as it is, if its canary
    /// is as it should be.
    #[inline]
    pub(crate) const fn is_ready(self) -> bool {
        self.0 < SLACK
    }

    /// Returns the slack of the block that a place was which can be given out as it is; of any other place, one that is none.
    #[inline]
    pub(crate) const fn as_slack(self) -> Slack {
        Slack(self.0)
    }

    /// Tells whether the place is free.
    #[inline]
    pub(crate) const fn is_free(self) -> bool {
        self.0 <= SLACK || self.0 >= Self::CHAINED
    }

    /// Returns what becomes of a place in use under a tag that is freed before its canary is checked; `None` when it is not in
    /// use under that tag. One step tells both: what differs from the tag without slack is the slack.
    #[inline]
    pub(crate) const fn freed_by(self, place: Place) -> Option<Self> {
        let slack = self.0 ^ (place.to_record() << SLACK_BITS) as u16;
        if slack <= SLACK { Some(Self(slack)) } else { None }
    }

    /// Returns the tag's place of a place in use.
    #[inline]
    pub(crate) const fn place(self) -> Option<Place> {
        Place::from_record(self.0 as u32 >> SLACK_BITS)
    }

    /// Returns the number that bug checks print.
    pub(crate) const fn raw(self) -> u32 {
        self.0 as u32
    }
}

const _: () = {
    assert!(SLACK as usize == Slack::LONG + 1, "what is no slack says that the place is filled");
    assert!((Place::OVERFLOW.to_record() + 1) << SLACK_BITS <= Content::CHAINED as u32);
};

#[cfg(test)]
mod tests;
