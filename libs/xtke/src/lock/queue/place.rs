//! A place in the queue: how waiters come one behind the other, and let each other to the front.
//!
//! # Protocol
//! A waiter that comes exchanges `tail`, which makes an order, and writes its address into the place before it, if there
//! is one. A waiter that leaves is at the front; it makes the queue empty if it is the last too, else it waits until the
//! one behind it has written its address, and tells that one that it is at the front now.
//!
//! # Who touches a place
//! Its processor; the one behind it, once, with the address; the one before it, once, with the news. A place's
//! processor awaits both before it gives the place up, except for an address that cannot come, because it was the last.
#![allow(unsafe_code, reason = "waiters point at each other's frames")]

use core::hint::spin_loop;
use core::ptr;

use super::super::step::{self, Step};
use crate::sync::{AtomicBool, AtomicPtr, Ordering, constructors};

/// A place in the queue. A line of the cache of its own, so that looking at it disturbs nobody.
#[derive(Debug)]
#[repr(align(64))]
pub(in crate::lock) struct Place {
    /// The place behind this one.
    behind: AtomicPtr<Place>,
    /// Nobody stands before this place any more.
    at_front: AtomicBool,
}

impl Place {
    pub(in crate::lock) fn new() -> Self {
        Self { behind: AtomicPtr::new(ptr::null_mut()), at_front: AtomicBool::new(false) }
    }
}

/// The last place of the queue; null if it is empty.
#[derive(Debug)]
pub(in crate::lock) struct Line(AtomicPtr<Place>);

impl Line {
    constructors! {
        /// Returns a queue of nobody.
        pub(in crate::lock) fn new() -> Self {
            Self(AtomicPtr::new(ptr::null_mut()))
        }
    }

    /// Tells whether nobody waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }

    /// Puts a fresh place at the end.
    ///
    /// # Safety
    /// The place stays where it is until the result is dropped, and the result is dropped.
    pub(in crate::lock) unsafe fn join<'a>(&'a self, place: &'a Place) -> Standing<'a> {
        let address = ptr::from_ref(place).cast_mut();
        // Acquire, to find the place before this one initialised; release, to show this one so.
        let before = self.0.swap(address, Ordering::AcqRel);
        let Some(before) = ptr::NonNull::new(before) else {
            place.at_front.store(true, Ordering::Relaxed);
            return Standing { line: self, place };
        };
        // SAFETY: that place is in use until its processor has read the address that is written here, and only here,
        // since the exchange made this place the one behind it.
        let before = unsafe { before.as_ref() };
        before.behind.store(address, Ordering::Release);
        if !step::taken(Step::StandBehind) {
            place.at_front.store(true, Ordering::Relaxed);
        }
        Standing { line: self, place }
    }
}

/// A processor that stands in the queue.
///
/// Dropping it leaves the queue as [`Standing::leave`] does, for the machines of tests, which may end a processor by
/// unwinding out of [`Platform::relax`](crate::platform::Platform::relax): the queue stays whole.
#[must_use]
pub(in crate::lock) struct Standing<'a> {
    line: &'a Line,
    place: &'a Place,
}

impl Standing<'_> {
    /// Waits until nobody stands before.
    pub(in crate::lock) fn wait(&self, relax: fn()) {
        while !self.place.at_front.load(Ordering::Acquire) {
            relax();
        }
    }

    /// Leaves the queue, from its front.
    pub(in crate::lock) fn leave(self, relax: fn()) {
        self.let_next_come(relax);
        core::mem::forget(self);
    }

    fn let_next_come(&self, relax: fn()) {
        let address = ptr::from_ref(self.place).cast_mut();
        let mut behind = self.place.behind.load(Ordering::Acquire);
        if behind.is_null() {
            let alone =
                self.line.0.compare_exchange(address, ptr::null_mut(), Ordering::Release, Ordering::Relaxed);
            if alone.is_ok() {
                return;
            }
            // Somebody has exchanged `tail` and is about to write its address; a few instructions.
            while behind.is_null() {
                relax();
                behind = self.place.behind.load(Ordering::Acquire);
            }
        }
        // SAFETY: not null, so it is the place of the one behind, who keeps it until it has the news.
        unsafe { (*behind).at_front.store(true, Ordering::Release) };
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.wait(spin_loop);
        self.let_next_come(spin_loop);
    }
}
