//! Failure on purpose: a run through every interface, in which the first allocation fails, then the second, and so on,
//! until a run has none that fails (reliability goal R7). Each failure must be an error; that nothing is lost shows in
//! the counts before and after the whole round.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use arrayvec::ArrayVec;
use xtcore::{FrameCount, PAGE_BYTES};
use xtmm::frames::{RunRequest, Zone};
use xtmm::inject::Site;
use xtmm::machine::Machine;
use xtmm::pool::{PoolKind, Request, Tag};
use xtmm::space::PageContent;
use xtmm::stack::StackSize;

use super::Complaint;
use super::random::Random;
use crate::mm::{Memory, Piece, Taken};

/// Whose blocks they are.
const TAG: Tag = Tag::new(*b"Fail");

/// A run asks less often than this; more means that it never ends.
const ENOUGH: u32 = 4_000;

static FAILURES: AtomicU32 = AtomicU32::new(0);

/// Returns how many allocations have failed on purpose.
pub(super) fn failures() -> u64 {
    FAILURES.load(Ordering::Relaxed).into()
}

/// Counts allocations that have failed on purpose elsewhere.
pub(super) fn note(failures: u32) {
    FAILURES.fetch_add(failures, Ordering::Relaxed);
}

/// Returns the sites that have been asked while failures were on.
pub(super) fn asked(memory: &Memory) -> Sites {
    Sites(memory.machine().injector().seen().fold(0, |asked, site| asked | 1 << site as u32))
}

/// A set of sites.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Sites(u32);

impl Sites {
    /// Returns how many they are.
    pub(crate) const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Returns the sites that are not in the set.
    pub(crate) fn others(self) -> impl Iterator<Item = Site> {
        Site::ALL.iter().copied().filter(move |site| self.0 & 1 << *site as u32 == 0)
    }
}

#[inline(never)]
pub(super) fn run(memory: &'static Memory, _: &mut Random) -> Result<u64, Complaint> {
    let injector = memory.machine().injector();
    openings(memory)?;
    books(memory)?;
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

/// Takes blocks of which at least some were never used, while the first question fails, then the second, and so on: one of
/// them is about opening the block. Blocks that were had are held, so that each attempt needs another one.
fn openings(memory: &'static Memory) -> Result<(), Complaint> {
    const QUESTIONS: u32 = 4;
    let injector = memory.machine().injector();
    let mut held = ArrayVec::<Taken, { QUESTIONS as usize }>::new();
    for nth in 1..=QUESTIONS {
        injector.arm(nth);
        let taken = Taken::new(memory, Piece::Block, Zone::Any);
        FAILURES.fetch_add(injector.disarm(), Ordering::Relaxed);
        held.extend(taken);
    }
    for taken in held {
        let first = taken.frames().start().number();
        taken.give_back().map_err(|_| Complaint::new("a block could not be freed", [first, 0]))?;
    }
    Ok(())
}

/// Takes pages from a pool until their books need memory, and that fails. Where the books have it already, nothing fails.
#[inline(never)]
fn books(memory: &'static Memory) -> Result<(), Complaint> {
    const PAGES: usize = 1024;
    let mut held = Vec::new();
    held.try_reserve_exact(PAGES)
        .map_err(|_| Complaint::new("there is no memory for a list", [PAGES as u64, 0]))?;
    let injector = memory.machine().injector();
    injector.arm_at(Site::Backing, 1);
    let pool = memory.pool(PoolKind::NonPaged);
    held.extend((0..PAGES).map_while(|_| pool.untouched(Request::new(PAGE_BYTES as usize, TAG)).ok()));
    FAILURES.fetch_add(injector.disarm(), Ordering::Relaxed);
    Ok(())
}

/// Uses every interface once; what cannot be had is left out, what was had is given back, which never fails.
fn everything(memory: &'static Memory) -> Result<(), Complaint> {
    let lost = Complaint::new("what was had could not be given back after a failure", [0, 0]);
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
    if let Ok(mapping) = memory.system().allocate(FrameCount::new(40), PageContent::Zeroed) {
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
