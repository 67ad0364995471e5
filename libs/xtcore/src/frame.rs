//! Frame numbers, counts of frames, and ranges of frames.

use core::fmt;

use crate::address::PhysAddr;

/// Bytes of the base page of every x86 paging mode (SDM volume 3, section 4.1).
pub const PAGE_BYTES: u64 = 1 << PAGE_SHIFT;

/// Binary logarithm of [`PAGE_BYTES`].
pub const PAGE_SHIFT: u32 = 12;

/// A physical page frame number: the physical address divided by 4 KiB.
///
/// 64 bits on every target. 2^52 bytes are 2^40 frames, so a 32-bit number would lose memory at 16 TiB.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Frame(u64);

impl Frame {
    /// Wraps a frame number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the frame number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the physical address of the first byte. Frame numbers above 2^52 saturate at the last page.
    #[must_use]
    pub const fn address(self) -> PhysAddr {
        if self.0 > (u64::MAX >> PAGE_SHIFT) {
            PhysAddr::new(!(PAGE_BYTES - 1))
        } else {
            PhysAddr::new(self.0 << PAGE_SHIFT)
        }
    }

    /// Returns the frame `count` further up, or `None` past 2^64 frames.
    #[must_use]
    pub const fn checked_add(self, count: FrameCount) -> Option<Self> {
        match self.0.checked_add(count.0) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the frame `count` further up; saturates at 2^64 - 1.
    #[must_use]
    pub const fn saturating_add(self, count: FrameCount) -> Self {
        Self(self.0.saturating_add(count.0))
    }

    /// Tells whether the frame number is a multiple of `count`, a power of two.
    #[must_use]
    pub const fn is_aligned(self, count: FrameCount) -> bool {
        self.0 & (count.0 - 1) == 0
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "F:{:#x}", self.0)
    }
}

impl fmt::LowerHex for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, out)
    }
}

/// A number of 4 KiB frames.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
#[repr(transparent)]
pub struct FrameCount(u64);

impl FrameCount {
    /// No frame.
    pub const ZERO: Self = Self(0);

    /// One frame.
    pub const ONE: Self = Self(1);

    /// Wraps a count of frames.
    #[must_use]
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// Returns the count.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns how many frames hold `bytes` bytes, rounded up.
    #[must_use]
    pub const fn holding(bytes: u64) -> Self {
        Self(bytes.div_ceil(PAGE_BYTES))
    }

    /// Returns the size in bytes; saturates.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0.saturating_mul(PAGE_BYTES)
    }

    /// Adds; saturates at 2^64 - 1.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Subtracts, or `None` when `other` is larger.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(count) => Some(Self(count)),
            None => None,
        }
    }
}

/// A half-open range of frames, `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FrameRange {
    start: Frame,
    end: Frame,
}

impl FrameRange {
    /// Returns the frames, lowest first.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Frame> {
        (self.start.0..self.end.0).map(Frame)
    }

    /// Builds `[start, end)`, or `None` when `end` lies below `start`.
    #[must_use]
    pub const fn new(start: Frame, end: Frame) -> Option<Self> {
        if start.0 <= end.0 { Some(Self { start, end }) } else { None }
    }

    /// Builds the range of `count` frames from `start`; the end saturates at 2^64 - 1.
    #[must_use]
    pub const fn with_count(start: Frame, count: FrameCount) -> Self {
        Self { start, end: start.saturating_add(count) }
    }

    /// Returns the frames that hold any byte of `[start, start + bytes)`: rounded outwards.
    #[must_use]
    pub const fn covering(start: PhysAddr, bytes: u64) -> Self {
        let last = start.get().saturating_add(bytes);
        Self { start: start.frame(), end: Frame(last.div_ceil(PAGE_BYTES)) }
    }

    /// Returns the first frame.
    #[must_use]
    pub const fn start(self) -> Frame {
        self.start
    }

    /// Returns the frame after the last one.
    #[must_use]
    pub const fn end(self) -> Frame {
        self.end
    }

    /// Returns the number of frames.
    #[must_use]
    pub const fn count(self) -> FrameCount {
        FrameCount(self.end.0 - self.start.0)
    }

    /// Tells whether the range holds no frame.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start.0 == self.end.0
    }

    /// Tells whether `frame` lies inside.
    #[must_use]
    pub const fn contains(self, frame: Frame) -> bool {
        self.start.0 <= frame.0 && frame.0 < self.end.0
    }

    /// Tells whether both ranges share a frame.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start.0 < other.end.0 && other.start.0 < self.end.0
    }

    /// Tells whether all of `other` lies inside.
    #[must_use]
    pub const fn encloses(self, other: Self) -> bool {
        self.start.0 <= other.start.0 && other.end.0 <= self.end.0
    }

    /// Returns the frames that both ranges share; empty where they share none.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        let start = if self.start.0 > other.start.0 { self.start } else { other.start };
        let end = if self.end.0 < other.end.0 { self.end } else { other.end };
        if start.0 < end.0 { Self { start, end } } else { Self { start, end: start } }
    }
}

impl fmt::Debug for FrameRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "F:[{:#x}, {:#x})", self.start.0, self.end.0)
    }
}

#[cfg(test)]
mod tests;
