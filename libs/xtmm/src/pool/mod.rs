//! Pools: blocks of any size, named by a tag, checked when they are freed.
//!
//! # What it is like
//! Blocks of up to 8 KiB are places in slabs; larger ones, and those aligned to more than a page, are whole pages.
//! Everything the pool knows about a block lies outside the region of the blocks, in its books; there are no headers and
//! no links in blocks, not even in free ones:
//!
//! ```text
//!   block --address--> page record --> slab header and records of its places --> tag, size, free or not
//!                      (per page)      (books)
//! ```
//!
//! Magazines name a place in eight bytes, so slabs lie in the first 64 GiB of the region and are described in the first 8 GiB
//! of the books; whole pages may lie anywhere. A pool that has filled that much with small blocks says that it is out of memory.
//!
//! So an overflow cannot reach the books, a write after free cannot lead the allocator astray, and the free blocks of a paged
//! pool need no memory.
//!
//! # What it guarantees
//! * A double free, a free with a wrong tag, of an interior, misaligned or foreign pointer, or of another pool's block, is
//!   found at the free. (Two processors that free one block in the same instant can both succeed; the pool then refuses to
//!   give the block out for the second time.)
//! * An overflow into the eight bytes behind a block, as far as its place has them, is found when the block is freed or,
//!   where that would cost the processor a wait for memory, later: when the place is to be given out again, when it leaves
//!   the processor's magazine, or when the pool is trimmed or verified. The call that finds it, which may be somebody
//!   else's allocation, gets the [`Crime`], and the place is never used again. See [`Checks`] for what more can be had.
//! * Above Dispatch nothing is served. A paged pool looks at the run level each time. So does a non-paged one in debug builds,
//!   and in release builds where the machine's [`Machine::briefly`] serves Passive only; where it serves any level, release builds
//!   look when a magazine is empty or full, and a caller that does it once can go unseen.
//! * Tags are counted always. The books need no memory to free a block.
//! * An error has changed nothing. After all blocks are freed, [`Pool::trim`] leaves no page and no page of books in use; page
//!   records stay, a word per page of the region's high-water mark.
//!
//! # What it costs
//! An allocation or a free takes no lock and no locked instruction as long as the processor's magazine serves it. Half of a
//! magazine moves under the class's lock, at one time.
//!
//! # Locks
//! Pinned, outermost first: class (or quarantine), page records, books. Memory and addresses are asked for with none of
//! them held but that of the page records.
#![allow(unsafe_code, reason = "gives out memory")]

mod audit;
mod books;
mod careful;
mod check;
mod crime;
mod describe;
mod region;
mod request;
mod small;
mod tags;
mod whole;

use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;

use xtcore::{PAGE_BYTES, PAGE_SHIFT, VirtAddr, VirtRange};

pub use audit::{Counts, FaultAnswer};
pub use check::{Checking, Checks, Coverage, Side, SpecialPool};
pub use crime::{BugCheck, Crime};
pub use describe::{Behind, Described, Description, Holder, IsThere, State, Unknown};
pub use region::{PageRanges, Pages, Refused};
pub use request::{Content, PoolError, PoolKind, Request, Tag};
pub use small::cache::CpuCache;
pub use tags::{PLACES, Place, Table, TagTable, TagUse};

use crate::machine::{CpuIndex, LockClass, Machine, RunLevel, SpinLock};
use crate::per_cpu::{NotNext, PerCpu};
use books::{Books, PageRecord, PageRecords};
use check::quarantine::Quarantine;
use small::class::{self, ClassIndex};
use small::shelf::Shelf;
use whole::special::Waiting;

/// What a pool is made of.
#[derive(Debug)]
pub struct Config<'m, P, R> {
    /// Whether blocks always have memory.
    pub kind: PoolKind,
    /// Where blocks lie; whole pages.
    pub region: VirtRange,
    /// Where the books lie; whole pages, never paged. A hundredth of the region is plenty.
    pub books: VirtRange,
    /// Where page records lie: [`record_bytes`] of the region.
    pub records: VirtRange,
    /// Gives out pages of the region.
    pub ranges: R,
    /// Gives out pages of the books.
    pub book_ranges: R,
    /// Gives memory to pages of all three.
    pub memory: P,
    /// One per processor.
    pub caches: &'m [CpuCache],
    /// The table of tags, the same for all pools.
    pub tags: &'m TagTable,
    /// What is checked besides.
    pub checks: Checks,
    /// A number that nobody can guess; canaries and patterns are made of it.
    pub key: u64,
}

/// Why there is no pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigError {
    /// A range does not consist of whole pages, or is empty, or starts at zero.
    BadRange(VirtRange),
    /// The ranges overlap.
    Overlap(VirtRange, VirtRange),
    /// The range for page records is smaller than this many bytes.
    RecordsTooSmall(u64),
    /// The range of the books is larger than this many bytes, which is what can be named.
    BooksTooLarge(u64),
}

/// Returns how many bytes of addresses the page records of a region need.
#[must_use]
pub const fn record_bytes(region: VirtRange) -> u64 {
    ((region.bytes() >> PAGE_SHIFT) * size_of::<usize>() as u64).next_multiple_of(PAGE_BYTES)
}

/// A pool.
pub struct Pool<'m, M: Machine, P, R> {
    /// The address of the region.
    base: usize,
    key: u64,
    /// The largest block that may go the short way; zero when anything but the default is asked for.
    short_limit: usize,
    kind: PoolKind,
    checks: Checks,
    machine: &'m M,
    caches: PerCpu<'m, CpuCache>,
    tags: &'m TagTable,
    records: PageRecords<M>,
    books: Books<M, R>,
    region: VirtRange,
    memory: P,
    ranges: R,
    shelves: [SpinLock<M, Shelf>; class::COUNT + 1],
    quarantine: SpinLock<M, Quarantine>,
    waiting: SpinLock<M, Waiting>,
    slab_pages: AtomicUsize,
    whole_blocks: AtomicUsize,
    whole_pages: AtomicUsize,
}

impl<M: Machine, P, R> fmt::Debug for Pool<'_, M, P, R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pool({:?}, {:?})", self.kind, self.region)
    }
}

impl<'m, M: Machine, P: Pages, R: PageRanges> Pool<'m, M, P, R> {
    /// Makes an empty pool. Takes no memory.
    ///
    /// # Errors
    /// [`ConfigError`]: the ranges are not what they must be.
    ///
    /// # Safety
    /// The three ranges are reserved for this pool as long as it exists, have no memory, and lie where pointers can reach;
    /// `ranges` gives out pages of the region and `book_ranges` pages of the books. No other pool uses the caches.
    pub unsafe fn new(machine: &'m M, config: Config<'m, P, R>) -> Result<Self, ConfigError> {
        let Config { kind, region, books, records, ranges, book_ranges, memory, caches, tags, checks, key } =
            config;
        let all = [region, books, records];
        for (index, range) in all.into_iter().enumerate() {
            if range.is_empty() || !range.is_aligned(PAGE_BYTES) || range.start() == VirtAddr::ZERO {
                return Err(ConfigError::BadRange(range));
            }
            if let Some(other) = all.into_iter().skip(index + 1).find(|other| other.overlaps(range)) {
                return Err(ConfigError::Overlap(range, other));
            }
        }
        if records.bytes() < record_bytes(region) {
            return Err(ConfigError::RecordsTooSmall(record_bytes(region)));
        }
        let most = PageRecord::UNITS.min(1 << u32::BITS) * books::UNIT_BYTES as u64;
        if books.bytes() > most {
            return Err(ConfigError::BooksTooLarge(most));
        }
        Ok(Self {
            base: region.start().get() as usize,
            key,
            short_limit: if kind == PoolKind::Paged || checks.are_extra() { 0 } else { class::LARGEST },
            kind,
            checks,
            machine,
            caches: PerCpu::new(caches),
            tags,
            // SAFETY: the caller promises it for the records, and their size has been checked.
            records: unsafe { PageRecords::new(region, records) },
            // SAFETY: the caller promises it for the books.
            books: unsafe { Books::new(books, book_ranges) },
            region,
            memory,
            ranges,
            shelves: [const { SpinLock::new(LockClass::new("shelf of a pool"), Shelf::EMPTY) };
                class::COUNT + 1],
            quarantine: SpinLock::new(LockClass::new("quarantine of a pool"), Quarantine::EMPTY),
            waiting: SpinLock::new(LockClass::new("special pool"), Waiting::EMPTY),
            slab_pages: AtomicUsize::new(0),
            whole_blocks: AtomicUsize::new(0),
            whole_pages: AtomicUsize::new(0),
        })
    }

    /// Gives the next processor, `cpu`, a cache.
    ///
    /// # Errors
    /// [`NotNext`]; nothing has changed then.
    ///
    /// # Safety
    /// The cache is as it was made, and no other pool uses it.
    pub unsafe fn add_processor(&self, cpu: CpuIndex, cache: &'m CpuCache) -> Result<(), NotNext> {
        self.caches.add(cpu.get(), cache)
    }

    /// Gives out a block. Non-paged pools serve up to Dispatch, paged ones up to APC level.
    /// Highest level: Dispatch; of a paged pool Apc.
    ///
    /// # Errors
    /// [`PoolError`]; nothing has changed.
    #[inline]
    pub fn allocate(&self, request: Request) -> Result<NonNull<u8>, PoolError> {
        let Request { size, alignment, tag, content } = request;
        // Whatever is out of the ordinary is looked at again where speed doesn't matter.
        let block = match self.allocate_briefly(size, alignment, tag) {
            Some(block) => block,
            None => self.allocate_carefully(size, alignment, tag)?,
        };
        if content == Content::Zeroed {
            // SAFETY: the block is that long, and nobody else has it; its pages have memory, or get it when they are touched.
            unsafe { block.write_bytes(0, size.max(1)) };
        }
        Ok(block)
    }

    /// Gives out a block that the processor has in store.
    #[inline]
    fn allocate_briefly(&self, size: usize, alignment: usize, tag: Tag) -> Option<NonNull<u8>> {
        if self.is_level_wrong() {
            return None;
        }
        let (class, place) = self.short_way(size, alignment, tag)?;
        self.machine.briefly(|cpu| self.take_cached(cpu, class, place, size))
    }

    /// Returns the class of a block that can be one which the processor has in store, and its tag's place.
    #[inline]
    fn short_way(&self, size: usize, alignment: usize, tag: Tag) -> Option<(ClassIndex, Place)> {
        if self.machine.injector().is_armed() {
            return None;
        }
        let limit = self.short_limit;
        // SAFETY: `new` has made it zero or the largest.
        unsafe { core::hint::assert_unchecked(limit <= class::LARGEST) };
        // Two comparisons: zero wraps round and is refused with what is too large; and of the powers of two, which share no
        // bit with the number below them, those above a grain are.
        if size.wrapping_sub(1) >= limit || alignment.wrapping_sub(1) & (alignment | !(class::GRAIN - 1)) != 0
        {
            return None;
        }
        let class = class::for_size(size)?;
        let place = self.tags.find_at_home(tag.get()).filter(|&place| !self.tags.is_limited(place))?;
        Some((class, place))
    }

    /// Takes a block back. Highest level: Dispatch; of a paged pool Apc. Interrupts are on.
    ///
    /// # Errors
    /// The [`Crime`] that was found; the block is still allocated then, or was not in the first place. An overflow or a write
    /// after free may concern a block that was freed earlier, which the crime names; then this one is free.
    ///
    /// # Safety
    /// Nobody uses the block any more, if there is one. What the pool can check, it checks; that nobody holds on to the
    /// block it cannot.
    #[inline]
    pub unsafe fn free(&self, block: NonNull<u8>, tag: Option<Tag>) -> Result<(), Crime> {
        // Whatever is not in order is looked at again, and named, where speed doesn't matter.
        if !self.is_level_wrong() && self.machine.briefly(|cpu| self.give_cached(cpu, block, tag)).is_some() {
            return Ok(());
        }
        self.free_carefully(block, tag)
    }

    /// Tells whether a non-paged block is asked for or freed above Dispatch, where this processor's cache may be half
    /// changed. Only debug builds look before the short way, which a machine need not offer to any level but Passive.
    #[inline]
    fn is_level_wrong(&self) -> bool {
        cfg!(debug_assertions) && self.machine.run_level() > RunLevel::Dispatch
    }

    /// Returns the record of the page that an address lies in.
    #[inline]
    fn page_of(&self, address: usize) -> PageRecord {
        self.page_at(address.wrapping_sub(self.base))
    }

    /// Returns the record of the page that lies so many bytes behind the region's start.
    #[inline]
    fn page_at(&self, offset: usize) -> PageRecord {
        self.records.get(offset >> PAGE_SHIFT)
    }

    /// Tells whether blocks may go the short way.
    pub(crate) fn has_short_way(&self) -> bool {
        self.short_limit != 0
    }

    #[cold]
    fn overflow(block: NonNull<u8>, size: usize, found: u64) -> Crime {
        Crime::Overflow { block: VirtAddr::new(block.addr().get() as u64), size: size as u64, found }
    }
}
