//! Terabytes: what is not touched costs nothing, and frame numbers do not stop at 32 bits.

use crate::double::{Ground, range};
use xtcore::{Frame, FrameCount};
use xtmm::frames::{FrameCrime, Place, Records, RunRequest, Zone};

const GIANT: u64 = 1 << 18;
const TIB: u64 = 1 << 28;

#[test]
#[cfg_attr(miri, ignore = "a terabyte's records")]
fn twelve_terabytes_cost_what_one_gigabyte_costs() {
    let opened = [1 << 18, 12 * TIB].map(|end| {
        let mut ground = Ground::new(512, &[range(1, 0x9F), range(0x100, end)], 1);
        let frames = ground.allocator(GIANT, u64::MAX);
        assert!(frames.blocks().opened.lock().unwrap().is_empty(), "setting up opens nothing");
        let held: Vec<Frame> = (0..2000).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
        for frame in held {
            frames.free(frame).unwrap();
        }
        frames.blocks().opened.lock().unwrap().len()
    });
    assert_eq!(opened[0], opened[1]);
}

#[test]
#[cfg_attr(miri, ignore = "a terabyte's records")]
fn frames_above_two_to_the_32_keep_their_numbers_everywhere() {
    let end = (1 << 32) + (1 << 20);
    let mut ground = Ground::new(512, &[range((1 << 32) - 512, end)], 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let is_ram = |frame: Frame| ((1 << 32) - 512..end).contains(&frame.number());
    // Magazines, depot, rows and lists see them all.
    let held: Vec<Frame> = (0..50_000).map(|_| frames.allocate(Zone::Any).unwrap()).collect();
    assert!(held.iter().all(|frame| is_ram(*frame)));
    assert!(held.iter().filter(|frame| frame.number() >= 1 << 32).count() > 49_000);
    for frame in &held {
        frames.free(*frame).unwrap();
    }
    let giant = frames.allocate_giant(Zone::Any).unwrap();
    assert!(giant.start().number() >= 1 << 32 && giant.end().number() <= end);
    let block = frames.allocate_block(Zone::Any).unwrap();
    let request = RunRequest { count: FrameCount::new(700), alignment: FrameCount::ONE, zone: Zone::Any };
    let run = frames.allocate_run(&request).unwrap();
    let mut reservation = frames.reserve(FrameCount::new(20), Zone::Any).unwrap();
    assert!(
        std::iter::from_fn(|| reservation.take()).all(|frame| is_ram(frame) && frames.free(frame).is_ok())
    );
    frames.free_giant(giant).unwrap();
    frames.free_block(block).unwrap();
    frames.free_run(run).unwrap();
    // A number that lost its upper half is nobody's.
    let cut = Frame::new(held[10_000].number() & 0xFFFF_FFFF);
    assert_eq!(frames.place_of(cut), Place::Unknown);
    assert_eq!(frames.free(cut).and_then(|()| frames.trim()), Err(FrameCrime::Foreign(cut)));
    assert_eq!(frames.counts().taken, frames.counts().books);
}

#[test]
fn records_reach_to_the_end_of_physical_memory_and_no_further() {
    let block = FrameCount::new(512);
    let bytes = Records::bytes(Frame::new(1 << 40), block).unwrap();
    assert_eq!(bytes, (1 << 31) * 96, "64 bytes of bits and 32 of header for each of 2^31 blocks");
    assert_eq!(Records::bytes(Frame::new(u64::MAX), block), None);
    assert_eq!(Records::bytes(Frame::new(1 << 20), FrameCount::new(256)), None);
    assert_eq!(Records::bytes(Frame::new(1 << 20), FrameCount::new(1024)), Some(1024 * (128 + 32)));
}
