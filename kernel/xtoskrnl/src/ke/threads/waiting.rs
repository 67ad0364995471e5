//! How this kernel's threads wait with a time-out, and how they are interrupted by asynchronous procedure calls.
//!
//! # When a thread looks at its calls
//! A bit of what is pending on a processor stands for them. It belongs to the thread that runs, so who comes to run sets it
//! for itself: [`look`] is called after each switch and each time another processor has asked. It sees every call whose
//! caller has not found the thread running: both change the thread's status, one after the other.
#![allow(unsafe_code, reason = "the trait promises what waiting relies on")]

use xtcore::RunLevel;
use xtke::defer::apc::{Interrupting, Queue};
use xtke::platform::{Boost, Parking, Platform};
use xtke::sched::{State, Thread};
use xtke::time::{Due, Expiry, Instant, during};
use xtke::wait::{Alarm, Owned, Waiting};

use super::Kernel;
use crate::ar::local::{self, Mask, Pending};
use crate::ke::interrupt;

// SAFETY: the timer is cancelled, and waited for, before `during` returns; each thread has its own list.
unsafe impl Waiting for Kernel {
    fn with_alarm<R>(deadline: Instant, alarm: &Alarm<Self>, wait: impl FnOnce() -> R) -> R {
        during::<Self, _, _>(Due::At(deadline), |_: Expiry| alarm.ring(), wait)
    }

    fn owned(thread: &Thread<Self>) -> &Owned<Self> {
        &thread.extension().owned
    }
}

impl Interrupting for Kernel {
    fn apcs(thread: &Thread<Self>) -> &Queue<Self> {
        &thread.extension().calls
    }

    fn notify(thread: &Thread<Self>) {
        let _raised = Self::raise(RunLevel::Dispatch);
        if core::ptr::eq(Self::current().as_ptr(), thread) {
            return interrupt::request_apc();
        }
        Self::unpark(thread, Boost::NONE);
        // One that comes to run after that looks by itself.
        if thread.state() == State::Running {
            Self::kick(thread.cpu());
        }
    }

    fn at_passive(run: impl FnOnce()) {
        local::lower(Mask::up_to(RunLevel::Passive), interrupt::deliver);
        run();
        local::set_mask(Mask::up_to(RunLevel::Apc));
    }
}

/// Has the thread that runs deliver its calls as soon as its level allows, if it has any.
pub(super) fn look() {
    if super::running().is_some_and(|thread| thread.extension().calls.is_deliverable()) {
        local::add_pending(Pending::at(RunLevel::Apc));
    }
}

/// Delivers the calls of the thread that runs. At Apc.
pub(super) fn deliver() {
    if let Some(thread) = super::running() {
        Queue::<Kernel>::deliver(thread);
    }
}
