//! A list without `unsafe` for its users: entries outlive it and know it.
//!
//! # Why it is sound
//! * Entries are borrowed for `'a`, which does not end before the list is dropped: none can be freed, moved or had
//!   exclusively while it is in. Who frees entries one by one wants a [`Queue`](super::Queue).
//! * The list is pinned, so while anything is in it its address belongs to no other list; if it is leaked, for ever. That
//!   address, kept in the entry, is the entry's **home**.
//! * An entry that is in no list is claimed by exchanging home 0 for the list's, so two lists cannot both get it. Only
//!   who has the home exclusively touches the entry's links.
//!
//! So entries may be shared between processors, and lists may be anywhere, each behind a lock of its own. The one word more
//! than a [`Queue`](super::Queue)'s buys that [`List::remove`] through the wrong list is an error value, not a promise.
#![allow(unsafe_code, reason = "it makes the promises that a ring demands")]

use core::fmt;
use core::marker::{PhantomData, PhantomPinned};
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::NonNull;

use super::ring::{Corrupt, Link, Ring};
use crate::sync::{AtomicUsize, Ordering, constructors};

const NOWHERE: usize = 0;

/// A value that can stand in a [`List`]. The link comes first, so that the entry is found from it.
#[repr(C)]
pub struct Entry<T> {
    link: Link,
    home: AtomicUsize,
    value: T,
}

// SAFETY: the link is touched only by who has the list exclusively that `home` names.
unsafe impl<T: Sync> Sync for Entry<T> {}
// SAFETY: an entry that can be moved is borrowed by no list, and the addresses in its link are never followed again.
unsafe impl<T: Send> Send for Entry<T> {}

/// The entry is in a list already, perhaps in this one. Carries that list's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlreadyIn(pub usize);

impl fmt::Display for AlreadyIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the entry is in the list at {:#x}", self.0)
    }
}

impl core::error::Error for AlreadyIn {}

/// Why an entry was not taken out. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not in this list, but in the one at this address, or in none.
    Elsewhere(Option<usize>),
    /// Its neighbours do not know it.
    Corrupt(Corrupt),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere(None) => out.write_str("the entry is in no list"),
            Self::Elsewhere(Some(home)) => {
                write!(out, "the entry is in the list at {home:#x}, which is another")
            }
            Self::Corrupt(corrupt) => corrupt.fmt(out),
        }
    }
}

impl core::error::Error for Refusal {}

impl From<Corrupt> for Refusal {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

impl<T> Entry<T> {
    constructors! {
        /// Returns an entry that is in no list.
        pub fn new(value: T) -> Self {
            Self { link: Link::new(), home: AtomicUsize::new(NOWHERE), value }
        }
    }

    /// Returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the address of the list that the entry is in. It may be in another one at any time.
    pub fn home(&self) -> Option<usize> {
        Some(self.home.load(Ordering::Relaxed)).filter(|home| *home != NOWHERE)
    }

    /// Claims an entry that is in no list.
    fn claim(&self, home: usize) -> Result<(), AlreadyIn> {
        // Acquire: after what the list did to the links that had the entry before.
        let claimed = self.home.compare_exchange(NOWHERE, home, Ordering::Acquire, Ordering::Relaxed);
        claimed.map(drop).map_err(AlreadyIn)
    }

    /// Broken, for a model: two may both find that the entry is in no list.
    #[cfg(all(test, loom))]
    fn claim_by_looking(&self, home: usize) -> Result<(), AlreadyIn> {
        match self.home.load(Ordering::Acquire) {
            NOWHERE => Ok(self.home.store(home, Ordering::Relaxed)),
            other => Err(AlreadyIn(other)),
        }
    }

    /// Lets other lists have the entry, which was taken out of its own.
    fn release(&self) {
        self.home.store(NOWHERE, Ordering::Release);
    }
}

impl<T> Deref for Entry<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Entry<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Entry<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)
    }
}

/// A list of entries that outlive it. Dropping it takes all of them out.
///
/// # Examples
/// ```
/// use std::pin::pin;
/// use xtrtl::list::{Entry, List, Refusal};
///
/// let [one, other] = [Entry::new("one"), Entry::new("other")];
/// let (mut ready, mut done) = (pin!(List::new()), pin!(List::new()));
/// ready.as_mut().push(&one)?;
/// done.as_mut().push(&other)?;
/// assert_eq!(ready.as_mut().remove(&other), Err(Refusal::Elsewhere(other.home())));
/// assert!(ready.as_mut().push(&other).is_err());
/// # Ok::<(), xtrtl::list::AlreadyIn>(())
/// ```
pub struct List<'a, T> {
    ring: Ring,
    entries: PhantomData<&'a Entry<T>>,
    _pinned: PhantomPinned,
}

// SAFETY: shared, a list only reads links, which nobody can write meanwhile, and shows its entries.
unsafe impl<T: Sync> Sync for List<'_, T> {}

impl<'a, T> List<'a, T> {
    /// Returns an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { ring: Ring::new(), entries: PhantomData, _pinned: PhantomPinned }
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Tells whether an entry is in it. Constant cost.
    pub fn contains(&self, entry: &Entry<T>) -> bool {
        entry.home() == Some(self.address())
    }

    /// Returns the first entry.
    #[must_use]
    pub fn first(&self) -> Option<&'a Entry<T>> {
        // SAFETY: it is in the list.
        self.ring.first().map(|link| unsafe { Self::entry(link) })
    }

    /// Returns the last entry.
    #[must_use]
    pub fn last(&self) -> Option<&'a Entry<T>> {
        // SAFETY: it is in the list.
        self.ring.last().map(|link| unsafe { Self::entry(link) })
    }

    /// Returns the entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a Entry<T>> {
        // SAFETY: the ring led to the entry, and is borrowed.
        let links = core::iter::successors(self.ring.first(), |link| unsafe { self.ring.after(*link) });
        // SAFETY: it is in the list.
        links.map(|link| unsafe { Self::entry(link) })
    }

    /// Puts an entry at the end. Constant cost.
    ///
    /// # Errors
    /// [`AlreadyIn`].
    pub fn push(self: Pin<&mut Self>, entry: &'a Entry<T>) -> Result<(), AlreadyIn> {
        entry.claim(self.address())?;
        // SAFETY: it was in no list when it was claimed; it outlives the list, and dropping that takes it out.
        unsafe { self.ring().push(NonNull::from(entry).cast()) };
        Ok(())
    }

    /// Puts an entry before all others. Constant cost.
    ///
    /// # Errors
    /// [`AlreadyIn`].
    pub fn push_first(self: Pin<&mut Self>, entry: &'a Entry<T>) -> Result<(), AlreadyIn> {
        entry.claim(self.address())?;
        // SAFETY: the claim says that it was in no list, and the borrow that it outlives this one.
        unsafe { self.ring().push_first(NonNull::from(entry).cast()) };
        Ok(())
    }

    /// Takes an entry out. Constant cost.
    ///
    /// # Errors
    /// [`Refusal`]; nothing is changed.
    pub fn remove(self: Pin<&mut Self>, entry: &Entry<T>) -> Result<(), Refusal> {
        if !self.contains(entry) {
            return Err(Refusal::Elsewhere(entry.home()));
        }
        // SAFETY: its home says that it is in this list, and who has that exclusively is here.
        unsafe { self.ring().remove(NonNull::from(entry).cast()) }?;
        entry.release();
        Ok(())
    }

    /// Takes the first entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    pub fn pop(self: Pin<&mut Self>) -> Result<Option<&'a Entry<T>>, Corrupt> {
        let link = self.ring().pop()?;
        Ok(link.map(Self::released))
    }

    /// Takes the last entry out. Constant cost.
    ///
    /// # Errors
    /// [`Corrupt`] when its neighbours do not know it; nothing is changed then.
    pub fn pop_last(self: Pin<&mut Self>) -> Result<Option<&'a Entry<T>>, Corrupt> {
        let link = self.ring().pop_last()?;
        Ok(link.map(Self::released))
    }

    /// Puts all entries of another list at the end, in their order, and leaves that empty. Linear in those, because each
    /// gets a new home.
    ///
    /// # Errors
    /// [`Corrupt`], see [`Ring::append`]; nothing is changed then.
    pub fn append(self: Pin<&mut Self>, other: Pin<&mut Self>) -> Result<(), Corrupt> {
        let (home, mut moved) = (self.address(), other.ring.first());
        let ring = self.ring();
        ring.append(other.ring())?;
        while let Some(link) = moved {
            // SAFETY: it came from the other list's ring.
            unsafe { Self::entry(link) }.home.store(home, Ordering::Relaxed);
            // SAFETY: it is in this list's ring now.
            moved = unsafe { ring.after(link) };
        }
        Ok(())
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    fn ring(self: Pin<&mut Self>) -> &mut Ring {
        // SAFETY: nothing is moved out of the list; the ring may be moved, the list may not.
        &mut unsafe { self.get_unchecked_mut() }.ring
    }

    /// Returns the entry around a link.
    ///
    /// # Safety
    /// The link is or was in the list's ring.
    unsafe fn entry(link: NonNull<Link>) -> &'a Entry<T> {
        // SAFETY: it is the first field of an entry that was pushed, which is borrowed for `'a`.
        unsafe { link.cast::<Entry<T>>().as_ref() }
    }

    /// Returns the entry of a link that was taken out, and lets other lists have it.
    fn released(link: NonNull<Link>) -> &'a Entry<T> {
        // SAFETY: both callers took it out of the list's ring.
        let entry = unsafe { Self::entry(link) };
        entry.release();
        entry
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for List<'_, T> {
    fn drop(&mut self) {
        // Links that contradict one another lead nowhere: what is behind them stays claimed, which is safe.
        while let Ok(Some(link)) = self.ring.pop() {
            Self::released(link);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
