//! Frame and block numbers as wide as the machine's words, as magazines, rows and links hold them.
//!
//! [`Frame`] has 64 bits everywhere; what an allocator can hold fits into a word: 2^40 frames of 64-bit physical memory, 2^24
//! frames of what PAE reaches. Conversion is checked once, at the allocator's door.

use xtcore::{Frame, FrameCount, FrameRange};

/// A frame number in a machine word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub(crate) struct Pfn(pub(crate) usize);

impl Pfn {
    /// Returns the number of a frame, or `None` where words are too narrow for it.
    #[inline]
    pub(crate) fn of(frame: Frame) -> Option<Self> {
        usize::try_from(frame.number()).ok().map(Self)
    }

    /// Returns the number of a frame; `usize::MAX`, which no RAM has, where words are too narrow for it.
    pub(crate) fn saturating(frame: Frame) -> Self {
        Self::of(frame).unwrap_or(Self(usize::MAX))
    }

    #[inline]
    pub(crate) const fn frame(self) -> Frame {
        Frame::new(self.0 as u64)
    }
}

/// The number of a block whose record has memory. Whoever has one may look at the record.
///
/// Numbers of 32 bits reach 2^52 bytes of physical memory in blocks of 2 MiB, and further.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub(crate) struct Opened(u32);

impl Opened {
    /// Vouches for a block.
    ///
    /// # Safety
    /// The block has been opened.
    #[allow(unsafe_code, reason = "the type is a promise that unsafe code relies on")]
    #[inline]
    pub(crate) const unsafe fn vouch(block: u32) -> Self {
        Self(block)
    }

    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// The size of a block, and what follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockSize {
    shift: u32,
}

impl BlockSize {
    /// Returns the size with that many frames, or `None` unless it is one that a level-2 page has.
    pub(crate) const fn new(frames: FrameCount) -> Option<Self> {
        match frames.get() {
            512 => Some(Self { shift: 9 }),
            1024 => Some(Self { shift: 10 }),
            _ => None,
        }
    }

    #[inline]
    pub(crate) const fn frames(self) -> usize {
        1 << self.shift
    }

    pub(crate) const fn count(self) -> FrameCount {
        FrameCount::new(1 << self.shift)
    }

    pub(crate) const fn order(self) -> u32 {
        self.shift
    }

    /// Returns the number of the block that `pfn` lies in. Frames that records cover have numbers that fit.
    #[inline]
    pub(crate) const fn block_of(self, pfn: Pfn) -> u32 {
        (pfn.0 >> self.shift) as u32
    }

    /// Returns the frames of a block that starts there.
    #[inline]
    pub(crate) fn range_from(self, start: Pfn) -> FrameRange {
        FrameRange::with_count(start.frame(), self.count())
    }

    /// Returns where in its block `pfn` lies.
    #[inline]
    pub(crate) const fn offset_of(self, pfn: Pfn) -> usize {
        pfn.0 & (self.frames() - 1)
    }

    /// Returns the frame at `offset` of a block. `block` is one that records cover, so that its frames fit into a word.
    #[inline]
    pub(crate) const fn pfn(self, block: u32, offset: usize) -> Pfn {
        Pfn(((block as usize) << self.shift) + offset)
    }

    /// Returns the block that `frame` lies in.
    pub(crate) const fn around(self, frame: Frame) -> FrameRange {
        let start = Frame::new(frame.number() >> self.shift << self.shift);
        FrameRange::with_count(start, self.count())
    }

    /// Returns the frames of a block.
    pub(crate) const fn range(self, block: u32) -> FrameRange {
        FrameRange::with_count(Frame::new((block as u64) << self.shift), self.count())
    }

    /// Cuts a range at the borders of blocks.
    pub(crate) fn pieces(self, range: FrameRange) -> impl Iterator<Item = FrameRange> {
        let mut left = range;
        core::iter::from_fn(move || {
            let piece = self.around(left.start()).intersection(left);
            left = FrameRange::new(piece.end(), left.end())?;
            (!piece.is_empty()).then_some(piece)
        })
    }
}
