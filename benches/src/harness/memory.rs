//! Zeroed memory of this process, reserved in full and given by the system page by page.
#![allow(unsafe_code, reason = "memory comes from the system as addresses")]

use std::ops::Range;
use std::ptr::{NonNull, null_mut};

use anyhow::{Context, Result};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// A range of memory that nobody else uses. It is zero until written, and costs only what has been touched.
#[derive(Debug)]
pub(crate) struct Region {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the region is an address and a length; who accesses the memory answers for it.
unsafe impl Send for Region {}
// SAFETY: as for `Send`: a shared region hands out its address only.
unsafe impl Sync for Region {}

impl Region {
    /// Reserves `bytes` bytes, aligned to 2 MiB.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn reserve(bytes: usize) -> Result<Self> {
        const ALIGNMENT: usize = 2 << 20;
        let whole = bytes + ALIGNMENT;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: with no address asked for and nothing fixed, the call takes only addresses that are unused.
        let found =
            unsafe { mmap_anonymous(null_mut(), whole, access, MapFlags::PRIVATE | MapFlags::NORESERVE) };
        let found = found.context("the system refuses to reserve memory")?.cast::<u8>();
        let skipped = found.align_offset(ALIGNMENT);
        // The ends that alignment leaves over stay reserved; they were never touched and cost nothing.
        let base = NonNull::new(found.wrapping_add(skipped)).context("memory was reserved at 0")?;
        Ok(Self { base, bytes })
    }

    /// Returns the address of the first byte.
    pub(crate) const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Returns the length.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Has the system give memory to the pages between two offsets now, so that nobody who is measured waits for it.
    ///
    /// # Errors
    /// The system has none.
    pub(crate) fn populate(&self, bytes: Range<usize>) -> Result<()> {
        const PAGE: usize = 4096;
        assert!(bytes.end <= self.bytes, "outside the region");
        let (start, end) = (bytes.start & !(PAGE - 1), bytes.end.next_multiple_of(PAGE));
        let first = self.base.as_ptr().wrapping_add(start);
        // SAFETY: the pages lie in this region, up to the end of its last page, and keep what they contain.
        let outcome = unsafe { madvise(first.cast(), end.saturating_sub(start), Advice::LinuxPopulateWrite) };
        outcome.context("the system has no memory for the books")
    }

    /// Gives pages back to the system; they are zero when touched again. `start` and `bytes` are multiples of a page.
    pub(crate) fn forget(&self, start: usize, bytes: usize) {
        assert!(start.checked_add(bytes).is_some_and(|end| end <= self.bytes), "outside the region");
        let first = self.base.as_ptr().wrapping_add(start);
        // SAFETY: the pages lie in this region, whose content its user has just given up.
        let outcome = unsafe { madvise(first.cast(), bytes, Advice::LinuxDontNeed) };
        assert!(outcome.is_ok(), "the system refuses to take memory back");
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: these pages were mapped by `reserve`, and the owner of the region drops it, so nobody uses them.
        let _refused = unsafe { munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}
