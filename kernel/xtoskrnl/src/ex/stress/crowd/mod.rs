//! A crowd of threads on all processors that wait for one another, wake, interrupt, suspend, move and end one another.
//!
//! ```text
//!   steps      what a thread does with objects: permits, mutexes, a signal, waits for any and for all
//!   requests   what it has done for itself, and waits for: by a timer, a deferred call, a worker, another thread
//!   others     what it does to others of the crowd: calls them, suspends them, changes priority and affinity
//!   account    what was given and what was taken of each kind; in the end the two are equal
//!   creation   threads until there is no memory for one more, and creations that fail on purpose
//! ```
//!
//! Nothing is expected of time but that it is never short. A wait that must end has a minute; one that does not end by
//! then has lost its wake-up, and is a complaint by name, not a boot that stands still.
//!
//! # No deadlock
//! Who holds a permit or a mutex waits for nothing but its turn on a processor. Who suspends another one is in a critical region
//! until it has resumed it: two that suspend each other would both be held for ever.

mod account;
mod creation;
mod others;
mod requests;
mod steps;

use core::sync::atomic::{AtomicU64, Ordering};

use xtke::CpuSet;
use xtke::defer::apc::{Apc, Kind};
use xtke::lock::{Class, SpinLock};
use xtke::sched::{Handle, Name, Priority};
use xtke::time::{Instant, Interval};
use xtke::wait::{Event, Handover, Timeout, WaitError, Waitable, wait};

use super::random::Random;
use super::together::{self, wait_until};
use super::{Complaint, check};
use crate::ex::waiting::now;
use crate::ke::threads::{self, Kernel, SCHEDULER, Work};
use crate::mm::Memory;
use others::Called;

pub(super) use creation::run as until_refused;

/// Threads for each processor, and in all at most.
const EACH: usize = 2;
const MOST: usize = 16;

/// Steps of all threads together. Many of them last until a clock tick.
const STEPS: u64 = 800;

/// How long a wait may take that must end.
const PATIENCE: Interval = Interval::from_seconds(60);

/// The same, for a wait.
const PATIENTLY: Timeout = Timeout::After(PATIENCE);

/// What others know of a thread of the crowd.
struct Member {
    /// Set by whoever has done what the thread asked for; one request is under way at a time.
    reply: Event<Kernel>,
    /// A call to it, which anybody may queue.
    call: Apc<Kernel, Called>,
    thread: SpinLock<Kernel, Option<Handle<Kernel>>>,
}

impl Member {
    const fn new() -> Self {
        Self {
            reply: Event::synchronisation(),
            call: Apc::new(Kind::Normal, Called),
            thread: SpinLock::new(Class::new("member of the crowd"), None),
        }
    }
}

static MEMBERS: [Member; MOST] = [const { Member::new() }; MOST];
static COMPLAINT: SpinLock<Kernel, Option<Complaint>> =
    SpinLock::new(Class::new("complaint of the crowd"), None);
static STEPS_OF_EACH: AtomicU64 = AtomicU64::new(0);
static STEPS_DONE: AtomicU64 = AtomicU64::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let before = SCHEDULER.counts();
    let all = SCHEDULER.processors();
    let count = (EACH * all.len()).min(MOST);
    account::open();
    STEPS_DONE.store(0, Ordering::Relaxed);
    STEPS_OF_EACH.store(STEPS / count.max(1) as u64, Ordering::Relaxed);
    SEED.store(random.next(), Ordering::Relaxed);
    let members = MEMBERS.get(..count).unwrap_or_default();
    let started = members.iter().enumerate().try_for_each(|(number, member)| {
        let work = Work { function: belong, argument: number };
        let name = Name::numbered("crowd", number as u32);
        let thread = threads::spawn(name, Priority::NORMAL, all, work);
        *member.thread.lock() = thread.as_ref().ok().cloned();
        thread.map(drop).map_err(|_| Complaint::new("a thread cannot be created", [number as u64, 0]))
    });
    let ended = members.iter().try_for_each(leave);
    let is_back = wait_until(|| SCHEDULER.counts().alive() == before.alive());
    check(is_back, "threads have not ended", [before.alive(), SCHEDULER.counts().alive()])?;
    // What is under way came from threads that have ended, and nobody adds to it.
    xtke::defer::flush::<Kernel>(all.iter());
    together::settle(memory, before)?;
    // In a statement of its own: the account waits, which nobody may who holds a lock.
    let complaint = COMPLAINT.lock().take();
    match complaint {
        Some(complaint) => Err(complaint),
        None => {
            started.and(ended).and_then(|()| account::close()).map(|()| STEPS_DONE.load(Ordering::Relaxed))
        }
    }
}

/// Waits for a member's end; as long as the crowd does anything, it is not lost.
fn leave(member: &Member) -> Result<(), Complaint> {
    let Some(thread) = member.thread.lock().clone() else { return Ok(()) };
    let mut done = u64::MAX;
    while thread.extension().end.join(PATIENTLY).is_err() {
        let now = STEPS_DONE.load(Ordering::Relaxed);
        check(now != done, "a thread does not end", [thread.id().get(), now])?;
        done = now;
    }
    *member.thread.lock() = None;
    check(thread.suspensions() == 0, "a thread has ended while it was suspended", [thread.id().get(), 0])
}

/// What each thread does.
fn belong(number: usize) {
    let Some(member) = MEMBERS.get(number) else { return };
    let mut random = Random::new(SEED.load(Ordering::Relaxed) ^ (number as u64) << 32);
    for _ in 0..STEPS_OF_EACH.load(Ordering::Relaxed) {
        if let Err(complaint) = step(number, member, &mut random) {
            COMPLAINT.lock().get_or_insert(complaint);
            return;
        }
        STEPS_DONE.fetch_add(1, Ordering::Relaxed);
    }
}

fn step(number: usize, member: &Member, random: &mut Random) -> Result<(), Complaint> {
    match random.below(16) {
        0..2 => steps::permit(random),
        2..4 => steps::mutex(random),
        4 => steps::all(random),
        5 => steps::signal(random),
        6 => steps::any(number, member, random),
        7..9 => requests::by_timer(number, member, random),
        9 => requests::by_deferred_call(number, member, random),
        10 => requests::by_worker(number, member),
        11..13 => requests::by_thread(number, member, random),
        13 => others::call(random),
        14 => others::suspend(number, random),
        _ => others::change(random),
    }
}

/// Waits for something that must come.
#[inline(never)]
fn must_come(object: &dyn Waitable<Kernel>, what: &'static str) -> Result<Handover, Complaint> {
    wait(object, PATIENTLY).map_err(|_| Complaint::new(what, [0, 0]))
}

/// Waits for the answer to a member's request, which must come.
fn must_answer(member: &Member, what: &'static str) -> Result<(), Complaint> {
    // An event is left in one way only.
    must_come(&member.reply, what).map(|_| ())
}

/// Lets others run, or not.
#[inline(never)]
fn give_way(random: &mut Random) {
    for _ in 0..random.below(4) {
        SCHEDULER.yield_now();
    }
}

/// Returns no time, a short one, or all that there is.
fn some_time(random: &mut Random) -> Interval {
    match random.below(4) {
        0 => Interval::ZERO,
        1 => Interval::from_micros(random.below(3_000)),
        _ => PATIENCE,
    }
}

/// Waits for an object, but not for ever, and sees that the time is neither short nor all that there is.
#[inline(never)]
fn timed(
    object: &dyn Waitable<Kernel>,
    time: Interval,
    what: &'static str,
) -> Result<Option<Handover>, Complaint> {
    let before = now();
    judge(before, time, wait(object, Timeout::After(time)), what)
}

/// Judges how a wait ended that began at a moment.
fn judge<T>(
    before: Instant,
    time: Interval,
    outcome: Result<T, WaitError>,
    what: &'static str,
) -> Result<Option<T>, Complaint> {
    match outcome {
        Ok(outcome) => Ok(Some(outcome)),
        Err(WaitError::TimedOut) if time == PATIENCE => Err(Complaint::new(what, [time.units(), 0])),
        Err(WaitError::TimedOut) => {
            let took = now().since(before);
            check(took >= time, "a time-out came early", [time.units(), took.units()])?;
            Ok(None)
        }
        Err(_) => Err(Complaint::new("a wait was refused", [time.units(), 1])),
    }
}

/// Returns one of the processors that run threads.
#[inline(never)]
fn some_processor(random: &mut Random) -> xtcore::CpuIndex {
    let all = SCHEDULER.processors();
    let number = random.below(all.len() as u64) as usize;
    all.iter().nth(number).unwrap_or(xtcore::CpuIndex::BOOT)
}

/// Returns one processor, or all.
fn some_set(random: &mut Random) -> CpuSet {
    match random.below(3) {
        0 => SCHEDULER.processors(),
        _ => CpuSet::of(some_processor(random)),
    }
}
