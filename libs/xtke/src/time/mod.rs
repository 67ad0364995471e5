//! Time: instants and intervals in units of 100 ns, as NT counts; timers; the clock and the page that shows it.
//!
//! # Timers
//! Each processor has a [`TimerQueue`]; a [`Timer`] stands in the queue of the processor that armed it last. The clock
//! interrupt only looks whether something is due ([`TimerQueue::advance`], one load) and asks for Dispatch; there
//! [`TimerQueue::expire`] calls what the timers are for. A timer that is dropped is cancelled first.
//!
//! A timer sets an event, or queues a deferred procedure call, or rings an alarm: its [`Action`] says which. So waiting
//! builds on timers without either knowing the other.
//!
//! # The clock
//! One processor keeps the time ([`Clock::tick`]) and writes it to the [`SharedPage`], where anybody reads it without a
//! lock; each processor counts for itself what it spends its time on ([`CpuTimes`]).
//!
//! # Locks
//! A timer queue's lock is the innermost of all: no action runs under it.

mod clock;
mod page;
mod queue;
mod timer;
mod wheel;

use core::ops::{Add, Sub};

pub use clock::{Activity, Clock, CpuTimes, TickCount, Times};
pub use page::{SharedPage, SharedTime};
pub use queue::{Armed, TimerQueue, Timing};
pub use timer::{Action, Due, Expiry, Period, Repeat, Timer, during};
pub use xtrtl::time::Interval;

#[cfg(all(test, loom))]
mod models;

/// A moment, counted in units of 100 ns since the machine started.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the machine.
    pub const START: Self = Self(0);
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Wraps a number of units of 100 ns.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Returns the number of units of 100 ns.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Returns the time since an earlier moment; zero if that is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Interval {
        Interval::new(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Interval> for Instant {
    type Output = Self;

    /// Returns a later moment; [`Instant::NEVER`] where the count ends.
    fn add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add(interval.units()))
    }
}

impl Sub<Interval> for Instant {
    type Output = Self;

    /// Returns an earlier moment; [`Instant::START`] where the count begins.
    fn sub(self, interval: Interval) -> Self {
        Self(self.0.saturating_sub(interval.units()))
    }
}

/// A moment in the world, in units of 100 ns since 1601-01-01 00:00:00 UTC. NT's system time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SystemTime(u64);

impl SystemTime {
    /// Wraps a number of units of 100 ns.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Returns the number of units of 100 ns.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }
}

impl Add<Interval> for SystemTime {
    type Output = Self;

    /// Returns a later moment; the last one where the count ends.
    fn add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add(interval.units()))
    }
}
