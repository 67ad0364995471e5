//! A queue whose links lie in what stands in it: nothing is allocated to stand in a queue.
//!
//! # Invariants
//! * An entry is in at most one list, and stays where it is until it is taken out: that is what [`List::push`] demands.
//! * Whoever has a list exclusively is the only one who touches the links of its entries.
#![allow(unsafe_code, reason = "a list reaches its neighbours by their addresses")]

use core::cell::Cell;
use core::ptr::NonNull;

/// An entry's place in a [`List`].
pub(super) struct Link<T> {
    next: Cell<Option<NonNull<T>>>,
    previous: Cell<Option<NonNull<T>>>,
    linked: Cell<bool>,
}

impl<T> Link<T> {
    /// Returns the place of an entry that is in no list.
    pub(super) const fn new() -> Self {
        Self { next: Cell::new(None), previous: Cell::new(None), linked: Cell::new(false) }
    }

    /// Tells whether the entry is in a list. Only who has that list exclusively may ask.
    pub(super) const fn is_linked(&self) -> bool {
        self.linked.get()
    }
}

/// What can stand in a [`List`].
///
/// # Safety
/// The link is a part of the entry, and always the same one.
pub(super) unsafe trait Linked: Sized {
    /// Returns the entry's place.
    fn link(&self) -> &Link<Self>;
}

/// What becomes of an entry that [`List::sweep`] showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// It stays; on to the next.
    Keep,
    /// It is taken out; on to the next.
    Remove,
    /// It stays, and so does the rest.
    Stop,
}

/// The links around the entry at this address contradict one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Corrupt {
    /// The entry's address.
    pub(super) entry: usize,
}

/// A queue, first in, first out.
pub(super) struct List<T> {
    first: Option<NonNull<T>>,
    last: Option<NonNull<T>>,
}

impl<T: Linked> List<T> {
    /// Returns an empty list.
    pub(super) const fn new() -> Self {
        Self { first: None, last: None }
    }

    /// Tells whether nothing is in it.
    pub(super) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Puts an entry at the end. Constant cost.
    ///
    /// # Safety
    /// The entry is in no list, and stays alive and where it is until it is taken out of this one.
    pub(super) unsafe fn push(&mut self, entry: &T) {
        let link = entry.link();
        link.next.set(None);
        link.previous.set(self.last);
        link.linked.set(true);
        let entry = Some(NonNull::from(entry));
        match self.last {
            // SAFETY: what is in the list is alive: its own push was promised that.
            Some(last) => unsafe { last.as_ref() }.link().next.set(entry),
            None => self.first = entry,
        }
        self.last = entry;
    }

    /// Takes an entry out, and tells whether it was in. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    ///
    /// # Safety
    /// The entry is in this list or in none.
    pub(super) unsafe fn remove(&mut self, entry: &T) -> Result<bool, Corrupt> {
        let link = entry.link();
        if !link.linked.get() {
            return Ok(false);
        }
        let this = Some(NonNull::from(entry));
        let (next, previous) = (link.next.get(), link.previous.get());
        // SAFETY: the neighbour of an entry is in the same list, so it is alive: its own push was promised that.
        let after = next.map(|next| unsafe { next.as_ref() }.link());
        // SAFETY: the same promise, made when the neighbour in front was pushed.
        let before = previous.map(|previous| unsafe { previous.as_ref() }.link());
        let known_before = before.map_or(self.first, |before| before.next.get());
        let known_after = after.map_or(self.last, |after| after.previous.get());
        if known_before != this || known_after != this {
            return Err(Corrupt { entry: NonNull::from(entry).as_ptr() as usize });
        }
        match before {
            Some(before) => before.next.set(next),
            None => self.first = next,
        }
        match after {
            Some(after) => after.previous.set(previous),
            None => self.last = previous,
        }
        link.linked.set(false);
        Ok(true)
    }

    /// Takes the first entry out.
    ///
    /// # Errors
    /// [`Corrupt`], see [`List::remove`].
    pub(super) fn pop(&mut self) -> Result<Option<NonNull<T>>, Corrupt> {
        let Some(first) = self.first else { return Ok(None) };
        // SAFETY: what is in the list is alive: its own push was promised that.
        let entry = unsafe { first.as_ref() };
        // SAFETY: the entry is this list's first.
        unsafe { self.remove(entry) }.map(|_| Some(first))
    }

    /// Shows the entries in their order to `visit`, which says of each what becomes of it. Linear in what is shown.
    ///
    /// # Errors
    /// [`Corrupt`], see [`List::remove`].
    pub(super) fn sweep(&mut self, mut visit: impl FnMut(&T) -> Step) -> Result<(), Corrupt> {
        let mut next = self.first;
        while let Some(entry) = next {
            // SAFETY: the entry was reached by the links of this list, which only this call changes, so it is in it and
            // alive.
            let entry = unsafe { entry.as_ref() };
            next = entry.link().next.get();
            match visit(entry) {
                Step::Keep => {}
                Step::Remove => {
                    // SAFETY: the links of this list led to the entry, so it is in it.
                    unsafe { self.remove(entry) }?;
                }
                Step::Stop => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
