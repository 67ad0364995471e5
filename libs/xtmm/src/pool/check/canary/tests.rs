//! The short way's look at a canary agrees with the exact one, and sees every byte.
#![allow(unsafe_code, reason = "canaries are laid behind blocks")]

extern crate std;

use core::ptr::NonNull;

use super::{BYTES, TRAILER, Value, is_intact, verify, write};
use crate::pool::books::Slack;

const KEY: u64 = 0x0123_4567_89AB_CDEF;

/// A place with some content.
struct Place {
    bytes: std::boxed::Box<[u128]>,
    room: usize,
}

impl Place {
    fn new(room: usize) -> Self {
        Self { bytes: std::vec![0xA5A5; room / 16].into_boxed_slice(), room }
    }

    fn block(&mut self) -> NonNull<u8> {
        NonNull::from(&mut *self.bytes).cast()
    }

    /// Lays a canary behind a block of `size` bytes.
    fn occupy(&mut self, size: usize) -> Slack {
        let (block, room) = (self.block(), self.room);
        // SAFETY: the place has `room` bytes, and the block is not larger.
        unsafe { write(block, size, room, Value::of(block, KEY)) }
    }

    fn is_intact(&mut self, slack: Slack) -> bool {
        let (block, room) = (self.block(), self.room);
        // SAFETY: the place has `room` bytes, and `occupy` returned the slack.
        unsafe { is_intact(block, slack, room, Value::of(block, KEY)) }
    }

    fn is_verified(&mut self, size: usize) -> bool {
        let (block, room) = (self.block(), self.room);
        // SAFETY: the place has `room` bytes, and `size` is the block's.
        unsafe { verify(block, size, room, KEY) }.is_ok()
    }

    /// Changes a byte. Doing it twice changes nothing.
    fn flip(&mut self, at: usize) {
        // SAFETY: the byte lies in the place.
        let byte = unsafe { self.block().add(at) };
        // SAFETY: it is initialised, and nobody else looks at it.
        let before = unsafe { byte.read() };
        // SAFETY: the byte that was read.
        unsafe { byte.write(before ^ 0x40) };
    }
}

fn check(room: usize, size: usize) {
    let mut place = Place::new(room);
    let slack = place.occupy(size);
    assert!(place.is_intact(slack) && place.is_verified(size), "{size} of {room}");
    for at in 0..room {
        place.flip(at);
        let is_canary = (size..size + BYTES).contains(&at);
        let is_trailer = slack.exact().is_none() && at >= room - TRAILER;
        assert_eq!(place.is_intact(slack), !is_canary && !is_trailer, "byte {at}, {size} of {room}");
        assert_eq!(place.is_verified(size), !is_canary, "byte {at}, {size} of {room}");
        place.flip(at);
    }
}

#[test]
fn every_byte_of_a_canary_is_seen_and_no_other() {
    for room in [16, 48, 128] {
        (0..=room).for_each(|size| check(room, size));
    }
}

#[test]
fn far_behind_a_block_a_canary_is_found_by_its_trailer() {
    for size in [4673, 6000, 7000, 8191 - Slack::LONG] {
        let mut place = Place::new(8192);
        let slack = place.occupy(size);
        assert_eq!(slack.exact(), None);
        assert!(place.is_intact(slack));
        for at in [size, size + BYTES - 1, 8192 - TRAILER, 8191] {
            place.flip(at);
            assert!(!place.is_intact(slack), "byte {at} behind {size}");
            place.flip(at);
        }
    }
}
