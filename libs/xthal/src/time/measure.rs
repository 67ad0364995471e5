//! Calibration: how fast does a counter run, by another whose frequency is known.
//!
//! Two counters are never read at one moment: an interrupt of the host, an SMI, a slow port may come between. So each
//! reading of the unknown counter is taken between two of the known one. These bound the moment, and two such readings
//! bound the frequency from both sides:
//!
//! ```text
//!   known     b0   a0                      b1  a1
//!   unknown      u0                           u1
//!
//!   the time from u0 to u1 is at least b1 - a0 and at most a1 - b0 ticks of the known counter
//! ```
//!
//! The truth lies in that interval, whatever happened in between. A try that was disturbed has a wide interval, so of
//! several tries the one with the narrowest is the best, and how narrow it is says how good.

use super::{Frequency, Width};

/// A reading of a counter between two of the known one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The known counter before.
    pub before: u64,
    /// The counter that is measured.
    pub value: u64,
    /// The known counter after.
    pub after: u64,
}

/// What a measurement found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measured {
    /// The middle of the interval.
    pub frequency: Frequency,
    /// The least that it can be, in hertz.
    pub least: u64,
    /// The most that it can be, in hertz.
    pub most: u64,
}

/// Why a counter cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// It stands still.
    StandsStill,
    /// The known counter stands still.
    KnownStandsStill,
    /// The try took so long, in ticks of the known counter, that the other one may have wrapped unseen.
    TookTooLong(u64),
    /// No try was undisturbed enough. Carries the width of the best interval in parts per million.
    TooUncertain(u64),
    /// The frequency, in hertz, is none that such a counter can have.
    Implausible(u64),
}

impl core::fmt::Display for Doubt {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::StandsStill => out.write_str("it stands still"),
            Self::KnownStandsStill => out.write_str("the counter to measure it by stands still"),
            Self::TookTooLong(ticks) => write!(out, "a measurement took {ticks} ticks"),
            Self::TooUncertain(width) => {
                write!(out, "no measurement was undisturbed, the best is sure to {width} millionths only")
            }
            Self::Implausible(hertz) => write!(out, "{hertz} Hz is no frequency for it"),
        }
    }
}

impl Measured {
    /// The widest interval that a calibration accepts, in parts per million: one percent.
    pub const WIDEST: u64 = 10_000;

    /// The interval at which no further try is worth its time, in parts per million.
    pub const ENOUGH: u64 = 200;

    /// Returns the frequency of a counter of `width` bits from two readings; `known` is the frequency of the other one.
    ///
    /// # Errors
    /// [`Doubt::StandsStill`]; [`Doubt::KnownStandsStill`] when the interval reaches down to no time at all.
    pub fn new(known: Frequency, width: Width, first: Reading, second: Reading) -> Result<Self, Doubt> {
        let shortest = second.before.saturating_sub(first.after);
        let longest = second.after.saturating_sub(first.before);
        let ticks = u128::from(width.difference(first.value, second.value));
        // Two ticks of the known counter may be counted that did not pass in full, and one tick of the other.
        let shortest = u128::from(shortest.saturating_sub(1));
        let longest = u128::from(longest) + 1;
        if longest <= 1 || shortest == 0 {
            return Err(Doubt::KnownStandsStill);
        }
        if ticks == 0 {
            return Err(Doubt::StandsStill);
        }
        let hertz = |ticks: u128, time: u128| {
            u64::try_from(ticks * u128::from(known.hertz()) / time).unwrap_or(u64::MAX)
        };
        let (least, most) = (hertz(ticks - 1, longest), hertz(ticks + 1, shortest));
        let frequency = Frequency::new(least.midpoint(most)).ok_or(Doubt::StandsStill)?;
        Ok(Self { frequency, least, most })
    }

    /// Returns the width of the interval in parts per million of the frequency.
    #[must_use]
    pub fn uncertainty(&self) -> u64 {
        let width = u128::from(self.most.saturating_sub(self.least)) * 1_000_000;
        u64::try_from(width / u128::from(self.frequency.hertz())).unwrap_or(u64::MAX)
    }
}

/// Takes the best of several tries. Asks for no more of them when one is as good as it needs to be.
///
/// # Errors
/// The [`Doubt`] of the last try when none succeeded.
pub fn best_of(tries: impl IntoIterator<Item = Result<Measured, Doubt>>) -> Result<Measured, Doubt> {
    let mut best: Result<Measured, Doubt> = Err(Doubt::StandsStill);
    for found in tries {
        best = match (best, found) {
            (Ok(old), Ok(new)) if new.uncertainty() < old.uncertainty() => Ok(new),
            (Ok(old), _) => Ok(old),
            (Err(_), found) => found,
        };
        if best.is_ok_and(|best| best.uncertainty() <= Measured::ENOUGH) {
            break;
        }
    }
    best
}

/// Takes the best of several tries, if it is good enough to be used as the frequency and lies within `plausible`, in
/// hertz.
///
/// # Errors
/// All of [`Doubt`]; that of the last try when none succeeded.
pub fn measure(
    tries: impl IntoIterator<Item = Result<Measured, Doubt>>,
    plausible: core::ops::RangeInclusive<u64>,
) -> Result<Measured, Doubt> {
    let best = best_of(tries)?;
    if best.uncertainty() > Measured::WIDEST {
        return Err(Doubt::TooUncertain(best.uncertainty()));
    }
    if !plausible.contains(&best.frequency.hertz()) {
        return Err(Doubt::Implausible(best.frequency.hertz()));
    }
    Ok(best)
}

/// Tells whether a counter that claims `claimed` can be what was measured, give or take `percent`.
///
/// Compares with the whole interval: what a disturbed measurement cannot tell apart is no disagreement.
#[must_use]
pub fn agree(claimed: Frequency, measured: &Measured, percent: u64) -> bool {
    let tolerance = claimed.hertz() / 100 * percent + 1;
    let (low, high) = (claimed.hertz().saturating_sub(tolerance), claimed.hertz().saturating_add(tolerance));
    measured.most >= low && measured.least <= high
}
