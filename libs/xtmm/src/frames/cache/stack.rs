//! A small stack of frame numbers that one processor owns.
//!
//! Only a holder of the owner's pin changes it, so plain loads and stores do: there is no atomic read-modify-write here.
//! They are relaxed atomics only so that others may look: the sizes for reports, the contents for an audit. What they see
//! is exact when the owner is quiet.

use super::sync::{AtomicUsize, Ordering, constructors, zeros};
use crate::frames::units::Pfn;

/// A stack of at most `N` frame numbers. All zeros is an empty one.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Stack<const N: usize> {
    count: AtomicUsize,
    frames: [AtomicUsize; N],
}

impl<const N: usize> Stack<N> {
    constructors! {
        /// Returns an empty stack.
        pub(crate) fn new() -> Self {
            Self { count: AtomicUsize::new(0), frames: zeros() }
        }
    }

    /// Returns how many there are.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns how many more fit.
    pub(crate) fn room(&self) -> usize {
        N.saturating_sub(self.count())
    }

    /// Takes the number that was put last.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Pfn> {
        // Below zero is past the end: one comparison answers both.
        let top = self.count().wrapping_sub(1);
        let pfn = self.frames.get(top)?.load(Ordering::Relaxed);
        self.count.store(top, Ordering::Relaxed);
        Some(Pfn(pfn))
    }

    /// Takes the number that was put last if it lies below `limit`.
    #[inline]
    pub(crate) fn pop_below(&self, limit: Pfn) -> Option<Pfn> {
        let top = self.count().wrapping_sub(1);
        let pfn = Pfn(self.frames.get(top)?.load(Ordering::Relaxed));
        if pfn >= limit {
            return None;
        }
        self.count.store(top, Ordering::Relaxed);
        Some(pfn)
    }

    /// Puts a number. Tells whether it fitted.
    #[inline]
    #[must_use]
    pub(crate) fn push(&self, pfn: Pfn) -> bool {
        let count = self.count();
        let Some(place) = self.frames.get(count) else { return false };
        place.store(pfn.0, Ordering::Relaxed);
        self.count.store(count + 1, Ordering::Relaxed);
        true
    }

    /// Puts numbers until the stack is full or there are no more. Returns how many; one that did not fit is lost.
    #[inline]
    pub(crate) fn extend(&self, frames: impl Iterator<Item = Pfn>) -> usize {
        let count = self.count();
        let mut put = 0;
        for (place, pfn) in self.frames.iter().skip(count).zip(frames) {
            place.store(pfn.0, Ordering::Relaxed);
            put += 1;
        }
        self.count.store(count + put, Ordering::Relaxed);
        put
    }

    /// Returns the numbers, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Pfn> + '_ {
        self.frames.iter().take(self.count()).map(|place| Pfn(place.load(Ordering::Relaxed)))
    }

    /// Forgets the `count` oldest numbers; the newer ones move down. The new ones stay: they are warm in the
    /// processor's data cache, and are handed out again first.
    pub(crate) fn forget_oldest(&self, count: usize) {
        let left = self.count().saturating_sub(count);
        for (to, from) in self.frames.iter().zip(self.frames.iter().skip(count)).take(left) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.count.store(left, Ordering::Relaxed);
    }
}
