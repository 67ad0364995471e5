//! Doubly linked lists of entries that lie in the books.
//!
//! Links are unit numbers. An entry leaves its list only after both neighbours have confirmed that they know it: a
//! link that was overwritten stops the system there, instead of spreading.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::pool::books::Unit;

/// The links of an entry. They come first in whatever is listed.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Links {
    /// The entry in front; zero at the head of the list.
    previous: AtomicU32,
    /// The entry behind; zero at its end.
    next: AtomicU32,
}

/// The first entry of a list.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Head(Option<Unit>);

/// A neighbour that doesn't know the entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stranger(pub(crate) Unit);

impl Links {
    /// Returns the entry behind.
    pub(crate) fn next(&self) -> Option<Unit> {
        Unit::from_raw(self.next.load(Ordering::Relaxed))
    }

    /// Links an entry to the one behind in a chain that has one direction only.
    pub(crate) fn chain(&self, next: Option<Unit>) {
        self.next.store(Unit::to_raw(next), Ordering::Relaxed);
    }

    fn previous(&self) -> Option<Unit> {
        Unit::from_raw(self.previous.load(Ordering::Relaxed))
    }

    fn set_previous(&self, previous: Option<Unit>) {
        self.previous.store(Unit::to_raw(previous), Ordering::Relaxed);
    }
}

impl Head {
    /// An empty list.
    pub(crate) const EMPTY: Self = Self(None);

    /// Returns the first entry.
    pub(crate) const fn first(&self) -> Option<Unit> {
        self.0
    }

    /// Puts an entry in front. `links` finds the links of an entry.
    pub(crate) fn push<'a>(&mut self, entry: Unit, links: impl Fn(Unit) -> &'a Links) {
        links(entry).set_previous(None);
        links(entry).chain(self.0);
        if let Some(behind) = self.0 {
            links(behind).set_previous(Some(entry));
        }
        self.0 = Some(entry);
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// The neighbour that doesn't point back; the list is as it was.
    pub(crate) fn remove<'a>(
        &mut self,
        entry: Unit,
        links: impl Fn(Unit) -> &'a Links,
    ) -> Result<(), Stranger> {
        let (previous, next) = (links(entry).previous(), links(entry).next());
        if let Some(behind) = next
            && links(behind).previous() != Some(entry)
        {
            return Err(Stranger(behind));
        }
        match previous {
            Some(before) if links(before).next() != Some(entry) => return Err(Stranger(before)),
            Some(before) => links(before).chain(next),
            None if self.0 != Some(entry) => return Err(Stranger(entry)),
            None => self.0 = next,
        }
        if let Some(behind) = next {
            links(behind).set_previous(previous);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
