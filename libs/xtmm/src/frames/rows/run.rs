//! Runs of consecutive frames, of any length and alignment.
//!
//! A run of at most a block lies within one block; a longer one is fresh, or begins with a whole block. So not every run
//! that exists is found, but none is looked for block by block through all of memory.

use xtcore::{Frame, FrameCount, FrameRange};

use super::records::State;
use super::{Opener, Rows, bits};
use crate::frames::blocks::Blocks;
use crate::frames::error::FrameCrime;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::{Class, Zone};

/// Consecutive frames that are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunRequest {
    /// How many.
    pub count: FrameCount,
    /// What the first frame's number is a multiple of: a power of two.
    pub alignment: FrameCount,
    /// Where they may lie.
    pub zone: Zone,
}

/// Partly free blocks of a class that are searched before a larger piece is broken. Without a bound, fragmented memory
/// would cost a look at every block.
const SEARCHED: usize = 16;

impl Rows<'_> {
    /// Takes a run. `request` is sensible: something is wanted, the alignment is a power of two.
    ///
    /// Cost: proportional to the fresh ranges, plus an opening for each block that was fresh. When there is no fresh
    /// memory to serve it, also proportional to the blocks that are partly (or, for a run longer than a block, wholly)
    /// free.
    pub(crate) fn take_run<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        request: &RunRequest,
    ) -> Option<FrameRange> {
        let is_short = request.count <= self.records.size().count();
        // Block 0 is for those who need it, until nothing else is left.
        for class in self.classes_of_whole_blocks(request.zone) {
            if is_short && let Some(run) = self.take_short(opener, request, class) {
                return Some(run);
            }
        }
        let low = self.records.size().range(0).end();
        let window = FrameRange::new(low, self.limit(request.zone)).unwrap_or_default();
        if let Some(run) = self.take_fresh(opener, request, window) {
            return Some(run);
        }
        for class in self.zones.classes(request.zone) {
            if is_short && let Some(run) = self.take_within_block(request, class, usize::MAX) {
                return Some(run);
            }
            if let Some(run) = self.take_whole_blocks(opener, request, class) {
                return Some(run);
            }
        }
        let window = FrameRange::new(Frame::new(0), self.limit(request.zone)).unwrap_or_default();
        self.take_fresh(opener, request, window)
    }

    /// Takes back frames that were handed out, however they were.
    ///
    /// # Errors
    /// The first crime; nothing has changed.
    pub(crate) fn put_run<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        run: FrameRange,
    ) -> Result<(), FrameCrime> {
        self.check_taken(run)?;
        let mut left = self.divide_tails(opener, run)?;
        let size = self.records.size();
        while !left.is_empty() {
            let piece = size.around(left.start()).intersection(left);
            let mut next = piece.end();
            match self.tail_around(self.number_around(piece)) {
                // All of it, or else it would have been divided.
                Some(giant) => {
                    self.free_tail(giant);
                    next = self.giant_range(giant.first).end();
                }
                None => self.put_piece(piece),
            }
            left = FrameRange::new(next, left.end()).unwrap_or_default();
        }
        Ok(())
    }

    /// Looks whether all frames of a range are handed out, as far as the rows know.
    ///
    /// # Errors
    /// The first frame that isn't.
    pub(super) fn check_taken(&mut self, run: FrameRange) -> Result<(), FrameCrime> {
        let size = self.records.size();
        let mut next = run.start();
        while next < run.end() {
            let pfn = Pfn::of(next).ok_or(FrameCrime::Foreign(next))?;
            if let Some(tail) = self.tail_around(size.block_of(pfn)).filter(|tail| !tail.is_free()) {
                next = self.giant_range(tail.first).end();
                continue;
            }
            let block = self.opened(pfn)?;
            let end = run.end().min(size.around(next).end()).min(self.gap.end.frame());
            let part = FrameRange::new(next, end).unwrap_or_default();
            let free = bits::first_set(self.records.row(block), self.offsets(part));
            if let Some(offset) = free {
                return Err(FrameCrime::AlreadyFree(size.pfn(block.number(), offset).frame()));
            }
            if matches!(self.records.state(block).get(), State::Cached | State::Resting) {
                return Err(FrameCrime::AlreadyFree(next));
            }
            if self.stock.overlaps(part) {
                return Err(FrameCrime::AlreadyFree(self.stock.intersection(part).start()));
            }
            next = part.end();
        }
        Ok(())
    }

    /// Sets the bits of frames of one opened block that has them clear.
    pub(super) fn put_piece(&mut self, piece: FrameRange) {
        let block = super::vouch(self.number_around(piece));
        let state = self.records.state(block);
        if state.get() == State::Held {
            state.set(State::Split);
        }
        let (row, offsets) = (self.records.row(block), self.offsets(piece));
        let before = bits::amount(row);
        self.free += offsets.len();
        bits::set(row, offsets);
        self.settle(block, before);
    }

    /// Clears the bits of frames of one block that has them set.
    fn take_piece(&mut self, block: Opened, piece: FrameRange) {
        let (row, offsets) = (self.records.row(block), self.offsets(piece));
        let before = bits::amount(row);
        self.free -= offsets.len();
        bits::clear(row, offsets);
        self.settle(block, before);
    }

    /// Takes a run within one block of a class, out of what is broken already if that is quickly found, and else out of
    /// a whole block.
    fn take_short<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        request: &RunRequest,
        class: Class,
    ) -> Option<FrameRange> {
        if let Some(run) = self.take_within_block(request, class, SEARCHED) {
            return Some(run);
        }
        let half = FrameCount::new(self.records.size().count().get() / 2);
        if request.count > half || request.alignment > half {
            return None;
        }
        // A block that makes its own books may have become the stock as well, from which the next one's are made.
        for _ in 0..2 {
            self.open_fresh(opener, class, FrameRange::default())?;
            if let Some(run) = self.take_within_block(request, class, 1) {
                return Some(run);
            }
        }
        None
    }

    /// Takes a run within one of the `searched` first partly free blocks of a class, or within one of its wholly free ones.
    fn take_within_block(
        &mut self,
        request: &RunRequest,
        class: Class,
        searched: usize,
    ) -> Option<FrameRange> {
        let (records, limit) = (self.records, self.limit(request.zone));
        let size = records.size();
        let count = usize::try_from(request.count.get()).ok()?;
        let inside = usize::try_from(request.alignment.get().min(size.count().get())).ok()?;
        let find = |block: Opened| {
            let range = size.range(block.number());
            // An alignment beyond a block is one of the block; the run is its beginning then.
            let aligned = request.alignment <= size.count() || range.start().is_aligned(request.alignment);
            let usable = limit.min(range.end()).number().saturating_sub(range.start().number());
            let usable = usize::try_from(usable).ok().filter(|_| aligned)?;
            let offset = bits::find_run(records.row(block), 0..usable, count, inside)?;
            let start = size.pfn(block.number(), offset).frame();
            Some((block, FrameRange::with_count(start, request.count)))
        };
        let lists = self.lists(class);
        let partial = lists.partial.iter(&records).take(searched).find_map(find);
        let (block, run) = partial.or_else(|| lists.whole.iter(&records).take(searched).find_map(find))?;
        self.take_piece(block, run);
        Some(run)
    }

    /// Takes fresh frames in a row; opens every block that they touch.
    fn take_fresh<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        request: &RunRequest,
        window: FrameRange,
    ) -> Option<FrameRange> {
        let (run, _) = self.fresh_fit(window, request.count, request.alignment)?;
        let size = self.records.size();
        for piece in size.pieces(run) {
            let block = size.around(piece.start());
            // The books come from elsewhere: not from the run, nor from what surrounds it.
            if self.open_keeping(opener, block, piece, run).is_err() {
                let done = FrameRange::new(run.start(), piece.start()).unwrap_or_default();
                for piece in size.pieces(done) {
                    self.put_piece(piece);
                }
                return None;
            }
        }
        Some(run)
    }

    /// Takes a run that begins with wholly free blocks of a class, opened or in the free tail of a giant, and may end in a
    /// block that is partly free. Within a giant that is broken already, it begins where the tail does.
    fn take_whole_blocks<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        request: &RunRequest,
        class: Class,
    ) -> Option<FrameRange> {
        let (records, limit) = (self.records, self.limit(request.zone));
        let size = records.size();
        let run_from = |block: u32| {
            let start =
                size.range(block).start().number().checked_next_multiple_of(request.alignment.get())?;
            let start = Frame::new(start);
            let run = FrameRange::new(start, start.checked_add(request.count)?)?;
            (run.end() <= limit && self.is_wholly_free(run)).then_some(run)
        };
        let lists = self.classes.get(class as usize)?;
        let run = None
            .or_else(|| {
                lists.broken.iter(&records).find_map(|first| run_from(self.tailed(first.number())?.start))
            })
            .or_else(|| lists.whole.iter(&records).find_map(|first| run_from(first.number())))
            .or_else(|| lists.giants.iter(&records).find_map(|first| run_from(first.number())))?;
        self.claim(opener, run)
    }

    /// Takes a run that is wholly free, opened or not. What is opened is taken first, lest it become a stock for what has
    /// to be opened.
    fn claim<B: Blocks>(&mut self, opener: &Opener<'_, B>, run: FrameRange) -> Option<FrameRange> {
        let size = self.records.size();
        for piece in size.pieces(run) {
            let block = self.number_around(piece);
            if self.tail_around(block).is_some() {
                continue;
            }
            if self.is_resting(block) {
                self.wake(super::vouch(block));
            }
            self.take_piece(super::vouch(block), piece);
        }
        for piece in size.pieces(run) {
            // Blocks of the tail below the run have to be opened too; they stay free.
            while let Some(giant) = self.tail_around(self.number_around(piece)) {
                let next = size.range(giant.start);
                if self.open_keeping(opener, next, next.intersection(piece), run).is_err() {
                    self.disclaim(run);
                    return None;
                }
            }
        }
        Some(run)
    }

    /// Gives back what [`Rows::claim`] took before it failed: all of the run that is opened.
    fn disclaim(&mut self, run: FrameRange) {
        for piece in self.records.size().pieces(run) {
            if self.tail_around(self.number_around(piece)).is_none() {
                self.put_piece(piece);
            }
        }
    }

    /// Tells whether all of a run is free: opened, or in free tails.
    fn is_wholly_free(&self, run: FrameRange) -> bool {
        self.records.size().pieces(run).all(|piece| {
            let block = self.number_around(piece);
            match self.tail_around(block) {
                Some(tail) => tail.is_free(),
                None if self.is_resting(block) => true,
                None => self.opened_block(block).is_some_and(|block| {
                    bits::last_clear(self.records.row(block), self.offsets(piece)).is_none()
                }),
            }
        })
    }
}
