//! A frame allocator and a PFN database over 1 GiB that does not exist: frames are numbers, and the books about them lie
//! on the heap. What nobody touches has no books.
#![allow(unsafe_code, reason = "whose memory it is only the caller knows")]

use std::sync::atomic::{AtomicU64, Ordering};

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::backing::{Backing, Sparse};
use xtmm::frames::{Batch, Blocks, Config, CpuCache, Donors, FrameAllocator, RangeSet, Records, Zone};
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};
use xtmm::pfn::{Database, Entry, FrameContent, Owner};

/// Frames of a block: what a level-2 page maps.
const BLOCK: FrameCount = FrameCount::new(512);
/// 1 GiB.
const END: Frame = Frame::new(1 << 18);

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

/// Zeroed pages of the heap. A kernel reserves addresses only, and here gives them memory; this counts what it would.
struct Heap {
    asked: AtomicU64,
}

// SAFETY: the books lie in buffers that are never freed and were zero at first.
unsafe impl Backing for Heap {
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        self.asked.fetch_add(range.bytes(), Ordering::Relaxed);
        Ok(())
    }

    fn is_backed(&self, _: VirtAddr) -> bool {
        true
    }
}

/// What happens when a block is used for the first time: its record and its PFN entries get memory.
struct Books<'m> {
    records: Records<'m>,
    database: Database<'m>,
    heap: &'m Heap,
}

// SAFETY: the block's record is backed before `open` succeeds.
unsafe impl Blocks for Books<'_> {
    fn open(&self, block: FrameRange, _: &mut Donors) -> Result<(), OutOfFrames> {
        self.records.back(self.heap, block)?;
        self.database.open(self.heap, block)
    }

    fn set_link(&self, frame: Frame, next: Option<Frame>) {
        // SAFETY: the allocator links frames of open blocks only, which have entries.
        unsafe { self.database.entry(frame) }.set_link(next);
    }

    fn link(&self, frame: Frame) -> Option<Frame> {
        // SAFETY: a frame that is linked lies in an open block, so it has an entry.
        unsafe { self.database.entry(frame) }.link()
    }
}

/// A zeroed buffer that begins on a page and is never freed.
fn buffer(bytes: u64) -> *mut u8 {
    let whole: &'static mut [u8] = vec![0; (bytes + PAGE_BYTES) as usize].leak();
    let start = whole.as_mut_ptr();
    start.wrapping_add(start.align_offset(PAGE_BYTES as usize))
}

fn main() {
    let heap = Heap { asked: AtomicU64::new(0) };
    let bytes = Records::bytes(END, BLOCK).expect("there are blocks of 512 frames");
    // SAFETY: the buffer has that size, begins on a page, is zero, and is used for nothing else.
    let records = unsafe { Records::new(buffer(bytes), END, BLOCK) }.expect("as before");
    let count = END.number() as usize;
    let entries_bytes = (count * size_of::<Entry>()) as u64;
    // SAFETY: the buffer has room for so many entries, begins on a page, is zero, and is used for nothing else.
    let entries = unsafe { Sparse::new(buffer(entries_bytes).cast(), count) };
    let database = Database::new(entries);

    // Free memory as a sanitised map would have it: a megabyte for the firmware, then RAM, with a hole.
    let frames = |start, end| FrameRange::new(Frame::new(start), Frame::new(end)).expect("ascending");
    let mut fresh =
        [frames(0x100, 0x1_0000), frames(0x1_8000, 0x4_0000), FrameRange::default(), FrameRange::default()];
    let mut known = [FrameRange::default(); 4];
    let (caches, depot) = ([CpuCache::new()], [const { Batch::new() }; 64]);
    let config = Config {
        records,
        giant: FrameCount::new(1 << 18),
        window_end: END,
        opening: FrameCount::new(4),
        fresh: RangeSet::new(&mut fresh, 2).expect("two are sorted and disjoint"),
        known: RangeSet::empty(&mut known),
        caches: &caches,
        depot: &depot,
    };
    let machine = OneProcessor::default();
    let books = Books { records, database, heap: &heap };
    // SAFETY: the frames are numbers that nobody else uses; records, caches and depot were just made.
    let allocator = unsafe { FrameAllocator::new(&machine, books, config) }.expect("the parts fit");
    println!(
        "made with {} frames, {} bytes of books",
        allocator.counts().available().get(),
        heap.asked.load(Ordering::Relaxed)
    );

    // Who takes a frame writes down what it is for; the allocator itself never touches an entry of a frame in use.
    let frame = allocator.allocate(Zone::Any).expect("there are frames");
    // SAFETY: the allocator gave it out, so its block is open.
    let entry = unsafe { database.entry(frame) };
    entry.activate(Owner::Stack, Some(VirtAddr::new(0xFFFF_C200_0000_0000))).expect("it was free");
    let seen = database.lookup(&heap, frame).expect("it has an entry");
    println!(
        "one frame is for {}, referred to {} time",
        seen.owner().expect("a sound entry"),
        seen.references()
    );
    println!(
        "books for that: {} KiB of {} KiB",
        heap.asked.load(Ordering::Relaxed) >> 10,
        (bytes + entries_bytes) >> 10
    );

    // A frame in use twice is a crime that the database refuses.
    println!("activated again: {}", entry.activate(Owner::PageTable, None).is_err());
    entry.release(FrameContent::Any).expect("it is referred to once");
    allocator.free(frame).expect("it is taken");

    let block = allocator.allocate_block(Zone::Any).expect("there are blocks");
    println!(
        "a block has {} frames and is aligned to them: {}",
        block.count().get(),
        block.start().is_aligned(BLOCK)
    );
    allocator.free_block(block).expect("it is taken");
    println!("all back: {}", allocator.counts().available().get());
}
