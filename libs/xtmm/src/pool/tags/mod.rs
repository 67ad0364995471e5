//! Tags: what each allocation is for, counted always.
//!
//! A [`TagTable`] gives each tag a place; each processor counts for itself in [`Counters`] of that place, with plain
//! loads and stores; who wants a sum adds them up. A sum is exact when nobody allocates meanwhile.

mod atomic {
    pub(super) use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
}

mod table;

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use table::Entry;
pub use table::{PLACES, Place, Table};

use crate::pool::request::Tag;

/// The table of tags; all zeros when empty.
pub type TagTable = Table<PLACES>;

impl<const N: usize> Table<N> {
    /// Returns an empty table.
    #[must_use]
    pub const fn new() -> Self {
        const fn empty() -> Entry {
            Entry { tag: AtomicU32::new(0), quota: AtomicUsize::new(0) }
        }
        Self { own: [const { empty() }; N], shared: empty() }
    }
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// What one processor has counted for one tag in one pool. Only that processor writes, pinned.
///
/// The counts wrap at the machine's word; differences stay right.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    allocations: AtomicUsize,
    frees: AtomicUsize,
    bytes_allocated: AtomicUsize,
    bytes_freed: AtomicUsize,
}

/// Adds without a locked instruction: nobody else writes.
#[inline]
fn add(counter: &AtomicUsize, amount: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Self {
            allocations: AtomicUsize::new(0),
            frees: AtomicUsize::new(0),
            bytes_allocated: AtomicUsize::new(0),
            bytes_freed: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(crate) fn allocated(&self, bytes: usize) {
        add(&self.allocations, 1);
        add(&self.bytes_allocated, bytes);
    }

    #[inline]
    pub(crate) fn freed(&self, bytes: usize) {
        add(&self.frees, 1);
        add(&self.bytes_freed, bytes);
    }
}

/// What all processors have counted for a tag in a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TagUse {
    /// The tag; [`Tag::OVERFLOW`] for those that share a place.
    pub tag: Tag,
    /// Allocations so far; wraps at the machine's word.
    pub allocations: usize,
    /// Frees so far; wraps at the machine's word.
    pub frees: usize,
    /// Bytes in use: of the places that the blocks occupy, so never less than what was asked for.
    pub bytes: usize,
    /// Its quota, in bytes.
    pub quota: Option<usize>,
}

impl TagUse {
    /// Returns how many blocks are in use.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.allocations.wrapping_sub(self.frees)
    }

    /// Adds up what the processors have counted.
    pub(crate) fn sum<'a>(
        tag: Tag,
        quota: Option<usize>,
        counters: impl Iterator<Item = &'a Counters>,
    ) -> Self {
        let mut sum = Self { tag, allocations: 0, frees: 0, bytes: 0, quota };
        for counter in counters {
            let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
            sum.allocations = sum.allocations.wrapping_add(read(&counter.allocations));
            sum.frees = sum.frees.wrapping_add(read(&counter.frees));
            sum.bytes = sum
                .bytes
                .wrapping_add(read(&counter.bytes_allocated))
                .wrapping_sub(read(&counter.bytes_freed));
        }
        sum
    }
}

#[cfg(test)]
mod tests;
