//! Lengths of time.

use core::fmt;
use core::ops::Add;

use super::UNITS_A_SECOND;

/// A length of time, in NT's unit of 100 nanoseconds. Arithmetic that goes beyond 2^64 of them ends there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
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
        Self(micros.saturating_mul(UNITS_A_SECOND / 1_000_000))
    }

    /// Returns so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(UNITS_A_SECOND / 1_000))
    }

    /// Returns so many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(UNITS_A_SECOND))
    }

    /// Returns the number of units of 100 ns.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }
}

impl Add for Interval {
    type Output = Self;

    /// Returns the sum; the longest interval where the count ends.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Interval {
    /// Prints milliseconds, exactly.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:04} ms", self.0 / 10_000, self.0 % 10_000)
    }
}
