//! One thread waits for one thing that another one does once, and may free the place afterwards.
//!
//! # Protocol
//! The state goes from `OPEN` to `DONE`, by way of `AWAITED` and `WAKING` if somebody waits. Whoever completes it
//! touches the waiter's thread only between `AWAITED` and `DONE`, and the waiter leaves on `DONE` only: so neither
//! the thread nor the place is gone too early. `DONE` is the completer's last touch. It goes from `WAKING` to `DONE`
//! at Dispatch, so that the waiter, who was woken just before, never spins for long.
#![allow(unsafe_code, reason = "the waiting thread is known by its address")]

use core::ptr::{from_ref, null_mut};

use xtcore::RunLevel;

use crate::platform::{Boost, Parking};
use crate::sleep::Reason;
use crate::sync::{AtomicPtr, AtomicU8, Ordering, constructors};

const OPEN: u8 = 0;
const AWAITED: u8 = 1;
const WAKING: u8 = 2;
const DONE: u8 = 3;

/// Something that happens once, for one thread that waits.
pub(super) struct Done<P: Parking> {
    state: AtomicU8,
    waiter: AtomicPtr<P::Thread>,
}

impl<P: Parking> Done<P> {
    constructors! {
        /// Returns what has not happened.
        pub(super) fn new() -> Self {
            Self { state: AtomicU8::new(OPEN), waiter: AtomicPtr::new(null_mut()) }
        }
    }

    /// Waits until it has happened. One thread does so, once. Highest level: Apc.
    pub(super) fn wait(&self) {
        self.waiter.store(P::current().as_ptr(), Ordering::Relaxed);
        // A failure means that it has happened.
        let _ = self.state.compare_exchange(OPEN, AWAITED, Ordering::Release, Ordering::Relaxed);
        loop {
            match self.state.load(Ordering::Acquire) {
                DONE => return,
                WAKING => P::relax(),
                _ => P::park_for(&Reason::completion(from_ref(self).cast())),
            }
        }
    }

    /// Makes it happen. It is called once, and does not touch the place after the waiter may know. Highest level:
    /// Dispatch.
    pub(super) fn complete(&self) {
        let _raised = P::raise(RunLevel::Dispatch);
        if self.state.compare_exchange(OPEN, DONE, Ordering::Release, Ordering::Acquire).is_ok() {
            return;
        }
        let waiter = self.waiter.load(Ordering::Relaxed);
        // Before the thread is woken: it looks at the state then, and must not sleep again.
        self.state.store(WAKING, Ordering::Release);
        // SAFETY: the thread waits in `wait`, and leaves that only after the store below.
        if let Some(waiter) = unsafe { waiter.as_ref() } {
            P::unpark(waiter, Boost::NONE);
        }
        self.state.store(DONE, Ordering::Release);
    }

    /// Broken, for a model: the waiter may leave before it is woken.
    #[cfg(all(test, loom))]
    pub(super) fn complete_too_early(&self) {
        let waiter = self.waiter.load(Ordering::Relaxed);
        if self.state.swap(DONE, Ordering::AcqRel) == AWAITED {
            let waiter = if waiter.is_null() { self.waiter.load(Ordering::Relaxed) } else { waiter };
            // SAFETY: the models leak their threads.
            P::unpark(unsafe { &*waiter }, Boost::NONE);
        }
    }
}
