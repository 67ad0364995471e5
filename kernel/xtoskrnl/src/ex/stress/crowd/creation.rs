//! Threads until there is no memory for one more, and creations that fail on purpose (reliability goals R7 and R11):
//! each failure is an error, everybody who was created runs and ends, and all of it comes back.
//!
//! So that it does not take long, most of the memory is taken before. Above 64 GiB it is not, since nothing is refused there.

use core::sync::atomic::{AtomicU64, Ordering};

use xtcore::FrameCount;
use xtke::CpuSet;
use xtke::platform::Boost;
use xtke::sched::{Blueprint, CreateError, Name, Priority};
use xtke::wait::{Event, wait};
use xtmm::frames::Zone;
use xtmm::machine::Machine;

use super::PATIENTLY;
use crate::ex::stress::random::Random;
use crate::ex::stress::together::{settle, wait_until};
use crate::ex::stress::{Complaint, check, exhaust, injected};
use crate::ke::threads::{Extension, Kernel, NoMemory, SCHEDULER, Work, spawn};
use crate::mm::{Chain, Memory, Piece, Taken};

/// Frames that are left for threads, at least.
const LEFT: u64 = 1024;

/// More threads than those frames can hold.
const ENOUGH: u64 = 1024;

/// Opened when all threads stand before it.
static GATE: Event<Kernel> = Event::notification();
static STARTED: AtomicU64 = AtomicU64::new(0);
static PASSED: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
pub(in crate::ex::stress) fn run(memory: &'static Memory, _: &mut Random) -> Result<u64, Complaint> {
    let attempts = failures(memory)?;
    if memory.frames().counts().available() > exhaust::HUGE {
        return Ok(attempts);
    }
    let before = SCHEDULER.counts();
    let mut chains = [Piece::Giant, Piece::Block, Piece::Single].map(|piece| Chain::new(memory, piece));
    let pieces = [Piece::Giant, Piece::Block, Piece::Single];
    for (chain, piece) in chains.iter_mut().zip(pieces) {
        while let Ok(taken) = Taken::new(memory, piece, Zone::Any) {
            // A piece has the size that was asked for.
            let _ = chain.push(taken);
        }
    }
    let [_, blocks, singles] = &mut chains;
    let outcome = leave_some(blocks, singles).and_then(|()| crowded());
    GATE.set(Boost::NONE);
    let is_back = wait_until(|| {
        let now = SCHEDULER.counts();
        now.alive() == before.alive() && now.lingering() == before.lingering()
    });
    GATE.reset();
    for chain in &mut chains {
        while let Some(taken) = chain.pop() {
            give_back(taken)?;
        }
    }
    check(is_back, "not all threads have ended", [before.alive(), SCHEDULER.counts().alive()])?;
    settle(memory, before)?;
    let count = outcome?;
    let passed = PASSED.load(Ordering::Relaxed);
    check(passed == count, "not all threads have run", [count, passed])?;
    Ok(attempts + count)
}

fn give_back(taken: Taken) -> Result<(), Complaint> {
    let first = taken.frames().start().number();
    taken.give_back().map_err(|_| Complaint::new("a frame could not be freed", [first, 0]))
}

/// Gives some memory back, the largest pieces first.
fn leave_some(blocks: &mut Chain, singles: &mut Chain) -> Result<(), Complaint> {
    let mut left = FrameCount::ZERO;
    while left.get() < LEFT
        && let Some(taken) = blocks.pop().or_else(|| singles.pop())
    {
        left = left.saturating_add(taken.frames().count());
        give_back(taken)?;
    }
    Ok(())
}

/// Creates threads until one is refused, and sees that all of them run meanwhile; returns how many.
fn crowded() -> Result<u64, Complaint> {
    STARTED.store(0, Ordering::Relaxed);
    PASSED.store(0, Ordering::Relaxed);
    let work = Work { function: stand_before_the_gate, argument: 0 };
    let create = || spawn(Name::new("one of many"), Priority::NORMAL, CpuSet::ALL, work).map(drop);
    let count = (0..ENOUGH).take_while(|_| create().is_ok()).count() as u64;
    check(count > 0, "there was no memory for a thread", [LEFT, 0])?;
    check(count < ENOUGH, "threads without end", [count, 0])?;
    let have_started = wait_until(|| STARTED.load(Ordering::Relaxed) == count);
    check(have_started, "not all threads have started", [count, STARTED.load(Ordering::Relaxed)])?;
    // None has ended, so there is still no memory.
    check(create().is_err(), "a thread was made without memory", [count, 0])?;
    Ok(count)
}

fn stand_before_the_gate(_: usize) {
    STARTED.fetch_add(1, Ordering::Relaxed);
    if wait(&GATE, PATIENTLY).is_ok() {
        PASSED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Creates a thread while the first allocation fails, then the second, and so on until none does; returns how often.
fn failures(memory: &'static Memory) -> Result<u64, Complaint> {
    const MANY: u32 = 1_000;
    let injector = memory.machine().injector();
    let (mut stacks, mut records) = (0, 0);
    for nth in 1..MANY {
        memory.trim();
        injector.arm(nth);
        let created = SCHEDULER.create(Blueprint {
            name: Name::new("never started"),
            priority: Priority::NORMAL,
            affinity: CpuSet::ALL,
            start: Work { function: stand_before_the_gate, argument: 0 },
            extension: Extension::default(),
        });
        let failed = injector.disarm();
        injected::note(failed);
        match created.map(drop) {
            Ok(()) => {}
            Err(CreateError::NoStack(NoMemory::Stack(_))) => stacks += 1,
            Err(CreateError::NoRecord(NoMemory::Record)) => records += 1,
            Err(_) => return Err(Complaint::new("a thread was refused for another reason", [nth.into(), 0])),
        }
        if failed == 0 {
            check(stacks > 0 && records > 0, "no stack, or no record, was refused", [stacks, records])?;
            return Ok(nth.into());
        }
    }
    Err(Complaint::new("every thread has an allocation that fails", [MANY.into(), 0]))
}
