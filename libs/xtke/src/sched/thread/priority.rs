//! Priorities as NT has them, and what a processor compares.

use core::fmt;

use crate::platform::Boost;

/// A thread's priority, 0 to 31. From 16 on it is real time: no boost, no decay, no help against starvation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Priority(u8);

impl Priority {
    /// What runs only where nothing else would.
    pub const LOWEST: Self = Self(0);
    /// What a thread has that nobody gave another.
    pub const NORMAL: Self = Self(8);
    /// The highest that boosts lead to.
    pub const HIGHEST_DYNAMIC: Self = Self(15);
    /// The lowest of real time.
    pub const REAL_TIME: Self = Self(16);
    /// The highest.
    pub const HIGHEST: Self = Self(31);
    /// How many there are.
    pub const COUNT: usize = 32;

    /// Wraps a number, if it is a priority.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= Self::HIGHEST.0 { Some(Self(number)) } else { None }
    }

    /// Wraps the low five bits of a number.
    pub(crate) const fn from_low_bits(bits: u32) -> Self {
        Self((bits & 31) as u8)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Tells whether boosts and decay leave it alone.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        self.0 >= Self::REAL_TIME.0
    }

    /// Returns the priority that a thread of this base has after a wait: raised, but not into real time.
    #[must_use]
    pub fn boosted(self, boost: Boost) -> Self {
        if self.is_real_time() {
            return self;
        }
        Self(self.0.saturating_add(boost.levels())).min(Self::HIGHEST_DYNAMIC)
    }

    /// Returns the priority one quantum later: one lower, but not below the base.
    #[must_use]
    pub fn decayed(self, base: Self) -> Self {
        Self(self.0.saturating_sub(1)).max(base)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// What a processor does, as one number to compare: 0 nothing, else one more than the priority. So a thread of priority 0
/// outranks an idle processor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub(crate) struct Rank(u8);

impl Rank {
    /// Nothing to run.
    pub(crate) const NOTHING: Self = Self(0);

    /// Returns the rank of a priority.
    pub(crate) const fn of(priority: Priority) -> Self {
        Self(priority.get() + 1)
    }

    /// Returns the next higher rank; above the highest there is one that no thread has.
    pub(crate) const fn above(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Wraps a published number.
    pub(crate) const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// Returns the number to publish.
    pub(crate) const fn byte(self) -> u8 {
        self.0
    }
}
