//! Frames that come under the allocator's rule later: those in use at hand-over, and those that become free.

use xtcore::{Frame, FrameRange};

use super::{Opener, Rows};
use crate::frames::blocks::Blocks;
use crate::frames::error::{AdoptError, FrameCrime};
use crate::frames::ranges::NoRoom;

impl Rows<'_> {
    /// Opens the blocks of frames that are in use, and counts those as handed out.
    ///
    /// # Errors
    /// [`AdoptError`], also when one of the frames is known already.
    pub(crate) fn adopt<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        frames: FrameRange,
    ) -> Result<(), AdoptError> {
        self.check_unknown(frames)?;
        for piece in self.records.size().pieces(frames) {
            let block = self.records.size().around(piece.start());
            if self.known.room() == 0 {
                return Err(NoRoom { range: piece }.into());
            }
            if !self.is_open(block) {
                self.open_any(opener, block)?;
            }
            self.known.insert(piece)?;
        }
        Ok(())
    }

    /// Makes frames free that are handed out, or that the allocator has never heard of. Of the latter, those in
    /// blocks that are not opened become fresh. Frame 0 is never given out: it stays what it is.
    ///
    /// # Errors
    /// [`AdoptError`].
    pub(crate) fn give_back<B: Blocks>(
        &mut self,
        opener: &Opener<'_, B>,
        frames: FrameRange,
    ) -> Result<(), AdoptError> {
        let start = frames.start().max(Frame::new(1)).min(frames.end());
        let frames = FrameRange::new(start, frames.end()).unwrap_or_default();
        if frames.end() > self.records.end() {
            return Err(FrameCrime::Foreign(frames.start().max(self.records.end())).into());
        }
        let mut next = frames.start();
        while next < frames.end() {
            let part = match self.known.containing(next) {
                Some(known) => {
                    let part = known.intersection(FrameRange::new(next, frames.end()).unwrap_or_default());
                    self.put_run(opener, part)?;
                    part
                }
                None => {
                    let gap = self.known.gap_around(next).unwrap_or_default();
                    let part = gap.intersection(FrameRange::new(next, frames.end()).unwrap_or_default());
                    self.learn(part)?;
                    part
                }
            };
            next = part.end();
        }
        Ok(())
    }

    /// Makes frames free that nobody knows.
    fn learn(&mut self, frames: FrameRange) -> Result<(), AdoptError> {
        for piece in self.records.size().pieces(frames) {
            // Each of both sets grows by one range at most.
            if self.known.room() == 0 || self.fresh.room() == 0 {
                return Err(NoRoom { range: piece }.into());
            }
            let is_open = self.is_open(self.records.size().around(piece.start()));
            self.known.insert(piece)?;
            if is_open {
                self.put_piece(piece);
            } else {
                self.fresh.insert(piece)?;
            }
        }
        Ok(())
    }

    fn check_unknown(&self, frames: FrameRange) -> Result<(), FrameCrime> {
        if frames.end() > self.records.end() {
            return Err(FrameCrime::Foreign(frames.start().max(self.records.end())));
        }
        match self.known.within(frames).next() {
            Some(known) => Err(FrameCrime::AlreadyFree(known.start())),
            None => Ok(()),
        }
    }
}
