//! Waiting: objects that threads wait for, one at a time, any of several, or all of several at once.
//!
//! [`Event`]s, [`Semaphore`]s, [`Mutex`]es and [`ThreadEnd`]s are built on [`Parking`] alone. What has one of them inside
//! can be waited for, too: it implements [`Waitable`] by handing out the inner one's [`Target`]. A timer is a timer of
//! the crate's `time` with an event inside, which is set through [`Signal`] when the timer is due: a notification timer
//! with a notification event, a synchronisation timer with a synchronisation event.
//!
//! # What holds
//! * **A signal is used by exactly one wait, or stays.** Each wait has a word that is decided once, by compare-and-swap, by
//!   an object that is signalled or by the waiter whose time is out. Who loses leaves the other's signal alone.
//! * **A wait for all takes all at once or nothing.** It holds the locks of all its objects while it tests them.
//! * **First come, first served** among the waiters of an object who wait for it alone or for any of several. Who waits
//!   for all of several is woken to look in its turn, but the signal goes on to the next in the queue, so it may find the
//!   object taken and has to look again: a wait for all can be overtaken without end, a wait for any cannot. NT's
//!   dispatcher tests the waiter's objects in its place; that would need the locks of objects that the signaller does not
//!   name, against the order of locks.
//! * **Nothing is allocated.** A waiter's place in the queues lies in its own frame, which it leaves only after it took
//!   each place out, under the lock of that queue's object.
//! * **Objects outlive the waits for them**: a wait borrows them.
//!
//! # Levels
//! Signalling: Dispatch at most. Waiting: Apc at most, unless the time-out is [`Timeout::NOW`], which never sleeps. A
//! violation of the latter is [`Misuse::WaitAtRaisedLevel`] in all builds, of the former [`Misuse::LevelTooHigh`] in
//! debug builds.
//!
//! # Asynchronous procedure calls
//! [`Parking::park`] may return without a reason, so a sleeping thread can be woken to run one, and goes on waiting
//! afterwards with its place in the queues and its time-out kept. The call may itself wait, and so use up a permit that was
//! meant for the wait around it: **whoever runs such calls on a thread unparks that thread afterwards.**
//!
//! # Locks
//! Order: objects by ascending address; nothing else of this module. [`Parking::unpark`] is called under the object's lock.
//!
//! # What is left out
//! NT's pulse of an event, which sets it and clears it at once: a waiter that is just then away running an asynchronous
//! procedure call misses it, so nobody can rely on it, and NT's own documentation tells not to. A mutex neither raises
//! its owner's priority nor holds back asynchronous procedure calls: who shares a mutex with one enters a critical region.

mod end;
mod event;
mod look;
mod mutex;
mod object;
mod semaphore;
mod timeout;
mod waiter;

use xtcore::RunLevel;

use crate::misuse::Misuse;
use crate::platform::{Boost, Platform};

pub use end::{EndedBefore, ThreadEnd};
pub use event::{Event, Was};
pub use look::{Busy, Damaged, Objects, Waited};
pub use mutex::{Mutex, NotOwner, Owned, abandon_owned};
pub use object::Target;
pub use semaphore::{LimitExceeded, Permits, PermitsError, Semaphore};
pub use timeout::{Alarm, Timeout, Waiting};
pub use waiter::{First, MAX_OBJECTS, delay, wait, wait_all, wait_any};

#[cfg(doc)]
use crate::platform::Parking;

/// By how much NT raises the priority of a thread whose wait for an event, a semaphore or a mutex ends.
pub const INCREMENT: Boost = Boost::new(1);

/// What a thread can wait for.
pub trait Waitable<P: crate::platform::Parking> {
    /// Returns what the wait is for. Highest level: any.
    fn target(&self) -> Target<'_, P>;
}

/// What can be signalled by one who does not know what it is: a timer that is due, a request that is complete.
pub trait Signal: Sync {
    /// Makes the object signalled and lets those pass who wait for it. Highest level: Dispatch.
    fn signal(&self);
}

/// How what a thread waited for was left by who had it before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[must_use = "what an abandoned mutex protects may be half changed"]
pub enum Handover {
    /// As it should be.
    Orderly,
    /// The mutex, or one of the mutexes, was owned by a thread that ended: what it protects may be half changed.
    Abandoned,
}

/// Why a wait ended without what was waited for. Nothing was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitError {
    /// The time is out.
    TimedOut,
    /// There was nothing to wait for.
    NoObjects,
    /// More than [`MAX_OBJECTS`] objects.
    TooManyObjects {
        /// How many.
        given: usize,
    },
    /// A wait for all was given the same object twice.
    SameObjectTwice {
        /// Its place among the objects, the first time.
        first: usize,
        /// Its place, the second time.
        second: usize,
    },
    /// The thread owns the mutex as often as can be counted.
    OwnedTooOften {
        /// Its place among the objects.
        object: usize,
    },
}

impl core::fmt::Display for WaitError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TimedOut => out.write_str("the time is out"),
            Self::NoObjects => out.write_str("there is nothing to wait for"),
            Self::TooManyObjects { given } => {
                write!(out, "{given} objects are too many for one wait; {MAX_OBJECTS} are the limit")
            }
            Self::SameObjectTwice { first, second } => {
                write!(out, "objects {first} and {second} of a wait for all are the same")
            }
            Self::OwnedTooOften { object } => {
                write!(out, "the thread owns the mutex, object {object}, as often as can be counted")
            }
        }
    }
}

impl core::error::Error for WaitError {}

/// Finds a signal from above Dispatch, in debug builds: who interrupted the holder of an object's lock waits for ever.
fn signals<P: Platform>(operation: &'static str) {
    if cfg!(debug_assertions) && P::run_level() > RunLevel::Dispatch {
        P::misuse(Misuse::LevelTooHigh { operation, level: P::run_level(), highest: RunLevel::Dispatch });
    }
}
