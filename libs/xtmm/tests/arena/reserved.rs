//! Reserved host memory that appears page by page: touching a page that was never backed ends the test with a fault.

use std::collections::BTreeSet;
use std::sync::Mutex;

use xtcore::{FrameCount, PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::backing::Backing;

pub(crate) struct Reserved {
    base: *mut u8,
    bytes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    backed: BTreeSet<u64>,
    limit: Option<usize>,
    calls: usize,
}

impl Reserved {
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.next_multiple_of(PAGE_BYTES as usize);
        Self { base: host::reserve(bytes), bytes, state: Mutex::default() }
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Returns how many pages have memory.
    pub(crate) fn backed(&self) -> usize {
        self.state.lock().expect("no panic inside").backed.len()
    }

    /// Returns how often memory was asked for.
    pub(crate) fn calls(&self) -> usize {
        self.state.lock().expect("no panic inside").calls
    }

    /// Gives memory to no more than so many pages from now on; `None` lifts the limit.
    pub(crate) fn limit(&self, pages: Option<usize>) {
        self.state.lock().expect("no panic inside").limit = pages;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // SAFETY: the range came from `reserve`, and nothing that borrows it is left.
        unsafe { host::give_back(self.base, self.bytes) };
    }
}

// SAFETY: the pointer is only a place; what lies there is changed by whoever borrows it, in ways of their own.
unsafe impl Sync for Reserved {}

// SAFETY: a page counts as backed after it was made readable and writable, and nothing takes that back.
unsafe impl Backing for Reserved {
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        let base = self.base.expose_provenance() as u64;
        assert!(base <= range.start().get() && range.end().get() <= base + self.bytes as u64, "{range:?}");
        let mut state = self.state.lock().expect("no panic inside");
        state.calls += 1;
        for page in range.start().get() / PAGE_BYTES..range.end().get().div_ceil(PAGE_BYTES) {
            if state.backed.contains(&page) {
                continue;
            }
            if state.limit.is_some_and(|limit| state.backed.len() >= limit) {
                return Err(OutOfFrames { wanted: FrameCount::ONE, available: FrameCount::ZERO });
            }
            let offset = (page * PAGE_BYTES - base) as usize;
            // SAFETY: the offset lies inside of the range, as the assertion above says, and nobody has had access yet.
            unsafe { host::open(self.base, offset) };
            state.backed.insert(page);
        }
        Ok(())
    }

    fn is_backed(&self, address: VirtAddr) -> bool {
        self.state.lock().expect("no panic inside").backed.contains(&(address.get() / PAGE_BYTES))
    }
}

/// Address space of the host, inaccessible page by page until it is opened.
#[cfg(not(miri))]
mod host {
    use std::ptr::null_mut;

    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
    use xtcore::PAGE_BYTES;

    pub(super) fn reserve(bytes: usize) -> *mut u8 {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the system's choice overlaps nothing.
        unsafe { mmap_anonymous(null_mut(), bytes, ProtFlags::empty(), flags) }.expect("address space").cast()
    }

    /// # Safety
    /// `base` came from [`reserve`], and the page at `offset` lies inside.
    pub(super) unsafe fn open(base: *mut u8, offset: usize) {
        // SAFETY: the caller says that it lies inside.
        let at = unsafe { base.add(offset) };
        // SAFETY: the page belongs to the mapping, and can be made accessible at any time.
        unsafe { mprotect(at.cast(), PAGE_BYTES as usize, MprotectFlags::READ | MprotectFlags::WRITE) }
            .expect("a page of the mapping");
    }

    /// # Safety
    /// `base` and `bytes` are those of [`reserve`], and nobody uses the range any more.
    pub(super) unsafe fn give_back(base: *mut u8, bytes: usize) {
        // SAFETY: the caller says so.
        unsafe { munmap(base.cast(), bytes) }.expect("a mapping");
    }
}

/// Ordinary memory: the interpreter has no pages to protect, and looks at pointers instead.
#[cfg(miri)]
mod host {
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 4096).expect("a small range")
    }

    pub(super) fn reserve(bytes: usize) -> *mut u8 {
        // SAFETY: no test reserves a range of nothing.
        unsafe { alloc_zeroed(layout(bytes)) }
    }

    /// # Safety
    /// None; memory is always accessible.
    pub(super) unsafe fn open(_: *mut u8, _: usize) {}

    /// # Safety
    /// `base` and `bytes` are those of [`reserve`], and nobody uses the range any more.
    pub(super) unsafe fn give_back(base: *mut u8, bytes: usize) {
        // SAFETY: the caller says so.
        unsafe { dealloc(base, layout(bytes)) };
    }
}
