//! What two threads on two processors do to one allocator.

use std::sync::Barrier;
use std::time::Duration;

use anyhow::Result;
use bitmap_allocator::BitAlloc16M;
use spin::Mutex;
use xtcore::Frame;

use super::ours::Ours;
use super::peers::{Bitmap, Buddy, Locked};
use super::{FrameSource, GIB, Shared, USUAL};
use crate::harness::clock::{per_operation, timed};
use crate::harness::pair::{self, Ring, insist};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

const REPEATS: usize = 7;

/// Live frames of one thread.
const LIVE: usize = 262_144;

/// Frames under way from one thread to the other.
const UNDER_WAY: usize = 4096;

const FRAMES: usize = USUAL * GIB;

type Test<S> = fn(&S, operations: usize, repeat: usize) -> Result<Vec<Sample>>;

/// Adds the tests to the plan.
pub(super) fn add(plan: &mut Plan) {
    subject(plan, "xtmm", || Ours::new(FRAMES));
    subject(plan, "bitmap-allocator, locked", || Ok(Locked(Mutex::new(Bitmap::<BitAlloc16M>::new(FRAMES)))));
    subject(plan, "buddy_system_allocator, locked", || Ok(Locked(Mutex::new(Buddy::new(FRAMES)))));
}

fn subject<S: Shared + 'static>(plan: &mut Plan, name: &'static str, make: fn() -> Result<S>) {
    let operations = plan.effort.operations(1 << 20);
    let tests: [Test<S>; 2] = [random, transfer];
    plan.add("frames/two-threads", name, REPEATS, move |repeat| {
        let mut samples = Vec::new();
        for test in tests {
            samples.extend(test(&make()?, operations, repeat)?);
        }
        Ok(samples)
    });
}

fn missing() -> Frame {
    panic!("the allocator ran out of frames")
}

/// Each thread frees a random one of its own frames and allocates one.
fn random(shared: &impl Shared, operations: usize, repeat: usize) -> Result<Vec<Sample>> {
    let thread = |processor: usize| {
        let mut source = shared.source();
        move |barrier: &Barrier| {
            let mut live: Vec<Frame> = (0..LIVE).map(|_| source.allocate().unwrap_or_else(missing)).collect();
            Random::new(7).shuffle(&mut live);
            let mut random = Random::new((99 + processor + 2 * repeat) as u64);
            barrier.wait();
            timed(|| {
                for _ in 0..operations {
                    let at = random.below(live.len());
                    if let Some(place) = live.get_mut(at) {
                        source.free(*place);
                        *place = source.allocate().unwrap_or_else(missing);
                    }
                }
            })
        }
    };
    let slower = slower(pair::run(thread(0), thread(1)));
    Ok(vec![Sample::nanoseconds("frames/two-threads-random", per_operation(slower, operations))])
}

/// One thread allocates, the other frees; the slower of them counts.
fn transfer(shared: &impl Shared, operations: usize, _repeat: usize) -> Result<Vec<Sample>> {
    let ring = Ring::new(UNDER_WAY);
    let ring = &ring;
    let mut source = shared.source();
    let mut sink = shared.source();
    let times = pair::run(
        move |barrier| {
            barrier.wait();
            timed(|| {
                for _ in 0..operations {
                    let frame = source.allocate().unwrap_or_else(missing).number();
                    insist(|| ring.try_send(frame).then_some(()));
                }
            })
        },
        move |barrier| {
            barrier.wait();
            timed(|| {
                for _ in 0..operations {
                    sink.free(Frame::new(insist(|| ring.try_receive())));
                }
            })
        },
    );
    Ok(vec![Sample::nanoseconds("frames/two-threads-transfer", per_operation(slower(times), operations))])
}

fn slower((one, other): (Duration, Duration)) -> Duration {
    one.max(other)
}
