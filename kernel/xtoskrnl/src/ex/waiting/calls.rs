//! Calls: of a certain thread, on a certain processor, by a worker.

use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use xtcore::RunLevel;
use xtke::CpuSet;
use xtke::defer::apc::{Apc, Callee, Ended, Kind, Occasion, guarded_region};
use xtke::defer::work::{WorkItem, WorkQueue};
use xtke::defer::{Dpc, Importance, Target, flush};
use xtke::platform::Platform;
use xtke::sched::{State, Thread};
use xtke::wait::Event;

use super::{PATIENTLY, Waiting, elsewhere, ends, hand_over, now, passes, set, until};
use crate::ke::threads::work::{CRITICAL, DELAYED};
use crate::ke::threads::{Kernel, SCHEDULER, running};

pub(super) fn check(found: &mut Waiting) {
    to_threads(found);
    guarded(found);
    on_processors(found);
    by_workers(found, &CRITICAL, Pin::static_ref(&URGENT));
    by_workers(found, &DELAYED, Pin::static_ref(&SLOW));
}

/// Notes who was called at its own level.
struct Notes(RunLevel);

static CALLS: AtomicU32 = AtomicU32::new(0);
/// The thread that was called last; 0 if that was at a wrong level or on a wrong occasion.
static CALLED: AtomicU64 = AtomicU64::new(0);

impl Callee for Notes {
    fn call(&self, occasion: Occasion) {
        let is_right = occasion == Occasion::Delivery && Kernel::run_level() == self.0;
        let caller = running().filter(|_| is_right).map_or(0, |thread| thread.id().get());
        CALLED.store(caller, Ordering::Relaxed);
        CALLS.fetch_add(1, Ordering::Release);
    }
}

static SPECIAL: Apc<Kernel, Notes> = Apc::new(Kind::Special, Notes(RunLevel::Apc));
static NORMAL: Apc<Kernel, Notes> = Apc::new(Kind::Normal, Notes(RunLevel::Passive));
static GO_ON: Event<Kernel> = Event::synchronisation();

#[inline(never)]
fn insert(call: Pin<&Apc<Kernel, Notes>>, thread: &Thread<Kernel>) -> Result<bool, Ended> {
    call.insert(thread)
}

fn calls() -> u32 {
    CALLS.load(Ordering::Acquire)
}

/// A thread that sleeps is called, and sleeps on; one that runs is called while it runs; one that has ended cannot be.
fn to_threads(found: &mut Waiting) {
    let Some(sleeper) = hand_over(found, elsewhere(), sleep, 0) else { return };
    let Some(runner) = hand_over(found, elsewhere(), run_until_called, calls() as usize + 3) else { return };
    for (call, kind) in [
        (Pin::static_ref(&SPECIAL), "a special call reaches a thread that sleeps"),
        (Pin::static_ref(&NORMAL), "a normal call reaches a thread that sleeps"),
    ] {
        found.see("a thread that waits sleeps", until(&mut || sleeper.state() == State::Parked));
        let before = calls();
        let is_queued = insert(call, &sleeper) == Ok(true);
        let is_called =
            until(&mut || calls() != before) && CALLED.load(Ordering::Relaxed) == sleeper.id().get();
        found.see(kind, is_queued && is_called);
    }
    found.see("a thread sleeps on after a call", until(&mut || sleeper.state() == State::Parked));
    let is_queued = insert(Pin::static_ref(&NORMAL), &runner) == Ok(true);
    let is_called = ends(&runner) && CALLED.load(Ordering::Relaxed) == runner.id().get();
    found.see("a call reaches a thread that runs", is_queued && is_called);
    set(&GO_ON);
    found.see("a thread that was called ends as others do", ends(&sleeper));
    found.see(
        "a thread that has ended is not called",
        insert(Pin::static_ref(&SPECIAL), &sleeper) == Err(Ended),
    );
}

fn sleep(_: usize) {
    passes(&GO_ON, PATIENTLY);
}

/// Neither sleeps nor gives way until there were so many calls.
fn run_until_called(wanted: usize) {
    let begin = now();
    while (calls() as usize) < wanted && now().since(begin) < super::PATIENCE {
        Kernel::relax();
    }
}

/// A thread that guards itself is called afterwards.
fn guarded(found: &mut Waiting) {
    let Some(own) = running() else { return };
    let before = calls();
    let region = guarded_region::<Kernel>();
    let is_queued = insert(Pin::static_ref(&SPECIAL), own) == Ok(true);
    let is_held_back = calls() == before;
    drop(region);
    found.see(
        "a guarded thread is called when it is no more",
        is_queued && is_held_back && calls() == before + 1,
    );
}

/// The processors that were called at Dispatch.
static REACHED: AtomicUsize = AtomicUsize::new(0);

fn note_processor() {
    if Kernel::run_level() == RunLevel::Dispatch {
        REACHED.fetch_or(CpuSet::of(Kernel::cpu()).bits(), Ordering::Relaxed);
    }
}

/// A call of a processor.
type Deferred = Dpc<Kernel, fn()>;

/// Queues a call, and does something with it then, at a run level; tells whether it was new, and what came of that.
#[inline(never)]
fn deferred(
    target: Target,
    importance: Importance,
    level: RunLevel,
    then: fn(&Deferred) -> bool,
) -> (bool, bool) {
    let call = pin!(Deferred::new(target, importance, note_processor));
    let _raised = Kernel::raise(level);
    (call.as_ref().insert(), then(&call))
}

fn on_processors(found: &mut Waiting) {
    // What is of low importance waits for a tick, so it is tried on one processor only.
    let (all, own) = (SCHEDULER.processors(), CpuSet::of(Kernel::cpu()));
    for (importance, set) in [(Importance::High, all), (Importance::Medium, all), (Importance::Low, own)] {
        REACHED.store(0, Ordering::Relaxed);
        for cpu in set.iter() {
            let (is_new, is_through) = deferred(Target::Cpu(cpu), importance, RunLevel::Passive, |call| {
                until(&mut || !call.is_queued())
            });
            found.see("a deferred call is queued, and runs", is_new && is_through);
        }
        flush::<Kernel>(set.iter());
        found.see("deferred calls run where they belong", REACHED.load(Ordering::Relaxed) == set.bits());
    }
    REACHED.store(0, Ordering::Relaxed);
    let (target, level) = (Target::Inserter, RunLevel::Dispatch);
    let (is_new, is_removed) = deferred(target, Importance::Medium, level, |call| call.remove());
    found.see(
        "a call that was removed does not run",
        is_new && is_removed && REACHED.load(Ordering::Relaxed) == 0,
    );
}

static URGENT: WorkItem<Kernel, fn()> = WorkItem::new(&CRITICAL, note_work);
static SLOW: WorkItem<Kernel, fn()> = WorkItem::new(&DELAYED, note_work);
static WORKED: AtomicU32 = AtomicU32::new(0);

fn note_work() {
    if Kernel::run_level() == RunLevel::Passive {
        WORKED.fetch_add(1, Ordering::Relaxed);
    }
}

fn by_workers(found: &mut Waiting, queue: &WorkQueue<Kernel>, item: Pin<&WorkItem<Kernel, fn()>>) {
    let before = WORKED.load(Ordering::Relaxed);
    let is_queued = item.submit() == Ok(true);
    queue.flush();
    let is_done = WORKED.load(Ordering::Relaxed) == before + 1;
    found.see("what was submitted is done after a flush", is_queued && is_done);
}
