//! One processor, little memory: each interface does what it says.

use std::sync::atomic::Ordering;

use crate::double::{Ground, range};
use xtcore::FrameCount;
use xtmm::frames::Zone;

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
