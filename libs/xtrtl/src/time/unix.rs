//! Unix time: seconds since the beginning of 1970, and nanoseconds of the second that runs.

use super::UNITS_A_SECOND;

/// A moment as Unix counts it. Before 1970 the seconds are negative; the nanoseconds always go forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Unix {
    seconds: i64,
    nanoseconds: u32,
}

/// Seconds from the beginning of 1601 to that of 1970: 369 years with 89 leap days.
const EPOCH: u64 = (369 * 365 + 89) * 86_400;

/// Nanoseconds in a unit of NT's.
const UNIT: u32 = 100;

impl Unix {
    /// Returns the moment so many seconds after the beginning of 1970, and so many nanoseconds later; nothing if that
    /// would be a second or more.
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        if nanoseconds < 1_000_000_000 { Some(Self { seconds, nanoseconds }) } else { None }
    }

    /// Returns the whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after those, fewer than 10^9.
    #[must_use]
    pub const fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// Returns the moment that many units of 100 nanoseconds after the beginning of 1601. Exact.
    #[must_use]
    pub const fn from_1601(units: u64) -> Self {
        // 2^64 units are fewer than 2^41 seconds, and a second has fewer than 2^24 units.
        let seconds = (units / UNITS_A_SECOND) as i64 - EPOCH as i64;
        Self { seconds, nanoseconds: (units % UNITS_A_SECOND) as u32 * UNIT }
    }

    /// Returns the units of 100 nanoseconds since the beginning of 1601, rounded down; nothing before that, and
    /// nothing beyond 2^64.
    #[must_use]
    pub const fn since_1601(self) -> Option<u64> {
        let Some(seconds) = EPOCH.checked_add_signed(self.seconds) else { return None };
        let Some(units) = seconds.checked_mul(UNITS_A_SECOND) else { return None };
        units.checked_add((self.nanoseconds / UNIT) as u64)
    }
}
