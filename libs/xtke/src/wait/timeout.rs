//! How long a thread waits, and who tells it that the time is out.
#![allow(
    unsafe_code,
    reason = "a trait promises what unsafe code here relies on; an alarm rings for a thread"
)]

use core::ptr::NonNull;

use super::mutex::Owned;
use crate::platform::{Boost, Parking};
use crate::sync::{AtomicBool, Ordering};
use crate::time::{Instant, Interval};

/// How long a thread waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// Until what it waits for has come.
    Never,
    /// Until a moment.
    At(Instant),
    /// For so long from now.
    After(Interval),
}

impl Timeout {
    /// No time at all: what is not there now is not waited for. Such a wait never sleeps, so it is allowed at Dispatch.
    pub const NOW: Self = Self::After(Interval::ZERO);

    /// Returns the moment when the time is out, if it ever is.
    pub(super) fn deadline<P: Parking>(self) -> Option<Instant> {
        let deadline = match self {
            Self::Never => return None,
            Self::At(moment) => moment,
            Self::After(interval) => P::now() + interval,
        };
        (deadline != Instant::NEVER).then_some(deadline)
    }
}

/// What waiting needs of the machine beyond parking: alarms, and a place in each thread for the mutexes that it owns.
///
/// # Safety
/// Unsafe code relies on this:
/// * [`Waiting::with_alarm`] calls its argument, and does not use the alarm after it returned;
/// * [`Waiting::owned`] always returns the same list for a thread, and another one for another thread.
pub unsafe trait Waiting: Parking {
    /// Runs `wait`, and if it is still running at `deadline` or soon after, calls [`Alarm::ring`] once, from wherever that
    /// is possible at Dispatch or below. Highest level: Apc.
    ///
    /// Calls are nested when a thread runs an asynchronous procedure call while it waits: the alarm and the timer behind
    /// it belong into the frame of this function, not into the thread.
    fn with_alarm<R>(deadline: Instant, alarm: &Alarm<Self>, wait: impl FnOnce() -> R) -> R;

    /// Returns the mutexes that a thread owns.
    fn owned(thread: &Self::Thread) -> &Owned<Self>;
}

/// What a thread that waits looks at to know whether its time is out.
pub struct Alarm<P: Parking> {
    thread: NonNull<P::Thread>,
    rang: AtomicBool,
}

// SAFETY: the thread is `Sync`, and the alarm is that thread's own, which is alive as long as it waits.
unsafe impl<P: Parking> Sync for Alarm<P> {}
// SAFETY: nothing in it belongs to one processor or thread of those that may ring it.
unsafe impl<P: Parking> Send for Alarm<P> {}

impl<P: Parking> core::fmt::Debug for Alarm<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Alarm(rang: {})", self.rang())
    }
}

impl<P: Parking> Alarm<P> {
    /// Returns an alarm of the calling thread that has not rung.
    pub(super) fn new() -> Self {
        Self { thread: P::current(), rang: AtomicBool::new(false) }
    }

    /// Tells the thread that its time is out. Highest level: Dispatch.
    pub fn ring(&self) {
        // Unpark and park order this store before the thread's look at it.
        self.rang.store(true, Ordering::Release);
        // SAFETY: the alarm lives in a function that its thread is in, so the thread is alive.
        P::unpark(unsafe { self.thread.as_ref() }, Boost::NONE);
    }

    /// Tells whether it rang.
    pub(super) fn rang(&self) -> bool {
        self.rang.load(Ordering::Acquire)
    }
}

/// Runs `wait` with an alarm that rings at `deadline`, or never.
pub(super) fn until<P: Waiting, R>(deadline: Option<Instant>, wait: impl FnOnce(&Alarm<P>) -> R) -> R {
    let alarm = Alarm::new();
    match deadline {
        Some(deadline) => P::with_alarm(deadline, &alarm, || wait(&alarm)),
        None => wait(&alarm),
    }
}
