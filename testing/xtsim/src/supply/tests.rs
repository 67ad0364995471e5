//! Numbers repeat; frames are unique, watched and refusable.

use std::collections::BTreeSet;

use xtcore::{Frame, FrameCount, FrameRange};

use super::*;

fn range() -> FrameRange {
    FrameRange::with_count(Frame::new(1 << 32), FrameCount::new(100))
}

#[test]
fn the_generator_yields_the_published_sequence() {
    let mut random = SplitMix64::new(1_234_567);
    let expected = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    assert_eq!(expected.map(|_| random.next_u64()), expected);
}

#[test]
fn ranges_and_choices_reach_every_value_and_no_other() {
    let mut random = SplitMix64::new(7);
    let seen: BTreeSet<_> = (0..200).map(|_| random.in_range(3..9)).collect();
    assert_eq!(seen, (3..9).collect());
    let chosen: BTreeSet<_> = (0..200).filter_map(|_| random.choose(&[1, 2, 3]).copied()).collect();
    assert_eq!(chosen, BTreeSet::from([1, 2, 3]));
    assert_eq!(random.choose::<u8>(&[]), None);
    assert!((0..100).any(|_| random.one_in(4)) && (0..100).any(|_| !random.one_in(4)));
    assert_eq!(random.in_range(u64::MAX - 1..u64::MAX), u64::MAX - 1);
}

#[test]
fn a_pool_hands_out_each_frame_once_in_a_shuffled_order_that_repeats() {
    let mut pool = FramePool::new(range(), 5);
    let order: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
    assert_eq!((order.len(), pool.left(), pool.refusals()), (100, 0, 1));
    let unique: BTreeSet<_> = order.iter().copied().collect();
    assert!(unique.len() == 100 && unique.iter().all(|frame| range().contains(*frame)));
    assert!(!order.is_sorted() && !order.iter().rev().is_sorted());
    assert_eq!(
        FramePool::new(range(), 5).reserve(100).map(|mut all| {
            all.reverse();
            all
        }),
        Some(order)
    );
}

#[test]
fn a_pool_fails_after_the_nth_request_until_told_otherwise() {
    let mut pool = FramePool::new(range(), 1);
    pool.fail_after(2);
    assert!(pool.reserve(10).is_some() && pool.take().is_some());
    assert_eq!((pool.take(), pool.reserve(3)), (None, None));
    assert_eq!((pool.left(), pool.outstanding().len(), pool.refusals()), (89, 11, 2));
    pool.stop_failing();
    assert!(pool.take().is_some());
}

#[test]
fn a_request_that_cannot_be_met_takes_nothing() {
    let mut pool = FramePool::new(range(), 1);
    assert_eq!(pool.reserve(101), None);
    assert_eq!(pool.left(), 100);
}

#[test]
fn a_returned_frame_comes_back_first() {
    let mut pool = FramePool::new(range(), 1);
    let frames = pool.reserve(3).unwrap();
    assert!(pool.is_out(frames[0]));
    pool.give_back(frames[0]);
    assert!(!pool.is_out(frames[0]));
    assert_eq!(pool.take(), Some(frames[0]));
}

#[test]
#[should_panic(expected = "is not out")]
fn a_frame_given_back_twice_is_noticed() {
    let mut pool = FramePool::new(range(), 1);
    let frame = pool.take().unwrap();
    pool.give_back(frame);
    pool.give_back(frame);
}
