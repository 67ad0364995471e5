//! A small stack of frame numbers that one processor owns.
//!
//! Only a holder of the owner's pin changes it, so plain loads and stores do: there is no atomic read-modify-write here.
//! They are relaxed atomics only so that others may look: the sizes for reports, the contents for an audit. What they see
//! is exact when the owner is quiet.
//!
//! ```text
//!   front      one number, or none: it comes first, and is filled first
//!   frames     the others, the one that was put last first
//! ```
//! Whoever frees and allocates by turns meets the front only. The front says by itself whether it is taken, so nothing
//! is counted, and no operation waits for the count that the one before has stored.

use core::ops::Range;

use super::sync::{AtomicUsize, Ordering, constructors, zeros};
use crate::frames::units::Pfn;

/// A stack of at most `N` frame numbers and one in front. All zeros is an empty one: 0 is nobody's number.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Stack<const N: usize> {
    front: AtomicUsize,
    /// How many there are behind the front.
    count: AtomicUsize,
    frames: [AtomicUsize; N],
}

impl<const N: usize> Stack<N> {
    constructors! {
        /// Returns an empty stack.
        pub(crate) fn new() -> Self {
            Self { front: AtomicUsize::new(0), count: AtomicUsize::new(0), frames: zeros() }
        }
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.behind() + usize::from(self.front.load(Ordering::Relaxed) != 0)
    }

    /// Returns how many more fit behind the front.
    pub(crate) fn room(&self) -> usize {
        N.saturating_sub(self.behind())
    }

    /// Tells whether there are at least `count` behind the front.
    pub(crate) fn has_behind(&self, count: usize) -> bool {
        self.behind() >= count
    }

    /// Takes the number in front, or else the one that was put last.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Pfn> {
        self.pop_if(|_| true)
    }

    /// Takes the number that [`Stack::pop`] would take if it lies below `limit`.
    #[inline]
    pub(crate) fn pop_below(&self, limit: Pfn) -> Option<Pfn> {
        self.pop_if(|next| next < limit)
    }

    #[inline]
    fn pop_if(&self, is_wanted: impl FnOnce(Pfn) -> bool) -> Option<Pfn> {
        let front = Pfn(self.front.load(Ordering::Relaxed));
        if front != Pfn(0) {
            return is_wanted(front).then(|| {
                self.front.store(0, Ordering::Relaxed);
                front
            });
        }
        // Below zero is past the end: one comparison answers both.
        let top = self.behind().wrapping_sub(1);
        let last = Pfn(self.frames.get(top)?.load(Ordering::Relaxed));
        is_wanted(last).then(|| {
            self.count.store(top, Ordering::Relaxed);
            last
        })
    }

    /// Puts a number other than 0. Tells whether it fitted.
    #[inline]
    #[must_use]
    pub(crate) fn push(&self, pfn: Pfn) -> bool {
        if self.front.load(Ordering::Relaxed) == 0 {
            self.front.store(pfn.0, Ordering::Relaxed);
            return true;
        }
        let count = self.behind();
        let Some(place) = self.frames.get(count) else { return false };
        place.store(pfn.0, Ordering::Relaxed);
        self.count.store(count + 1, Ordering::Relaxed);
        true
    }

    /// Puts numbers behind the front until the stack is full or there are no more. Returns how many; one that did not
    /// fit is lost.
    #[inline]
    pub(crate) fn extend(&self, frames: impl Iterator<Item = Pfn>) -> usize {
        let count = self.behind();
        let mut put = 0;
        for (place, pfn) in self.frames.iter().skip(count).zip(frames) {
            place.store(pfn.0, Ordering::Relaxed);
            put += 1;
        }
        self.count.store(count + put, Ordering::Relaxed);
        put
    }

    /// Puts the `count` numbers below `end` behind the front, the highest first, or none where they don't fit. Returns how
    /// many it put.
    #[inline]
    pub(crate) fn extend_down(&self, end: Pfn, count: usize) -> usize {
        let before = self.behind();
        let Some(places) = self.frames.get(before..before + count) else { return 0 };
        let mut next = end.0;
        for place in places {
            next -= 1;
            place.store(next, Ordering::Relaxed);
        }
        self.count.store(before + count, Ordering::Relaxed);
        count
    }

    /// Returns the numbers behind the front, oldest first, and then the one in front.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Pfn> + '_ {
        let front = Some(self.front.load(Ordering::Relaxed)).filter(|front| *front != 0);
        self.oldest(N).chain(front.map(Pfn))
    }

    /// Returns the `count` oldest numbers behind the front, or as many as there are.
    pub(crate) fn oldest(&self, count: usize) -> impl Iterator<Item = Pfn> + '_ {
        // A slice, and not a part of an iterator, so that loops over it look at one end only.
        let oldest = self.frames.get(..self.behind().min(count)).unwrap_or_default();
        oldest.iter().map(|place| Pfn(place.load(Ordering::Relaxed)))
    }

    /// Forgets the numbers that [`Stack::oldest`] returns; the newer ones move down. The new ones stay: they are warm
    /// in the processor's data cache, and are handed out again first.
    pub(crate) fn forget_oldest(&self, count: usize) {
        self.close(0..count);
    }

    /// Returns the number behind the front that lies right below the `newer` newest ones there.
    pub(crate) fn below(&self, newer: usize) -> Option<Pfn> {
        let at = self.behind().checked_sub(newer)?.checked_sub(1)?;
        Some(Pfn(self.frames.get(at)?.load(Ordering::Relaxed)))
    }

    /// Forgets the number that [`Stack::below`] returns; the `newer` ones move down.
    pub(crate) fn forget_below(&self, newer: usize) {
        let end = self.behind().saturating_sub(newer);
        self.close(end.saturating_sub(1)..end);
    }

    /// Forgets the numbers at these places behind the front; the newer ones move down.
    fn close(&self, gap: Range<usize>) {
        let newer = self.frames.get(gap.end..self.behind()).unwrap_or_default();
        let places = self.frames.get(gap.start..).unwrap_or_default();
        for (to, from) in places.iter().zip(newer) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.count.store(gap.start + newer.len(), Ordering::Relaxed);
    }

    /// Forgets all numbers.
    pub(crate) fn forget_all(&self) {
        self.front.store(0, Ordering::Relaxed);
        self.count.store(0, Ordering::Relaxed);
    }

    #[inline]
    fn behind(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}
