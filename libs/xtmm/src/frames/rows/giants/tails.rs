//! Giants that are handed out as one without records for their blocks.
//!
//! 512 records, and the PFN entries that come with them, are 8 MiB of books; who maps a giant by one entry needs none of
//! them but those of its first frame. So a fresh giant opens its first block only. The others are its *tail*: neither fresh
//! nor opened, told of by the first block's header.
//!
//! ```text
//!   | block 0 | block 1 | ... | block tail_start | ...            |
//!   | opened, each like any other block  | tail: held, or all free |
//! ```
//! * The tail only ever shrinks, from its low end: block by block it is opened and becomes like any other. So the header
//!   has room for all that there is to say.
//! * A giant comes back without needing memory: its tail becomes free. It is handed out again as it is, or
//!   broken: its blocks are opened as they are taken.
//! * A giant that is wholly free and of which only block 0 is opened *rests*: block 0 has no bits and is on no
//!   list of blocks, lest single frames break all giants by their first blocks before they use up one.
//! * A part of a held giant may come back. What lies below it or in it is opened then, unless the part reaches to the end of
//!   the giant. The books come from the stock, or else from the part itself; a part that is too small
//!   for that when there is no other memory is refused.
//! * A tail lies in one class.

use xtcore::{Frame, FrameCount, FrameRange};

use crate::frames::blocks::Blocks;
use crate::frames::error::FrameCrime;
use crate::frames::rows::bits::{self, Amount};
use crate::frames::rows::records::{State, Tail};
use crate::frames::rows::{Opener, Rows, vouch};
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::Class;

/// Frames that opening several blocks may take beyond `Config::opening` for each: pages of records, tables.
const MARGIN: u64 = 16;

/// A giant with a tail.
#[derive(Clone, Copy, Debug)]
pub(in crate::frames::rows) struct Tailed {
    /// Its first block.
    pub(in crate::frames::rows) first: Opened,
    /// The first block of its tail.
    pub(in crate::frames::rows) start: u32,
    kind: Tail,
}

impl Tailed {
    pub(in crate::frames::rows) fn is_free(self) -> bool {
        self.kind == Tail::Free
    }
}

impl Rows<'_> {
    /// Returns the giant in whose tail a block lies.
    pub(in crate::frames::rows) fn tail_around(&self, block: u32) -> Option<Tailed> {
        self.tailed(block).filter(|giant| block >= giant.start)
    }

    /// Returns the giant in which a block lies if it has a tail.
    pub(in crate::frames::rows) fn tailed(&self, block: u32) -> Option<Tailed> {
        if self.tails == 0 {
            return None;
        }
        self.first_of_giant(block).and_then(|first| self.tailed_from(first))
    }

    /// Tells whether a block, opened or not, is resting.
    pub(in crate::frames::rows) fn is_resting(&self, block: u32) -> bool {
        self.tailed(block).is_some_and(|giant| {
            giant.first.number() == block && self.records.state(giant.first).get() == State::Resting
        })
    }

    /// Says what is wrong about freeing a frame of a tail by itself.
    #[cold]
    pub(in crate::frames::rows) fn crime_in(&self, tail: Tailed, pfn: Pfn) -> FrameCrime {
        if tail.is_free() {
            FrameCrime::AlreadyFree(pfn.frame())
        } else {
            FrameCrime::NotWhole(self.giant_range(tail.first))
        }
    }

    /// Returns the frames of the giant that begins with a block.
    pub(in crate::frames::rows) fn giant_range(&self, first: Opened) -> FrameRange {
        FrameRange::with_count(self.records.size().pfn(first.number(), 0).frame(), self.giant())
    }

    /// Notes that all of a giant but its first block, which is held, is the tail of it, and held too.
    pub(in crate::frames::rows) fn begin_tail(&mut self, first: Opened) {
        self.tails += 1;
        self.change_giant(first, |header| {
            header.set_tail_start(1);
            header.set_tail(Tail::Held);
        });
    }

    /// Notes that the first block of a tail has been opened.
    pub(in crate::frames::rows) fn shorten_tail(&mut self, giant: Tailed) {
        let blocks = self.giant_blocks as usize;
        if giant.is_free() {
            self.untouched -= self.records.size().frames();
        }
        let mut is_used_up = false;
        self.change_giant(giant.first, |header| {
            header.set_tail_start(header.tail_start() + 1);
            is_used_up = header.tail_start() == blocks;
            if is_used_up {
                header.set_tail(Tail::None);
            }
        });
        if is_used_up {
            self.tails -= 1;
        }
    }

    /// Hands out a wholly free giant that has a tail.
    pub(in crate::frames::rows) fn hold_tailed(&mut self, giant: Tailed) {
        let state = self.records.state(giant.first);
        self.untouched -= self.untouched_in(giant);
        if state.get() == State::Resting {
            state.set(State::Held);
            self.change_giant(giant.first, |header| {
                header.set_whole_in_giant(0);
                header.set_tail(Tail::Held);
            });
        } else {
            for block in giant.first.number()..giant.start {
                self.hold(vouch(block), State::Held);
            }
            self.change_giant(giant.first, |header| header.set_tail(Tail::Held));
        }
    }

    /// Takes back a giant whose opened blocks and whose tail are held.
    pub(in crate::frames::rows) fn release_tailed(&mut self, giant: Tailed) {
        for block in giant.first.number()..giant.start {
            self.release(vouch(block));
        }
        self.free_tail(giant);
    }

    /// Makes a held tail free; the giant rests if nothing else of it is opened or in use.
    pub(in crate::frames::rows) fn free_tail(&mut self, giant: Tailed) {
        self.change_giant(giant.first, |header| header.set_tail(Tail::Free));
        if giant.start == giant.first.number() + 1
            && bits::amount(self.records.row(giant.first)) == Amount::All
        {
            self.hold(giant.first, State::Resting);
            self.change_giant(giant.first, |header| header.set_whole_in_giant(1));
        }
        self.untouched += self.untouched_in(giant);
    }

    /// Turns the first block of a resting giant into an ordinary one, wholly free.
    pub(in crate::frames::rows) fn wake(&mut self, first: Opened) {
        self.untouched -= self.records.size().frames();
        self.change_giant(first, |header| header.set_whole_in_giant(0));
        self.release(first);
    }

    /// Returns a giant of a class that is broken already, apart from `avoid`: its next block may be opened.
    pub(in crate::frames::rows) fn broken(&self, class: Class, avoid: FrameRange) -> Option<Tailed> {
        let records = self.records;
        let broken = &self.classes.get(class as usize)?.broken;
        // What is to be avoided lies in one or two giants, or will not be served from tails anyway.
        let mut candidates = broken.iter(&records).take(3).filter_map(|first| self.tailed_from(first));
        candidates.find(|giant| !records.size().range(giant.start).overlaps(avoid))
    }

    /// Breaks a giant of a class that rests, apart from `avoid`. Returns its first block, wholly free.
    pub(in crate::frames::rows) fn wake_one(&mut self, class: Class, avoid: FrameRange) -> Option<Opened> {
        let records = self.records;
        // Wholly free giants that do not rest have blocks on the list of whole ones, which has been looked at before.
        let mut resting = self.classes.get(class as usize)?.giants.iter(&records).take(3).filter(|first| {
            records.state(*first).get() == State::Resting
                && !records.size().range(first.number()).overlaps(avoid)
        });
        let first = resting.next()?;
        self.wake(first);
        Some(first)
    }

    /// Sees to it that a run of held frames can be freed: opens what has to be opened of the tails that it lies in.
    /// Returns the run without what became books.
    ///
    /// # Errors
    /// [`FrameCrime::Indivisible`]; no frame has changed hands.
    pub(in crate::frames::rows) fn divide_tails<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        run: FrameRange,
    ) -> Result<FrameRange, FrameCrime> {
        let mut left = run;
        while let Some((giant, end)) = self.undivided(left) {
            let block = self.records.size().range(giant.start);
            if self.open_keeping(opener, block, FrameRange::default(), FrameRange::default()).is_err() {
                let needed = u64::from(end - giant.start) * self.opening.get() + MARGIN;
                if left.count() <= FrameCount::new(needed) {
                    return Err(FrameCrime::Indivisible(left));
                }
                left = self.open_from(opener, block, left).map_err(|_| FrameCrime::Indivisible(left))?;
            }
            self.records.state(vouch(giant.start)).set(State::Held);
        }
        Ok(left)
    }

    /// Returns a giant of which a part lies in the run and is to be cut off, and the block up to which its blocks have to be
    /// opened. Giants in the middle of a run lie in it as a whole.
    fn undivided(&self, run: FrameRange) -> Option<(Tailed, u32)> {
        let size = self.records.size();
        let last = Frame::new(run.end().number().saturating_sub(1));
        [run.start(), last].into_iter().find_map(|frame| {
            let giant =
                self.tailed(size.block_of(Pfn::saturating(frame))).filter(|giant| !giant.is_free())?;
            let around = self.giant_range(giant.first);
            let part = around.intersection(run);
            // What takes the upper end along leaves only its own beginning to be cut.
            let cut = if part.end() == around.end() { part.start() } else { part.end() };
            let inside = cut.checked_add(size.count())?.number().saturating_sub(1);
            let end = size.block_of(Pfn::saturating(Frame::new(inside)));
            (giant.start < end).then_some((giant, end))
        })
    }

    fn tailed_from(&self, first: Opened) -> Option<Tailed> {
        let header = self.records.header(first);
        let start = first.number() + header.tail_start() as u32;
        let kind = header.tail();
        (kind != Tail::None).then_some(Tailed { first, start, kind })
    }

    /// Returns how many frames of a giant count as untouched while its tail is free.
    fn untouched_in(&self, giant: Tailed) -> usize {
        let end = giant.first.number() + self.giant_blocks;
        let is_resting = self.records.state(giant.first).get() == State::Resting;
        let blocks = (end - giant.start) as usize + usize::from(is_resting);
        blocks * self.records.size().frames()
    }
}
