//! A pool on a buffer of the heap: tagged blocks, and what the pool says to a program that frees them wrongly.
//!
//! A kernel's pool gets addresses from one place and memory from another. Here both come from one buffer, so giving
//! memory means nothing, and a list of free pages is all that there is to keep.
#![allow(unsafe_code, reason = "the traits promise what the pool relies on, and a free is a promise too")]

use std::sync::Mutex;

use xtcore::{FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};
use xtmm::pool::{
    Checks, Config, CpuCache, PageRanges, Pages, Pool, PoolKind, Refused, Request, Tag, TagTable,
    record_bytes,
};

/// A machine with one processor, on which nothing interrupts anybody.
#[derive(Default)]
struct OneProcessor {
    injector: Injector,
}

struct Pinned;

impl Pin for Pinned {
    fn cpu(&self) -> CpuIndex {
        CpuIndex::new(0)
    }
}

// SAFETY: the example has one thread, so no two hold pins at one time.
unsafe impl Machine for OneProcessor {
    type Lock = spin::Mutex<()>;
    type Pin = Pinned;

    fn pin(&self) -> Pinned {
        Pinned
    }

    fn run_level(&self) -> RunLevel {
        RunLevel::Passive
    }

    fn zero(&self, _: FrameRange) {}

    fn injector(&self) -> &Injector {
        &self.injector
    }
}

/// Memory that is always there.
struct Heap;

// SAFETY: all pages are parts of one buffer, which nobody else uses.
unsafe impl Pages for Heap {
    fn commit(&self, _: VirtRange) -> Result<(), OutOfFrames> {
        Ok(())
    }

    fn decommit(&self, _: VirtRange) -> Result<(), Refused> {
        Ok(())
    }
}

/// Which pages of a range are in use.
struct PageList {
    range: VirtRange,
    used: Mutex<Vec<bool>>,
}

impl PageList {
    fn new(range: VirtRange) -> Self {
        let pages = (range.bytes() / PAGE_BYTES) as usize;
        Self { range, used: Mutex::new(vec![false; pages]) }
    }
}

// SAFETY: a page is given out only where its flag says that it is free, and the flag says so again when it is given back.
unsafe impl PageRanges for PageList {
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange> {
        let mut used = self.used.lock().ok()?;
        let first_page = self.range.start().get() / PAGE_BYTES;
        let fits = |first: &usize| {
            let all_free = used.get(*first..*first + pages as usize).is_some_and(|run| !run.contains(&true));
            all_free && (first_page + *first as u64).is_multiple_of(alignment)
        };
        let first = (0..used.len()).find(fits)?;
        used[first..first + pages as usize].fill(true);
        Some(VirtRange::saturating(
            VirtAddr::new((first_page + first as u64) * PAGE_BYTES),
            pages * PAGE_BYTES,
        ))
    }

    fn free(&self, pages: VirtRange) -> Result<(), Refused> {
        let first = pages.start().bytes_since(self.range.start()).ok_or(Refused)? / PAGE_BYTES;
        let mut used = self.used.lock().map_err(|_| Refused)?;
        let end = first + pages.bytes() / PAGE_BYTES;
        used.get_mut(first as usize..end as usize).ok_or(Refused)?.fill(false);
        Ok(())
    }
}

const REGION_BYTES: u64 = 1 << 20;
const BOOKS_BYTES: u64 = 256 << 10;

fn main() {
    // The buffer is cut in three: blocks, the books about them, and a word for each page of blocks.
    let length = VirtRange::saturating(VirtAddr::ZERO, REGION_BYTES);
    let bytes = REGION_BYTES + BOOKS_BYTES + record_bytes(length);
    let buffer: &'static mut [u8] = vec![0; (bytes + PAGE_BYTES) as usize].leak();
    let start = VirtAddr::new(buffer.as_mut_ptr().expose_provenance() as u64).align_up(PAGE_BYTES);
    let region = VirtRange::saturating(start.expect("there are addresses above"), REGION_BYTES);
    let books = VirtRange::saturating(region.end(), BOOKS_BYTES);
    let records = VirtRange::saturating(books.end(), record_bytes(region));

    let machine = OneProcessor::default();
    let (caches, tags) = ([CpuCache::new()], TagTable::new());
    let config = Config {
        kind: PoolKind::NonPaged,
        region,
        books,
        records,
        ranges: PageList::new(region),
        book_ranges: PageList::new(books),
        memory: Heap,
        caches: &caches,
        tags: &tags,
        checks: Checks::default(),
        key: 0x5EED,
    };
    // SAFETY: the three ranges are parts of a buffer that is used for nothing else and never freed; so are the caches.
    let pool = unsafe { Pool::new(&machine, config) }.expect("the ranges are in order");

    let (keys, names) = (Tag::new(*b"Keys"), Tag::new(*b"Name"));
    let key = pool.allocate(Request::new(48, keys)).expect("there is memory");
    let name = pool.allocate(Request::new(100, names)).expect("there is memory");
    for tag in [keys, names].map(|tag| pool.tag(tag)) {
        println!("{}: {} block, {} bytes", tag.tag, tag.blocks(), tag.bytes);
    }

    // A crime is found where it is committed, and changes nothing.
    // SAFETY: nobody uses the block any more.
    let wrong = unsafe { pool.free(name, Some(keys)) }.expect_err("the tag is another one");
    println!(
        "freed with another tag: bug check {:#x}, {:#x}",
        wrong.bug_check().code,
        wrong.bug_check().parameters[0]
    );
    // SAFETY: the wrong call has freed nothing, and nobody uses the block.
    unsafe { pool.free(name, Some(names)) }.expect("it is allocated");
    // SAFETY: nobody uses the block; that it is free already the pool has to find out.
    let twice = unsafe { pool.free(name, Some(names)) }.expect_err("it is free");
    println!("freed twice: bug check {:#x}, {:#x}", twice.bug_check().code, twice.bug_check().parameters[0]);

    // SAFETY: nobody uses the block any more.
    unsafe { pool.free(key, None) }.expect("it is allocated");
    pool.trim().expect("nobody wrote where he must not");
    println!(
        "left after a trim: {} pages of blocks, {} of books",
        pool.counts().slab_pages,
        pool.counts().book_pages
    );
}
