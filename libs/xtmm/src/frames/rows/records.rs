//! The records: for each block a header, a state and a row with one bit per frame, in reserved address space that gets memory
//! when the block is opened.
//!
//! ```text
//!   base ->  row of block 0 | row of block 1 | ...    64 bytes per 512 frames, each on a cache line
//!            (up to the next page)
//!            page with the headers and states of blocks 0 to 127 | page with those of blocks 128 to 255 | ...
//! ```
//! For a frame that comes back a word of its row is asked and changed, and mostly nothing else; so a header counts nothing.
//!
//! A bit that is set means "free in the rows"; all zeros, as memory comes, means that no frame is. Everything is a relaxed
//! atomic of at most a machine word, because a processor may look at a block's state without the lock; all else
//! changes under the lock only.
#![allow(unsafe_code, reason = "records are reached through their addresses")]

use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering};

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtRange};
use zerocopy::FromZeros;

use crate::OutOfFrames;
use crate::backing::{Backing, Sparse};
use crate::frames::units::{BlockSize, Opened, Pfn};

/// Frames that one cache line of bits describes.
const LINE_FRAMES: u64 = 512;
const LINE_WORDS: usize = LINE_FRAMES as usize / usize::BITS as usize;

/// 512 bits.
#[derive(FromZeros)]
#[repr(C, align(64))]
struct Line([AtomicUsize; LINE_WORDS]);

/// What a block is, while it isn't just a row of frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum State {
    /// Each frame is on its own.
    Split = 0,
    /// Handed out as one.
    Held = 1,
    /// Free as one, in the cache of a processor.
    Cached = 2,
    /// The frames set aside for the books of other blocks lie in it.
    Donor = 3,
    /// Free as the beginning of a giant: it has no bits, and is on no list of blocks.
    Resting = 4,
}

/// What the blocks are that a giant has beyond its opened ones, see `rows::giants::tails`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Tail {
    /// There are none that the header has to tell of.
    None = 0,
    /// Handed out, together with the whole giant.
    Held = 1,
    /// Free.
    Free = 2,
}

/// The neighbours of a block in a list.
#[derive(FromZeros)]
#[repr(C)]
pub(crate) struct Link {
    pub(crate) next: AtomicU32,
    pub(crate) previous: AtomicU32,
}

/// What is known of a block apart from its bits.
#[derive(FromZeros)]
#[repr(C)]
pub(crate) struct Header {
    /// In the list of blocks that are partly free, or of those that are wholly free.
    blocks: Link,
    /// In the list of giants that are wholly free, or of those that have a free tail; used in the first block of a giant.
    giants: Link,
    /// Blocks of the giant that are wholly free; used in its first block.
    whole_in_giant: AtomicU16,
    /// Where the giant's tail begins, counted in blocks; used in its first block, as the next one is.
    tail_start: AtomicU16,
    tail: AtomicU8,
}

/// A [`State`] that changes: all that is asked and changed of a block that is handed out as one and comes back.
///
/// A cache line has 16, as many as a processor opens at once. So one that takes blocks in a row seldom waits for a line, and
/// two processors seldom share one.
#[derive(FromZeros)]
#[repr(C, align(4))]
pub(crate) struct BlockState(AtomicU8);

/// Blocks whose headers share a page.
const PAGE_BLOCKS: usize = 128;

/// The headers of some blocks, and their states side by side: one page.
#[derive(FromZeros)]
#[repr(C, align(4096))]
struct HeaderPage {
    headers: [Header; PAGE_BLOCKS],
    states: [BlockState; PAGE_BLOCKS],
}

const _: () = assert!(size_of::<HeaderPage>() as u64 == PAGE_BYTES, "headers are backed page by page");

impl Header {
    /// Returns the neighbours in the list of partly or wholly free blocks.
    pub(crate) const fn blocks(&self) -> &Link {
        &self.blocks
    }

    /// Returns the neighbours in the list of giants; used in the first block of a giant.
    pub(crate) const fn giants(&self) -> &Link {
        &self.giants
    }

    pub(crate) fn whole_in_giant(&self) -> usize {
        usize::from(self.whole_in_giant.load(Ordering::Relaxed))
    }

    /// Sets the number of free blocks, at most those of a giant: 512.
    pub(crate) fn set_whole_in_giant(&self, count: usize) {
        self.whole_in_giant.store(count as u16, Ordering::Relaxed);
    }

    pub(crate) fn tail(&self) -> Tail {
        match self.tail.load(Ordering::Relaxed) {
            1 => Tail::Held,
            2 => Tail::Free,
            _ => Tail::None,
        }
    }

    pub(crate) fn set_tail(&self, tail: Tail) {
        self.tail.store(tail as u8, Ordering::Relaxed);
    }

    /// Returns how many blocks of the giant come before its tail.
    pub(crate) fn tail_start(&self) -> usize {
        usize::from(self.tail_start.load(Ordering::Relaxed))
    }

    /// Sets how many blocks come before the tail, at most those of a giant: 512.
    pub(crate) fn set_tail_start(&self, blocks: usize) {
        self.tail_start.store(blocks as u16, Ordering::Relaxed);
    }
}

impl BlockState {
    #[inline]
    pub(crate) fn get(&self) -> State {
        match self.0.load(Ordering::Relaxed) {
            1 => State::Held,
            2 => State::Cached,
            3 => State::Donor,
            4 => State::Resting,
            _ => State::Split,
        }
    }

    #[inline]
    pub(crate) fn set(&self, state: State) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}

/// The records of all blocks below some frame. A copy is another way to the same records.
#[derive(Clone, Copy, Debug)]
pub struct Records<'m> {
    headers: Sparse<'m, HeaderPage>,
    lines: Sparse<'m, Line>,
    words: *const AtomicUsize,
    size: BlockSize,
    end: Frame,
}

// SAFETY: the pointer leads to atomics that stay for as long as the records, from whichever thread.
unsafe impl Send for Records<'_> {}
// SAFETY: shared access to the records is by atomics only.
unsafe impl Sync for Records<'_> {}

impl<'m> Records<'m> {
    /// Returns the bytes of address space for the records of all blocks below `end`, or `None` when blocks of that size do
    /// not exist (they have 512 or 1024 frames) or `end` is beyond all physical memory.
    #[must_use]
    pub fn bytes(end: Frame, block: FrameCount) -> Option<u64> {
        let (lines, blocks) = Self::counts(end, BlockSize::new(block)?)?;
        let headers = blocks.div_ceil(PAGE_BLOCKS as u64).checked_mul(PAGE_BYTES)?;
        Self::lines_bytes(lines)?.checked_add(headers)
    }

    /// Makes the records of all blocks below `end`, from `base` on; `None` as for [`Records::bytes`], and where addresses
    /// are too narrow for them.
    ///
    /// # Safety
    /// `base` must be page-aligned, and [`Records::bytes`] from there on reserved for these records for as long as `'m`:
    /// what is backed there was zero when it was backed, and is changed through these records only.
    #[must_use]
    pub unsafe fn new(base: *mut u8, end: Frame, block: FrameCount) -> Option<Self> {
        let size = BlockSize::new(block)?;
        let (lines, blocks) = Self::counts(end, size)?;
        let lines_bytes = usize::try_from(Self::lines_bytes(lines)?).ok()?;
        usize::try_from(Self::bytes(end, block)?).ok()?;
        let headers = base.wrapping_add(lines_bytes).cast::<HeaderPage>();
        // SAFETY: the headers' part of the range that the caller reserves; it begins on a page.
        let headers = unsafe { Sparse::new(headers, usize::try_from(blocks).ok()?.div_ceil(PAGE_BLOCKS)) };
        // SAFETY: the lines' part of the range that the caller reserves; it begins on a page.
        let lines = unsafe { Sparse::new(base.cast::<Line>(), usize::try_from(lines).ok()?) };
        Some(Self { headers, lines, words: base.cast_const().cast(), size, end })
    }

    /// Returns where the record of a block lies: its row, and the page that its header and its state share with others'.
    #[must_use]
    pub fn ranges_of(&self, block: FrameRange) -> [VirtRange; 2] {
        let Some(pfn) = Pfn::of(block.start()) else { return [VirtRange::default(); 2] };
        let number = self.size.block_of(pfn) as usize;
        let lines = self.lines_of(number);
        [
            self.lines.range_of(lines..lines + self.lines_of(1)),
            self.headers.range_of(number / PAGE_BLOCKS..number / PAGE_BLOCKS + 1),
        ]
    }

    /// Gives memory to the record of a block: what [`crate::frames::Blocks::open`] does among other things.
    ///
    /// # Errors
    /// Those of [`Backing::back`].
    pub fn back(&self, backing: &impl Backing, block: FrameRange) -> Result<(), OutOfFrames> {
        let Some(pfn) = Pfn::of(block.start()) else { return Ok(()) };
        let number = self.size.block_of(pfn) as usize;
        let lines = self.lines_of(number);
        self.lines.back(backing, lines..lines + self.lines_of(1))?;
        self.headers.back(backing, number / PAGE_BLOCKS..number / PAGE_BLOCKS + 1)
    }

    /// Returns the size of a block.
    pub(crate) const fn size(&self) -> BlockSize {
        self.size
    }

    /// Returns the frame after the last one that records may describe.
    #[must_use]
    pub const fn end(&self) -> Frame {
        self.end
    }

    #[inline]
    pub(crate) fn header(&self, block: Opened) -> &'m Header {
        let (page, index) = self.header_page(block);
        // SAFETY: a remainder of the array's length is an index of it.
        unsafe { page.headers.get_unchecked(index) }
    }

    #[inline]
    pub(crate) fn state(&self, block: Opened) -> &'m BlockState {
        let (page, index) = self.header_page(block);
        // SAFETY: a remainder of the array's length is an index of it.
        unsafe { page.states.get_unchecked(index) }
    }

    /// Returns the page in which the header of a block lies, and where in it: a remainder of [`PAGE_BLOCKS`].
    #[inline]
    fn header_page(&self, block: Opened) -> (&'m HeaderPage, usize) {
        let (page, index) = (block.number() as usize / PAGE_BLOCKS, block.number() as usize % PAGE_BLOCKS);
        // SAFETY: the block has been opened, so that its header lies in this page, and the page has memory.
        (unsafe { self.headers.get_unchecked(page) }, index)
    }

    /// Returns the bits of a block, as words.
    #[inline]
    pub(crate) fn row(&self, block: Opened) -> &'m [AtomicUsize] {
        let count = self.size.frames() / usize::BITS as usize;
        // SAFETY: the block has been opened, so that its row lies inside the lines.
        let first = unsafe { self.words.add(block.number() as usize * count) };
        // SAFETY: the row has memory, which was zero at first, and is only ever accessed as such atomics.
        unsafe { core::slice::from_raw_parts(first, count) }
    }

    /// Returns the word of a row in which a frame has its bit, and the bit.
    ///
    /// # Safety
    /// The frame's block has been opened.
    #[inline]
    pub(crate) unsafe fn bit(&self, pfn: Pfn) -> (&'m AtomicUsize, usize) {
        // SAFETY: rows follow each other without gaps, so that bits are where frame numbers say; this one lies in the row
        // of an opened block.
        let word = unsafe { self.words.add(pfn.0 / usize::BITS as usize) };
        // SAFETY: the row has memory, which was zero at first, and is only ever accessed as such atomics.
        (unsafe { &*word }, 1 << (pfn.0 % usize::BITS as usize))
    }

    /// Returns the address of the word of a row in which a frame has its bit. There need not be memory.
    #[inline]
    pub(crate) const fn place_of_bit(&self, pfn: Pfn) -> *const u8 {
        self.words.wrapping_add(pfn.0 / usize::BITS as usize).cast()
    }

    /// Returns how many lines `blocks` blocks have.
    const fn lines_of(&self, blocks: usize) -> usize {
        blocks * (self.size.frames() / LINE_FRAMES as usize)
    }

    /// Returns how many lines and how many blocks there are below `end`. Block numbers stay below 2^32 - 1, which ends
    /// lists, and frame numbers in a word.
    fn counts(end: Frame, size: BlockSize) -> Option<(u64, u64)> {
        let blocks = end.number().div_ceil(size.count().get());
        usize::try_from(blocks.checked_mul(size.count().get())?).ok()?;
        (blocks < u64::from(u32::MAX)).then_some((blocks * (size.count().get() / LINE_FRAMES), blocks))
    }

    fn lines_bytes(lines: u64) -> Option<u64> {
        lines.checked_mul(size_of::<Line>() as u64)?.checked_next_multiple_of(PAGE_BYTES)
    }
}
