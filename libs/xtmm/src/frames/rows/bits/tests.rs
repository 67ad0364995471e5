//! Rows of bits against rows of booleans.

extern crate std;
use core::sync::atomic::AtomicUsize;
use std::vec;
use std::vec::Vec;

use super::{Amount, amount, clear, count, find_run, first_clear, first_set, last_clear, set, take_last};

const FRAMES: usize = 512;

fn row() -> Vec<AtomicUsize> {
    (0..FRAMES / usize::BITS as usize).map(|_| AtomicUsize::new(0)).collect()
}

#[test]
fn random_ranges_agree_with_booleans() {
    let mut state = 3_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (row, mut model) = (row(), vec![false; FRAMES]);
    for step in 0..if cfg!(miri) { 60 } else { 5_000 } {
        let start = random(FRAMES);
        let range = start..start + random(FRAMES - start + 1).min(90);
        match step % 3 {
            0 => {
                set(&row, range.clone());
                model[range.clone()].fill(true);
            }
            1 => {
                clear(&row, range.clone());
                model[range.clone()].fill(false);
            }
            _ => {
                let expected = range.clone().rev().find(|bit| model[*bit]);
                assert_eq!(take_last(&row, range.clone()), expected);
                if let Some(bit) = expected {
                    model[bit] = false;
                }
            }
        }
        let probe = random(FRAMES)..FRAMES;
        assert_eq!(first_set(&row, probe.clone()), probe.clone().find(|bit| model[*bit]));
        assert_eq!(first_clear(&row, probe.clone()), probe.clone().find(|bit| !model[*bit]));
        assert_eq!(last_clear(&row, probe.clone()), probe.clone().rev().find(|bit| !model[*bit]));
        let (count, alignment) = (1 + random(40), 1 << random(7));
        let expected = probe
            .clone()
            .filter(|at| at % alignment == 0 && at + count <= FRAMES)
            .find(|at| model[*at..at + count].iter().all(|bit| *bit));
        assert_eq!(find_run(&row, probe, count, alignment), expected);
    }
}

#[test]
fn a_row_tells_how_many_bits_it_has() {
    let row = row();
    assert_eq!((amount(&row), count(&row)), (Amount::None, 0));
    set(&row, 100..101);
    assert_eq!((amount(&row), count(&row)), (Amount::Some, 1));
    set(&row, 0..100);
    set(&row, 101..FRAMES);
    assert_eq!((amount(&row), count(&row)), (Amount::All, FRAMES));
    clear(&row, FRAMES - 1..FRAMES);
    assert_eq!((amount(&row), count(&row)), (Amount::Some, FRAMES - 1));
}

#[test]
fn a_whole_row_is_one_run() {
    let row = row();
    set(&row, 0..FRAMES);
    assert_eq!(find_run(&row, 0..FRAMES, FRAMES, FRAMES), Some(0));
    clear(&row, FRAMES - 1..FRAMES);
    assert_eq!(find_run(&row, 0..FRAMES, FRAMES, FRAMES), None);
    assert_eq!(find_run(&row, 0..FRAMES, usize::MAX, 1), None);
}
