//! A queue whose links lie in what stands in it, first in, first out.
//!
//! The links form a ring, so that one word, the first entry, is a whole queue: a wheel of hundreds of queues stays
//! small.
//!
//! # Invariants
//! * An entry stands in at most one ring, and stays where it is until it is taken out: [`Ring::push`] demands it.
//! * Whoever has a ring exclusively is the only one who touches the links of its entries.
//! * `next.previous` and `previous.next` of each entry are the entry; a removal that finds otherwise changes nothing.
#![allow(unsafe_code, reason = "a ring reaches its neighbours by their addresses")]

use core::cell::Cell;
use core::ptr::NonNull;

use crate::misuse::Misuse;
use crate::platform::Platform;

/// An entry's place in a ring. It is the first field of an entry of `repr(C)`, so that the entry is found from it.
pub(crate) struct Link {
    next: Cell<Option<NonNull<Link>>>,
    previous: Cell<Option<NonNull<Link>>>,
}

impl Link {
    /// Returns the place of an entry that is in no ring.
    pub(crate) const fn new() -> Self {
        Self { next: Cell::new(None), previous: Cell::new(None) }
    }

    /// Tells whether the entry is in a ring. Only who has that ring exclusively may ask.
    pub(crate) fn is_linked(&self) -> bool {
        self.next.get().is_some()
    }
}

/// The links around the entry at this address contradict one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Corrupt(pub(crate) NonNull<Link>);

impl Corrupt {
    /// Stops the machine: somebody wrote to memory that was not theirs.
    pub(crate) fn stop<P: Platform>(self, queue: &'static str) -> ! {
        P::misuse(Misuse::CorruptQueue { queue, entry: self.0.as_ptr() as usize })
    }
}

/// A queue.
pub(crate) struct Ring(Option<NonNull<Link>>);

// SAFETY: a ring has no ties to a thread; what its entries allow is decided by whoever pushes them.
unsafe impl Send for Ring {}

impl Ring {
    /// Returns an empty queue.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Tells whether nothing is in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the entry that came first.
    pub(crate) const fn first(&self) -> Option<NonNull<Link>> {
        self.0
    }

    /// Returns the only entry, if there is just one.
    pub(crate) fn only(&self) -> Option<NonNull<Link>> {
        let first = self.0?;
        // SAFETY: what is in the ring is alive: its push was promised that.
        (unsafe { first.as_ref() }.next.get() == Some(first)).then_some(first)
    }

    /// Puts an entry at the end. Constant cost.
    ///
    /// # Safety
    /// The entry is in no ring, and stays alive and where it is until it is taken out of this one. The pointer may be
    /// used for all of the entry, not only its link.
    pub(crate) unsafe fn push(&mut self, entry: NonNull<Link>) {
        // SAFETY: the caller promises that the entry is alive.
        let link = unsafe { entry.as_ref() };
        let Some(first) = self.0 else {
            link.next.set(Some(entry));
            link.previous.set(Some(entry));
            self.0 = Some(entry);
            return;
        };
        // SAFETY: what is in the ring is alive: its push was promised that.
        let before = unsafe { first.as_ref() };
        let last = before.previous.replace(Some(entry));
        link.next.set(Some(first));
        link.previous.set(last);
        if let Some(last) = last {
            // SAFETY: the neighbour of an entry is in the same ring, so it is alive.
            unsafe { last.as_ref() }.next.set(Some(entry));
        }
    }

    /// Takes an entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    ///
    /// # Safety
    /// The entry is in this ring.
    pub(crate) unsafe fn remove(&mut self, entry: NonNull<Link>) -> Result<(), Corrupt> {
        // SAFETY: the entry is in this ring, so it is alive.
        let link = unsafe { entry.as_ref() };
        let (Some(next), Some(previous)) = (link.next.get(), link.previous.get()) else {
            return Err(Corrupt(entry));
        };
        // SAFETY: the neighbour of an entry is in the same ring, so it is alive.
        let after = unsafe { next.as_ref() };
        // SAFETY: so is the neighbour on the other side, which may be the same one, or the entry itself.
        let before = unsafe { previous.as_ref() };
        if after.previous.get() != Some(entry) || before.next.get() != Some(entry) {
            return Err(Corrupt(entry));
        }
        before.next.set(Some(next));
        after.previous.set(Some(previous));
        if self.0 == Some(entry) {
            self.0 = (next != entry).then_some(next);
        }
        link.next.set(None);
        link.previous.set(None);
        Ok(())
    }

    /// Takes the first entry out.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::remove`].
    pub(crate) fn pop(&mut self) -> Result<Option<NonNull<Link>>, Corrupt> {
        let Some(first) = self.0 else { return Ok(None) };
        // SAFETY: the ring says that the entry is in it.
        unsafe { self.remove(first) }.map(|()| Some(first))
    }

    /// Takes the last entry out.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::remove`].
    pub(crate) fn pop_last(&mut self) -> Result<Option<NonNull<Link>>, Corrupt> {
        let Some(first) = self.0 else { return Ok(None) };
        // SAFETY: what is in the ring is alive: its push was promised that.
        let Some(last) = unsafe { first.as_ref() }.previous.get() else { return Err(Corrupt(first)) };
        // SAFETY: the neighbour of an entry is in the same ring.
        unsafe { self.remove(last) }.map(|()| Some(last))
    }
}

#[cfg(test)]
mod tests;
