//! The places of a wait in the queues of its objects, left when the wait ends, however it ends.
#![allow(unsafe_code, reason = "blocks lie in the frames of their threads, where signallers find them")]

use super::{Block, Wait};
use crate::wait::Waiting;
use crate::wait::object::{State, Target};

/// The blocks that a wait needs.
pub(super) struct Blocks<'w, P: Waiting, const N: usize> {
    wait: &'w Wait<P>,
    blocks: [Block<P>; N],
}

impl<'w, P: Waiting, const N: usize> Blocks<'w, P, N> {
    /// Returns blocks that are in no queue.
    pub(super) fn new(wait: &'w Wait<P>) -> Self {
        // SAFETY: the wait is borrowed for longer than the blocks exist.
        let blocks = core::array::from_fn(|index| unsafe { Block::new(wait, index) });
        Self { wait, blocks }
    }
}

/// A wait that is in the queues of its first objects. Dropping it leaves them.
pub(super) struct Enlisted<'f, P: Waiting> {
    wait: &'f Wait<P>,
    targets: &'f [Target<'f, P>],
    blocks: &'f [Block<P>],
    count: usize,
}

impl<'f, P: Waiting> Enlisted<'f, P> {
    /// Returns a wait that is in no queue yet.
    ///
    /// # Safety
    /// The caller drops it, at the latest when the frame that holds the blocks is left.
    pub(super) unsafe fn new<const N: usize>(
        targets: &'f [Target<'f, P>],
        blocks: &'f Blocks<'_, P, N>,
    ) -> Self {
        Self { wait: blocks.wait, targets, blocks: &blocks.blocks, count: 0 }
    }

    /// Tells whether the wait is in any queue: whether signallers know of it.
    pub(super) const fn is_known(&self) -> bool {
        self.count != 0
    }

    /// Enters the queue of the next object, whose lock the caller holds.
    pub(super) fn enlist(&mut self, state: &mut State<P>) {
        if let Some(block) = self.blocks.get(self.count) {
            // SAFETY: the block is the next that is in no queue; it is borrowed for longer than this value exists, and
            // this value takes it out when it is dropped, which its maker promised.
            unsafe { state.enlist(block) };
            self.count += 1;
        }
    }
}

impl<P: Waiting> Drop for Enlisted<'_, P> {
    fn drop(&mut self) {
        // A model that found a fault is being torn down: nothing in it can be locked any more, and nothing is looked at.
        #[cfg(all(test, loom))]
        if super::models::is_torn_down() {
            return;
        }
        for (target, block) in self.targets.iter().zip(self.blocks).take(self.count) {
            let mut state = target.lock();
            // SAFETY: the block was put into this object's queue and into no other.
            unsafe { state.dismiss(block) };
            // The object may be a mutex that its last owner handed over to this thread.
            target.note(&state, self.wait.thread());
        }
    }
}
