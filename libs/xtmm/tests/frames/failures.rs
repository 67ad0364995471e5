//! Every allocation fails once, on purpose; nothing is lost.

use std::collections::BTreeSet;

use crate::double::{Allocator, Ground, range};
use crate::model::{Shape, audit};
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::frames::{FrameError, RunRequest, Zone};
use xtmm::inject::Site;

/// Uses every interface; gives back all that it got, whatever failed.
fn exercise(frames: &Allocator<'_>) {
    let mut ranges: Vec<FrameRange> = Vec::new();
    let one = |frame| FrameRange::with_count(frame, FrameCount::ONE);
    ranges.extend((0..600).filter_map(|_| frames.allocate(Zone::Any).ok()).map(one));
    ranges.extend(frames.allocate_zeroed(Zone::Window).ok().map(one));
    ranges.extend(frames.allocate(Zone::BelowOneMiB).ok().map(one));
    ranges.extend(frames.allocate_order(3, Zone::Any).ok());
    ranges.extend(frames.allocate_order(9, Zone::Any).ok());
    for (count, alignment) in [(40, 8), (512, 512), (1300, 1)] {
        let (count, alignment) = (FrameCount::new(count), FrameCount::new(alignment));
        ranges.extend(frames.allocate_run(&RunRequest { count, alignment, zone: Zone::Any }).ok());
    }
    let block = frames.allocate_block(Zone::Any);
    let giant = frames.allocate_giant(Zone::Any);
    if let Ok(parted) = frames.allocate_giant(Zone::Any) {
        // The upper part first, so that the lower one is opened; the part holds the books if nothing else does.
        let cut = Frame::new(parted.start().number() + 900);
        ranges.extend(
            [FrameRange::new(cut, parted.end()), FrameRange::new(parted.start(), cut)].map(Option::unwrap),
        );
    }
    if let Ok(mut reservation) = frames.reserve(FrameCount::new(30), Zone::Any) {
        // What is taken goes back with the others, what is not by itself.
        ranges.extend((0..20).map(|_| one(reservation.take().unwrap())));
    }
    for range in ranges {
        frames.free_run(range).unwrap();
    }
    if let Ok(block) = block {
        frames.free_block(block).unwrap();
    }
    if let Ok(giant) = giant {
        frames.free_giant(giant).unwrap();
    }
}

/// A failure that the first attempt meets is one that the caller hears of.
#[test]
fn each_interface_reports_its_failure() {
    let mut ground = Ground::new(512, &[range(1, 9000)], 1);
    let frames = ground.allocator(2048, u64::MAX);
    let fails = |action: &dyn Fn() -> bool| {
        frames.machine().injector.arm(1);
        let failed = action();
        assert_eq!(frames.machine().injector.disarm(), 1);
        assert!(failed, "the first attempt");
        action()
    };
    let request = RunRequest { count: FrameCount::ONE, alignment: FrameCount::ONE, zone: Zone::Any };
    assert!(!fails(&|| frames.allocate(Zone::Any).is_err()));
    assert!(!fails(&|| frames.allocate_zeroed(Zone::Any).is_err()));
    assert!(!fails(&|| matches!(frames.allocate_order(0, Zone::Any), Err(FrameError::OutOfFrames(_)))));
    assert!(!fails(&|| frames.allocate_block(Zone::Any).is_err()));
    assert!(!fails(&|| frames.allocate_giant(Zone::Any).is_err()));
    assert!(!fails(&|| frames.allocate_run(&request).is_err()));
    assert!(!fails(&|| frames.reserve(FrameCount::ONE, Zone::Any).is_err()));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn the_nth_failure_is_an_error_and_loses_nothing() {
    let shape = Shape {
        block: 512,
        giant: 2048,
        window_end: u64::MAX,
        ram: vec![range(1, 150), range(300, 513), range(2048 - 7, 9000), range(9500, 12_000)],
    };
    let mut seen = BTreeSet::new();
    let mut nth = 1;
    loop {
        let mut ground = Ground::new(shape.block, &shape.ram, 1);
        let frames = ground.allocator(shape.giant, shape.window_end);
        frames.machine().injector.arm(nth);
        exercise(&frames);
        let failed = frames.machine().injector.disarm();
        seen.extend(frames.machine().injector.seen());
        frames.trim().unwrap();
        audit(&frames, &shape, &BTreeSet::new());
        let counts = frames.counts();
        let sum = counts.available().get() + counts.books.get();
        assert_eq!(sum, counts.known.get(), "after failure {nth}");
        if failed == 0 {
            break;
        }
        nth += 1;
    }
    crate::told::injection(seen.iter().copied(), nth as usize - 1);
    assert!(nth > 600, "{nth}");
    let sites = [
        Site::Frame,
        Site::FrameOrder,
        Site::FrameBlock,
        Site::FrameGiant,
        Site::FrameRun,
        Site::FrameReservation,
        Site::BlockOpening,
    ];
    assert!(sites.iter().all(|site| seen.contains(site)), "{seen:?}");
}
