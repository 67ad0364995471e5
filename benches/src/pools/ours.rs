//! `xtmm`'s non-paged pool with default checking: tags, certain double free, canaries.
//!
//! Its memory is the system's: a page costs nothing until it is touched, and is given back when the pool decommits it.
#![allow(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe interface, and the pool's regions are given by address"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::collections::BTreeMap;
use std::ptr::{NonNull, null_mut};

use anyhow::{Context, Result, anyhow};
use spin::Mutex;
use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::pool::{
    Checks, Config, Content, CpuCache, PageRanges, Pages, Pool, PoolKind, Refused, Request, Tag, TagTable,
    record_bytes,
};

use super::Heap;
use crate::harness::machine::{Host, PROCESSORS};
use crate::harness::memory::Region;

static HOST: Host = Host::new();

static TAGS: TagTable = TagTable::new();

const TAG: Tag = Tag::new(*b"Test");

/// The pool's region; as much as the peers without memory of their own have.
const REGION: u64 = 4 << 30;

/// Addresses for the books: far more than they need.
const BOOKS: u64 = REGION / 16;

/// A page between two of the ranges.
const GAP: u64 = PAGE_BYTES;

/// Memory of the system behind pages of one region.
#[derive(Debug)]
struct Memory(Region);

// SAFETY: the system gives memory to every page of the region when it is touched.
unsafe impl Pages for Memory {
    fn commit(&self, _pages: VirtRange) -> Result<(), OutOfFrames> {
        Ok(())
    }

    fn decommit(&self, pages: VirtRange) -> Result<(), Refused> {
        let base = self.0.base().as_ptr().expose_provenance() as u64;
        self.0.forget((pages.start().get() - base) as usize, pages.bytes() as usize);
        Ok(())
    }
}

/// Free ranges of pages by their first address, the lowest taken first. Asked for slabs only, so it need not be fast.
#[derive(Debug)]
struct Ranges(Mutex<BTreeMap<u64, u64>>);

impl Ranges {
    fn new(range: VirtRange) -> Self {
        Self(Mutex::new(BTreeMap::from([(range.start().get(), range.end().get())])))
    }
}

// SAFETY: a range leaves the map when it is given out, and comes back when it is freed.
unsafe impl PageRanges for Ranges {
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange> {
        let (bytes, alignment) = (pages * PAGE_BYTES, alignment * PAGE_BYTES);
        let mut free = self.0.lock();
        let (start, first, end) = free.iter().find_map(|(&start, &end)| {
            let first = start.next_multiple_of(alignment);
            (first + bytes <= end).then_some((start, first, end))
        })?;
        free.remove(&start);
        for (from, to) in [(start, first), (first + bytes, end)] {
            if from < to {
                free.insert(from, to);
            }
        }
        Some(VirtRange::saturating(VirtAddr::new(first), bytes))
    }

    fn free(&self, pages: VirtRange) -> Result<(), Refused> {
        let mut free = self.0.lock();
        let (mut start, mut end) = (pages.start().get(), pages.end().get());
        if let Some(above) = free.remove(&end) {
            end = above;
        }
        if let Some((&below, _)) =
            free.range(..start).next_back().filter(|(_, below_end)| **below_end == start)
        {
            start = below;
        }
        free.insert(start, end);
        Ok(())
    }
}

/// The pool as Rust's allocator interface shows it.
struct Adapter(Pool<'static, Host, Memory, Ranges>);

// SAFETY: the pool gives out distinct blocks of the size and alignment asked for, until they are freed.
unsafe impl GlobalAlloc for Adapter {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let request = Request::for_layout(layout, Content::Any, TAG);
        self.0.allocate(request).map_or(null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        let Some(block) = NonNull::new(block) else { return };
        // SAFETY: the caller gives a block of this pool back and uses it no more.
        let outcome = unsafe { self.0.free(block, Some(TAG)) };
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}

/// Makes the pool. It lives as long as the process.
pub(super) fn make() -> Result<Heap> {
    let records = record_bytes(VirtRange::saturating(VirtAddr::ZERO, REGION));
    let memory = Region::reserve(usize::try_from(REGION + BOOKS + records + 2 * GAP)?)?;
    let base = memory.base().as_ptr().expose_provenance() as u64;
    let range = |start: u64, bytes| VirtRange::saturating(VirtAddr::new(base + start), bytes);
    let region = range(0, REGION);
    let books = range(REGION + GAP, BOOKS);
    let caches: Vec<CpuCache> = std::iter::repeat_with(CpuCache::new).take(PROCESSORS).collect();
    let config = Config {
        kind: PoolKind::NonPaged,
        region,
        books,
        records: range(REGION + GAP + BOOKS + GAP, records),
        ranges: Ranges::new(region),
        book_ranges: Ranges::new(books),
        memory: Memory(memory),
        caches: caches.leak(),
        tags: &TAGS,
        checks: Checks::default(),
        key: 0x9E37_79B9_7F4A_7C15,
    };
    // SAFETY: the three ranges lie in a region of their own that is never given back, and the caches are new.
    let pool = unsafe { Pool::new(&HOST, config) }.map_err(|error| anyhow!("{error:?}"));
    Ok(Box::leak(Box::new(Adapter(pool.context("the pool refuses its ranges")?))))
}

#[cfg(test)]
mod tests {
    use super::make;
    use crate::harness::random::Random;
    use crate::pools::mix::{Block, Sizes};

    #[test]
    fn blocks_of_the_mix_can_be_taken_and_given_back() {
        let heap = make().unwrap();
        let mut sizes = Sizes::draw(&mut Random::new(3));
        let blocks: Vec<Block> = (0..10_000).map(|_| Block::allocate(heap, sizes.next())).collect();
        blocks.iter().for_each(Block::fill);
        blocks.into_iter().for_each(|block| block.free(heap));
    }
}
