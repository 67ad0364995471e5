//! The set of ranges against a set of frames.

extern crate std;
use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

use super::{NoRoom, RangeSet};
use xtcore::{Frame, FrameRange};

fn range(start: u64, end: u64) -> FrameRange {
    FrameRange::new(Frame::new(start), Frame::new(end)).unwrap()
}

#[test]
fn ranges_that_touch_are_joined_and_empty_ones_dropped() {
    let mut places = [range(1, 3), range(3, 3), range(3, 5), range(9, 12), range(0, 0)];
    let set = RangeSet::new(&mut places, 4).unwrap();
    assert_eq!(set.as_slice(), [range(1, 5), range(9, 12)]);
    assert_eq!((set.room(), set.total().get()), (3, 7));
}

#[test]
fn unsorted_and_overlapping_ranges_are_refused() {
    assert_eq!(RangeSet::new(&mut [range(5, 9), range(1, 2)], 2).err(), Some(range(1, 2)));
    assert_eq!(RangeSet::new(&mut [range(5, 9), range(8, 12)], 2).err(), Some(range(8, 12)));
}

#[test]
fn a_full_set_refuses_and_changes_nothing() {
    let mut places = [range(10, 20), range(30, 40)];
    let mut set = RangeSet::new(&mut places, 2).unwrap();
    assert_eq!(set.insert(range(22, 25)), Err(NoRoom { range: range(22, 25) }));
    assert!(!set.can_remove(range(12, 15)));
    assert_eq!(set.remove(range(12, 15)), Err(NoRoom { range: range(12, 15) }));
    assert_eq!(set.as_slice(), [range(10, 20), range(30, 40)]);
    set.insert(range(20, 30)).unwrap();
    assert_eq!(set.as_slice(), [range(10, 40)]);
    assert!(set.can_remove(range(12, 15)));
}

#[test]
fn a_gap_reaches_to_both_neighbours() {
    let mut places = [range(10, 20), range(30, 40)];
    let set = RangeSet::new(&mut places, 2).unwrap();
    assert_eq!(set.gap_around(Frame::new(5)), Some(range(0, 10)));
    assert_eq!(set.gap_around(Frame::new(20)), Some(range(20, 30)));
    assert_eq!(set.gap_around(Frame::new(30)), None);
    assert_eq!(set.gap_around(Frame::new(50)), Some(range(40, u64::MAX)));
}

#[test]
fn random_insertions_and_removals_agree_with_a_set_of_frames() {
    let mut state = 7_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut places = vec![FrameRange::default(); 24];
    let mut set = RangeSet::empty(&mut places);
    let mut model = BTreeSet::new();
    let mut refused = 0;
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        let start = random(200);
        let window = range(start, start + random(9));
        let frames = window.start().number()..window.end().number();
        if random(2) == 0 {
            match set.insert(window) {
                Ok(()) => model.extend(frames),
                Err(_) => refused += 1,
            }
        } else {
            let possible = set.can_remove(window);
            assert_eq!(possible, set.remove(window).is_ok());
            if possible {
                model.retain(|frame| !frames.contains(frame));
            }
        }
        let held: Vec<u64> =
            set.as_slice().iter().flat_map(|range| range.start().number()..range.end().number()).collect();
        assert!(held.iter().eq(model.iter()));
        assert!(set.as_slice().windows(2).all(|pair| pair[0].end() < pair[1].start()));
        let probe = Frame::new(random(210));
        assert_eq!(set.containing(probe).is_some(), model.contains(&probe.number()));
        let inside: u64 = set.within(window).map(|part| part.count().get()).sum();
        assert_eq!(inside, model.range(window.start().number()..window.end().number()).count() as u64);
    }
    assert!(cfg!(miri) || refused > 0, "the set was full at times");
}
