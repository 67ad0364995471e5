//! Kernel stacks: reserved as a whole, committed from the top, guarded below.
//!
//! A [`Stack`] has a reservation of any size. Memory is behind its upper part, from [`Limit`] to [`Top`]; the page
//! below its [`Base`] never has any. A stack grows, up to its reservation, in two ways: when it is asked to
//! ([`Stacks::grow`], [`Stacks::ensure`]), and when a *probe* faults, an access below the limit made while the stack
//! pointer still stands above it ([`Stacks::grow_on_probe`]). A push below the limit cannot be repaired: the fault
//! itself has no stack to be delivered on. That is a double fault, and not this module's business.
//!
//! # What it guarantees
//! * The guard page is never given memory.
//! * An error has changed nothing, and loses nothing.
//! * Every page is accounted for: when all stacks are destroyed and the cache is trimmed, [`Stacks::counts`] is what
//!   it was at first.
//! * A probe is answered the ordinary way, with locks and, where one is missing, a page table. So it is answered at levels
//!   only at which the interrupted code can hold no lock: see [`Stacks::grow_on_probe`].
//!
//! Stacks of the usual size are kept in a small cache when they are destroyed, with the memory that a new one has.
//! What the last thread left on one is still there: all kernel threads belong to one kernel.
//!
//! # Locks
//! The cache's lock is a leaf: nothing is called with it held. [`StackPages`] takes the locks of arena, frame
//! allocator and page tables.

mod error;
mod grow;
mod place;

use core::sync::atomic::{AtomicUsize, Ordering};

use arrayvec::ArrayVec;
use xtcore::{FrameCount, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::OutOfFrames;

use crate::arena::NoPages;
use crate::inject::Site;
use crate::machine::{LockClass, Machine, SpinLock};

pub use error::{ProbeRefusal, StackError};
pub use grow::Probe;
pub use place::{Base, Limit, Stack, StackSize, Top};

/// How many stacks the cache keeps.
pub const CACHED: usize = 16;

/// Address space and memory for stacks.
///
/// Ranges consist of whole pages. What is committed is readable, writable, not executable, and zero.
pub trait StackPages: Sync {
    /// Reserves `pages` pages of address space, none of them present.
    ///
    /// # Errors
    /// [`NoPages`]; nothing has changed.
    fn reserve(&self, pages: u64) -> Result<VirtRange, NoPages>;

    /// Puts memory behind pages of a reservation, none of which has any. Called below Dispatch, by threads and by page-fault
    /// handlers for them.
    ///
    /// # Errors
    /// [`OutOfFrames`]; nothing has changed.
    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames>;

    /// Takes the memory from pages all of which have some. Returns when no processor can reach it any more.
    fn decommit(&self, pages: VirtRange);

    /// Gives a whole reservation back, none of whose pages has memory.
    fn release(&self, range: VirtRange);
}

/// All kernel stacks.
#[derive(Debug)]
pub struct Stacks<'m, M: Machine, P: StackPages> {
    machine: &'m M,
    pages: &'m P,
    usual: StackSize,
    cache: SpinLock<M, ArrayVec<Kept, CACHED>>,
    stacks: AtomicUsize,
    reserved: AtomicUsize,
    committed: AtomicUsize,
}

/// A stack in the cache.
#[derive(Clone, Copy, Debug)]
struct Kept {
    whole: VirtRange,
    committed: usize,
}

/// What all stacks together have.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Stacks in use.
    pub stacks: u64,
    /// Stacks in the cache.
    pub cached: u64,
    /// Pages of address space of both, guard pages included.
    pub reserved: u64,
    /// Pages of memory of both.
    pub committed: u64,
}

impl<'m, M: Machine, P: StackPages> Stacks<'m, M, P> {
    /// Makes a source of stacks; those of the `usual` room are cached.
    pub const fn new(machine: &'m M, pages: &'m P, usual: StackSize) -> Self {
        Self {
            machine,
            pages,
            usual,
            cache: SpinLock::new(LockClass::new("kept stacks"), ArrayVec::new_const()),
            stacks: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            committed: AtomicUsize::new(0),
        }
    }

    /// Returns what there is. Exact while no stack is made, changed or destroyed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let pin = self.machine.pin();
        self.count(self.cache.lock(&pin).len())
    }

    /// As [`Stacks::counts`], if the lock is free; for a monitor: never waits. Highest level: any.
    pub fn try_counts(&self, pin: &M::Pin) -> Option<Counts> {
        self.cache.try_lock(pin).map(|cache| self.count(cache.len()))
    }

    fn count(&self, cached: usize) -> Counts {
        let load = |counter: &AtomicUsize| counter.load(Ordering::Relaxed) as u64;
        Counts {
            stacks: load(&self.stacks),
            cached: cached as u64,
            reserved: load(&self.reserved),
            committed: load(&self.committed),
        }
    }

    /// Makes a stack, or takes one from the cache. It has at least as much memory as `size` says.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`StackError::NoSpace`], [`StackError::NoMemory`].
    pub fn create(&self, size: StackSize) -> Result<Stack, StackError> {
        if self.machine.injector().fails(Site::Stack) {
            return Err(StackError::NoMemory(nothing_left(size.committed())));
        }
        let kept = if size.reserved() == self.usual.reserved() { self.take_kept() } else { None };
        let kept = match kept {
            Some(kept) => kept,
            None => self.reserve(size)?,
        };
        let stack = Stack::new(kept.whole, kept.committed);
        let missing = size.committed().saturating_sub(kept.committed);
        if missing > 0
            && let Err(error) = self.commit(&stack, missing)
        {
            self.keep(Kept { whole: kept.whole, committed: stack.committed() });
            return Err(error);
        }
        self.stacks.fetch_add(1, Ordering::Relaxed);
        Ok(stack)
    }

    /// Takes a stack back. Nobody runs on it, and no processor will. Highest level: Dispatch, with interrupts on.
    pub fn destroy(&self, stack: Stack) {
        self.stacks.fetch_sub(1, Ordering::Relaxed);
        let kept = Kept { whole: stack.whole(), committed: stack.committed() };
        let surplus = kept.committed.saturating_sub(self.usual.committed());
        if kept.whole.bytes() != whole_bytes(self.usual) || surplus == 0 {
            return self.keep(kept);
        }
        let end = stack.limit_of(kept.committed - surplus).address();
        self.decommit(VirtRange::new(stack.limit().address(), end).unwrap_or_default());
        self.keep(Kept { committed: kept.committed - surplus, ..kept });
    }

    /// Gives back all that the cache has. Highest level: Dispatch, with interrupts on.
    pub fn trim(&self) {
        while let Some(kept) = self.take_kept() {
            self.release(kept);
        }
    }

    fn take_kept(&self) -> Option<Kept> {
        let pin = self.machine.pin();
        self.cache.lock(&pin).pop()
    }

    /// Puts a stack of the usual size into the cache if there is room, and gives back any other.
    fn keep(&self, kept: Kept) {
        let is_usual = kept.whole.bytes() == whole_bytes(self.usual) && kept.committed > 0;
        if !is_usual || self.push(kept).is_err() {
            self.release(kept);
        }
    }

    /// Puts a stack into the cache, or returns it when the cache is full.
    fn push(&self, kept: Kept) -> Result<(), Kept> {
        let pin = self.machine.pin();
        self.cache.lock(&pin).try_push(kept).map_err(|full| full.element())
    }

    /// Reserves address space for a stack without any memory.
    fn reserve(&self, size: StackSize) -> Result<Kept, StackError> {
        let pages = size.reserved() as u64 + 1;
        let whole = self.pages.reserve(pages).map_err(StackError::NoSpace)?;
        debug_assert_eq!(whole.bytes(), pages * PAGE_BYTES, "a reservation of another length");
        self.reserved.fetch_add(size.reserved() + 1, Ordering::Relaxed);
        Ok(Kept { whole, committed: 0 })
    }

    fn release(&self, kept: Kept) {
        if kept.committed > 0 {
            let end = kept.whole.end();
            let start = VirtAddr::new(end.get() - kept.committed as u64 * PAGE_BYTES);
            self.decommit(VirtRange::new(start, end).unwrap_or_default());
        }
        self.pages.release(kept.whole);
        self.reserved.fetch_sub(pages_of(kept.whole), Ordering::Relaxed);
    }

    fn decommit(&self, pages: VirtRange) {
        self.pages.decommit(pages);
        self.committed.fetch_sub(pages_of(pages), Ordering::Relaxed);
    }
}

/// Returns the number of pages of a range. Ranges of stacks have as many as a size counts.
const fn pages_of(range: VirtRange) -> usize {
    (range.bytes() / PAGE_BYTES) as usize
}

/// Returns the length of a reservation, guard page included.
const fn whole_bytes(size: StackSize) -> u64 {
    size.reserved_bytes() + PAGE_BYTES
}

/// Returns the refusal of an injected failure.
const fn nothing_left(pages: usize) -> OutOfFrames {
    OutOfFrames { wanted: FrameCount::new(pages as u64), available: FrameCount::ZERO }
}
