//! Threads: joined, held back, boosted, moved, and giving way.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use xtcore::RunLevel;
use xtke::CpuSet;
use xtke::platform::{Boost, Platform};
use xtke::sched::{Name, Priority, State};
use xtke::wait::{Event, Timeout};

use super::{PATIENTLY, SHORT, Waiting, ends, hand_over, here, passes, until};
use crate::ke::threads::{Kernel, SCHEDULER, Work, running, spawn};

pub(super) fn check(found: &mut Waiting) {
    everywhere(found);
    gives_way(found);
    suspended(found);
    for (base, raised) in [(8, 11), (14, 15), (16, 16)] {
        if let (Some(base), Some(raised)) = (Priority::new(base), Priority::new(raised)) {
            boosted(found, base, raised);
        }
    }
}

static VISITED: AtomicUsize = AtomicUsize::new(0);

/// A thread that wants to run on each processor in turn does.
fn everywhere(found: &mut Waiting) {
    let Some(traveller) = hand_over(found, CpuSet::ALL, visit_all, 0) else { return };
    found.see("a thread that has ended can be joined", ends(&traveller));
    found.see("it stays so", traveller.extension().end.join(Timeout::NOW) == Ok(0));
    let visited = CpuSet::from_bits(VISITED.load(Ordering::Relaxed));
    found.see("a thread runs where it may", visited == SCHEDULER.processors());
}

fn visit_all(_: usize) {
    let Some(own) = running() else { return };
    for cpu in SCHEDULER.processors().iter() {
        if SCHEDULER.set_affinity(own, CpuSet::of(cpu)).is_ok() && Kernel::cpu() == cpu {
            VISITED.fetch_or(CpuSet::of(cpu).bits(), Ordering::Relaxed);
        }
    }
}

static HAD_A_TURN: AtomicBool = AtomicBool::new(false);

/// An equal gets the processor from one who yields. Where a tick has ended the turn before, it had the processor already, and
/// another one is tried.
fn gives_way(found: &mut Waiting) {
    const ATTEMPTS: u32 = 50;
    let mut have_ended = true;
    let is_so = (0..ATTEMPTS).any(|_| {
        HAD_A_TURN.store(false, Ordering::Relaxed);
        let work = Work { function: |_| HAD_A_TURN.store(true, Ordering::Relaxed), argument: 0 };
        // Waits that have ended may have raised it.
        let priority = running().map_or(Priority::NORMAL, |own| own.priority());
        let Ok(equal) = spawn(Name::new("helper"), priority, here(), work) else { return false };
        let is_first = !HAD_A_TURN.load(Ordering::Relaxed);
        let gave_way = SCHEDULER.yield_now() && HAD_A_TURN.load(Ordering::Relaxed);
        have_ended &= ends(&equal);
        is_first && gave_way
    });
    found.see("who yields lets an equal run", is_so && have_ended);
}

static COUNT: AtomicU32 = AtomicU32::new(0);
static IS_ENOUGH: AtomicBool = AtomicBool::new(false);

/// A suspended thread does nothing until it was resumed as often.
fn suspended(found: &mut Waiting) {
    let Some(thread) = hand_over(found, CpuSet::ALL, count_up, 0) else { return };
    let count = || COUNT.load(Ordering::Relaxed);
    found.see("a thread counts", until(&mut || count() > 0));
    let before = [SCHEDULER.suspend(&thread), SCHEDULER.suspend(&thread)];
    found.see("suspensions are counted", before == [Ok(0), Ok(1)]);
    found.see("a suspended thread stops", until(&mut || thread.state() == State::Held));
    let stopped_at = count();
    found.see("a resumption takes one back", SCHEDULER.resume(&thread) == 2);
    super::sleep(Timeout::After(SHORT));
    found.see("a suspended thread stands still", count() == stopped_at && thread.state() == State::Held);
    found.see("the last resumption is the last", SCHEDULER.resume(&thread) == 1);
    found.see("a resumed thread goes on", until(&mut || count() != stopped_at));
    found.see("there is nothing more to take back", SCHEDULER.resume(&thread) == 0);
    IS_ENOUGH.store(true, Ordering::Relaxed);
    found.see("a thread ends that was suspended", ends(&thread));
    // It signals its end while it still runs.
    let has_ended = until(&mut || thread.state() == State::Ended);
    found.see("what has ended cannot be suspended", has_ended && SCHEDULER.suspend(&thread).is_err());
}

fn count_up(_: usize) {
    // The one who counts on it is not left waiting if it is never told to end.
    until(&mut || {
        COUNT.fetch_add(1, Ordering::Relaxed);
        IS_ENOUGH.load(Ordering::Relaxed)
    });
}

static WAKES: Event<Kernel> = Event::synchronisation();

fn sleep(_: usize) {
    passes(&WAKES, PATIENTLY);
}

/// A wait that ends with a boost leads to a higher priority, but not into real time.
fn boosted(found: &mut Waiting, base: Priority, raised: Priority) {
    let work = Work { function: sleep, argument: 0 };
    let Ok(sleeper) = spawn(Name::new("helper"), base, here(), work) else {
        return found.see("a thread can be created", false);
    };
    found.see("a thread that waits sleeps", until(&mut || sleeper.state() == State::Parked));
    let old = SCHEDULER.set_priority(&sleeper, Priority::LOWEST);
    let new = SCHEDULER.set_priority(&sleeper, base);
    found.see("a new priority takes the place of the old", old == Ok(base) && new == Ok(Priority::LOWEST));
    // The sleeper belongs on this processor, and comes to run only after the look.
    let dispatch = Kernel::raise(RunLevel::Dispatch);
    WAKES.set(Boost::new(3));
    let priority = sleeper.priority();
    drop(dispatch);
    found.see("a wait's end raises the priority as far as it may", priority == raised);
    found.see("a boost leaves the base alone", sleeper.base_priority() == base);
    found.see("a boosted thread ends", ends(&sleeper));
}
