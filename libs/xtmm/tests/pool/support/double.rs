//! A machine whose processors are threads, and memory that keeps account of itself.
#![allow(dead_code, reason = "not every user of the double uses all of it")]
#![allow(unsafe_code, reason = "implements the traits that the pool trusts")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at a surprise"
)]

use std::alloc::{Layout, alloc_zeroed};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xtcore::{FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::inject::{Injector, Site};
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};
use xtmm::pool::{
    Checks, Config, CpuCache, PageRanges, Pages, Pool, PoolKind, Refused, TagTable, record_bytes,
};

thread_local! {
    static CPU: Cell<usize> = const { Cell::new(0) };
    /// The number of the run level, in a word of its own: a compiler may load a lone byte together with the padding
    /// behind it, and such a load waits until the byte's store has reached the cache.
    static LEVEL: Cell<u32> = const { Cell::new(RunLevel::Passive as u32) };
}

/// Makes the calling thread a processor.
pub(crate) fn run_on(cpu: usize) {
    CPU.set(cpu);
}

/// Runs something at a run level.
pub(crate) fn at_level<T>(level: RunLevel, work: impl FnOnce() -> T) -> T {
    let before = LEVEL.replace(level as u32);
    let result = work();
    LEVEL.set(before);
    result
}

#[derive(Default)]
pub(crate) struct TestMachine {
    pub(crate) injector: Injector,
}

pub(crate) struct TestPin {
    cpu: usize,
    before: u32,
}

impl Pin for TestPin {
    fn cpu(&self) -> CpuIndex {
        CpuIndex::new(self.cpu)
    }
}

impl Drop for TestPin {
    fn drop(&mut self) {
        LEVEL.set(self.before);
    }
}

// SAFETY: tests give each thread a processor of its own, and a thread holds no pin while it runs something else.
unsafe impl Machine for TestMachine {
    type Lock = spin::Mutex<()>;
    type Pin = TestPin;

    fn pin(&self) -> TestPin {
        let before = LEVEL.get();
        LEVEL.set(before.max(RunLevel::Dispatch as u32));
        TestPin { cpu: CPU.get(), before }
    }

    /// Serves Passive only, as a kernel does.
    fn briefly<R>(&self, work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
        if LEVEL.get() != RunLevel::Passive as u32 {
            return None;
        }
        let pin = self.pin();
        work(pin.cpu())
    }

    fn run_level(&self) -> RunLevel {
        RunLevel::from_number(LEVEL.get()).unwrap_or(RunLevel::High)
    }

    fn zero(&self, _frames: FrameRange) {
        unreachable!("a pool has no frames");
    }

    fn injector(&self) -> &Injector {
        &self.injector
    }
}

/// Addresses of the host, and which of their pages count as having memory.
pub(crate) struct Memory {
    pub(crate) range: VirtRange,
    present: Vec<AtomicBool>,
    pub(crate) pages: AtomicUsize,
    /// The highest number of pages so far.
    pub(crate) peak: AtomicUsize,
    /// Pages after which there is no more.
    pub(crate) limit: AtomicUsize,
    injector: &'static Injector,
    /// Overwrites memory that is taken back, so that whoever still uses it notices.
    pub(crate) poison: AtomicBool,
    /// Takes no memory back.
    pub(crate) refuses: AtomicBool,
}

impl Memory {
    pub(crate) fn new(bytes: usize, injector: &'static Injector) -> Self {
        // The host zeroes pages lazily only when no more than its usual alignment is asked for.
        let layout = Layout::from_size_align(bytes + 4096, 16).unwrap();
        // SAFETY: the length is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        assert!(!base.is_null());
        let start = VirtAddr::new(base.expose_provenance().next_multiple_of(4096) as u64);
        let range = VirtRange::saturating(start, bytes as u64);
        Self {
            range,
            present: (0..bytes / 4096).map(|_| AtomicBool::new(false)).collect(),
            pages: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            limit: AtomicUsize::new(usize::MAX),
            injector,
            poison: AtomicBool::new(true),
            refuses: AtomicBool::new(false),
        }
    }

    fn pages_of(&self, pages: VirtRange) -> &[AtomicBool] {
        assert!(pages.is_aligned(PAGE_BYTES));
        let first = pages.start().bytes_since(self.range.start()).unwrap() / PAGE_BYTES;
        &self.present[first as usize..][..(pages.bytes() / PAGE_BYTES) as usize]
    }

    pub(crate) fn is_present(&self, address: VirtAddr) -> bool {
        let page = VirtRange::saturating(address.align_down(PAGE_BYTES), PAGE_BYTES);
        self.pages_of(page)[0].load(Ordering::Relaxed)
    }

    pub(crate) fn in_use(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }
}

// SAFETY: the host gives memory to every page at its first access; only pages that count as present are accessed.
unsafe impl Pages for Memory {
    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames> {
        let count = (pages.bytes() / PAGE_BYTES) as usize;
        if self.injector.fails(Site::Commit) || self.in_use() + count > self.limit.load(Ordering::Relaxed) {
            let wanted = FrameCount::new(count as u64);
            return Err(OutOfFrames { wanted, available: FrameCount::ZERO });
        }
        for page in self.pages_of(pages) {
            assert!(!page.swap(true, Ordering::Relaxed), "a page got memory twice");
        }
        let now = self.pages.fetch_add(count, Ordering::Relaxed) + count;
        self.peak.fetch_max(now, Ordering::Relaxed);
        Ok(())
    }

    fn decommit(&self, pages: VirtRange) -> Result<(), Refused> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(Refused);
        }
        for (number, page) in self.pages_of(pages).iter().enumerate() {
            if page.swap(false, Ordering::Relaxed) {
                self.pages.fetch_sub(1, Ordering::Relaxed);
                if self.poison.load(Ordering::Relaxed) {
                    let start = pages.start().get() as usize + number * 4096;
                    let pointer = std::ptr::with_exposed_provenance_mut::<u8>(start);
                    // SAFETY: the page is the host's and nobody's any more.
                    unsafe { pointer.write_bytes(0xDB, 4096) };
                }
            }
        }
        Ok(())
    }
}

/// Gives out ranges, lowest first.
pub(crate) struct Ranges {
    free: Mutex<BTreeMap<u64, u64>>,
    injector: &'static Injector,
}

impl Ranges {
    pub(crate) fn new(range: VirtRange, injector: &'static Injector) -> Self {
        Self { free: Mutex::new(BTreeMap::from([(range.start().get(), range.end().get())])), injector }
    }

    pub(crate) fn largest(&self) -> u64 {
        self.free.lock().unwrap().iter().map(|(start, end)| end - start).max().unwrap_or(0)
    }
}

// SAFETY: a range leaves the map when it is given out.
unsafe impl PageRanges for Ranges {
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange> {
        if self.injector.fails(Site::VirtualPages) {
            return None;
        }
        let bytes = pages.checked_mul(PAGE_BYTES)?;
        let mut free = self.free.lock().unwrap();
        let fit = |(&start, &end): (&u64, &u64)| {
            let first = start.checked_next_multiple_of(alignment * PAGE_BYTES)?;
            (first.checked_add(bytes)? <= end).then_some((start, first, end))
        };
        let (start, first, end) = free.iter().find_map(fit)?;
        free.remove(&start);
        if start < first {
            free.insert(start, first);
        }
        if first + bytes < end {
            free.insert(first + bytes, end);
        }
        Some(VirtRange::saturating(VirtAddr::new(first), bytes))
    }

    fn free(&self, pages: VirtRange) -> Result<(), Refused> {
        let mut free = self.free.lock().unwrap();
        let (mut start, mut end) = (pages.start().get(), pages.end().get());
        if let Some((&below, &below_end)) = free.range(..=start).next_back() {
            assert!(below_end <= start, "a range was freed twice");
            if below_end == start {
                start = below;
            }
        }
        if let Some((&above, &above_end)) = free.range(pages.start().get() + 1..).next() {
            assert!(above >= end, "a range was freed twice");
            if above == end {
                free.remove(&above);
                end = above_end;
            }
        }
        free.insert(start, end);
        Ok(())
    }
}

pub(crate) type TestPool = Pool<'static, TestMachine, &'static Memory, &'static Ranges>;

/// A pool and what it stands on. Everything lives until the process ends.
pub(crate) struct World {
    pub(crate) machine: &'static TestMachine,
    pub(crate) memory: &'static Memory,
    pub(crate) ranges: &'static Ranges,
    pub(crate) tags: &'static TagTable,
    pub(crate) pool: &'static TestPool,
    pub(crate) region: VirtRange,
}

pub(crate) struct Setup {
    pub(crate) kind: PoolKind,
    pub(crate) region: usize,
    pub(crate) cpus: usize,
    pub(crate) checks: Checks,
    pub(crate) key: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            kind: PoolKind::NonPaged,
            // The interpreter writes to every byte of it.
            region: if cfg!(miri) { 4 << 20 } else { 64 << 20 },
            cpus: 1,
            checks: Checks::default(),
            key: 0x243F_6A88_85A3_08D3,
        }
    }
}

pub(crate) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup { kind, region: bytes, cpus, checks, key } = setup;
        let machine = leak(TestMachine::default());
        let books_bytes = (bytes / 4).max(1 << 20);
        let length = |bytes: usize| VirtRange::saturating(VirtAddr::new(0), bytes as u64);
        let records_bytes = record_bytes(length(bytes)) as usize;
        // The regions have a page between them, so that nothing runs from one into the other.
        let memory = leak(Memory::new(bytes + books_bytes + records_bytes + 3 * 4096, &machine.injector));
        let start = memory.range.start().get();
        let region = VirtRange::saturating(VirtAddr::new(start), bytes as u64);
        let books = VirtRange::saturating(VirtAddr::new(region.end().get() + 4096), books_bytes as u64);
        let records = VirtRange::saturating(VirtAddr::new(books.end().get() + 4096), records_bytes as u64);
        let ranges = leak(Ranges::new(region, &machine.injector));
        let tags = leak(TagTable::new());
        let caches: Vec<CpuCache> = (0..cpus).map(|_| CpuCache::new()).collect();
        let config = Config {
            kind,
            region,
            books,
            records,
            ranges,
            book_ranges: leak(Ranges::new(books, &machine.injector)),
            memory,
            caches: Vec::leak(caches),
            tags,
            checks,
            key,
        };
        // SAFETY: all parts of the memory are made for this pool and live for ever.
        let pool = leak(unsafe { Pool::new(machine, config) }.expect("the ranges are in order"));
        Self { machine, memory, ranges, tags, pool, region }
    }

    /// Fails unless nothing is left but page records.
    pub(crate) fn assert_empty(&self) {
        self.pool.trim().expect("nothing wrong is found when the pool is trimmed");
        let counts = self.pool.counts();
        assert_eq!(counts.slab_pages, 0, "{counts:?}");
        assert_eq!(counts.whole_blocks, 0, "{counts:?}");
        assert_eq!(counts.book_pages, 0, "{counts:?}");
        assert_eq!(self.memory.in_use() as u64, counts.record_pages, "{counts:?}");
        assert_eq!(self.ranges.largest(), self.region.bytes(), "all addresses are in one piece again");
        for tag in self.pool.tags() {
            assert_eq!((tag.blocks(), tag.bytes), (0, 0), "{tag:?}");
        }
    }
}

/// A generator of random numbers (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
