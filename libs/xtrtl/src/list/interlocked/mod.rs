//! A stack that any number of processors take from and give back to at once, without a lock. NT's `SLIST_HEADER`.
//!
//! # Protocol
//! Entries are the elements of one slice, the **slab**, and links are their numbers. One word of 64 bits is the whole head,
//! so that one compare-and-swap changes all of it:
//!
//! ```text
//!   63                      32 31          16 15           0
//!  ┌──────────────────────────┬──────────────┬──────────────┐
//!  │         sequence         │    depth     │  top: 1 + n  │    0 at the top: the stack is empty
//!  └──────────────────────────┴──────────────┴──────────────┘
//! ```
//!
//! A pop reads the top entry's link, then swaps the head. In between others may have popped that entry and one below it, and
//! pushed the first again: the top is the same, the link that was read leads to what somebody else owns. Each push counts the
//! **sequence** up, so the swap fails then. It would be deceived by exactly 2^32 pushes during one pop: at ten nanoseconds
//! each, a processor that stands still for 43 seconds in the middle of one.
//!
//! # Why numbers
//! * A pointer and a sequence want a compare-and-swap of two words. On amd64 that is `cmpxchg16b`, which stable Rust has
//!   only as an intrinsic of one architecture and only for processors that are known to have it; this crate has neither.
//! * Packed into one word, a pointer of 5-level paging leaves too little: 57 bits, less 4 for alignment and 1 that is
//!   known of the kernel's half, leave 12 bits. A counter of 4096 is round in 40 microseconds, less than a system
//!   management interrupt takes.
//! * A pop reads a link of an entry that another processor may have popped and freed. NT lets that fault and mends it in the
//!   fault handler; in a slab that is borrowed for as long as the stack exists, nothing is ever freed.
//! * A lock would do, but not for who is interrupted while it holds it, and interrupts are what this stack is for.
//!
//! So one form serves all four paging modes and both architectures: i686 has `cmpxchg8b`. The price is 65,535 entries at
//! most ([`TooMany`]), which is NT's limit for the depth as well.
//!
//! # Who owns an entry
//! Either a stack or a [`Handle`], which is the only one and gives its value exclusively. A push consumes the handle, so an
//! entry cannot be pushed twice, and cannot be taken out of a stack that it is not in. A handle that is dropped takes its
//! entry out of use until the slab's borrow ends.
#![allow(unsafe_code, reason = "a handle gives out the value of the entry that it owns")]

mod head;
#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};

use head::Head;

use crate::sync::{AtomicU16, AtomicU64, Ordering, constructors};

/// A value that can stand in a [`Stack`].
pub struct Slot<T> {
    below: AtomicU16,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched through the slot's only handle, and goes from holder to holder with that.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    constructors! {
        /// Returns a slot of no slab.
        pub fn new(value: T) -> Self {
            Self { below: AtomicU16::new(0), value: UnsafeCell::new(value) }
        }
    }

    /// Returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Slot")
    }
}

/// More slots than a link can name. Carries how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooMany(pub usize);

impl fmt::Display for TooMany {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} slots are more than {}", self.0, u16::MAX)
    }
}

impl core::error::Error for TooMany {}

/// Slots that stacks share: an entry may go from one to another.
pub struct Slab<'a, T>(&'a [Slot<T>]);

impl<'a, T> Slab<'a, T> {
    /// Takes the slots, and returns a handle to each.
    ///
    /// # Errors
    /// [`TooMany`] beyond 65,535.
    pub fn new(slots: &'a mut [Slot<T>]) -> Result<(Self, Handles<'a, T>), TooMany> {
        if slots.len() > usize::from(u16::MAX) {
            return Err(TooMany(slots.len()));
        }
        let slots: &'a [Slot<T>] = slots;
        Ok((Self(slots), Handles(slots.iter())))
    }

    /// Returns the slot that a link names.
    fn slot(self, link: u16) -> Option<&'a Slot<T>> {
        self.0.get(usize::from(link).checked_sub(1)?)
    }

    /// Returns the link that names a slot, if that is one of these.
    fn link(self, slot: &'a Slot<T>) -> Option<u16> {
        let start = self.0.as_ptr().addr();
        let distance = core::ptr::from_ref(slot).addr().checked_sub(start)?;
        // A slot is never of size 0, and there are fewer than 2^16.
        let number = distance / size_of::<Slot<T>>();
        (number < self.0.len()).then_some(number as u16 + 1)
    }
}

impl<T> Clone for Slab<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slab<'_, T> {}

impl<T> fmt::Debug for Slab<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Slab({} slots)", self.0.len())
    }
}

/// The only way to an entry that is in no stack.
#[must_use = "an entry whose handle is dropped is out of use"]
pub struct Handle<'a, T>(&'a Slot<T>);

// SAFETY: shared, a handle shows its value shared; what else is in a slot is atomic.
unsafe impl<T: Sync> Sync for Handle<'_, T> {}

impl<T> Deref for Handle<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the handle is the slot's only one, and is borrowed.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Handle<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the handle is the slot's only one, and is borrowed exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Handle<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

/// A handle to each slot of a slab.
pub struct Handles<'a, T>(core::slice::Iter<'a, Slot<T>>);

impl<'a, T> Iterator for Handles<'a, T> {
    type Item = Handle<'a, T>;

    fn next(&mut self) -> Option<Handle<'a, T>> {
        self.0.next().map(Handle)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> ExactSizeIterator for Handles<'_, T> {}

impl<T> fmt::Debug for Handles<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Handles({} left)", self.0.len())
    }
}

/// The entry is of another slab. Carries it back.
#[derive(Debug)]
pub struct WrongSlab<'a, T>(pub Handle<'a, T>);

/// A stack, last in, first out.
///
/// Every operation is lock-free, may be called at any run level and by whoever interrupted another one.
///
/// # Examples
/// ```
/// use xtrtl::list::{Slab, Slot, Stack};
///
/// let mut slots = [const { Slot::new([0_u8; 512]) }; 4];
/// let (slab, handles) = Slab::new(&mut slots)?;
/// let free = Stack::new(slab);
/// handles.for_each(|buffer| free.push(buffer).expect("it is of this slab"));
/// let mut buffer = free.pop().expect("there are four");
/// buffer[0] = 1;
/// assert_eq!(free.depth(), 3);
/// # Ok::<(), xtrtl::list::TooMany>(())
/// ```
pub struct Stack<'a, T> {
    head: AtomicU64,
    slab: Slab<'a, T>,
}

impl<'a, T> Stack<'a, T> {
    constructors! {
        /// Returns an empty stack for entries of a slab.
        pub fn new(slab: Slab<'a, T>) -> Self {
            Self { head: AtomicU64::new(Head::EMPTY.0), slab }
        }
    }

    /// Returns how many entries are in it. Others may push and pop at any time.
    pub fn depth(&self) -> u16 {
        self.head(Ordering::Relaxed).depth()
    }

    /// Returns how many pushes there have been, modulo 2^32: who finds it unchanged knows that nothing came meanwhile.
    pub fn sequence(&self) -> u32 {
        self.head(Ordering::Relaxed).sequence()
    }

    /// Puts an entry on top. Cost: one compare-and-swap, and another for each that came in between.
    ///
    /// # Errors
    /// [`WrongSlab`] with the entry.
    pub fn push(&self, entry: Handle<'a, T>) -> Result<(), WrongSlab<'a, T>> {
        let Some(link) = self.slab.link(entry.0) else { return Err(WrongSlab(entry)) };
        self.put(entry.0, |head| head.pushed(link));
        Ok(())
    }

    /// Puts a slot on top, which `pushed` makes of a head.
    fn put(&self, slot: &Slot<T>, pushed: impl Fn(Head) -> Head) {
        let mut head = self.head(Ordering::Relaxed);
        loop {
            slot.below.store(head.top(), Ordering::Relaxed);
            // Release: whoever pops the entry sees its value and its link.
            match self.exchange(head, pushed(head), Ordering::Release, Ordering::Relaxed) {
                Ok(()) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Broken, for a model: the head looks as it did before the entry was popped.
    #[cfg(all(test, loom))]
    fn push_without_sequence(&self, entry: Handle<'a, T>) {
        if let Some(link) = self.slab.link(entry.0) {
            self.put(entry.0, |head| head.pushed(link).in_the_sequence_of(head));
        }
    }

    /// Takes the entry on top. Cost: as of a push.
    pub fn pop(&self) -> Option<Handle<'a, T>> {
        // Acquire: after whoever pushed the top, whose link is read. Every change of the head is an exchange, so it
        // comes after all pushes before it.
        let mut head = self.head(Ordering::Acquire);
        loop {
            let slot = self.slab.slot(head.top())?;
            let below = slot.below.load(Ordering::Relaxed);
            match self.exchange(head, head.popped(below), Ordering::Acquire, Ordering::Acquire) {
                Ok(()) => return Some(Handle(slot)),
                Err(now) => head = now,
            }
        }
    }

    /// Takes all entries at once; the one on top comes first. Constant cost. Those that are left when what is returned
    /// is dropped are out of use, as if their handles had been.
    pub fn flush(&self) -> Flushed<'a, T> {
        let head = Head(self.head.fetch_and(Head::EMPTIED, Ordering::Acquire));
        Flushed { slab: self.slab, top: head.top(), depth: head.depth() }
    }

    fn head(&self, ordering: Ordering) -> Head {
        Head(self.head.load(ordering))
    }

    fn exchange(&self, old: Head, new: Head, success: Ordering, failure: Ordering) -> Result<(), Head> {
        self.head.compare_exchange_weak(old.0, new.0, success, failure).map(drop).map_err(Head)
    }
}

impl<T> fmt::Debug for Stack<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head(Ordering::Relaxed);
        write!(out, "Stack(depth: {}, sequence: {})", head.depth(), head.sequence())
    }
}

/// What a flush took.
#[must_use = "entries that are not taken from it are out of use"]
pub struct Flushed<'a, T> {
    slab: Slab<'a, T>,
    top: u16,
    depth: u16,
}

impl<'a, T> Iterator for Flushed<'a, T> {
    type Item = Handle<'a, T>;

    fn next(&mut self) -> Option<Handle<'a, T>> {
        let slot = self.slab.slot(self.top)?;
        self.top = slot.below.load(Ordering::Relaxed);
        self.depth = self.depth.saturating_sub(1);
        Some(Handle(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.depth), Some(usize::from(self.depth)))
    }
}

impl<T> ExactSizeIterator for Flushed<'_, T> {}

impl<T> fmt::Debug for Flushed<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Flushed({} left)", self.depth)
    }
}
