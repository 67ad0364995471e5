//! Where processors sit, and where threads go that may run anywhere: to a core of which nothing is busy, as long as there is one.
//!
//! Threads are created one after another, and each stays where it was put, busy, until all are placed. What else runs in the
//! kernel may make a core busy for a moment; so a round in which a thread went elsewhere is repeated, and counts only when
//! none of them succeeds.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use arrayvec::ArrayVec;
use spin::Once;
use xtcore::CpuIndex;
use xthal::topology::Topology;
use xtke::CpuSet;
use xtke::sched::{Name, Priority};
use xtmm::machine::Pin;

use super::{PATIENCE, running_ones};
use crate::ar::control::{self, pause};
use crate::hl::time::stall;
use crate::kd::log;
use crate::ke::processor::{self, MOST};
use crate::ke::threads::{self, Work};

/// Rounds at most.
const ROUNDS: u32 = 8;
/// How long processors have to become idle before a round, in microseconds.
const REST: u64 = 2_000;

/// Where the threads of the check went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placement {
    /// Threads of the last round: one for each other processor.
    pub(crate) placed: usize,
    /// Those of them that were not placed at all, or beside a busy one of their core although another core was idle.
    pub(crate) misplaced: usize,
}

/// Where each processor sits.
static SEATS: [Once<Topology>; MOST] = [const { Once::new() }; MOST];

/// Returns where a processor sits, if it has said so.
pub(super) fn seat(cpu: CpuIndex) -> Option<Topology> {
    SEATS.get(cpu.get()).and_then(Once::get).copied()
}

/// Notes where the processor of the caller sits. Returns which one it is.
pub(super) fn note_own() -> CpuIndex {
    // Not somewhere else between two of these steps.
    let pinned = processor::pin();
    if let Some(seat) = SEATS.get(pinned.cpu().get()) {
        seat.call_once(|| Topology::read(control::cpuid));
    }
    pinned.cpu()
}

/// Where the threads of a round are, by their numbers: a processor's number and one; 0 before they run.
static PLACED: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

/// The threads of the round may end.
static GO_ON: AtomicBool = AtomicBool::new(false);

/// How many of them have not ended.
static BUSY: AtomicU32 = AtomicU32::new(0);

/// Places threads until a round is as it should be.
pub(super) fn check(running: usize) -> Placement {
    let mut placement = Placement::default();
    for _ in 0..ROUNDS {
        placement = round(running);
        if placement.misplaced == 0 {
            break;
        }
    }
    if placement.misplaced > 0 {
        log!("xtoskrnl: threads go beside busy ones although cores are idle: {placement:?}");
    }
    placement
}

fn round(running: usize) -> Placement {
    let _ = stall(REST);
    GO_ON.store(false, Ordering::Relaxed);
    let mut busy = ArrayVec::<CpuIndex, MOST>::new();
    busy.push(processor::current());
    let mut placement = Placement::default();
    for number in 0..running.saturating_sub(1) {
        let has_idle_core = running_ones().any(|cpu| !shares_core(cpu, &busy));
        let cpu = place(number);
        placement.placed += usize::from(cpu.is_some());
        let is_right = cpu.is_some_and(|cpu| !has_idle_core || !shares_core(cpu, &busy));
        placement.misplaced += usize::from(!is_right);
        // As many as there are processors, at most.
        busy.extend(cpu);
    }
    GO_ON.store(true, Ordering::Release);
    let _ = (0..PATIENCE).any(|_| {
        pause();
        BUSY.load(Ordering::Acquire) == 0
    });
    placement
}

/// Tells whether a processor is one of the core of one of the others.
fn shares_core(cpu: CpuIndex, others: &[CpuIndex]) -> bool {
    let core = |cpu| seat(cpu).map(|seat| seat.core);
    others.iter().any(|other| core(*other) == core(cpu))
}

/// Creates the thread of that number; returns where it runs, unless it does not for seconds.
fn place(number: usize) -> Option<CpuIndex> {
    let place = PLACED.get(number)?;
    place.store(0, Ordering::Relaxed);
    BUSY.fetch_add(1, Ordering::Relaxed);
    let name = Name::numbered("place", number as u32);
    let work = Work { function: stay, argument: number };
    if let Err(error) = threads::spawn(name, Priority::LOWEST, CpuSet::ALL, work) {
        log!("xtoskrnl: a thread for a processor cannot be created: {error}");
        BUSY.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    let found = (0..PATIENCE).find_map(|_| {
        pause();
        place.load(Ordering::Acquire).checked_sub(1)
    });
    found.map(|cpu| CpuIndex::new(cpu as usize))
}

/// Keeps the processor busy where the thread was put. Nothing else of this priority or below runs, so it does not move.
fn stay(number: usize) {
    let cpu = note_own();
    if let Some(place) = PLACED.get(number) {
        place.store(cpu.get() as u32 + 1, Ordering::Release);
    }
    while !GO_ON.load(Ordering::Acquire) {
        pause();
    }
    BUSY.fetch_sub(1, Ordering::Release);
}
