//! Whether somebody is in the middle of something, for whoever wants to stop the machine at a good moment.

use xtmm::pool::PoolKind;

use crate::ke::processor::Pinned;
use crate::mm::memory::Memory;

impl Memory {
    /// Tells whether nobody holds a lock of the memory manager. Waits for none; the answer is as old as its look at each of them,
    /// unless all other processors stand. Highest level: any. Cost: a look at the counts of each processor's caches.
    pub(crate) fn is_at_rest(&self, pin: &Pinned) -> bool {
        self.space.try_inspect(pin, |_, _| ()).is_some()
            && self.frames.try_counts(pin).is_some()
            && [PoolKind::NonPaged, PoolKind::Paged]
                .into_iter()
                .all(|kind| self.pool(kind).raw().try_counts(pin).is_some())
            && self.system.try_inspect(pin, |_| ()).is_some()
            && self.stacks.try_counts(pin).is_some()
    }
}
