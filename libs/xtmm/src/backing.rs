//! Books over memory that get memory themselves only where they are used.
//!
//! A [`Sparse`] array has a place for each of very many things, most of which never exist: an entry per frame of 12 TiB,
//! a word per page of a pool. Its virtual range is reserved in full; a [`Backing`] gives memory to the pages of it that
//! are needed, zero-filled, and "all zeros" is the state of what was never touched.
#![allow(unsafe_code, reason = "elements are reached through their addresses")]

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use xtcore::{VirtAddr, VirtRange};
use xtpaging::OutOfFrames;
use zerocopy::FromZeros;

/// Gives memory to pages of reserved virtual ranges.
///
/// # Safety
/// After [`Backing::back`] has succeeded, and when [`Backing::is_backed`] says so, memory is there: readable, writable, and
/// zero when it was given. It stays until the implementation is told otherwise.
pub unsafe trait Backing: Sync {
    /// Sees to it that every page which `range` touches is backed. Pages that are stay as they are.
    ///
    /// # Errors
    /// [`OutOfFrames`]; pages that were backed before are still as they were. Some others may be backed now; they
    /// are found so by the next attempt.
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames>;

    /// Tells whether the page that contains `address` is backed.
    fn is_backed(&self, address: VirtAddr) -> bool;
}

/// An array in a reserved virtual range.
pub struct Sparse<'m, T> {
    base: *mut T,
    count: usize,
    memory: PhantomData<&'m T>,
}

// SAFETY: a `Sparse` hands out shared references only, so it is as shareable as references to its elements.
unsafe impl<T: Sync> Sync for Sparse<'_, T> {}
// SAFETY: moving the handle moves no element.
unsafe impl<T: Sync> Send for Sparse<'_, T> {}

impl<T> Clone for Sparse<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sparse<'_, T> {}

impl<T> fmt::Debug for Sparse<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sparse({:?}, {} elements)", self.base, self.count)
    }
}

impl<'m, T: FromZeros> Sparse<'m, T> {
    /// Makes an array of `count` elements from `base` on.
    ///
    /// # Safety
    /// `base` must be aligned for `T`, and the range of `count` elements must be reserved for this array for as long as
    /// `'m`: whatever is backed in it was zero when it was backed, and is changed through this array only.
    #[must_use]
    pub const unsafe fn new(base: *mut T, count: usize) -> Self {
        Self { base, count, memory: PhantomData }
    }

    /// Returns the number of elements.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns where elements lie; indexes past the end are left out.
    #[must_use]
    pub fn range_of(&self, elements: Range<usize>) -> VirtRange {
        let (first, end) = (elements.start.min(self.count), elements.end.min(self.count));
        let base = self.base.expose_provenance() as u64;
        let start = VirtAddr::new(base.saturating_add((first as u64).saturating_mul(size_of::<T>() as u64)));
        VirtRange::saturating(start, (end.saturating_sub(first) as u64).saturating_mul(size_of::<T>() as u64))
    }

    /// Sees to it that elements have memory.
    ///
    /// # Errors
    /// Those of [`Backing::back`].
    pub fn back(&self, backing: &impl Backing, elements: Range<usize>) -> Result<(), OutOfFrames> {
        let range = self.range_of(elements);
        if range.is_empty() { Ok(()) } else { backing.back(range) }
    }

    /// Returns an element, or `None` when it is past the end or has no memory. Cost: a look at the page tables.
    #[must_use]
    pub fn get(&self, backing: &impl Backing, index: usize) -> Option<&'m T> {
        if index >= self.count {
            return None;
        }
        let range = self.range_of(index..index + 1);
        let last = VirtAddr::new(range.end().get() - 1);
        let is_backed = backing.is_backed(range.start()) && backing.is_backed(last);
        // SAFETY: both ends lie in backed pages; an element is no larger than a page, so there is none between them.
        is_backed.then(|| unsafe { self.get_unchecked(index) })
    }

    /// Returns an element without asking whether it is there.
    ///
    /// # Safety
    /// `index` is below [`Sparse::count`], and the element has been backed.
    #[must_use]
    #[inline]
    pub const unsafe fn get_unchecked(&self, index: usize) -> &'m T {
        const { assert!(size_of::<T>() <= 4096, "an element fits into a page") };
        // SAFETY: the caller says that the element is inside the array.
        let element = unsafe { self.base.add(index) };
        // SAFETY: the caller says that it has memory; that was zero at first, which is a valid `T`, and has been changed
        // through references only.
        unsafe { &*element }
    }
}
