//! What a thread of the crowd does with objects that all share.

use core::num::NonZeroU32;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use xtke::platform::Boost;
use xtke::wait::{
    Event, First, Handover, Mutex, NotOwner, Permits, Semaphore, Timeout, Waitable, Was, wait_all, wait_any,
};

use super::account::Entry;
use super::{
    Member, PATIENCE, PATIENTLY, give_way, judge, must_answer, must_come, requests, some_time, timed,
};
use crate::ex::stress::random::Random;
use crate::ex::stress::{Complaint, check};
use crate::ex::waiting::now;
use crate::ke::threads::Kernel;

/// How many may have a permit at once.
const PERMITS: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

static SEMAPHORE: Semaphore<Kernel> = Semaphore::new(all_permits(PERMITS.get()));
static SIGNAL: Event<Kernel> = Event::synchronisation();

/// A mutex, and what it protects: a number that only an owner changes, in two steps.
struct Place {
    mutex: Mutex<Kernel>,
    number: AtomicU64,
}

static PLACES: [Place; 3] = [const { Place { mutex: Mutex::new(), number: AtomicU64::new(0) } }; 3];

/// As many as the limit allows.
const fn all_permits(available: u32) -> Permits {
    match Permits::new(available, PERMITS) {
        Ok(permits) => permits,
        Err(error) => all_permits(error.limit.get()),
    }
}

/// Nothing is signalled, nothing counted.
pub(super) fn open() {
    SIGNAL.reset();
    PLACES.iter().for_each(|place| place.number.store(0, Ordering::Relaxed));
}

/// Takes the last signal and learns of the last abandoned mutexes; every permit must be back, and every change have stayed.
pub(super) fn close() -> Result<(), Complaint> {
    if SIGNAL.reset() == Was::Set {
        Entry::Signal.take();
    }
    for place in &PLACES {
        let mutex = Pin::static_ref(&place.mutex);
        learn(must_come(&mutex, "a mutex has not come back")?);
        // It was acquired just now.
        let _ = release(mutex);
        (0..place.number.load(Ordering::Relaxed)).for_each(|_| Entry::Ownership.take());
    }
    let available = SEMAPHORE.available();
    check(available == PERMITS.get(), "permits were lost, or made", [PERMITS.get().into(), available.into()])
}

/// Has one of the permits for a while.
pub(super) fn permit(random: &mut Random) -> Result<(), Complaint> {
    let time = some_time(random);
    let passed = timed(&SEMAPHORE, time, "a permit does not come")?;
    if passed.is_some() {
        give_way(random);
        give_back()?;
    }
    Ok(())
}

#[inline(never)]
fn release(mutex: Pin<&'static Mutex<Kernel>>) -> Result<u32, NotOwner> {
    mutex.release(Boost::NONE)
}

#[inline(never)]
fn give_back() -> Result<(), Complaint> {
    let lost = |_| Complaint::new("a permit cannot come back", [0, 0]);
    SEMAPHORE.release(1, xtke::wait::INCREMENT).map(drop).map_err(lost)
}

fn some_place(random: &mut Random) -> &'static Place {
    let [first, ..] = &PLACES;
    PLACES.get(random.below(PLACES.len() as u64) as usize).unwrap_or(first)
}

/// Counts a mutex that was abandoned.
fn learn(left: Handover) {
    if left == Handover::Abandoned {
        Entry::Abandonment.take();
    }
}

/// Owns a mutex, now and then twice, and changes what it protects.
pub(super) fn mutex(random: &mut Random) -> Result<(), Complaint> {
    let place = some_place(random);
    let mutex = Pin::static_ref(&place.mutex);
    let time = some_time(random);
    let Some(left) = timed(&mutex, time, "a mutex does not come")? else {
        return Ok(());
    };
    learn(left);
    let depth = if random.below(4) == 0 { 2 } else { 1 };
    if depth == 2 {
        let again = mutex.acquire(Timeout::NOW);
        check(again == Ok(Handover::Orderly), "an owner could not take its mutex again", [0, 0])?;
    }
    owned(place, random)?;
    for left in (0..depth).rev() {
        check(release(mutex) == Ok(left), "a mutex was not its owner's", [left.into(), 0])?;
    }
    Ok(())
}

/// Changes what a mutex protects; its owner is the caller.
#[inline(never)]
fn owned(place: &Place, random: &mut Random) -> Result<(), Complaint> {
    Entry::Ownership.give();
    let before = place.number.load(Ordering::Relaxed);
    give_way(random);
    let now = place.number.load(Ordering::Relaxed);
    place.number.store(before + 1, Ordering::Relaxed);
    check(now == before, "two threads owned a mutex", [before, now])
}

/// Owns a mutex, changes what it protects, and leaves it behind: what a thread does that ends at once.
pub(super) fn abandon(random: &mut Random) -> Result<(), Complaint> {
    let place = some_place(random);
    let left = must_come(&Pin::static_ref(&place.mutex), "a mutex does not come")?;
    learn(left);
    Entry::Abandonment.give();
    owned(place, random)
}

/// Takes a permit and a mutex together.
pub(super) fn all(random: &mut Random) -> Result<(), Complaint> {
    let place = some_place(random);
    let mutex = Pin::static_ref(&place.mutex);
    // Others can overtake it without end, so it must not be patient.
    let time = xtke::time::Interval::from_micros(random.below(3_000));
    let objects: [&dyn Waitable<Kernel>; 2] = [&SEMAPHORE, &mutex];
    let (before, outcome) = (now(), wait_all(&objects, Timeout::After(time)));
    let what = "a permit and a mutex do not come";
    let Some(left) = judge(before, time, outcome, what)? else { return Ok(()) };
    learn(left);
    owned(place, random)?;
    check(release(mutex) == Ok(0), "a mutex was not its owner's", [0, 1])?;
    give_back()
}

/// Sets the signal, or takes it if it comes soon.
pub(super) fn signal(random: &mut Random) -> Result<(), Complaint> {
    if random.below(2) == 0 {
        if SIGNAL.set(Boost::new(2)) == Was::Clear {
            Entry::Signal.give();
        }
        return Ok(());
    }
    let time = xtke::time::Interval::from_micros(random.below(3_000));
    if timed(&SIGNAL, time, "a signal does not come")?.is_some() {
        Entry::Signal.take();
    }
    Ok(())
}

/// Waits for a permit or for the answer to a request, whichever comes first, and then for the answer in any case.
pub(super) fn any(number: usize, member: &Member, random: &mut Random) -> Result<(), Complaint> {
    let objects: [&dyn Waitable<Kernel>; 2] = [&member.reply, &SEMAPHORE];
    requests::while_one_is_under_way(number, random, || {
        let (before, outcome) = (now(), wait_any(&objects, PATIENTLY));
        let first = judge(before, PATIENCE, outcome, "neither a permit nor an answer comes")?;
        if first.is_some_and(|First { index, .. }| index == 1) {
            give_back()?;
            must_answer(member, "the answer of a timer does not come")?;
        }
        Ok(())
    })
}
