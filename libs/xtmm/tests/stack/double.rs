//! A machine of threads, and address space that checks every call: nothing is committed twice, nothing taken that is
//! not there, no guard page is ever touched.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use xtcore::{FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::arena::NoPages;
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, Machine, Pin, RunLevel};
use xtmm::stack::StackPages;

thread_local! {
    static CPU: Cell<Option<usize>> = const { Cell::new(None) };
    static PINS: Cell<usize> = const { Cell::new(0) };
}

/// Each thread is a processor.
#[derive(Default, Debug)]
pub(crate) struct Host {
    pub(crate) injector: Injector,
    cpus: AtomicUsize,
}

pub(crate) struct Pinned(CpuIndex);

impl Pin for Pinned {
    fn cpu(&self) -> CpuIndex {
        self.0
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        PINS.set(PINS.get() - 1);
    }
}

// SAFETY: each thread takes a number of its own the first time, so no two have pins with one number.
unsafe impl Machine for Host {
    type Lock = spin::Mutex<()>;
    type Pin = Pinned;

    fn pin(&self) -> Pinned {
        let cpu = CPU.get().unwrap_or_else(|| self.cpus.fetch_add(1, Ordering::Relaxed));
        CPU.set(Some(cpu));
        PINS.set(PINS.get() + 1);
        Pinned(CpuIndex::new(cpu))
    }

    fn run_level(&self) -> RunLevel {
        if PINS.get() > 0 { RunLevel::Dispatch } else { RunLevel::Passive }
    }

    fn zero(&self, frames: FrameRange) {
        panic!("stacks zero nothing themselves: {frames:?}");
    }

    fn injector(&self) -> &Injector {
        &self.injector
    }
}

#[derive(Default, Debug)]
struct State {
    next: u64,
    /// Reservations by their start.
    reserved: BTreeMap<u64, VirtRange>,
    /// Pages with memory, by number.
    present: BTreeSet<u64>,
    frames: u64,
    space: u64,
}

/// What happens in the middle of the next commit.
type Interrupt = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Pages(Mutex<State>, Mutex<Option<Interrupt>>);

impl Pages {
    pub(crate) fn new(space: u64, frames: u64) -> Self {
        Self(
            Mutex::new(State { next: 0xFFFF_9000_0000_0000, space, frames, ..State::default() }),
            Mutex::default(),
        )
    }

    /// Interrupts the next commit.
    pub(crate) fn interrupt_commit(&self, by: impl FnOnce() + Send + 'static) {
        *self.1.lock().expect("no panic inside") = Some(Box::new(by));
    }

    /// Tells whether the interrupt has happened.
    pub(crate) fn was_interrupted(&self) -> bool {
        self.1.lock().expect("no panic inside").is_none()
    }

    pub(crate) fn set_frames(&self, frames: u64) {
        self.0.lock().expect("no panic inside").frames = frames;
    }

    /// Returns how many frames are left.
    pub(crate) fn frames(&self) -> u64 {
        self.0.lock().expect("no panic inside").frames
    }

    /// Returns the pages of address space and of memory that are out.
    pub(crate) fn out(&self) -> (u64, u64) {
        let state = self.0.lock().expect("no panic inside");
        (state.reserved.values().map(|range| range.bytes() / PAGE_BYTES).sum(), state.present.len() as u64)
    }

    /// Asserts that exactly these pages of their reservation have memory.
    pub(crate) fn assert_present(&self, whole: VirtRange, present: VirtRange) {
        let state = self.0.lock().expect("no panic inside");
        for page in numbers(whole) {
            let expected = present.contains(VirtAddr::new(page * PAGE_BYTES));
            assert_eq!(state.present.contains(&page), expected, "page {page:#x}");
        }
    }
}

fn numbers(range: VirtRange) -> std::ops::Range<u64> {
    assert!(range.is_aligned(PAGE_BYTES) && !range.is_empty(), "{range:?}");
    range.start().get() / PAGE_BYTES..range.end().get() / PAGE_BYTES
}

impl State {
    fn put(&mut self, pages: VirtRange) {
        let (_, holder) = self.reserved.range(..=pages.start().get()).next_back().expect("a reservation");
        assert!(holder.start() < pages.start(), "the guard page {:?} gets memory", holder.start());
        assert!(pages.end() <= holder.end(), "{pages:?} leaves {holder:?}");
        for page in numbers(pages) {
            assert!(self.present.insert(page), "page {page:#x} has memory already");
        }
    }
}

impl StackPages for Pages {
    fn reserve(&self, pages: u64) -> Result<VirtRange, NoPages> {
        assert_eq!(PINS.get(), 0, "reserving is not for a holder of a lock");
        let mut state = self.0.lock().expect("no panic inside");
        state.space =
            state.space.checked_sub(pages).ok_or(NoPages::Exhausted { pages, free: state.space })?;
        let start = VirtAddr::new(state.next);
        let range = VirtRange::with_length(start, pages * PAGE_BYTES).expect("below 2^64");
        state.next = range.end().get();
        state.reserved.insert(start.get(), range);
        Ok(range)
    }

    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames> {
        assert_eq!(PINS.get(), 0, "committing is not for a holder of a lock");
        let interrupt = self.1.lock().expect("no panic inside").take();
        interrupt.into_iter().for_each(|interrupt| interrupt());
        let mut state = self.0.lock().expect("no panic inside");
        let wanted = pages.bytes() / PAGE_BYTES;
        let none = OutOfFrames { wanted: FrameCount::new(wanted), available: FrameCount::new(state.frames) };
        state.frames = state.frames.checked_sub(wanted).ok_or(none)?;
        state.put(pages);
        Ok(())
    }

    fn decommit(&self, pages: VirtRange) {
        assert_eq!(PINS.get(), 0, "decommitting is not for a holder of a lock");
        let mut state = self.0.lock().expect("no panic inside");
        for page in numbers(pages) {
            assert!(state.present.remove(&page), "page {page:#x} has no memory");
            state.frames += 1;
        }
    }

    fn release(&self, range: VirtRange) {
        assert_eq!(PINS.get(), 0, "releasing is not for a holder of a lock");
        let mut state = self.0.lock().expect("no panic inside");
        assert_eq!(state.reserved.remove(&range.start().get()), Some(range), "no such reservation");
        assert!(numbers(range).all(|page| !state.present.contains(&page)), "{range:?} still has memory");
        state.space += range.bytes() / PAGE_BYTES;
    }
}
