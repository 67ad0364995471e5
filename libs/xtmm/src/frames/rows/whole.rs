//! Blocks that are handed out as one.

use xtcore::{Frame, FrameCount, FrameRange};

use super::bits::Amount;
use super::records::State;
use super::{Opener, Rows, bits};
use crate::frames::blocks::{Blocks, Donors};
use crate::frames::cache::stack::Stack;
use crate::frames::error::FrameCrime;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::{Class, Zone};
use crate::inject::Site;

/// Of so many blocks of a fresh range one at most is opened ahead of demand.
const AHEAD_SHARE: u64 = 16;

impl Rows<'_> {
    /// Takes a wholly free block, or a fresh one. Cost: constant, or proportional to the fresh ranges and an opening.
    pub(crate) fn take_block<B: Blocks>(&mut self, opener: &Opener<'_, B>, zone: Zone) -> Option<Pfn> {
        for class in self.classes_of_whole_blocks(zone) {
            if let Some(block) = self.lists(class).whole.first() {
                return Some(self.hold(block, State::Held));
            }
            if let Some(block) = self.open_whole(opener, class) {
                return Some(self.hold(block, State::Held));
            }
        }
        None
    }

    /// Opens a block of a class of which all frames are fresh, or part of a giant that is free. The block is nobody's, but
    /// not always on a list yet.
    fn open_whole<B: Blocks>(&mut self, opener: &Opener<'_, B>, class: Class) -> Option<Opened> {
        if let Some(giant) = self.broken(class, FrameRange::default()) {
            let block = self.records.size().range(giant.start);
            if let Ok(opened) = self.open_keeping(opener, block, block, block) {
                return Some(opened);
            }
        }
        let mut window = self.zones.range(class);
        while let Some((block, range)) = self.fresh_run(window, self.records.size().count()) {
            if let Ok(opened) = self.open_keeping(opener, block, block, block) {
                return Some(opened);
            }
            let Some(lower) = FrameRange::new(window.start(), range.start()) else { break };
            window = lower;
        }
        self.wake_one(class, FrameRange::default())
    }

    /// Moves up to `wanted` wholly free blocks of opened memory to the cache of a processor.
    pub(crate) fn cache_blocks<const N: usize>(&mut self, zone: Zone, out: &Stack<N>, wanted: usize) {
        let mut left = wanted.min(out.room());
        for class in self.classes_of_whole_blocks(zone) {
            while left > 0
                && let Some(block) = self.lists(class).whole.first()
            {
                // There is room, see above.
                let _ = out.push(self.hold(block, State::Cached));
                left -= 1;
            }
        }
    }

    /// Fills the empty cache of a processor with fresh blocks, opened together: one look at the fresh ranges and at the
    /// stock serves all of them. They are fewer as fresh memory runs out, and none where there is no stock.
    pub(crate) fn cache_fresh<B: Blocks, const N: usize>(
        &mut self,
        opener: &Opener<'_, B>,
        zone: Zone,
        out: &Stack<N>,
    ) {
        let size = self.records.size();
        for class in self.classes_of_whole_blocks(zone) {
            if !self.lists(class).whole.is_empty() || self.broken(class, FrameRange::default()).is_some() {
                return;
            }
            let found = self.fresh_run(self.zones.range(class), size.count());
            let Some((first, range)) = found else { continue };
            let wanted = (range.count().get() / (AHEAD_SHARE << size.order())).min(out.room() as u64);
            if wanted == 0 {
                return;
            }
            let run = FrameRange::with_count(first.start(), FrameCount::new(wanted << size.order()));
            // Whoever is told that it fails goes without, and opens one block when it needs it.
            if opener.injector.fails(Site::BlockOpening) {
                return;
            }
            let mut donors = Donors::new(self.stock);
            let opened = opener.blocks.open_run(run, size.count(), &mut donors);
            self.use_stock(&donors);
            let end = run.start().saturating_add(FrameCount::new((opened * size.frames()) as u64));
            let run = FrameRange::new(run.start(), end).unwrap_or_default();
            let first = size.block_of(Pfn::saturating(run.start()));
            // The lowest is handed out first.
            let blocks = (first..first + opened as u32).rev().map(super::vouch);
            out.extend(blocks.map(|block| {
                // While the rest is fresh, there is nothing to be counted.
                self.begin_giant(block);
                self.records.state(block).set(State::Cached);
                size.pfn(block.number(), 0)
            }));
            // It was asked above whether there is room for this.
            self.fresh.remove(run).unwrap_or_default();
            return;
        }
    }

    /// Takes back a block that is `state`: handed out, or kept by a processor.
    ///
    /// # Errors
    /// [`FrameCrime`]; nothing has changed.
    pub(crate) fn put_block(&mut self, start: Pfn, state: State) -> Result<(), FrameCrime> {
        let block = self.check_whole(start, state)?;
        self.release(block);
        Ok(())
    }

    /// Looks whether a block could be kept by a processor: it is handed out as one.
    ///
    /// # Errors
    /// [`FrameCrime`] when it isn't.
    pub(crate) fn check_held(&mut self, start: Pfn) -> Result<(), FrameCrime> {
        self.check_whole(start, State::Held).map(|_| ())
    }

    /// Returns `count` fresh frames in `window`, aligned to their number, which can be taken out, and the fresh range that they
    /// lie in: the highest range that has them, and in it the lowest.
    pub(super) fn fresh_run(
        &self,
        window: FrameRange,
        count: FrameCount,
    ) -> Option<(FrameRange, FrameRange)> {
        self.fresh_fit(window, count, count)
    }

    /// Returns `count` fresh frames as [`Rows::fresh_run`] does, aligned to `alignment`.
    pub(super) fn fresh_fit(
        &self,
        window: FrameRange,
        count: FrameCount,
        alignment: FrameCount,
    ) -> Option<(FrameRange, FrameRange)> {
        self.fresh.within(window).rev().find_map(|range| {
            let start = range.start().number().checked_next_multiple_of(alignment.get()).map(Frame::new)?;
            let found = FrameRange::new(start, start.checked_add(count)?)?;
            (range.encloses(found) && self.fresh.can_remove(found)).then_some((found, range))
        })
    }

    /// Takes all bits of a block, if it has any. Returns its first frame.
    pub(super) fn hold(&mut self, block: Opened, state: State) -> Pfn {
        let row = self.records.row(block);
        let before = bits::amount(row);
        if before != Amount::None {
            self.free -= bits::count(row);
            bits::empty(row);
            self.settle(block, before);
        }
        self.records.state(block).set(state);
        self.records.size().pfn(block.number(), 0)
    }

    /// Sets all bits of a block that has none.
    pub(super) fn release(&mut self, block: Opened) {
        self.records.state(block).set(State::Split);
        bits::fill(self.records.row(block));
        self.free += self.records.size().frames();
        self.settle(block, Amount::None);
    }

    pub(super) fn check_whole(&mut self, start: Pfn, state: State) -> Result<Opened, FrameCrime> {
        let size = self.records.size();
        let range = size.range_from(start);
        if size.offset_of(start) != 0 {
            return Err(FrameCrime::NotWhole(range));
        }
        let block = self.opened(start)?;
        let free = bits::amount(self.records.row(block));
        match self.records.state(block).get() {
            found if found == state && free == Amount::None => Ok(block),
            State::Cached | State::Resting => Err(FrameCrime::AlreadyFree(start.frame())),
            _ if free == Amount::All => Err(FrameCrime::AlreadyFree(start.frame())),
            _ => Err(FrameCrime::NotWhole(range)),
        }
    }
}
