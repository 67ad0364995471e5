//! What is known of deferred work that threads do: whether it is queued, and how many threads are doing it.
//!
//! A routine that runs on a thread may sleep, so who waits for its end sleeps, too. The word of the state says in one
//! step that a run has ended and whether somebody waits for that; it is the last that the runner touches unless
//! somebody does.
#![allow(unsafe_code, reason = "the waiter is known by its address")]

use core::ptr::{from_ref, null_mut};

use super::done::Done;
use crate::platform::Parking;
use crate::sync::{AtomicPtr, AtomicU32, Ordering, constructors};

const QUEUED: u32 = 1;
const AWAITED: u32 = 2;
const RUNNING: u32 = 4;

/// See the module.
pub(super) struct Runs<P: Parking> {
    state: AtomicU32,
    waiter: AtomicPtr<Done<P>>,
}

impl<P: Parking> Runs<P> {
    constructors! {
        /// Returns what is neither queued nor run.
        pub(super) fn new() -> Self {
            Self { state: AtomicU32::new(0), waiter: AtomicPtr::new(null_mut()) }
        }
    }

    /// Tells whether it is queued.
    pub(super) fn is_queued(&self) -> bool {
        self.state.load(Ordering::Acquire) & QUEUED != 0
    }

    /// Makes the caller the one who queues it, unless it is queued.
    pub(super) fn claim(&self) -> bool {
        self.state.fetch_or(QUEUED, Ordering::AcqRel) & QUEUED == 0
    }

    /// Notes that it is not queued any more, nor will run. The caller took it out, or did not put it in.
    pub(super) fn unclaim(&self) {
        self.state.fetch_and(!QUEUED, Ordering::AcqRel);
    }

    /// Notes that the caller, who took it out, runs it; it may be queued again from here on.
    pub(super) fn begin(&self) {
        // One step: `QUEUED` goes and the count rises, so it never looks idle in between.
        self.state.fetch_add(RUNNING - QUEUED, Ordering::AcqRel);
    }

    /// Notes that a run has ended. It may be gone when this returns. Highest level: Dispatch.
    pub(super) fn finish(&self) {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let last = state & !QUEUED == RUNNING | AWAITED;
            // Read before the step that lets the waiter go; a waiter who comes later makes the step fail.
            let waiter = if last { self.waiter.load(Ordering::Relaxed) } else { null_mut() };
            match self.state.compare_exchange_weak(
                state,
                state - RUNNING,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    // SAFETY: the waiter's frame stays until this completes it, and only the last run does.
                    if let Some(waiter) = unsafe { waiter.as_ref() } {
                        waiter.complete();
                    }
                    return;
                }
                Err(now) => state = now,
            }
        }
    }

    /// Waits until nobody runs it. The caller is the only one who waits, and has seen to it that it is not queued
    /// again. Highest level: Apc.
    pub(super) fn settle(&self) {
        if self.state.load(Ordering::Acquire) & !QUEUED == 0 {
            return;
        }
        let done = Done::new();
        self.waiter.store(from_ref(&done).cast_mut(), Ordering::Relaxed);
        let before = self.state.fetch_or(AWAITED, Ordering::AcqRel);
        if before >= RUNNING {
            done.wait();
        }
        self.state.fetch_and(!AWAITED, Ordering::AcqRel);
    }

    /// Tells whether somebody runs it.
    pub(super) fn is_running(&self) -> bool {
        self.state.load(Ordering::Acquire) >= RUNNING
    }

    /// Broken, for a model: the count falls first, and then it looks for the owner.
    #[cfg(all(test, loom))]
    pub(super) fn finish_unseen(&self) {
        let awaited = self.state.load(Ordering::Acquire) & AWAITED != 0;
        let last = self.state.fetch_sub(RUNNING, Ordering::AcqRel) & !QUEUED & !AWAITED == RUNNING;
        if awaited && last {
            let waiter = self.waiter.load(Ordering::Relaxed);
            // SAFETY: the owner was seen, and waits for this.
            unsafe { &*waiter }.complete();
        }
    }
}
