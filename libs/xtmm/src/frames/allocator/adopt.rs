//! Memory that others used before the allocator was there.

use xtcore::FrameRange;

use super::FrameAllocator;
use crate::frames::blocks::Blocks;
use crate::frames::error::AdoptError;
use crate::machine::Machine;

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Takes note of frames that are in use and were not among the fresh ones: their blocks are opened, and they
    /// count as handed out. Cost: proportional to the blocks that they lie in. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`AdoptError`]: frames below the one that it names have been adopted.
    pub fn adopt(&self, frames: FrameRange) -> Result<(), AdoptError> {
        let pin = self.machine.pin();
        self.rows.lock(&pin).adopt(&self.opener(), frames)
    }

    /// Makes frames free that were adopted, or that the allocator has never heard of: memory of the loader and of the
    /// firmware that nobody needs any more. Frame 0 is left out. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`AdoptError`]: frames below the one that it names have been given back.
    pub fn give_back(&self, frames: FrameRange) -> Result<(), AdoptError> {
        let pin = self.machine.pin();
        self.rows.lock(&pin).give_back(&self.opener(), frames)
    }
}
