//! Every count of the memory manager at one moment, for comparison with another moment.

use xtlayout::RegionKind;
use xtmm::pool::PoolKind;

use super::mapped_pages;
use crate::mm::look;
use crate::mm::memory::Memory;

/// How many counts there are.
const COUNTS: usize = 19;

/// The names of the counts that only grow: books get memory when what they describe is first used, and keep it. Which pages of a
/// region are ever used depends on who comes first, with more than one processor.
const BOOKS: [&str; 2] = ["frames in books of blocks", "frames in books of pages"];

/// Where the books of pages lie.
const BOOKS_OF_PAGES: [RegionKind; 3] =
    [RegionKind::SystemPteBooks, RegionKind::NonPagedBooks, RegionKind::PagedBooks];

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
        let tables = memory.space().inspect(|space, own| look::audit(space, own).tables);
        let space = memory.space();
        let in_books =
            |kind| mapped_pages(space.space(), memory.region(kind), |page| space.find(page)).count() as u64;
        let [of_blocks, of_pages] = BOOKS;
        Self([
            ("frames available", frames.available().get()),
            (of_blocks, frames.books.get()),
            (of_pages, BOOKS_OF_PAGES.map(in_books).iter().sum()),
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

    /// Tells whether memory or pages were used for the first time between two moments.
    pub(crate) fn has_grown_since(&self, before: &Self) -> bool {
        let pairs = self.0.iter().zip(&before.0);
        pairs.filter(|((name, _), _)| BOOKS.contains(name)).any(|(now, then)| now != then)
    }

    /// Returns how much the counts differ, summed up.
    pub(crate) fn difference(&self, other: &Self) -> u64 {
        self.0.iter().zip(&other.0).map(|((_, one), (_, two))| one.abs_diff(*two)).sum()
    }
}
