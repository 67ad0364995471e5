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
    /// Cost: proportional to the fresh ranges, plus an opening for each block that was fresh. When there is no fresh memory to serve
    /// it, also proportional to the blocks that are partly (or, for a run longer than a block, wholly) free.
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
            let run = if is_short {
                self.take_within_block(request, class, usize::MAX)
            } else {
                self.take_whole_blocks(request, class)
            };
            if run.is_some() {
                return run;
            }
        }
        let window = FrameRange::new(Frame::new(0), self.limit(request.zone)).unwrap_or_default();
        self.take_fresh(opener, request, window)
    }

    /// Takes back frames that were handed out, however they were.
    ///
    /// # Errors
    /// The first crime; nothing has changed.
    pub(crate) fn put_run(&mut self, run: FrameRange) -> Result<(), FrameCrime> {
        self.check_taken(run)?;
        for piece in self.records.size().pieces(run) {
            self.put_piece(piece);
        }
        Ok(())
    }

    /// Looks whether all frames of a range are handed out, as far as the rows know.
    ///
    /// # Errors
    /// The first frame that isn't.
    pub(super) fn check_taken(&mut self, run: FrameRange) -> Result<(), FrameCrime> {
        for piece in self.records.size().pieces(run) {
            let mut next = piece.start();
            while next < piece.end() {
                let pfn = Pfn::of(next).ok_or(FrameCrime::Foreign(next))?;
                let block = self.opened(pfn)?;
                let part = FrameRange::new(next, self.gap.end.frame().min(piece.end())).unwrap_or_default();
                let free = bits::first_set(self.records.row(block), self.offsets(part));
                if let Some(offset) = free {
                    let pfn = self.records.size().pfn(block.number(), offset);
                    return Err(FrameCrime::AlreadyFree(pfn.frame()));
                }
                if self.records.header(block).state() == State::Cached {
                    return Err(FrameCrime::AlreadyFree(next));
                }
                if self.stock.overlaps(part) {
                    return Err(FrameCrime::AlreadyFree(self.stock.intersection(part).start()));
                }
                next = part.end();
            }
        }
        Ok(())
    }

    /// Sets the bits of frames of one opened block that has them clear.
    pub(super) fn put_piece(&mut self, piece: FrameRange) {
        let block = super::vouch(self.number_of(piece));
        let header = self.records.header(block);
        if header.state() == State::Held {
            header.set_state(State::Split);
        }
        let offsets = self.offsets(piece);
        let before = header.free();
        let after = before + offsets.len();
        bits::set(self.records.row(block), offsets);
        self.settle(block, header, before, after);
    }

    /// Clears the bits of frames of one block that has them set.
    fn take_piece(&mut self, block: Opened, piece: FrameRange) {
        let header = self.records.header(block);
        let offsets = self.offsets(piece);
        let before = header.free();
        let after = before - offsets.len();
        bits::clear(self.records.row(block), offsets);
        self.settle(block, header, before, after);
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
        // A block that makes its own books has its upper half free for sure.
        let half = FrameCount::new(self.records.size().count().get() / 2);
        if request.count <= half && request.alignment <= half {
            self.open_fresh(opener, class, FrameRange::default())?;
            return self.take_within_block(request, class, 1);
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

    /// Takes a run that begins with wholly free blocks of a class and may end in a block that is partly free.
    fn take_whole_blocks(&mut self, request: &RunRequest, class: Class) -> Option<FrameRange> {
        let (records, limit) = (self.records, self.limit(request.zone));
        let size = records.size();
        let run = self.classes.get(class as usize)?.whole.iter(&records).find_map(|first| {
            let start = size.pfn(first.number(), 0).frame();
            let run = FrameRange::new(start, start.checked_add(request.count)?)?;
            let fits = start.is_aligned(request.alignment) && run.end() <= limit;
            (fits && size.pieces(run).all(|piece| self.is_wholly_free(piece))).then_some(run)
        })?;
        for piece in size.pieces(run) {
            self.take_piece(super::vouch(self.number_of(piece)), piece);
        }
        Some(run)
    }

    /// Tells whether a piece of a block, from its beginning on, is free in the rows.
    fn is_wholly_free(&self, piece: FrameRange) -> bool {
        self.opened_block(self.number_of(piece))
            .is_some_and(|block| bits::last_clear(self.records.row(block), self.offsets(piece)).is_none())
    }
}
