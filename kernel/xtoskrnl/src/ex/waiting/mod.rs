//! The check of threads, waiting and time: each operation once, in every boot, with its outcome judged.
//!
//! It shows that the kernel's wiring does what `xtke` promises: that the clock ends waits, that messages reach other
//! processors, that each thread has its own mutexes and calls. What interleavings do to it is for the stress, and for
//! `xtke`'s models.
//!
//! Nothing here depends on how fast the machine is: time may only not be short, and whatever does not come within a minute is
//! called lost. Sleeps are a few, each of which ends with a clock tick, so all of it takes about a tenth of a second.

mod calls;
mod idle;
mod objects;
mod owners;
mod threads;
mod time;

use core::fmt;

use xtkd::json::Object;
use xtke::CpuSet;
use xtke::platform::{Boost, Platform};
use xtke::sched::{Handle, Name, Priority};
use xtke::time::{Instant, Interval};
use xtke::wait::{Event, Handover, Timeout, Waitable, Was, delay, wait};

use crate::hl;
use crate::kd::log;
use crate::ke::threads::{Kernel, SCHEDULER, Work, spawn};
use crate::mm::Memory;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waiting {
    checks: u32,
    wrong: u32,
    /// What was wrong first.
    first: Option<&'static str>,
}

impl Waiting {
    /// Tells whether everything was as it must be.
    pub(crate) const fn is_clean(&self) -> bool {
        self.checks > 0 && self.wrong == 0
    }

    /// Judges one outcome; `what` says how it must be.
    #[inline(never)]
    fn see(&mut self, what: &'static str, holds: bool) {
        self.checks += 1;
        if !holds {
            self.wrong += 1;
            self.first = self.first.or(Some(what));
            log!("xtoskrnl: waiting: not so: {what}");
        }
    }

    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        out.number("checks", self.checks)?;
        out.number("wrong", self.wrong)?;
        out.or_null("first", self.first, Object::text)
    }
}

/// Runs all checks, at Passive, as a thread. `None` without a clock, with which nothing would end that waits for a moment.
#[inline(never)]
pub(crate) fn run(memory: &'static Memory) -> Option<Waiting> {
    hl::time::get().and_then(hl::time::Time::clock)?;
    let before = now();
    let mut found = Waiting::default();
    for check in [objects::check, owners::check, time::check, threads::check, calls::check] {
        check(&mut found);
    }
    idle::check(&mut found, memory);
    let millis = now().since(before).units() / Interval::from_millis(1).units();
    log!("xtoskrnl: waiting: {} checks, {} wrong, in {millis} ms", found.checks, found.wrong);
    Some(found)
}

/// How long anything may take before it counts as lost. A host may give an emulated processor no time for long.
const PATIENCE: Interval = Interval::from_seconds(60);

/// The same, for a wait.
const PATIENTLY: Timeout = Timeout::After(PATIENCE);

/// A time that is over at the next tick.
const SHORT: Interval = Interval::from_millis(1);

/// Has a thread of the usual priority do something, on any of these processors.
#[inline(never)]
fn hand_over(
    found: &mut Waiting,
    affinity: CpuSet,
    function: fn(usize),
    argument: usize,
) -> Option<Handle<Kernel>> {
    let work = Work { function, argument };
    let thread = spawn(Name::new("helper"), Priority::NORMAL, affinity, work).ok();
    found.see("a thread can be created", thread.is_some());
    thread
}

/// Waits until a thread has ended.
#[inline(never)]
fn ends(thread: &Handle<Kernel>) -> bool {
    thread.extension().end.join(PATIENTLY).is_ok()
}

/// Looks again and again, and lets others run meanwhile, until something is so; tells whether it has become so.
#[inline(never)]
fn until(is_so: &mut dyn FnMut() -> bool) -> bool {
    let begin = now();
    loop {
        if is_so() {
            return true;
        }
        if now().since(begin) > PATIENCE {
            return false;
        }
        if !SCHEDULER.yield_now() {
            Kernel::relax();
        }
    }
}

/// Tells whether an object lets a thread pass that waits no longer than that. This and what follows are functions of their own
/// because checks call them often: inlined each time they would make up a tenth of the kernel.
#[inline(never)]
fn passes(object: &dyn Waitable<Kernel>, timeout: Timeout) -> bool {
    wait(object, timeout) == Ok(Handover::Orderly)
}

/// Returns the time since the start of the machine.
#[inline(never)]
pub(super) fn now() -> Instant {
    Kernel::now()
}

/// Sleeps.
#[inline(never)]
fn sleep(timeout: Timeout) {
    delay::<Kernel>(timeout);
}

/// Sets an event, without a boost.
#[inline(never)]
fn set(event: &Event<Kernel>) -> Was {
    event.set(Boost::NONE)
}

/// Returns the caller's processor, where the thread `main` stays.
fn here() -> CpuSet {
    CpuSet::of(Kernel::cpu())
}

/// Returns another processor that runs threads, if there is one, else the caller's.
fn elsewhere() -> CpuSet {
    let others = SCHEDULER.processors() & !here();
    others.iter().last().map_or(here(), CpuSet::of)
}
