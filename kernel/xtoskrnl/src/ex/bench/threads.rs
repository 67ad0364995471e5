//! Threads: one that takes turns with the caller, one that waits for it, and those that come and go.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use xtke::CpuSet;
use xtke::platform::{Boost, Platform};
use xtke::sched::{Name, Priority};
use xtke::wait::{Event, Timeout, wait};

use super::{Bench, Missing, ticks_of};
use crate::ar::control::time_stamp;
use crate::ke::threads::{self, Kernel, SCHEDULER, Work};

/// Operations of a batch.
const COUNT: u32 = 100;

/// The priority of the thread that measures.
const EQUAL: Priority = priority(8);

/// Of threads that run at once, whenever there is something for them to do.
const HIGHER: Priority = priority(9);

static ENOUGH: AtomicBool = AtomicBool::new(false);
static GO: Event<Kernel> = Event::synchronisation();

/// When the thread that waits has last come back from that.
static WOKEN: AtomicU64 = AtomicU64::new(0);

pub(super) fn run(bench: &mut Bench) -> Result<(), Missing> {
    switches(bench)?;
    events(bench)?;
    lives(bench)
}

/// Two threads yield to each other: there and back are two switches.
fn switches(bench: &mut Bench) -> Result<(), Missing> {
    ENOUGH.store(false, Ordering::Relaxed);
    spawn("bench turns", EQUAL, |_| {
        while !ENOUGH.load(Ordering::Relaxed) {
            SCHEDULER.yield_now();
        }
    })?;
    let there_and_back = &mut || {
        SCHEDULER.yield_now();
    };
    bench.measure_batches("context switch, by yielding", 2 * COUNT, &mut || ticks_of(COUNT, there_and_back));
    ENOUGH.store(true, Ordering::Relaxed);
    while SCHEDULER.yield_now() {}
    Ok(())
}

/// A higher thread waits for an event: it runs as soon as the event is set, and the caller goes on when it waits again.
fn events(bench: &mut Bench) -> Result<(), Missing> {
    ENOUGH.store(false, Ordering::Relaxed);
    spawn("bench waits", HIGHER, |_| {
        while !ENOUGH.load(Ordering::Relaxed) && wait(&GO, Timeout::Never).is_ok() {
            let now = time_stamp();
            WOKEN.store(now, Ordering::Relaxed);
        }
    })?;
    let set_and_look = || {
        let before = time_stamp();
        GO.set(Boost::NONE);
        WOKEN.load(Ordering::Relaxed).wrapping_sub(before)
    };
    bench.measure_batches("event, from setting it to the waiter's return", COUNT, &mut || {
        (0..COUNT).map(|_| set_and_look()).sum()
    });
    bench.measure("event, set it, the waiter runs and waits again", COUNT, &mut || {
        GO.set(Boost::NONE);
    });
    ENOUGH.store(true, Ordering::Relaxed);
    GO.set(Boost::NONE);
    Ok(())
}

/// A higher thread runs as soon as it is started, and the reaper, which is higher still, frees it as soon as it has ended.
fn lives(bench: &mut Bench) -> Result<(), Missing> {
    spawn("bench life", HIGHER, |_| {})?;
    bench.measure("thread, create, run, end and reap", COUNT, &mut || {
        let _ = spawn("bench life", HIGHER, |_| {});
    });
    Ok(())
}

/// Lets a thread run on the caller's processor.
fn spawn(name: &'static str, priority: Priority, function: fn(usize)) -> Result<(), Missing> {
    let work = Work { function, argument: 0 };
    match threads::spawn(Name::new(name), priority, CpuSet::of(Kernel::cpu()), work) {
        Ok(_handle) => Ok(()),
        Err(_) => Err(Missing::Thread),
    }
}

const fn priority(number: u8) -> Priority {
    match Priority::new(number) {
        Some(priority) => priority,
        None => Priority::LOWEST,
    }
}
