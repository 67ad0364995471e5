//! What processors do that have nothing to do: they zero some frames, and then halt.

use xtcore::FrameCount;
use xtke::time::Interval;
use xtke::wait::Timeout;
use xtmm::frames::Zone;

use super::{PATIENCE, Waiting, now, sleep};
use crate::ke::threads;
use crate::mm::{Chain, Memory, Piece, Taken};

/// Frames that are freed here, so that this processor has more than it leaves as they are.
const FREED: u64 = 160;

/// Zeroed frames that are asked for then: an idle processor keeps twice as many.
const WANTED: u64 = 32;

/// Time in which quiet processors change nothing.
const WHILE: Interval = Interval::from_millis(30);

pub(super) fn check(found: &mut Waiting, memory: &'static Memory) {
    let frames = memory.frames();
    let zeroed = || frames.counts().zeroed.get();
    let mut held = Chain::new(memory, Piece::Single);
    let outcome = (0..FREED).try_for_each(|_| {
        let mut taken = Taken::new(memory, Piece::Single, Zone::Window).ok()?;
        taken.fill(taken.frames(), usize::MAX);
        held.push(taken).ok()
    });
    found.see("there are frames to be zeroed", outcome.is_some());
    found.see("they can be freed", give_back(&mut held));
    let begin = now();
    let is_quiet = loop {
        let (before, halts) = (zeroed(), threads::halts());
        sleep(Timeout::After(WHILE));
        if before >= 2 * WANTED && zeroed() == before && threads::halts() > halts {
            break true;
        }
        if now().since(begin) > PATIENCE {
            break false;
        }
    };
    found.see("idle processors zero frames, and halt when there are enough", is_quiet);
    let before = frames.counts();
    let outcome = (0..WANTED).try_for_each(|_| {
        let taken = Taken::zeroed(memory, Zone::Window).ok()?;
        let is_zero = taken.count_unlike(taken.frames().start(), 0) == 0;
        held.push(taken).ok().filter(|()| is_zero)
    });
    found.see("frames that were zeroed ahead of demand are zero", outcome.is_some());
    let left = before.zeroed.checked_sub(frames.counts().zeroed);
    found.see("nothing is zeroed on demand then", left >= Some(FrameCount::new(WANTED)));
    found.see("such frames can be freed", give_back(&mut held));
}

/// Frees what was taken; tells whether the allocator agreed.
fn give_back(held: &mut Chain) -> bool {
    let mut is_right = true;
    while let Some(taken) = held.pop() {
        is_right &= taken.give_back().is_ok();
    }
    is_right
}
