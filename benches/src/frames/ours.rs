//! `xtmm`'s frame allocator, with all RAM in the window and a processor's cache for each thread.
//!
//! Opening a block takes four of its frames, as a kernel does for the PFN entries about it; the entries themselves are
//! not written, because the peers have none. The records have memory before anything is measured, as the peers' books
//! have: when the system gives a page is no work of an allocator.
#![allow(unsafe_code, reason = "the allocator's books are given to it by address")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow};
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::OutOfFrames;
use xtmm::frames::{Batch, Blocks, Config, CpuCache, Donors, FrameAllocator, RangeSet, Records, Zone};

use super::{FrameSource, LARGE, Shared};
use crate::harness::machine::{Host, PROCESSORS};
use crate::harness::memory::Region;

static HOST: Host = Host::new();

/// Frames of a block.
const BLOCK: FrameCount = FrameCount::new(LARGE as u64);

/// Frames of 1 GiB.
const GIANT: FrameCount = FrameCount::new(1 << 18);

/// Frames that the PFN entries of a block fill: 512 of 32 bytes.
const OPENING: FrameCount = FrameCount::new(4);

/// Batches in the depot: 64 for each of the kinds of frames that there are with one window.
const BATCHES: usize = 128;

/// Ranges of free memory: there is one, and room for the pieces that it falls into.
const RANGES: usize = 64;

/// What an allocator's books lie in.
#[derive(Debug)]
pub(super) struct Books {
    records: Region,
    links: Region,
    caches: Vec<CpuCache>,
    depot: Vec<Batch>,
    fresh: Vec<FrameRange>,
    known: Vec<FrameRange>,
}

impl Books {
    /// Reserves books for `frames` frames. Records have no memory yet.
    ///
    /// # Errors
    /// The system does not give the addresses.
    pub(super) fn reserve(frames: usize) -> Result<Self> {
        let bytes = Records::bytes(Frame::new(frames as u64), BLOCK).context("there are no such records")?;
        Ok(Self {
            records: Region::reserve(usize::try_from(bytes)?)?,
            links: Region::reserve(frames * size_of::<u64>())?,
            caches: std::iter::repeat_with(CpuCache::new).take(PROCESSORS).collect(),
            depot: std::iter::repeat_with(Batch::new).take(BATCHES).collect(),
            fresh: vec![FrameRange::default(); RANGES],
            known: vec![FrameRange::default(); RANGES],
        })
    }

    /// Sees to it that all records have memory.
    ///
    /// # Errors
    /// The system has none.
    fn populate(&self) -> Result<()> {
        self.records.populate(0..self.records.bytes())
    }

    /// Sees to it that the record of the block with a frame has memory.
    ///
    /// # Errors
    /// The system has none, or there are no such records.
    pub(super) fn populate_around(&self, frame: Frame, frames: usize) -> Result<()> {
        let base = self.records.base();
        let block = FrameRange::with_count(Frame::new(frame.number() & !(BLOCK.get() - 1)), BLOCK);
        // SAFETY: only addresses are asked of these records; they are gone before others are made for the region.
        let records = unsafe { Records::new(base.as_ptr(), Frame::new(frames as u64), BLOCK) };
        for range in records.context("there are no such records")?.ranges_of(block) {
            let start = range.start().get() as usize - base.addr().get();
            self.records.populate(start..start + range.bytes() as usize)?;
        }
        Ok(())
    }
}

/// Opens blocks: takes the frames that a kernel would take.
#[derive(Debug)]
struct Opener {
    links: NonNull<AtomicU64>,
}

// SAFETY: what it leads to is atomic.
unsafe impl Sync for Opener {}
// SAFETY: it owns nothing that belongs to a thread.
unsafe impl Send for Opener {}

impl Opener {
    fn word(&self, frame: Frame) -> &AtomicU64 {
        // SAFETY: the allocator asks for frames that it was given, and there is a word for each of them.
        let word = unsafe { self.links.add(frame.number() as usize) };
        // SAFETY: the system gives memory to it when it is touched, zero at first; it is accessed atomically only.
        unsafe { word.as_ref() }
    }
}

// SAFETY: the records lie in a region to which the system gives zeroed memory when it is touched.
unsafe impl Blocks for Opener {
    fn open(&self, _block: FrameRange, donors: &mut Donors) -> Result<(), OutOfFrames> {
        let missing = OutOfFrames { wanted: OPENING, available: donors.left() };
        donors.take_run(OPENING).map(drop).ok_or(missing)
    }

    fn set_link(&self, frame: Frame, next: Option<Frame>) {
        self.word(frame).store(next.map_or(0, |next| next.number() + 1), Ordering::Relaxed);
    }

    fn link(&self, frame: Frame) -> Option<Frame> {
        self.word(frame).load(Ordering::Relaxed).checked_sub(1).map(Frame::new)
    }
}

/// An allocator of ours, with its books.
pub(super) struct Ours {
    /// Dropped before the books that it refers to.
    allocator: FrameAllocator<'static, Host, Opener>,
    _books: Box<Books>,
}

impl Ours {
    /// Makes an allocator that has `frames` frames.
    ///
    /// # Errors
    /// The system does not give the addresses for the books, or the allocator refuses them.
    pub(super) fn new(frames: usize) -> Result<Self> {
        let books = Box::new(Books::reserve(frames)?);
        books.populate()?;
        Self::on(books, frames)
    }

    /// As `new`, on books that were reserved for as many frames, with memory or without.
    ///
    /// # Errors
    /// The allocator refuses the books.
    pub(super) fn on(mut books: Box<Books>, frames: usize) -> Result<Self> {
        let end = Frame::new(frames as u64);
        let all = FrameRange::new(Frame::new(0), end).unwrap_or_default();
        if let Some(first) = books.fresh.first_mut() {
            *first = all;
        }
        // SAFETY: the books are in a box of which nothing is taken out, and are dropped after the allocator, so that
        // its references are as good as static. Each part is used by it alone.
        let lent: &'static mut Books = unsafe { &mut *std::ptr::from_mut(books.as_mut()) };
        // SAFETY: the region begins on a page, is that long, zero, and used for these records only.
        let records = unsafe { Records::new(lent.records.base().as_ptr(), end, BLOCK) };
        let config = Config {
            records: records.context("there are no such records")?,
            giant: GIANT,
            window_end: end,
            opening: OPENING,
            fresh: RangeSet::new(&mut lent.fresh, 1).map_err(|range| anyhow!("unsorted: {range:?}"))?,
            known: RangeSet::empty(&mut lent.known),
            caches: &lent.caches,
            depot: &lent.depot,
        };
        let opener = Opener { links: lent.links.base().cast() };
        // SAFETY: nobody uses the frames, for there is no memory behind them; the books are new.
        let allocator = unsafe { FrameAllocator::new(&HOST, opener, config) };
        let allocator = allocator.map_err(|error| anyhow!("{error:?}"))?;
        Ok(Self { allocator, _books: books })
    }
}

impl FrameSource for &Ours {
    // Who uses an allocator calls it, not an adapter between two calls.
    #[inline(always)]
    fn allocate(&mut self) -> Option<Frame> {
        self.allocator.allocate(Zone::Any).ok()
    }

    #[inline(always)]
    fn free(&mut self, frame: Frame) {
        let outcome = self.allocator.free(frame);
        assert!(outcome.is_ok(), "{outcome:?}");
    }

    fn allocate_large(&mut self) -> Option<Frame> {
        self.allocator.allocate_block(Zone::Any).ok().map(FrameRange::start)
    }

    fn free_large(&mut self, first: Frame) {
        let outcome = self.allocator.free_block(FrameRange::with_count(first, BLOCK));
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

impl Shared for Ours {
    fn source(&self) -> impl FrameSource + Send {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Ours;
    use crate::frames::{FrameSource, GIB, Shared};

    #[test]
    fn every_frame_is_given_out_once_and_almost_all_of_them() {
        let ours = Ours::new(GIB).unwrap();
        let mut source = ours.source();
        let mut frames: Vec<u64> = std::iter::from_fn(|| source.allocate()).map(|one| one.number()).collect();
        frames.sort_unstable();
        assert!(frames.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(frames.len() >= GIB - GIB / 64 && !frames.contains(&0));
        let count = frames.len();
        frames.into_iter().for_each(|frame| source.free(xtcore::Frame::new(frame)));
        assert_eq!(std::iter::from_fn(|| source.allocate()).count(), count);
    }

    #[test]
    fn a_frame_that_is_freed_is_the_next_one_given_out() {
        let ours = Ours::new(GIB).unwrap();
        let mut source = ours.source();
        let frame = source.allocate().unwrap();
        source.free(frame);
        assert_eq!(source.allocate(), Some(frame));
    }
}
