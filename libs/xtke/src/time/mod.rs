//! Time: instants and intervals in units of 100 ns, as NT counts.

use core::ops::Add;

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
        Interval(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in units of 100 ns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Interval(u64);

impl Interval {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of units of 100 ns.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Returns so many microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(10))
    }

    /// Returns so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(10_000))
    }

    /// Returns the number of units of 100 ns.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }
}

impl Add<Interval> for Instant {
    type Output = Self;

    /// Returns a later moment; [`Instant::NEVER`] where the count ends.
    fn add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add(interval.0))
    }
}
