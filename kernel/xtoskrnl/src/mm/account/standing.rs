//! Every count of the memory manager at one moment, for comparison with another moment.

use xtmm::pool::PoolKind;

use crate::mm::memory::Memory;

/// How many counts there are.
const COUNTS: usize = 18;

/// The name of the count that grows when blocks are opened.
const BOOKS: &str = "frames in books of blocks";

/// The counts, by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing([(&'static str, u64); COUNTS]);

impl Standing {
    /// Counts.
    pub(crate) fn of(memory: &Memory) -> Self {
        let frames = memory.frames().counts();
        let stacks = memory.stacks().counts();
        let system = memory.system().inspect(|pages| pages.counts());
        let devices = memory.devices.counts();
        let nonpaged = memory.pool(PoolKind::NonPaged).counts();
        let paged = memory.pool(PoolKind::Paged).counts();
        let tag_sum =
            |count: fn(&xtmm::pool::TagUse) -> usize| memory.tags().map(|tag| count(&tag) as u64).sum();
        let tables = xtpaging::walk::audit;
        let tables = memory.space().inspect(|space, own| tables(space, own).tables);
        Self([
            ("frames available", frames.available().get()),
            (BOOKS, frames.books.get()),
            ("page tables", tables),
            ("system PTE allocations", system.allocations),
            ("system PTEs", system.allocated),
            ("devices", devices.allocations),
            ("pages for devices", devices.allocated),
            ("non-paged slab pages", nonpaged.slab_pages),
            ("non-paged whole pages", nonpaged.whole_pages),
            ("non-paged book pages", nonpaged.book_pages),
            ("paged slab pages", paged.slab_pages),
            ("paged whole pages", paged.whole_pages),
            ("paged book pages", paged.book_pages),
            ("blocks of all tags", tag_sum(|tag| tag.blocks())),
            ("bytes of all tags", tag_sum(|tag| tag.bytes)),
            ("stacks", stacks.stacks),
            ("stack pages reserved", stacks.reserved),
            ("stack pages committed", stacks.committed),
        ])
    }

    /// Tells whether blocks of memory were used for the first time between two moments.
    pub(crate) fn has_opened_since(&self, before: &Self) -> bool {
        let books =
            |standing: &Self| standing.0.iter().find(|(name, _)| *name == BOOKS).map(|(_, count)| *count);
        books(self) != books(before)
    }

    /// Returns how much the counts differ, summed up.
    pub(crate) fn difference(&self, other: &Self) -> u64 {
        self.0.iter().zip(&other.0).map(|((_, one), (_, two))| one.abs_diff(*two)).sum()
    }
}
