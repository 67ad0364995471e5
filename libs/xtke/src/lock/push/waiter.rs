//! A thread that waits for a push lock, and the queue of them. All of it lies in the waiters' frames.
//!
//! # Who touches a waiter
//! The links and the count by whoever keeps the word's guard, while the waiter is in the queue. After it has left the
//! queue, the one thread that took it out: it says that the lock is granted, wakes, and says that it has done so; then
//! only the waiter is left to itself. So a waiter that has seen the grant early, for instance because its park returned
//! without a reason, still stays until its waker no longer needs it.
#![allow(unsafe_code, reason = "waiters point at each other's frames")]

use core::ptr::NonNull;

use super::super::step::{self, Step};
use super::word::Kind;
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking, Platform};
use crate::sleep::Reason;
use crate::sync::{AtomicU32, Cell, Ordering};

/// The lock is not this waiter's.
const WAITS: u32 = 0;
/// It is; the waker is about to wake it.
const GRANTED: u32 = 1;
/// The waker has done so and does not come back.
const LEFT_ALONE: u32 = 2;

/// A thread that waits. Its address leaves three bits of a word free.
#[repr(align(8))]
pub(super) struct Waiter<P: Parking> {
    kind: Kind,
    thread: NonNull<P::Thread>,
    state: AtomicU32,
    behind: Cell<Option<NonNull<Waiter<P>>>>,
    /// In the first of the queue: the last.
    last: Cell<Option<NonNull<Waiter<P>>>>,
    /// In the first of the queue: how many threads share the lock.
    sharers: Cell<usize>,
}

impl<P: Parking> Waiter<P> {
    /// Returns the calling thread.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            thread: P::current(),
            state: AtomicU32::new(WAITS),
            behind: Cell::new(None),
            last: Cell::new(None),
            sharers: Cell::new(0),
        }
    }

    /// Sleeps until the lock is granted, for `reason`. The waiter is in a queue.
    pub(super) fn wait(&self, reason: &Reason) {
        let place = Place::<P>(core::marker::PhantomData);
        while self.state.load(Ordering::Acquire) == WAITS {
            P::park_for(reason);
        }
        // The waker is at Dispatch, between two neighbouring steps.
        while self.state.load(Ordering::Acquire) != LEFT_ALONE {
            P::relax();
        }
        core::mem::forget(place);
    }

    /// Lets a waiter that is in no queue any more run, and returns the one that stood behind it.
    ///
    /// Takes an address: a reference that is an argument would have to be valid until the return, and the waiter is not.
    ///
    /// # Safety
    /// The waiter is in [`Waiter::wait`], and nobody else wakes it.
    unsafe fn wake(waiter: NonNull<Self>) -> Option<NonNull<Self>> {
        // SAFETY: the waiter stays in `wait` until it has read the last state that is written below.
        let Self { thread, state, behind, .. } = unsafe { waiter.as_ref() };
        let behind = behind.get();
        // SAFETY: the thread is in `wait` just as long.
        let thread = unsafe { thread.as_ref() };
        let grant = || state.store(GRANTED, Ordering::Release);
        let unpark = || P::unpark(thread, Boost::NONE);
        step::in_order(Step::GrantFirst, grant, unpark);
        state.store(LEFT_ALONE, Ordering::Release);
        if !step::taken(Step::StayAway) {
            unpark();
        }
        behind
    }
}

/// A frame that others point at: a park that unwinds through it would leave them with nothing.
struct Place<P: Platform>(core::marker::PhantomData<fn() -> P>);

impl<P: Platform> Drop for Place<P> {
    fn drop(&mut self) {
        if cfg!(loom) {
            // A model that has failed unwinds its threads, which do not run again.
            return;
        }
        P::misuse(Misuse::CorruptQueue { queue: "a push lock", entry: core::ptr::from_ref(self).addr() });
    }
}

/// The waiters, as whoever keeps the word's guard sees them. There is at least one. Whoever has a line keeps the guard:
/// it is made from what the guard protects, and given back before the guard is given up.
pub(super) struct Line<P: Parking> {
    first: NonNull<Waiter<P>>,
    last: NonNull<Waiter<P>>,
}

impl<P: Parking> Line<P> {
    /// Returns the line of a first waiter, and the count of sharers that it keeps.
    ///
    /// # Safety
    /// The waiter is the one that [`Line::keep`] returned last for this lock, and the caller keeps the guard.
    pub(super) unsafe fn find(first: NonNull<Waiter<P>>) -> (Self, usize) {
        let alone = Self { first, last: first };
        let keeper = alone.first();
        (Self { first, last: keeper.last.get().unwrap_or(first) }, keeper.sharers.get())
    }

    fn first(&self) -> &Waiter<P> {
        // SAFETY: a waiter's frame stays until it has left the queue, which happens under the guard; `self` is used up by
        // `split_first`, which takes the first one out.
        unsafe { self.first.as_ref() }
    }

    /// Notes in the first waiter what the next keeper of the guard must find, and returns that waiter.
    pub(super) fn keep(self, sharers: usize) -> NonNull<Waiter<P>> {
        let keeper = self.first();
        keeper.last.set(Some(self.last));
        keeper.sharers.set(sharers);
        self.first
    }

    /// Puts a waiter at the end, or begins a line with it.
    ///
    /// # Safety
    /// The caller keeps the guard. The waiter is fresh and is in [`Waiter::wait`] from when the guard is given up.
    pub(super) unsafe fn joined(line: Option<Self>, waiter: NonNull<Waiter<P>>) -> Self {
        let Some(line) = line else { return Self { first: waiter, last: waiter } };
        // SAFETY: nobody is taken out of a line but from its front, under the guard, so its last waiter is still in `wait`.
        unsafe { line.last.as_ref() }.behind.set(Some(waiter));
        Self { first: line.first, last: waiter }
    }

    /// Returns what the first waits for.
    pub(super) fn kind_of_first(&self) -> Kind {
        self.first().kind
    }

    /// Takes the first waiter out; returns it with what is left.
    pub(super) fn split_first(self) -> (NonNull<Waiter<P>>, Option<Self>) {
        let behind = self.first().behind.get();
        (self.first, behind.map(|first| Self { first, last: self.last }))
    }
}

/// Waiters that the lock was granted to: they were taken out of the queue, and are linked as they were there.
#[must_use = "these threads sleep until they are woken"]
pub(super) struct Granted<P: Parking> {
    first: Option<NonNull<Waiter<P>>>,
    count: usize,
}

impl<P: Parking> Granted<P> {
    /// Returns nobody.
    pub(super) fn nobody() -> Self {
        Self { first: None, count: 0 }
    }

    /// Adds the waiter that was taken out of the queue next.
    pub(super) fn add(&mut self, waiter: NonNull<Waiter<P>>) {
        self.first.get_or_insert(waiter);
        self.count += 1;
    }

    /// Wakes them, first come, first woken. Called at Dispatch; costs one unpark for each.
    pub(super) fn wake(self) {
        let mut next = self.first;
        for _ in 0..self.count {
            let Some(waiter) = next else { return };
            // SAFETY: the waiter was taken out of the queue for this `Granted`, so nobody else wakes it, and it stays in
            // `wait` until somebody does.
            next = unsafe { Waiter::wake(waiter) };
        }
    }
}
