//! What one thread does to an allocator.

use anyhow::{Result, ensure};
use bitmap_allocator::{BitAlloc, BitAlloc1M, BitAlloc16M};
use spin::Mutex;
use xtcore::Frame;

use super::ours::Ours;
use super::peers::{Array, Bitmap, Buddy, Locked};
use super::{FrameSource, GIB, LARGE, SIZES, Shared, USUAL};
use crate::harness::clock::{per_operation, timed};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

const REPEATS: usize = 7;

/// Repeats where a peer takes seconds for one.
const FEW: usize = 3;

/// How many frames a burst frees before it allocates as many.
const BURST: usize = 1024;

/// How large a test is, and which repeat it is.
#[derive(Debug, Clone, Copy)]
struct Scale {
    gib: usize,
    operations: usize,
    repeat: usize,
}

/// Adds `$test` for every allocator. An array, the floor, joins where frames are alike.
macro_rules! every_allocator {
    ($plan:expr, $group:expr, $gib:expr, $operations:expr, $repeats:expr, $test:path $(, $floor:ident)?) => {{
        let (gib, operations, group) = ($gib, $plan.effort.operations($operations), $group);
        let frames = gib * GIB;
        let scale = move |repeat| Scale { gib, operations, repeat };
        $plan.add(group.clone(), "xtmm", $repeats, move |repeat| {
            let ours = Ours::new(frames)?;
            $test(ours.source(), &scale(repeat))
        });
        $(
            let _wanted = stringify!($floor);
            $plan.add(group.clone(), "array", $repeats, move |repeat| {
                $test($floor::new(frames), &scale(repeat))
            });
        )?
        $plan.add(group.clone(), "bitmap-allocator", $repeats, move |repeat| {
            if frames <= BitAlloc1M::CAP {
                $test(Bitmap::<BitAlloc1M>::new(frames), &scale(repeat))
            } else {
                $test(Bitmap::<BitAlloc16M>::new(frames), &scale(repeat))
            }
        });
        $plan.add(group.clone(), "bitmap-allocator, locked", $repeats, move |repeat| {
            if frames <= BitAlloc1M::CAP {
                $test(&Locked(Mutex::new(Bitmap::<BitAlloc1M>::new(frames))), &scale(repeat))
            } else {
                $test(&Locked(Mutex::new(Bitmap::<BitAlloc16M>::new(frames))), &scale(repeat))
            }
        });
        $plan.add(group.clone(), "buddy_system_allocator, locked", $repeats, move |repeat| {
            $test(&Locked(Mutex::new(Buddy::new(frames))), &scale(repeat))
        });
    }};
}

/// Adds the tests to the plan.
pub(super) fn add(plan: &mut Plan) {
    let group = |name: &str| format!("frames/{name}");
    every_allocator!(plan, group("lifo"), USUAL, 8 << 20, REPEATS, pair, Array);
    for gib in SIZES {
        every_allocator!(plan, format!("frames/random/{gib}GiB"), gib, 2 << 20, REPEATS, random, Array);
    }
    every_allocator!(plan, group("burst"), USUAL, 4 << 20, REPEATS, burst, Array);
    every_allocator!(plan, group("bulk"), USUAL, 1, FEW, bulk, Array);
    every_allocator!(plan, group("large"), USUAL, 1 << 17, FEW, large);
}

fn missing() -> Frame {
    panic!("the allocator ran out of frames")
}

/// A quarter of all frames, in a random order.
fn live(source: &mut impl FrameSource, scale: &Scale) -> Vec<Frame> {
    let mut live: Vec<Frame> =
        (0..scale.gib * GIB / 4).map(|_| source.allocate().unwrap_or_else(missing)).collect();
    Random::new(7).shuffle(&mut live);
    live
}

/// One frame, taken and given back, again and again.
fn pair(mut source: impl FrameSource, scale: &Scale) -> Result<Vec<Sample>> {
    let mut work = |count: usize| {
        for _ in 0..count {
            let frame = source.allocate().unwrap_or_else(missing);
            source.free(frame);
        }
    };
    work(scale.operations / 16);
    let time = timed(|| work(scale.operations));
    Ok(vec![Sample::nanoseconds("frames/lifo", per_operation(time, scale.operations))])
}

/// A quarter of all frames is live; a random one is freed and one is allocated.
fn random(mut source: impl FrameSource, scale: &Scale) -> Result<Vec<Sample>> {
    let mut live = live(&mut source, scale);
    let mut random = Random::new(42 + scale.repeat as u64);
    let mut work = |count: usize| {
        for _ in 0..count {
            let at = random.below(live.len());
            if let Some(place) = live.get_mut(at) {
                source.free(*place);
                *place = source.allocate().unwrap_or_else(missing);
            }
        }
    };
    work(scale.operations / 16);
    let time = timed(|| work(scale.operations));
    let test = format!("frames/random/{}GiB", scale.gib);
    Ok(vec![Sample::nanoseconds(test, per_operation(time, scale.operations))])
}

/// As `random`, but a thousand frames are freed before a thousand are allocated: more than a cache of a few hundred
/// can hide.
fn burst(mut source: impl FrameSource, scale: &Scale) -> Result<Vec<Sample>> {
    let mut live = live(&mut source, scale);
    Random::new(4 + scale.repeat as u64).shuffle(&mut live);
    let mut done = 0;
    let time = timed(|| {
        for burst in live.chunks_exact_mut(BURST).take(scale.operations / BURST) {
            burst.iter().for_each(|frame| source.free(*frame));
            burst.iter_mut().for_each(|place| *place = source.allocate().unwrap_or_else(missing));
            done += BURST;
        }
    });
    Ok(vec![Sample::nanoseconds("frames/burst", per_operation(time, done))])
}

/// All frames are allocated, and freed in a random order.
fn bulk(mut source: impl FrameSource, scale: &Scale) -> Result<Vec<Sample>> {
    let frames = scale.gib * GIB;
    let mut taken = Vec::with_capacity(frames);
    // The array's memory exists before the clock runs.
    taken.resize(frames, Frame::default());
    taken.clear();
    let allocation = timed(|| {
        while let Some(frame) = source.allocate() {
            taken.push(frame);
        }
    });
    // Books about the frames may take a few of them.
    ensure!(taken.len() >= frames - frames / 64, "only {} of {frames} frames were given out", taken.len());
    Random::new(7).shuffle(&mut taken);
    let count = taken.len();
    let freeing = timed(|| taken.iter().for_each(|frame| source.free(*frame)));
    Ok(vec![
        Sample::nanoseconds("frames/bulk-allocate", per_operation(allocation, count)),
        Sample::nanoseconds("frames/bulk-free-shuffled", per_operation(freeing, count)),
    ])
}

/// 2 MiB, taken and given back; then all of them.
fn large(mut source: impl FrameSource, scale: &Scale) -> Result<Vec<Sample>> {
    let pairs = scale.operations;
    let pair = timed(|| {
        for _ in 0..pairs {
            let first = source.allocate_large().unwrap_or_else(missing);
            source.free_large(first);
        }
    });
    let most = scale.gib * GIB / LARGE;
    let mut taken = Vec::with_capacity(most);
    // The array's memory exists before the clock runs.
    taken.resize(most, Frame::default());
    taken.clear();
    let bulk = timed(|| {
        while let Some(first) = source.allocate_large() {
            taken.push(first);
        }
    });
    let count = taken.len();
    ensure!(count > 0, "no 2 MiB were given out");
    taken.into_iter().for_each(|first| source.free_large(first));
    Ok(vec![
        Sample::nanoseconds("frames/large-pair", per_operation(pair, pairs)),
        Sample::nanoseconds("frames/large-bulk", per_operation(bulk, count)),
    ])
}
