//! What the fastest path costs here: under instruction counting the time stamps are instructions (design D12).

use xtmm::frames::Zone;

use crate::ar::control::time_stamp;
use crate::mm::Memory;

/// Ticks of many frame pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FramePairs {
    /// How many times a frame was allocated and freed.
    pub(crate) count: u64,
    /// How long all of it took.
    pub(crate) ticks: u64,
}

/// Pairs: enough that the stamps themselves do not count. A number that is counted in one register everywhere.
const PAIRS: u32 = 4096;

/// Allocates and frees a frame, again and again. Not part of its caller, whose own values would take the registers.
#[inline(never)]
pub(crate) fn frame_pairs(memory: &'static Memory) -> FramePairs {
    let frames = memory.frames();
    let before = time_stamp();
    let mut count: u32 = 0;
    for _ in 0..PAIRS {
        let Ok(frame) = frames.allocate(Zone::Window) else { break };
        if frames.free(frame).is_err() {
            break;
        }
        count += 1;
    }
    FramePairs { count: count.into(), ticks: time_stamp().wrapping_sub(before) }
}
