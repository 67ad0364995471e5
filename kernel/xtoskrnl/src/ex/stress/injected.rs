//! Failure on purpose: a run through every interface, in which the first allocation fails, then the second, and so on, until
//! a run has none that fails (reliability goal R7). Each failure must be an error; that nothing is lost shows in the counts before
//! and after the whole round.

use core::sync::atomic::{AtomicU32, Ordering};

use xtcore::{FrameCount, PAGE_BYTES};
use xtmm::frames::{RunRequest, Zone};
use xtmm::machine::Machine;
use xtmm::pool::{PoolKind, Request, Tag};
use xtmm::space::Content;
use xtmm::stack::StackSize;

use super::Complaint;
use super::random::Random;
use crate::mm::{MACHINE, Memory, Piece, Taken};

/// A run asks less often than this; more means that it never ends.
const ENOUGH: u32 = 4_000;

static FAILURES: AtomicU32 = AtomicU32::new(0);

/// Returns how many allocations have failed on purpose.
pub(super) fn failures() -> u64 {
    FAILURES.load(Ordering::Relaxed).into()
}

/// Returns how many sites have been asked.
pub(super) fn sites() -> u64 {
    MACHINE.injector().seen().count() as u64
}

pub(super) fn run(memory: &'static Memory, _: &mut Random) -> Result<u64, Complaint> {
    let injector = MACHINE.injector();
    for nth in 1..ENOUGH {
        memory.trim();
        injector.arm(nth);
        let outcome = everything(memory);
        let failed = injector.disarm();
        outcome?;
        if failed == 0 {
            return Ok(nth.into());
        }
        FAILURES.fetch_add(1, Ordering::Relaxed);
    }
    Err(Complaint::new("every run has an allocation that fails", [ENOUGH.into(), 0]))
}

/// Uses every interface once; what cannot be had is left out, what was had is given back, which never fails.
fn everything(memory: &'static Memory) -> Result<(), Complaint> {
    let lost = Complaint::new("what was had could not be given back after a failure", [0, 0]);
    const TAG: Tag = Tag::new(*b"Fail");
    for piece in [Piece::Single, Piece::Block, Piece::Giant] {
        if let Ok(taken) = Taken::new(memory, piece, Zone::Any) {
            taken.give_back().map_err(|_| lost)?;
        }
    }
    if let Ok(taken) = Taken::zeroed(memory, Zone::Window) {
        taken.give_back().map_err(|_| lost)?;
    }
    let frames = memory.frames();
    let request = RunRequest { count: FrameCount::new(5), alignment: FrameCount::ONE, zone: Zone::Any };
    for run in [frames.allocate_order(3, Zone::Any), frames.allocate_run(&request)].into_iter().flatten() {
        frames.free_run(run).map_err(|_| lost)?;
    }
    drop(frames.reserve(FrameCount::new(20), Zone::Any));
    if let Ok(mapping) = memory.system().allocate(FrameCount::new(40), Content::Zeroed) {
        memory.system().release(mapping).map_err(|_| lost)?;
    }
    // Not the paged pool: the first touch of a page cannot say no, and is a bug check.
    for size in [24, 700, 5_000, 40_000] {
        drop(memory.pool(PoolKind::NonPaged).untouched(Request::new(size, TAG)));
    }
    let size = StackSize::new(16 * PAGE_BYTES).and_then(|size| size.with_committed(2 * PAGE_BYTES));
    if let Ok(stack) = size.and_then(|size| memory.stacks().create(size)) {
        let _ = memory.stacks().grow(&stack, 2 * PAGE_BYTES);
        memory.stacks().destroy(stack);
    }
    Ok(())
}
