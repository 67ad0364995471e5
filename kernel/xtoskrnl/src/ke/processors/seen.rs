//! What the other processors were doing when a bug check stopped them. Each looks at itself, because only it knows its own stack;
//! whoever stopped them reads it when they stand.

use arrayvec::ArrayVec;
use spin::Once;
use xtcore::CpuIndex;
use xtkd::unwind::{Frame, Registers};

use super::hold::Whereabouts;
use crate::ke::bugcheck::Tracer;
use crate::ke::processor::MOST;
use crate::ke::{stacks, threads};

/// Frames that are kept: enough to see who waits for what.
const FRAMES: usize = 3;

/// What a processor was doing.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Where it was.
    pub(crate) whereabouts: Whereabouts,
    /// What its thread is called, if it runs threads.
    pub(crate) thread: Option<xtke::sched::Name>,
    /// On whose stack it was.
    pub(crate) stack: stacks::Name,
    /// The innermost functions.
    pub(crate) frames: ArrayVec<Frame, FRAMES>,
}

static SEEN: [Once<Seen>; MOST] = [const { Once::new() }; MOST];

/// Keeps what this processor was doing; the first time counts.
pub(super) fn keep(own: CpuIndex, place: Registers) {
    let Some(seen) = SEEN.get(own.get()) else { return };
    let whereabouts = Whereabouts::here(place);
    let thread = threads::running().map(xtke::sched::Thread::name);
    let stack = stacks::name_at(place.stack);
    let frames = Tracer::new().walk(place).take(FRAMES).collect();
    seen.call_once(|| Seen { whereabouts, thread, stack, frames });
}

/// Returns what a processor was doing when it was stopped.
pub(crate) fn seen(cpu: CpuIndex) -> Option<&'static Seen> {
    SEEN.get(cpu.get())?.get()
}
