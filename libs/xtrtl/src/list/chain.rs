//! A singly linked list: what came last leaves first. NT's `SINGLE_LIST_ENTRY`.
//!
//! # Invariants
//! An entry is in at most one chain, and stays where it is until it is taken out; who has a chain exclusively is the only
//! one who touches its entries' links. There is no way to take out any but the first, so none of another chain.
#![allow(unsafe_code, reason = "a chain reaches its entries by their addresses")]

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

/// What leads from an entry to the next.
#[derive(Debug)]
pub struct Next<T>(Cell<Option<NonNull<T>>>);

impl<T> Next<T> {
    /// Returns what leads nowhere.
    #[must_use]
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }
}

impl<T> Default for Next<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What can stand in a [`Chain`].
///
/// # Safety
/// The link is a part of the entry, and always the same one.
pub unsafe trait Chained: Sized {
    /// Returns what leads to the next entry.
    fn next(&self) -> &Next<Self>;
}

/// A list, last in, first out.
pub struct Chain<T>(Option<NonNull<T>>);

// SAFETY: a chain has no ties to a thread, but shows its entries to the one that has it, as references do.
unsafe impl<T: Sync> Send for Chain<T> {}

impl<T: Chained> Chain<T> {
    /// Returns an empty chain.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Puts an entry in front. Constant cost.
    ///
    /// # Safety
    /// The entry is in no chain, and stays alive and where it is until it is taken out of this one. Meanwhile nobody has it
    /// exclusively.
    pub unsafe fn push(&mut self, entry: NonNull<T>) {
        // SAFETY: what goes into a chain lives until it is taken out, and nobody has it exclusively meanwhile; its link
        // is a cell.
        unsafe { entry.as_ref() }.next().0.set(self.0);
        self.0 = Some(entry);
    }

    /// Takes the first entry out. Constant cost.
    pub fn pop(&mut self) -> Option<NonNull<T>> {
        let first = self.0?;
        // SAFETY: what is in the chain is alive: its push was promised that.
        self.0 = unsafe { first.as_ref() }.next().0.take();
        Some(first)
    }

    /// Returns the first entry.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        // SAFETY: what is in the chain is alive, and stays in it while that is borrowed.
        self.0.map(|first| unsafe { first.as_ref() })
    }

    /// Returns the entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        core::iter::successors(self.first(), |entry| {
            // SAFETY: the chain led here, so this entry is in it as well.
            entry.next().0.get().map(|next| unsafe { next.as_ref() })
        })
    }

    /// Turns the order round: what came first leaves first. Linear.
    pub fn reverse(&mut self) {
        let mut turned = Self::new();
        while let Some(entry) = self.pop() {
            // SAFETY: it was just taken out, and whoever pushed it counts on its being in.
            unsafe { turned.push(entry) };
        }
        *self = turned;
    }
}

impl<T: Chained> Default for Chain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Chained + fmt::Debug> fmt::Debug for Chain<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
