//! A [`Ring`] whose entries have a type.
//!
//! A type may have several links, each for another kind of queue: the second parameter of [`Linked`] tells them apart.
//!
//! # Invariants
//! Those of a ring. All entries of a queue are of its type, and lie around their links.
#![allow(unsafe_code, reason = "an entry is found from the address of its link")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::ring::{Corrupt, Link, Ring};

/// What can stand in a [`Queue`], by the link that is called `Which`.
///
/// # Safety
/// There is a [`Link`] at [`Linked::OFFSET`] of every value of the type, and it is used for no other queue: not by
/// another `Which`, and not by a ring.
///
/// # Examples
/// ```
/// use xtrtl::list::{Link, Linked};
///
/// struct Request {
///     sector: u64,
///     place: Link,
/// }
///
/// // SAFETY: the link is this type's only one.
/// unsafe impl Linked for Request {
///     const OFFSET: usize = core::mem::offset_of!(Self, place);
/// }
/// ```
pub unsafe trait Linked<Which = ()>: Sized {
    /// Where the link lies in the entry, in bytes.
    const OFFSET: usize;
}

/// What becomes of an entry that [`Queue::sweep`] showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It stays; on to the next.
    Keep,
    /// It is taken out; on to the next.
    Remove,
    /// It stays, and so does the rest.
    Stop,
}

/// A queue, first in, first out.
pub struct Queue<T, Which = ()> {
    ring: Ring,
    entries: PhantomData<NonNull<T>>,
    which: PhantomData<fn() -> Which>,
}

// SAFETY: a queue has no ties to a thread, but shows its entries to the one that has it, as references do.
unsafe impl<T: Sync, Which> Send for Queue<T, Which> {}

impl<T: Linked<Which>, Which> Queue<T, Which> {
    /// Returns an empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { ring: Ring::new(), entries: PhantomData, which: PhantomData }
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Returns the entry that leaves first.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        // SAFETY: it is in the queue, which is borrowed.
        self.ring.first().map(|link| unsafe { Self::show(link) })
    }

    /// Returns the entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: the ring led to the entry, and is borrowed.
        let links = core::iter::successors(self.ring.first(), |link| unsafe { self.ring.after(*link) });
        // SAFETY: it is in the queue, and stays in it while that is borrowed.
        links.map(|link| unsafe { Self::show(link) })
    }

    /// Puts an entry at the end. Constant cost.
    ///
    /// # Safety
    /// The entry is in no queue of this `Which`, and stays alive and where it is until it is taken out of this one.
    /// Meanwhile nobody has it exclusively.
    pub unsafe fn push(&mut self, entry: NonNull<T>) {
        // SAFETY: the caller promises it, and the pointer is for the whole entry.
        unsafe { self.ring.push(Self::link(entry)) };
    }

    /// Puts an entry before all others. Constant cost.
    ///
    /// # Safety
    /// As of [`Queue::push`].
    pub unsafe fn push_first(&mut self, entry: NonNull<T>) {
        // SAFETY: the caller promises it, and the pointer is for the whole entry.
        unsafe { self.ring.push_first(Self::link(entry)) };
    }

    /// Puts all entries of another queue at the end, in their order, and leaves that empty. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::append`].
    pub fn append(&mut self, other: &mut Self) -> Result<(), Corrupt> {
        self.ring.append(&mut other.ring).map_err(Self::named)
    }

    /// Takes an entry out, and tells whether it was in. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    ///
    /// # Safety
    /// The entry is alive, and in this queue or in none of this `Which`.
    pub unsafe fn remove(&mut self, entry: NonNull<T>) -> Result<bool, Corrupt> {
        let link = Self::link(entry);
        // SAFETY: the entry is alive for this call, in whatever queue it is; whether it is linked is read from a cell.
        if !unsafe { link.as_ref() }.is_linked() {
            return Ok(false);
        }
        // SAFETY: the entry is linked, so it is in this queue, as the caller promises.
        unsafe { self.ring.remove(link) }.map(|()| true).map_err(Self::named)
    }

    /// Takes the first entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Queue::remove`].
    pub fn pop(&mut self) -> Result<Option<NonNull<T>>, Corrupt> {
        // SAFETY: the entry was in this queue a moment ago.
        self.ring.pop().map(|link| link.map(|link| unsafe { Self::entry(link) })).map_err(Self::named)
    }

    /// Takes the last entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Queue::remove`].
    pub fn pop_last(&mut self) -> Result<Option<NonNull<T>>, Corrupt> {
        // SAFETY: the entry was in this queue a moment ago.
        self.ring.pop_last().map(|link| link.map(|link| unsafe { Self::entry(link) })).map_err(Self::named)
    }

    /// Shows the entries in their order to `visit`, which says of each what becomes of it. Linear in what is shown.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Queue::remove`].
    pub fn sweep(&mut self, mut visit: impl FnMut(&T) -> Step) -> Result<(), Corrupt> {
        let mut next = self.ring.first();
        while let Some(link) = next {
            // SAFETY: the links of this queue, which only this call changes, led to the entry, and it was not taken out.
            next = unsafe { self.ring.after(link) };
            // SAFETY: it is in the queue, and the call that looks at it cannot take it out.
            match visit(unsafe { Self::show(link) }) {
                Step::Keep => {}
                // SAFETY: it is in the ring: the links led to it a moment ago.
                Step::Remove => unsafe { self.ring.remove(link) }.map_err(Self::named)?,
                Step::Stop => break,
            }
        }
        Ok(())
    }

    /// Shows the entry around a link.
    ///
    /// # Safety
    /// The link is in a queue of this type, and stays in it for as long as the entry is looked at.
    unsafe fn show<'e>(link: NonNull<Link>) -> &'e T {
        // SAFETY: what is in a queue was pushed into one.
        let entry = unsafe { Self::entry(link) };
        // SAFETY: what is in the queue is alive: its push was promised that.
        unsafe { entry.as_ref() }
    }

    /// Returns the entry around a link.
    ///
    /// # Safety
    /// The link was pushed into a queue of this type, so that its pointer is for the whole entry.
    const unsafe fn entry(link: NonNull<Link>) -> NonNull<T> {
        // SAFETY: the link lies so many bytes behind the beginning of its entry.
        unsafe { link.byte_sub(T::OFFSET) }.cast()
    }

    /// Returns an entry's link.
    const fn link(entry: NonNull<T>) -> NonNull<Link> {
        // SAFETY: the link lies in the entry, see `Linked`.
        unsafe { entry.byte_add(T::OFFSET) }.cast()
    }

    /// Tells of an entry by its own address.
    fn named(corrupt: Corrupt) -> Corrupt {
        Corrupt { entry: corrupt.entry.wrapping_sub(T::OFFSET) }
    }
}

impl<T: Linked<Which>, Which> Default for Queue<T, Which> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Linked<Which> + fmt::Debug, Which> fmt::Debug for Queue<T, Which> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
