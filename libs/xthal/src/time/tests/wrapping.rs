//! Narrow counters: masks, wraps, and many readers at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::vec::Vec;

use proptest::prelude::*;

use crate::time::{Extender, Width};

const NARROW: [Width; 3] = [Width::BITS_16, Width::BITS_24, Width::BITS_32];

#[test]
fn a_mask_is_all_bits_and_not_the_sign_bit() {
    assert_eq!(Width::BITS_16.mask(), 0xFFFF);
    assert_eq!(Width::BITS_24.mask(), 0x00FF_FFFF);
    assert_eq!(Width::BITS_32.mask(), 0xFFFF_FFFF);
    assert_eq!(Width::BITS_64.mask(), u64::MAX);
}

#[test]
fn a_difference_goes_across_the_wrap() {
    for width in NARROW {
        assert_eq!(width.difference(width.mask(), 0), 1);
        assert_eq!(width.difference(width.mask() - 4, 5), 10);
        assert_eq!(width.difference(7, 7), 0);
    }
}

#[test]
fn bits_beyond_the_width_do_not_count() {
    let extender = Extender::new(Width::BITS_24, 0xFF00_0010);
    assert_eq!(extender.read(|| 0x1200_0015), 0x15);
}

#[test]
fn an_extended_counter_passes_its_wrap() {
    for width in NARROW {
        let extender = Extender::new(width, width.mask() - 1);
        let values: Vec<u64> = [width.mask() - 1, width.mask(), 0, 1].map(|raw| extender.read(|| raw)).into();
        let first = width.mask() - 1;
        assert_eq!(values, [first, first + 1, first + 2, first + 3]);
    }
}

#[test]
fn a_reading_every_half_period_misses_no_wrap() {
    for width in NARROW {
        let half = width.mask() / 2 + 1;
        let extender = Extender::new(width, 0);
        for halves in 0..1000_u64 {
            let true_value = halves * half;
            assert_eq!(extender.read(|| true_value & width.mask()), true_value);
        }
    }
}

#[test]
fn a_counter_that_runs_back_a_little_does_not_jump_ahead() {
    for width in NARROW {
        let quarter = width.mask() / 4 + 1;
        let extender = Extender::new(width, 0);
        assert_eq!(extender.read(|| quarter), quarter);
        assert_eq!(extender.read(|| quarter - 10), quarter);
        assert_eq!(extender.read(|| quarter + 10), quarter + 10);
    }
}

#[test]
fn a_wide_counter_is_passed_through() {
    let extender = Extender::new(Width::BITS_64, 5);
    assert_eq!(extender.read(|| u64::MAX), u64::MAX);
    assert_eq!(extender.read(|| 3), 3);
}

#[test]
fn many_readers_agree_with_the_true_time() {
    // A true time that each reading moves on; the counter shows its lower bits only.
    for width in [Width::BITS_16, Width::BITS_24] {
        let truth = AtomicU64::new(0);
        let step = width.mask() / 64;
        let extender = Extender::new(width, 0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut last = 0;
                    for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
                        let before = truth.load(Ordering::SeqCst);
                        let seen = extender.read(|| truth.fetch_add(1, Ordering::SeqCst) & width.mask());
                        let after = truth.load(Ordering::SeqCst);
                        assert!((before..=after).contains(&seen), "{before} {seen} {after}");
                        assert!(seen >= last);
                        last = seen;
                    }
                });
            }
            // Leaps that several readings see, never more than half a period between two of them.
            for leap in 0..if cfg!(miri) { 20 } else { 500_u64 } {
                truth.fetch_add(step, Ordering::SeqCst);
                let seen = extender.read(|| truth.load(Ordering::SeqCst) & width.mask());
                assert!(seen >= leap * step);
            }
        });
        let end = truth.load(Ordering::SeqCst);
        assert_eq!(extender.read(|| end & width.mask()), end);
        assert!(end > 4 * width.mask() || cfg!(miri));
    }
}

proptest! {
    #[test]
    fn any_steps_up_to_half_a_period_add_up(
        bits in 0_usize..3,
        first: u64,
        steps in prop::collection::vec(0.0_f64..=0.5, 1..200),
    ) {
        let width = NARROW[bits];
        let mut truth = first & width.mask();
        let extender = Extender::new(width, first);
        for step in steps {
            truth += (step * (width.mask() as f64 + 1.0)) as u64;
            prop_assert_eq!(extender.read(|| truth & width.mask()), truth);
        }
    }
}
