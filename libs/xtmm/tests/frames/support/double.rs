//! The doubles: threads as processors, host memory for the records, and books that take donors like the real ones.
#![allow(unsafe_code, reason = "the doubles keep promises that unsafe code relies on")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::backing::Backing;
use xtmm::frames::{Batch, Blocks, Config, CpuCache, Donors, FrameAllocator, RangeSet, Records};
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};

thread_local! {
    static CPU: Cell<usize> = const { Cell::new(0) };
}

/// Makes the calling thread another processor.
pub(crate) fn become_cpu(number: usize) {
    CPU.set(number);
}

/// A machine whose processors are the threads of a test.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) injector: Injector,
    /// Callers come from a level that is not served briefly.
    pub(crate) is_raised: AtomicBool,
    /// Frames that are full of zeros as far as the machine knows.
    pub(crate) zeroed: Mutex<BTreeSet<u64>>,
}

pub(crate) struct HostPin(usize);

impl Pin for HostPin {
    fn cpu(&self) -> CpuIndex {
        CpuIndex::new(self.0)
    }
}

// SAFETY: the tests give each of their threads a number of its own.
unsafe impl Machine for Host {
    type Lock = spin::Mutex<()>;
    type Pin = HostPin;

    fn pin(&self) -> HostPin {
        HostPin(CPU.get())
    }

    fn briefly<R>(&self, work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
        if self.is_raised.load(Ordering::Relaxed) { None } else { work(CpuIndex::new(CPU.get())) }
    }

    fn run_level(&self) -> RunLevel {
        RunLevel::Dispatch
    }

    fn zero(&self, frames: FrameRange) {
        self.zeroed.lock().unwrap().extend(frames.start().number()..frames.end().number());
    }

    fn injector(&self) -> &Injector {
        &self.injector
    }
}

/// Host memory for records. What has not been backed is poisoned, if it is little enough.
pub(crate) struct Memory {
    base: *mut u8,
    layout: Layout,
    is_poisoned: bool,
    backed: Mutex<BTreeSet<u64>>,
}

// SAFETY: the memory belongs to the records, which are atomics; what is poisoned is not in use yet.
unsafe impl Sync for Memory {}

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        let layout = Layout::from_size_align(usize::try_from(bytes).unwrap(), 4096).unwrap();
        // SAFETY: the size is that of at least one record.
        let base = unsafe { alloc_zeroed(layout) };
        assert!(!base.is_null());
        let is_poisoned = bytes < 1 << 20;
        if is_poisoned {
            // SAFETY: the memory was just allocated with this size.
            unsafe { base.write_bytes(0xA5, layout.size()) };
        }
        Self { base, layout, is_poisoned, backed: Mutex::default() }
    }

    fn pages(range: VirtRange) -> std::ops::Range<u64> {
        range.start().get() / PAGE_BYTES..range.end().get().div_ceil(PAGE_BYTES)
    }

    /// Returns how many pages of a range are not backed yet.
    fn missing(&self, range: VirtRange) -> u64 {
        let backed = self.backed.lock().unwrap();
        Self::pages(range).filter(|page| !backed.contains(page)).count() as u64
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.base, self.layout) };
    }
}

// SAFETY: the memory is there all the time; a page is zeroed when it is given, once.
unsafe impl Backing for Memory {
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        for page in Self::pages(range) {
            if self.backed.lock().unwrap().insert(page) && self.is_poisoned {
                let offset = (page * PAGE_BYTES) as usize - self.base.addr();
                let bytes = (self.layout.size() - offset).min(PAGE_BYTES as usize);
                // SAFETY: the page lies in the memory, as the records do.
                let place = unsafe { self.base.add(offset) };
                // SAFETY: up to the end of the page or of the memory.
                unsafe { place.write_bytes(0, bytes) };
            }
        }
        Ok(())
    }

    fn is_backed(&self, address: VirtAddr) -> bool {
        self.backed.lock().unwrap().contains(&(address.get() / PAGE_BYTES))
    }
}

/// Counts pages instead of backing them.
struct Counting<'a>(&'a Memory, Cell<u64>);

// SAFETY: one thread uses it, on its own stack.
unsafe impl Sync for Counting<'_> {}

// SAFETY: it gives no memory, and its ranges are not accessed on its word.
unsafe impl Backing for Counting<'_> {
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        self.1.set(self.1.get() + self.0.missing(range));
        Ok(())
    }

    fn is_backed(&self, address: VirtAddr) -> bool {
        self.0.is_backed(address)
    }
}

/// Books that take four frames for the entries of a block, and one for each page of records.
pub(crate) struct Books<'m> {
    pub(crate) records: Records<'m>,
    pub(crate) memory: &'m Memory,
    pub(crate) opened: Mutex<BTreeSet<u64>>,
    pub(crate) donated: Mutex<BTreeSet<u64>>,
    pub(crate) links: Mutex<BTreeMap<u64, Option<Frame>>>,
}

pub(crate) const OPENING: FrameCount = FrameCount::new(4);

// SAFETY: `open` backs the record through `Records::back` before it succeeds.
unsafe impl Blocks for Books<'_> {
    fn open(&self, block: FrameRange, donors: &mut Donors) -> Result<(), OutOfFrames> {
        let counting = Counting(self.memory, Cell::new(0));
        self.records.back(&counting, block)?;
        let needed = FrameCount::new(OPENING.get() + counting.1.get());
        if donors.left() < needed {
            return Err(OutOfFrames { wanted: needed, available: donors.left() });
        }
        assert!(self.opened.lock().unwrap().insert(block.start().number()), "{block:?} is opened twice");
        self.records.back(self.memory, block)?;
        let mut donated = self.donated.lock().unwrap();
        let entries = donors.take_run(OPENING).unwrap();
        let pages = (0..counting.1.get()).map(|_| donors.take().unwrap().number());
        for frame in (entries.start().number()..entries.end().number()).chain(pages) {
            assert!(donated.insert(frame), "frame {frame:#x} is donated twice");
        }
        Ok(())
    }

    fn set_link(&self, frame: Frame, next: Option<Frame>) {
        self.links.lock().unwrap().insert(frame.number(), next);
    }

    fn link(&self, frame: Frame) -> Option<Frame> {
        self.links.lock().unwrap().get(&frame.number()).copied().flatten()
    }
}

/// What an allocator needs and does not own.
pub(crate) struct Ground {
    pub(crate) host: Host,
    memory: Memory,
    end: Frame,
    block: FrameCount,
    fresh: Vec<FrameRange>,
    known: Vec<FrameRange>,
    caches: Vec<CpuCache>,
    depot: Vec<Batch>,
}

pub(crate) type Allocator<'m> = FrameAllocator<'m, Host, Books<'m>>;

/// Returns `[start, end)`.
pub(crate) fn range(start: u64, end: u64) -> FrameRange {
    FrameRange::new(Frame::new(start), Frame::new(end)).unwrap()
}

impl Ground {
    /// Prepares an allocator of blocks of `block` frames over fresh ranges, for as many processors.
    pub(crate) fn new(block: u64, fresh: &[FrameRange], cpus: usize) -> Self {
        let end = fresh.iter().map(|range| range.end()).max().unwrap_or_default();
        Self::with_end(block, fresh, cpus, Frame::new(end.number().next_multiple_of(block)))
    }

    /// Prepares one that can learn of memory up to `end`.
    pub(crate) fn with_end(block: u64, fresh: &[FrameRange], cpus: usize, end: Frame) -> Self {
        let block = FrameCount::new(block);
        let mut places = fresh.to_vec();
        places.resize(fresh.len() + 12, FrameRange::default());
        Self {
            host: Host::default(),
            memory: Memory::new(Records::bytes(end, block).unwrap()),
            end,
            block,
            known: vec![FrameRange::default(); fresh.len() + 12],
            fresh: places,
            caches: (0..cpus).map(|_| CpuCache::new()).collect(),
            depot: (0..64).map(|_| Batch::new()).collect(),
        }
    }

    /// Makes the allocator. `giant` and `window_end` are in frames.
    pub(crate) fn allocator(&mut self, giant: u64, window_end: u64) -> Allocator<'_> {
        // SAFETY: the memory has the size that the records need, and serves nothing else.
        let records = unsafe { Records::new(self.memory.base, self.end, self.block) }.unwrap();
        let books = Books {
            records,
            memory: &self.memory,
            opened: Mutex::default(),
            donated: Mutex::default(),
            links: Mutex::default(),
        };
        let used = self.fresh.iter().filter(|range| !range.is_empty()).count();
        let config = Config {
            records,
            giant: FrameCount::new(giant),
            window_end: Frame::new(window_end),
            opening: OPENING,
            fresh: RangeSet::new(&mut self.fresh, used).unwrap(),
            known: RangeSet::empty(&mut self.known),
            caches: &self.caches,
            depot: &self.depot,
        };
        // SAFETY: the frames are numbers, nobody else uses them; records, caches and depot were just made.
        unsafe { FrameAllocator::new(&self.host, books, config) }.unwrap()
    }
}
