//! Measuring one counter by another. Every loop here has an end, whatever the counters do.

use core::ops::RangeInclusive;

use xthal::time::{Doubt, Interval, Measured, Reading, Width, best_of, measure};

use super::counter::Counter;

/// How long a measurement takes. Long against the time that reading the slowest counter takes, about three microseconds.
const DURATION: Interval = Interval::from_millis(10);
/// How often it is repeated at most; one that is not disturbed ends it.
const TRIES: u32 = 5;
/// How often a counter may show the same value before it counts as one that stands still: a millisecond at the very least,
/// of counters whose ticks take a microsecond or less.
const PATIENCE: u32 = 100_000;

/// Tells whether a counter counts.
pub(super) fn moves(counter: &Counter) -> bool {
    let first = counter.read();
    (0..PATIENCE).any(|_| counter.read() != first)
}

/// Waits until a counter has reached a value.
fn wait_until(counter: &Counter, value: u64) -> Result<(), Doubt> {
    let (mut before, mut same) = (counter.read(), 0);
    while before < value {
        let now = counter.read();
        same = if now == before { same + 1 } else { 0 };
        if same == PATIENCE {
            return Err(Doubt::KnownStandsStill);
        }
        before = now;
    }
    Ok(())
}

/// Reads a counter between two readings of the known one.
fn read_between(known: &Counter, unknown: &impl Fn() -> u64) -> Reading {
    let before = known.read();
    let value = unknown();
    Reading { before, value, after: known.read() }
}

/// One measurement of a counter of `width` bits.
fn attempt(known: &Counter, width: Width, unknown: &impl Fn() -> u64) -> Result<(Measured, u64), Doubt> {
    let ticks = known.frequency().ticks_in(DURATION).unwrap_or(u64::MAX);
    let first = read_between(known, unknown);
    wait_until(known, first.after.saturating_add(ticks))?;
    let second = read_between(known, unknown);
    let measured = Measured::new(known.frequency(), width, first, second)?;
    Ok((measured, second.after.saturating_sub(first.before)))
}

/// Measures the frequency of a counter of `width` bits, which must not wrap twice in a hundredth of a second.
///
/// # Errors
/// All of [`Doubt`].
pub(super) fn calibrate(
    known: &Counter,
    width: Width,
    unknown: impl Fn() -> u64,
    plausible: RangeInclusive<u64>,
) -> Result<Measured, Doubt> {
    let tries = (0..TRIES).map(|_| attempt(known, width, &unknown).map(|(measured, _)| measured));
    measure(tries, plausible)
}

/// Measures a counter by another, to see whether they agree. However disturbed, the truth lies in the result's interval.
///
/// # Errors
/// [`Doubt::StandsStill`], [`Doubt::KnownStandsStill`]; [`Doubt::TookTooLong`] when in no try the other one was read within
/// half of its period.
pub(crate) fn compare(known: &Counter, other: &Counter) -> Result<Measured, Doubt> {
    let half = other.frequency().interval_of(other.width().mask() / 2).unwrap_or(Interval::new(u64::MAX));
    let limit = known.frequency().ticks_in(half).unwrap_or(u64::MAX);
    // What the hardware shows: a narrow counter that nobody has read for more than half of its period has lost its upper part.
    let tries = (0..TRIES).map(|_| match attempt(known, other.width(), &|| other.shown()) {
        Ok((_, took)) if took > limit => Err(Doubt::TookTooLong(took)),
        found => found.map(|(measured, _)| measured),
    });
    best_of(tries)
}
