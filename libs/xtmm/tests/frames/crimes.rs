//! Frees that are wrong: each is found out, and harms nobody.

use std::collections::BTreeSet;

use crate::double::{Allocator, Ground, range};
use crate::model::{Shape, audit};
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::frames::{AdoptError, FrameCrime, Place, RunRequest, Zone};

const GIANT: u64 = 1 << 18;

fn shape() -> Shape {
    Shape { block: 512, giant: 4 * 512, window_end: u64::MAX, ram: vec![range(600, 9000), range(9100, 9500)] }
}

/// Does something wrong to an allocator whose largest blocks have so many frames. All frames must be free afterwards.
fn with_frames(giant: u64, act: impl FnOnce(&Allocator<'_>)) {
    let shape = shape();
    let mut ground = Ground::new(shape.block, &shape.ram, 1);
    let frames = ground.allocator(giant, shape.window_end);
    act(&frames);
    audit(&frames, &shape, &BTreeSet::new());
}

fn run_of(count: u64) -> RunRequest {
    RunRequest { count: FrameCount::new(count), alignment: FrameCount::ONE, zone: Zone::Any }
}

#[test]
fn a_frame_freed_twice_is_found_when_its_batch_reaches_the_rows() {
    with_frames(4 * 512, |frames| {
        let frame = frames.allocate(Zone::Any).unwrap();
        frames.free(frame).unwrap();
        frames.free(frame).unwrap();
        assert_eq!(frames.trim(), Err(FrameCrime::AlreadyFree(frame)));
        assert_eq!(frames.trim(), Ok(()), "a crime is told once");
    });
}

#[test]
fn a_crime_that_an_allocation_brings_to_light_is_told_at_the_next_free() {
    with_frames(4 * 512, |frames| {
        let frame = frames.allocate(Zone::Any).unwrap();
        frames.free(frame).unwrap();
        frames.free(frame).unwrap();
        // More than there is: the caches are emptied to serve it.
        assert!(frames.allocate_run(&run_of(9000)).is_err());
        let block = frames.allocate_block(Zone::Any).unwrap();
        assert_eq!(frames.free_block(block), Err(FrameCrime::AlreadyFree(frame)));
    });
}

#[test]
fn a_frame_that_waits_for_a_use_is_not_taken_back_whichever_it_is() {
    let shape = shape();
    let free_with_some_held = |number: Option<u64>| {
        let mut ground = Ground::new(shape.block, &shape.ram, 1);
        let frames = ground.allocator(shape.giant, shape.window_end);
        // Enough that a block has bits, and that there are frames set aside for the books of others.
        let held: BTreeSet<_> = (0..200).map(|_| frames.allocate(Zone::Any).unwrap().number()).collect();
        let Some(frame) = number.map(Frame::new) else {
            let is_free = |number: &u64| frames.place_of(Frame::new(*number)) == Place::Free;
            return (600..9000).filter(is_free).collect::<Vec<_>>();
        };
        let before = frames.counts();
        frames.free(frame).unwrap();
        assert_eq!(frames.trim(), Err(FrameCrime::AlreadyFree(frame)));
        assert_eq!(frames.counts().available(), before.available());
        audit(&frames, &shape, &held);
        Vec::new()
    };
    let waiting = free_with_some_held(None);
    assert!(waiting.len() >= 100, "only {} frames are free in opened blocks", waiting.len());
    for number in waiting.into_iter().step_by(if cfg!(miri) { 50 } else { 7 }) {
        free_with_some_held(Some(number));
    }
}

#[test]
fn frames_of_nobody_are_foreign() {
    with_frames(4 * 512, |frames| {
        for number in [0, 5, 599, 9050] {
            let frame = Frame::new(number);
            let outcome = frames.free(frame).and_then(|()| frames.trim());
            assert_eq!(outcome, Err(FrameCrime::Foreign(frame)));
        }
        for number in [9728, 1 << 40, u64::MAX] {
            assert_eq!(frames.free(Frame::new(number)), Err(FrameCrime::Foreign(Frame::new(number))));
        }
    });
}

#[test]
fn a_fresh_frame_is_free_already() {
    with_frames(4 * 512, |frames| {
        let frame = Frame::new(8000);
        frames.free(frame).unwrap();
        assert_eq!(frames.trim(), Err(FrameCrime::AlreadyFree(frame)));
        assert_eq!(frames.free_run(range(7000, 7010)), Err(FrameCrime::AlreadyFree(Frame::new(7000))));
    });
}

#[test]
fn blocks_freed_twice_are_found_at_once() {
    with_frames(4 * 512, |frames| {
        let block = frames.allocate_block(Zone::Any).unwrap();
        let second = frames.allocate_block(Zone::Any).unwrap();
        frames.free_block(block).unwrap();
        let start = block.start();
        assert_eq!(frames.free_block(block), Err(FrameCrime::AlreadyFree(start)), "in the processor's cache");
        assert_eq!(frames.free_run(block), Err(FrameCrime::AlreadyFree(start)));
        frames.trim().unwrap();
        assert_eq!(frames.free_block(block), Err(FrameCrime::AlreadyFree(start)), "in the rows");
        let shifted = FrameRange::with_count(Frame::new(second.start().number() + 1), second.count());
        assert_eq!(frames.free_block(shifted), Err(FrameCrime::NotWhole(shifted)));
        frames.free_block(second).unwrap();
    });
}

#[test]
fn a_block_that_was_not_handed_out_as_one_does_not_come_back_as_one() {
    with_frames(4 * 512, |frames| {
        let block = frames.allocate_block(Zone::Any).unwrap();
        frames.free_run(FrameRange::with_count(block.start(), FrameCount::ONE)).unwrap();
        assert_eq!(frames.free_block(block), Err(FrameCrime::NotWhole(block)));
        let rest = range(block.start().number() + 1, block.end().number());
        frames.free_run(rest).unwrap();
        assert_eq!(frames.free_run(rest), Err(FrameCrime::AlreadyFree(rest.start())));
    });
}

#[test]
fn a_giant_freed_twice_or_in_the_wrong_place_is_found_at_once() {
    with_frames(4 * 512, |frames| {
        let giant = frames.allocate_giant(Zone::Any).unwrap();
        let shifted = FrameRange::with_count(Frame::new(giant.start().number() + 512), giant.count());
        assert_eq!(frames.free_giant(shifted), Err(FrameCrime::NotWhole(shifted)));
        frames.free_giant(giant).unwrap();
        assert_eq!(frames.free_giant(giant), Err(FrameCrime::AlreadyFree(giant.start())));
        let again = frames.allocate_giant(Zone::Any).unwrap();
        assert_eq!(again, giant, "a free giant comes before a fresh one");
        frames.free_run(again).unwrap();
    });
}

#[test]
fn a_run_that_is_partly_free_is_refused_as_a_whole() {
    let shape = shape();
    let mut ground = Ground::new(shape.block, &shape.ram, 1);
    let frames = ground.allocator(shape.giant, shape.window_end);
    let run = frames.allocate_run(&run_of(1500)).unwrap();
    let hole = Frame::new(run.start().number() + 1100);
    frames.free_run(FrameRange::with_count(hole, FrameCount::ONE)).unwrap();
    let before = frames.counts();
    assert_eq!(frames.free_run(run), Err(FrameCrime::AlreadyFree(hole)));
    assert_eq!(frames.counts(), before, "nothing has changed");
    let past_the_end = range(9400, 9600);
    assert!(matches!(
        frames.free_run(past_the_end),
        Err(FrameCrime::AlreadyFree(_) | FrameCrime::Foreign(_))
    ));
}

#[test]
fn adopting_or_giving_back_what_is_free_is_refused() {
    with_frames(GIANT, |frames| {
        let expected = Err(AdoptError::Crime(FrameCrime::AlreadyFree(Frame::new(600))));
        assert_eq!(frames.adopt(range(590, 610)), expected);
        let expected = Err(AdoptError::Crime(FrameCrime::AlreadyFree(Frame::new(700))));
        assert_eq!(frames.give_back(range(700, 710)), expected);
        let outside = Err(AdoptError::Crime(FrameCrime::Foreign(Frame::new(1 << 20))));
        assert_eq!(frames.adopt(range(1 << 20, (1 << 20) + 4)), outside);
        assert_eq!(frames.give_back(range(1 << 20, (1 << 20) + 4)), outside);
    });
}
