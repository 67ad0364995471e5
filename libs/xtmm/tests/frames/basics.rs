//! One processor, little memory: each interface does what it says.

use std::sync::atomic::Ordering;

use crate::double::{Ground, range};
use xtcore::{Frame, FrameCount};
use xtmm::frames::Zone;
use xtmm::machine::Machine;

const ANY: u64 = u64::MAX;
const GIANT: u64 = 1 << 18;

#[test]
fn who_is_not_served_briefly_gets_and_gives_the_same_frames() {
    let mut ground = Ground::new(512, &[range(600, 5000)], 1);
    let frames = ground.allocator(GIANT, ANY);
    let first = frames.allocate(Zone::Any).unwrap();
    frames.machine().is_raised.store(true, Ordering::Relaxed);
    let second = frames.allocate(Zone::Any).unwrap();
    assert_ne!(first, second);
    frames.free(second).unwrap();
    frames.machine().is_raised.store(false, Ordering::Relaxed);
    assert_eq!(frames.allocate(Zone::Any), Ok(second));
    frames.machine().is_raised.store(true, Ordering::Relaxed);
    let held: Vec<_> = (0..1000).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
    held.iter().chain([&first, &second]).for_each(|frame| frames.free(*frame).unwrap());
    frames.trim().unwrap();
    let after = frames.counts();
    assert_eq!(after.available().get() + after.books.get(), 4400);
}

#[test]
fn who_may_not_wait_counts_the_same() {
    let mut ground = Ground::new(512, &[range(600, 5000)], 1);
    let frames = ground.allocator(GIANT, ANY);
    let held: Vec<_> = (0..100).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
    frames.free(held[7]).unwrap();
    let pin = frames.machine().pin();
    assert_eq!(frames.try_counts(&pin), Some(frames.counts()));
    for number in [0, 599, 600, 4999, 5000, held[7].number(), held[8].number()] {
        let frame = Frame::new(number);
        assert_eq!(frames.try_place_of(&pin, frame), Some(frames.place_of(frame)), "{number}");
    }
}

#[test]
fn frames_come_and_go() {
    let mut ground = Ground::new(512, &[range(600, 5000)], 1);
    let frames = ground.allocator(GIANT, ANY);
    let before = frames.counts();
    assert_eq!(before.fresh, FrameCount::new(4400));
    let held: Vec<_> = (0..3000).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
    for frame in &held {
        frames.free(*frame).unwrap();
    }
    frames.trim().unwrap();
    let after = frames.counts();
    assert_eq!(after.available().get() + after.books.get(), 4400);
}
