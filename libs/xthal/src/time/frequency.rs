//! How fast something counts, how long something takes, and the way between the two.

use core::fmt;
use core::num::NonZero;

use xtrtl::time::{Interval, UNITS_A_SECOND};

/// Ticks in a second; at least one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Frequency(NonZero<u64>);

impl Frequency {
    /// The ACPI PM timer (ACPI 6.5, section 4.8.2.1).
    pub const PM_TIMER: Self = Self::constant(3_579_545);
    /// The inputs of the PIT's channels: a third of the colour subcarrier of NTSC, as above, 1.193182 MHz.
    pub const PIT: Self = Self::constant(1_193_182);
    /// Microseconds.
    pub const MICROSECONDS: Self = Self::constant(1_000_000);
    /// The units of an [`Interval`].
    pub const INTERVALS: Self = Self::constant(UNITS_A_SECOND);

    const fn constant(hertz: u64) -> Self {
        match NonZero::new(hertz) {
            Some(hertz) => Self(hertz),
            None => Self(NonZero::<u64>::MIN),
        }
    }

    /// Wraps a number of ticks in a second; `None` for 0.
    #[must_use]
    pub fn new(hertz: u64) -> Option<Self> {
        NonZero::new(hertz).map(Self)
    }

    /// Returns the ticks in a second.
    #[must_use]
    pub const fn hertz(self) -> u64 {
        self.0.get()
    }

    /// Returns the frequency of something that ticks every `femtoseconds`, rounded to the nearest hertz; `None` for 0
    /// and for periods above a second.
    #[must_use]
    pub fn from_femtoseconds(femtoseconds: u64) -> Option<Self> {
        const SECOND: u64 = 1_000_000_000_000_000;
        let half = femtoseconds / 2;
        Self::new(SECOND.checked_add(half)?.checked_div(femtoseconds)?)
    }

    /// Returns how many ticks an interval has, to the nearest; `None` beyond 2^64.
    #[must_use]
    pub fn ticks_in(self, interval: Interval) -> Option<u64> {
        rescale(interval.units(), self.0, Self::INTERVALS.0)
    }

    /// Returns how long a number of ticks is, to the nearest unit; `None` beyond 2^64.
    #[must_use]
    pub fn interval_of(self, ticks: u64) -> Option<Interval> {
        rescale(ticks, Self::INTERVALS.0, self.0).map(Interval::new)
    }
}

impl fmt::Display for Frequency {
    /// Prints megahertz with three digits behind the point, or kilohertz below one.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hertz = self.hertz();
        match hertz {
            1_000_000.. => write!(out, "{}.{:03} MHz", hertz / 1_000_000, hertz / 1000 % 1000),
            _ => write!(out, "{}.{:03} kHz", hertz / 1000, hertz % 1000),
        }
    }
}

/// Returns `value` times `to` divided by `from`, to the nearest; `None` beyond 2^64.
fn rescale(value: u64, to: NonZero<u64>, from: NonZero<u64>) -> Option<u64> {
    let from = u128::from(from.get());
    let product = u128::from(value) * u128::from(to.get());
    u64::try_from((product + from / 2) / from).ok()
}

/// The way from ticks of one frequency to ticks of another without a division: for paths that run often.
///
/// A multiplication and a shift: `value * multiplier >> 64 - integer part`. The multiplier has 64 significant bits or as
/// many as fit, so a result is never too large, and less than `1 + value * ratio / 2^63` too small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale {
    multiplier: u64,
    shift: u32,
}

impl Scale {
    /// Makes the way from `from` to `to`.
    #[must_use]
    pub fn new(from: Frequency, to: Frequency) -> Self {
        // The ratio as a fixed-point number with as many bits behind the point as leave it below 2^64.
        let (from, to) = (u128::from(from.hertz()), u128::from(to.hertz()));
        let exact = (to << 64) / from;
        let excess = 64_u32.saturating_sub(exact.leading_zeros());
        Self { multiplier: u64::try_from(exact >> excess).unwrap_or(u64::MAX), shift: 64 - excess }
    }

    /// Converts. What does not fit into 64 bits becomes the largest number.
    #[must_use]
    #[inline]
    pub fn apply(self, value: u64) -> u64 {
        let product = (u128::from(value) * u128::from(self.multiplier)) >> self.shift;
        u64::try_from(product).unwrap_or(u64::MAX)
    }
}
