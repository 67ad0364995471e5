//! Frequencies, intervals and scales.

use std::string::ToString;

use proptest::prelude::*;

use crate::time::{Frequency, Interval, Scale};

fn hertz(number: u64) -> Frequency {
    Frequency::new(number).unwrap()
}

#[test]
fn nothing_has_no_ticks_at_all() {
    assert_eq!(Frequency::new(0), None);
    assert_eq!(Frequency::from_femtoseconds(0), None);
    assert_eq!(Frequency::from_femtoseconds(u64::MAX), None);
}

#[test]
fn periods_become_frequencies() {
    assert_eq!(Frequency::from_femtoseconds(10_000_000), Some(hertz(100_000_000)));
    // 14.318180 MHz, as most event timers have it.
    assert_eq!(Frequency::from_femtoseconds(69_841_279), Some(hertz(14_318_180)));
    assert_eq!(Frequency::from_femtoseconds(1_000_000_000_000_000), Some(hertz(1)));
}

#[test]
fn ten_milliseconds_have_the_ticks_that_one_expects() {
    assert_eq!(Frequency::PM_TIMER.ticks_in(Interval::from_millis(10)), Some(35_795));
    assert_eq!(Frequency::PIT.ticks_in(Interval::from_millis(10)), Some(11_932));
    assert_eq!(hertz(2_400_000_000).ticks_in(Interval::from_micros(1)), Some(2400));
    assert_eq!(Frequency::PM_TIMER.interval_of(3_579_545), Some(Interval::from_millis(1000)));
}

#[test]
fn what_does_not_fit_is_refused_or_saturates() {
    assert_eq!(hertz(u64::MAX).ticks_in(Interval::new(u64::MAX)), None);
    assert_eq!(hertz(1).interval_of(u64::MAX), None);
    assert_eq!(Interval::from_millis(u64::MAX), Interval::new(u64::MAX));
    assert_eq!(Scale::new(hertz(1), hertz(u64::MAX)).apply(u64::MAX), u64::MAX);
}

#[test]
fn a_frequency_is_printed_for_people() {
    assert_eq!(hertz(2_400_000_000).to_string(), "2400.000 MHz");
    assert_eq!(Frequency::PM_TIMER.to_string(), "3.579 MHz");
    assert_eq!(hertz(32_768).to_string(), "32.768 kHz");
    assert_eq!(Interval::from_micros(9_999).to_string(), "9.9990 ms");
}

proptest! {
    #[test]
    fn a_scale_is_never_too_large_and_hardly_too_small(
        from in 1_u64..100_000_000_000,
        to in 1_u64..100_000_000_000,
        value in 0_u64..1 << 50,
    ) {
        let exact = u128::from(value) * u128::from(to) / u128::from(from);
        let scaled = u128::from(Scale::new(hertz(from), hertz(to)).apply(value));
        let exact = exact.min(u128::from(u64::MAX));
        prop_assert!(scaled <= exact);
        prop_assert!(exact - scaled <= 1 + (exact >> 62), "{exact} {scaled}");
    }

    #[test]
    fn ticks_of_an_interval_last_as_long_as_it(rate in 10_000_000_u64..10_000_000_000, units in 0_u64..1 << 40) {
        let interval = Interval::new(units);
        let ticks = hertz(rate).ticks_in(interval).unwrap();
        prop_assert!(hertz(rate).interval_of(ticks).unwrap().units().abs_diff(units) <= 1);
    }
}
