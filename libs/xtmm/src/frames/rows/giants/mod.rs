//! Giants that are handed out as one: what a level-3 page maps.

pub(super) mod tails;

use xtcore::{FrameCount, FrameRange};

use super::records::State;
use super::{Opener, Rows, vouch};
use crate::OutOfFrames;
use crate::frames::blocks::Blocks;
use crate::frames::error::FrameCrime;
use crate::frames::units::{Opened, Pfn};
use crate::frames::zones::Zone;

impl Rows<'_> {
    /// Takes a giant: a wholly free one, or else a fresh one, of which the first block is opened.
    ///
    /// Cost: proportional to the giant's opened blocks, or to the fresh ranges and an opening.
    ///
    /// # Errors
    /// [`OutOfFrames`]. Blocks may have been opened; they are free then.
    pub(crate) fn take_giant<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        zone: Zone,
    ) -> Result<FrameRange, OutOfFrames> {
        for class in self.classes_of_whole_blocks(zone) {
            if let Some(first) = self.lists(class).giants.first() {
                return Ok(self.hold_giant(first));
            }
        }
        let none = OutOfFrames { wanted: self.giant(), available: self.free() };
        let size = self.records.size();
        let window = FrameRange::new(size.range(1).start(), self.limit(zone)).ok_or(none)?;
        let (giant, _) = self.fresh_run(window, self.giant()).ok_or(none)?;
        let first = size.block_of(Pfn::saturating(giant.start()));
        let is_in_one_class =
            self.zones.class_of(first) == self.zones.class_of(first + (self.giant_blocks - 1));
        if is_in_one_class { self.open_giant(opener, giant) } else { self.open_blocks_of(opener, giant) }
    }

    /// Takes back a giant.
    ///
    /// # Errors
    /// [`FrameCrime`]; nothing has changed.
    pub(crate) fn put_giant(&mut self, giant: FrameRange) -> Result<(), FrameCrime> {
        if giant.count() != self.giant() || !giant.start().is_aligned(self.giant()) {
            return Err(FrameCrime::NotWhole(giant));
        }
        // The first frame, if any, is known outside of tails.
        let first = self.opened(Pfn::saturating(giant.start()))?;
        let tailed = self.tailed(first.number());
        let opened = tailed.map_or(giant.end(), |tailed| self.records.size().range(tailed.start).start());
        let opened = FrameRange::new(giant.start(), opened).unwrap_or_default();
        for block in self.records.size().pieces(opened) {
            self.check_whole(Pfn::saturating(block.start()), State::Held)?;
        }
        match tailed {
            Some(tailed) if tailed.is_free() => Err(FrameCrime::AlreadyFree(opened.end())),
            Some(tailed) => {
                self.release_tailed(tailed);
                Ok(())
            }
            None => {
                self.release_blocks_of(giant);
                Ok(())
            }
        }
    }

    /// Returns the number of frames of a giant.
    pub(crate) const fn giant(&self) -> FrameCount {
        FrameCount::new(self.giant_blocks as u64 * self.records.size().count().get())
    }

    /// Takes a wholly free giant.
    fn hold_giant(&mut self, first: Opened) -> FrameRange {
        let giant = self.giant_range(first);
        match self.tailed(first.number()) {
            Some(tailed) => self.hold_tailed(tailed),
            None => {
                for block in first.number()..first.number() + self.giant_blocks {
                    self.hold(vouch(block), State::Held);
                }
            }
        }
        giant
    }

    /// Takes a fresh giant; opens the first block of it.
    fn open_giant<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        giant: FrameRange,
    ) -> Result<FrameRange, OutOfFrames> {
        let block = self.records.size().around(giant.start());
        let first = self.open_keeping(opener, block, block, giant)?;
        // Nothing below the rest is fresh any more, so this is no hole in a range and needs no room.
        self.fresh.remove(giant).unwrap_or_default();
        self.hold(first, State::Held);
        self.begin_tail(first);
        Ok(giant)
    }

    /// Takes a fresh giant across the border of two classes; opens all of it.
    fn open_blocks_of<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        giant: FrameRange,
    ) -> Result<FrameRange, OutOfFrames> {
        for block in self.records.size().pieces(giant) {
            match self.open_keeping(opener, block, block, giant) {
                Ok(opened) => {
                    self.hold(opened, State::Held);
                }
                Err(short) => {
                    let done = FrameRange::new(giant.start(), block.start()).unwrap_or_default();
                    self.release_blocks_of(done);
                    return Err(OutOfFrames { wanted: self.giant(), ..short });
                }
            }
        }
        Ok(giant)
    }

    /// Sets all bits of blocks that are opened and have none.
    fn release_blocks_of(&mut self, range: FrameRange) {
        let size = self.records.size();
        for block in size.pieces(range) {
            self.release(vouch(size.block_of(Pfn::saturating(block.start()))));
        }
    }
}
