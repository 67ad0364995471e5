//! Measuring a counter by another, undisturbed and disturbed.

use proptest::prelude::*;

use crate::time::{Doubt, Frequency, Measured, Reading, Width, agree, measure};

/// Simulated counters, read at moments in nanoseconds.
fn at(hertz: u64, nanoseconds: u64) -> u64 {
    (u128::from(hertz) * u128::from(nanoseconds) / 1_000_000_000) as u64
}

/// A reading that begins at `start` and whose three parts lie `gaps` nanoseconds apart.
fn reading(known: u64, unknown: u64, width: Width, start: u64, gaps: [u64; 2]) -> Reading {
    let [first, second] = gaps;
    Reading {
        before: at(known, start),
        value: at(unknown, start + first) & width.mask(),
        after: at(known, start + first + second),
    }
}

const QUICK: [u64; 2] = [500, 500];

#[test]
fn an_undisturbed_measurement_finds_the_frequency() {
    let known = Frequency::PM_TIMER;
    let read = |start| reading(known.hertz(), 2_400_000_000, Width::BITS_64, start, QUICK);
    let found = Measured::new(known, Width::BITS_64, read(0), read(10_000_000)).unwrap();
    assert!(found.uncertainty() < 400, "{found:?}");
    assert!(found.frequency.hertz().abs_diff(2_400_000_000) < 1_000_000, "{found:?}");
}

#[test]
fn a_counter_that_stands_still_is_told() {
    let known = Frequency::PIT;
    let reading = |before| Reading { before, value: 77, after: before + 1 };
    let width = Width::BITS_32;
    assert_eq!(Measured::new(known, width, reading(0), reading(10_000)), Err(Doubt::StandsStill));
    let moving = Reading { before: 0, value: 99, after: 0 };
    let still = Reading { before: 0, value: 77, after: 0 };
    assert_eq!(Measured::new(known, width, still, moving), Err(Doubt::KnownStandsStill));
}

#[test]
fn the_best_of_several_tries_counts() {
    let known = Frequency::PM_TIMER;
    let attempt = |gaps| {
        let read = |start| reading(known.hertz(), 1_000_000_000, Width::BITS_32, start, gaps);
        Measured::new(known, Width::BITS_32, read(1000), read(10_000_000))
    };
    let tries = [attempt([4_000_000, 500]), Err(Doubt::StandsStill), attempt(QUICK), attempt([500, 900_000])];
    assert_eq!(measure(tries, 1..=u64::MAX), attempt(QUICK));
}

#[test]
fn no_more_tries_are_made_than_needed() {
    let known = Frequency::new(1_000_000_000).unwrap();
    let mut made = 0;
    let tries = (0..5).map(|_| {
        made += 1;
        let read = |start| reading(known.hertz(), 3_000_000_000, Width::BITS_64, start, [50, 50]);
        Measured::new(known, Width::BITS_64, read(0), read(10_000_000))
    });
    assert!(measure(tries, 1..=u64::MAX).is_ok());
    assert_eq!(made, 1);
}

#[test]
fn a_measurement_that_was_always_disturbed_is_not_believed() {
    let known = Frequency::PM_TIMER;
    let read = |start| reading(known.hertz(), 1_000_000, Width::BITS_32, start, [3_000_000, 3_000_000]);
    let attempt = Measured::new(known, Width::BITS_32, read(0), read(20_000_000));
    let Err(Doubt::TooUncertain(width)) = measure([attempt; 3], 1..=u64::MAX) else { panic!("{attempt:?}") };
    assert!(width > Measured::WIDEST);
}

#[test]
fn an_implausible_frequency_is_not_believed() {
    let known = Frequency::new(100_000_000).unwrap();
    let read = |start| reading(known.hertz(), 50_000, Width::BITS_32, start, [10, 10]);
    let attempt = Measured::new(known, Width::BITS_32, read(0), read(100_000_000));
    let found = measure([attempt], 1_000_000..=u64::MAX);
    assert!(matches!(found, Err(Doubt::Implausible(45_000..55_000))), "{found:?}");
}

#[test]
fn without_a_try_nothing_is_found() {
    assert_eq!(measure([], 1..=u64::MAX), Err(Doubt::StandsStill));
}

#[test]
fn counters_agree_within_the_tolerance_and_not_beyond() {
    let measured = Measured { frequency: Frequency::new(100_000).unwrap(), least: 99_900, most: 100_100 };
    for (claimed, does_agree) in [(95_400, true), (105_300, true), (94_000, false), (106_000, false)] {
        assert_eq!(agree(Frequency::new(claimed).unwrap(), &measured, 5), does_agree, "{claimed}");
    }
}

proptest! {
    #[test]
    fn the_truth_lies_in_the_interval_whatever_came_in_between(
        known in 1_000_000_u64..3_000_000_000,
        unknown in 1_000_000_u64..3_000_000_000,
        start in 0_u64..1_000_000_000,
        duration in 1_000_000_u64..100_000_000,
        gaps in prop::array::uniform4(0_u64..2_000_000),
    ) {
        let known = Frequency::new(known).unwrap();
        let [a, b, c, d] = gaps;
        let read = |start, gaps| reading(known.hertz(), unknown, Width::BITS_64, start, gaps);
        let (first, second) = (read(start, [a, b]), read(start + a + b + duration, [c, d]));
        let found = Measured::new(known, Width::BITS_64, first, second);
        prop_assume!(found != Err(Doubt::KnownStandsStill));
        let found = found.unwrap();
        prop_assert!((found.least..=found.most).contains(&unknown), "{:?}", found);
        prop_assert!((found.least..=found.most).contains(&found.frequency.hertz()));
        prop_assert!(agree(Frequency::new(unknown).unwrap(), &found, 0));
    }

    #[test]
    fn a_wrap_of_the_counter_changes_nothing(start in 0_u64..100_000_000_000, unknown in 1_000_000_u64..1_000_000_000) {
        let known = Frequency::new(100_000_000).unwrap();
        let read = |start| reading(known.hertz(), unknown, Width::BITS_32, start, [100, 100]);
        let found = Measured::new(known, Width::BITS_32, read(start), read(start + 10_000_000)).unwrap();
        prop_assert!((found.least..=found.most).contains(&unknown), "{:?}", found);
    }
}
