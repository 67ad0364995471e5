//! A queue whose links lie in what stands in it, first in, first out: the ground that the other doubly linked lists stand on.
//!
//! The links form a ring, so that one word, the first entry, is a whole queue: an array of hundreds of queues stays
//! small, and an empty or a full one can be moved.
//!
//! ```text
//!   Ring ──▶ first ⇄ second ⇄ … ⇄ last
//!              ▲                    ▲
//!              └────────⇄───────────┘
//! ```
//!
//! # Invariants
//! * An entry stands in at most one ring, and stays where it is until it is taken out: [`Ring::push`] demands it.
//! * Whoever has a ring exclusively is the only one who touches the links of its entries.
//! * `next.previous` and `previous.next` of each entry are the entry; a removal that finds otherwise changes nothing.
#![allow(unsafe_code, reason = "a ring reaches its neighbours by their addresses")]

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

/// An entry's place in a ring.
#[derive(Debug)]
pub struct Link {
    next: Cell<Option<NonNull<Link>>>,
    previous: Cell<Option<NonNull<Link>>>,
}

impl Link {
    /// Returns the place of an entry that is in no ring.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: Cell::new(None), previous: Cell::new(None) }
    }

    /// Tells whether the entry is in a ring. Only who has that ring exclusively may ask.
    #[must_use]
    pub const fn is_linked(&self) -> bool {
        self.next.get().is_some()
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

/// The links around an entry contradict one another: somebody wrote to memory that was not theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupt {
    /// The address of the entry; of its link, where entries have no type.
    pub entry: usize,
}

impl Corrupt {
    fn at(link: NonNull<Link>) -> Self {
        Self { entry: link.addr().get() }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the links around the entry at {:#x} contradict one another", self.entry)
    }
}

impl core::error::Error for Corrupt {}

/// A queue.
#[derive(Debug)]
pub struct Ring(Option<NonNull<Link>>);

// SAFETY: a ring has no ties to a thread; what its entries allow is decided by whoever pushes them.
unsafe impl Send for Ring {}

impl Ring {
    /// Returns an empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the entry that leaves first.
    #[must_use]
    pub const fn first(&self) -> Option<NonNull<Link>> {
        self.0
    }

    /// Returns the entry that leaves last.
    #[must_use]
    pub fn last(&self) -> Option<NonNull<Link>> {
        // SAFETY: what is in the ring is alive: its push was promised that.
        self.0.and_then(|first| unsafe { first.as_ref() }.previous.get())
    }

    /// Returns the only entry, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<NonNull<Link>> {
        let first = self.0?;
        // SAFETY: what is in the ring is alive: its push was promised that.
        (unsafe { first.as_ref() }.next.get() == Some(first)).then_some(first)
    }

    /// Returns the entry behind another one; nothing behind the last.
    ///
    /// # Safety
    /// The entry is in this ring.
    #[must_use]
    pub unsafe fn after(&self, entry: NonNull<Link>) -> Option<NonNull<Link>> {
        // SAFETY: the entry is in this ring, so it is alive.
        unsafe { entry.as_ref() }.next.get().filter(|next| Some(*next) != self.0)
    }

    /// Puts an entry at the end. Constant cost.
    ///
    /// # Safety
    /// The entry is in no ring, and stays alive and where it is until it is taken out of this one. The pointer may be
    /// used for all of the entry, not only its link.
    pub unsafe fn push(&mut self, entry: NonNull<Link>) {
        // SAFETY: what goes into a ring lives until it is taken out, which is after this; a link consists of cells, so that a
        // shared reference conflicts with none that others have.
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

    /// Puts an entry before all others. Constant cost.
    ///
    /// # Safety
    /// As of [`Ring::push`].
    pub unsafe fn push_first(&mut self, entry: NonNull<Link>) {
        // In a ring the place behind the last is the place before the first.
        // SAFETY: the caller promises what `push` demands.
        unsafe { self.push(entry) };
        self.0 = Some(entry);
    }

    /// Puts all entries of another ring at the end, in their order, and leaves that empty. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] with the first entry of the ring that does not know its last; nothing is changed then.
    pub fn append(&mut self, other: &mut Self) -> Result<(), Corrupt> {
        let Some(theirs) = other.0 else { return Ok(()) };
        let Some(ours) = self.0 else {
            self.0 = other.0.take();
            return Ok(());
        };
        let our_last = self.last().ok_or(Corrupt::at(ours))?;
        let their_last = other.last().ok_or(Corrupt::at(theirs))?;
        other.0 = None;
        // SAFETY: what is in this ring is alive: its push was promised that.
        unsafe { ours.as_ref() }.previous.set(Some(their_last));
        // SAFETY: its last is in this ring as well.
        unsafe { our_last.as_ref() }.next.set(Some(theirs));
        // SAFETY: what was in the other ring is in this one from now on, and alive until it is taken out.
        unsafe { theirs.as_ref() }.previous.set(Some(our_last));
        // SAFETY: the other ring's last came along.
        unsafe { their_last.as_ref() }.next.set(Some(ours));
        Ok(())
    }

    /// Takes an entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    ///
    /// # Safety
    /// The entry is in this ring.
    pub unsafe fn remove(&mut self, entry: NonNull<Link>) -> Result<(), Corrupt> {
        // SAFETY: the entry is in this ring, so it is alive.
        let link = unsafe { entry.as_ref() };
        let (Some(next), Some(previous)) = (link.next.get(), link.previous.get()) else {
            return Err(Corrupt::at(entry));
        };
        // SAFETY: the neighbour of an entry is in the same ring, so it is alive.
        let after = unsafe { next.as_ref() };
        // SAFETY: so is the neighbour on the other side, which may be the same one, or the entry itself.
        let before = unsafe { previous.as_ref() };
        if after.previous.get() != Some(entry) || before.next.get() != Some(entry) {
            return Err(Corrupt::at(entry));
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

    /// Takes the first entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::remove`].
    pub fn pop(&mut self) -> Result<Option<NonNull<Link>>, Corrupt> {
        let Some(first) = self.0 else { return Ok(None) };
        // SAFETY: the ring says that the entry is in it.
        unsafe { self.remove(first) }.map(|()| Some(first))
    }

    /// Takes the last entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::remove`].
    pub fn pop_last(&mut self) -> Result<Option<NonNull<Link>>, Corrupt> {
        let Some(first) = self.0 else { return Ok(None) };
        let Some(last) = self.last() else { return Err(Corrupt::at(first)) };
        // SAFETY: the neighbour of an entry is in the same ring.
        unsafe { self.remove(last) }.map(|()| Some(last))
    }

    /// Counts the entries, and looks at the links of each. Linear; it ends on any links whose entries exist.
    ///
    /// # Errors
    /// [`Corrupt`] with the first entry that the one behind it does not know.
    pub fn verify(&self) -> Result<usize, Corrupt> {
        let Some(first) = self.0 else { return Ok(0) };
        let (mut entry, mut count) = (first, 0);
        loop {
            count += 1;
            // SAFETY: the links of this ring led here, so the entry is in it and alive.
            let Some(next) = unsafe { entry.as_ref() }.next.get() else { return Err(Corrupt::at(entry)) };
            // An entry has one previous, so the walk can come twice to none but the first.
            // SAFETY: the neighbour of an entry is in the same ring.
            if unsafe { next.as_ref() }.previous.get() != Some(entry) {
                return Err(Corrupt::at(entry));
            }
            if next == first {
                return Ok(count);
            }
            entry = next;
        }
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
