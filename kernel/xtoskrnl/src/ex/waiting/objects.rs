//! Events and semaphores; waits for any and for all of several objects; time-outs.

use core::num::NonZeroU32;

use xtke::platform::Boost;
use xtke::wait::{
    Event, First, Handover, LimitExceeded, Permits, Semaphore, Timeout, WaitError, Waitable, Was, wait,
    wait_all, wait_any,
};

use super::{PATIENTLY, SHORT, Waiting, elsewhere, ends, hand_over, now, passes, set, sleep};
use crate::ke::threads::Kernel;

/// Rounds of two threads that wake each other by turns.
const ROUNDS: usize = 20;

const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

static GATE: Event<Kernel> = Event::notification();
static PING: Event<Kernel> = Event::synchronisation();
static PONG: Event<Kernel> = Event::synchronisation();

pub(super) fn check(found: &mut Waiting) {
    events(found);
    if let Ok(permits) = Permits::new(0, TWO) {
        let semaphore = Semaphore::new(permits);
        semaphores(found, &semaphore);
        several(found, &semaphore);
    }
    time_is_never_short(found);
    by_turns(found);
}

#[inline(never)]
fn any(objects: &[&dyn Waitable<Kernel>], timeout: Timeout) -> Result<usize, WaitError> {
    wait_any(objects, timeout).map(|First { index, .. }| index)
}

#[inline(never)]
fn all(objects: &[&dyn Waitable<Kernel>], timeout: Timeout) -> Result<Handover, WaitError> {
    wait_all(objects, timeout)
}

#[inline(never)]
fn release(semaphore: &Semaphore<Kernel>, permits: u32) -> Result<u32, LimitExceeded> {
    semaphore.release(permits, Boost::NONE)
}

fn events(found: &mut Waiting) {
    let (gate, once) = (Event::<Kernel>::notification(), Event::<Kernel>::synchronisation());
    found.see(
        "an event that is not set lets nobody pass",
        !passes(&gate, Timeout::NOW) && !passes(&once, Timeout::NOW),
    );
    found.see("setting tells what was", set(&gate) == Was::Clear && set(&gate) == Was::Set);
    found.see(
        "a notification event lets everybody pass",
        passes(&gate, Timeout::NOW) && passes(&gate, Timeout::NOW),
    );
    found.see("a reset event lets nobody pass", gate.reset() == Was::Set && !passes(&gate, Timeout::NOW));
    set(&once);
    found.see(
        "a synchronisation event lets one pass",
        passes(&once, Timeout::NOW) && !passes(&once, Timeout::NOW),
    );
}

fn semaphores(found: &mut Waiting, semaphore: &Semaphore<Kernel>) {
    found.see("a semaphore says how many there were", release(semaphore, 2) == Ok(0));
    let beyond = LimitExceeded { available: 2, added: 1, limit: TWO };
    let is_refused = release(semaphore, 1) == Err(beyond);
    found.see("a semaphore has its limit", is_refused && semaphore.available() == 2);
    found.see(
        "each permit lets one pass",
        passes(semaphore, Timeout::NOW)
            && passes(semaphore, Timeout::NOW)
            && !passes(semaphore, Timeout::NOW),
    );
}

/// Objects of different kinds: a permit, an event, a thread's end.
fn several(found: &mut Waiting, semaphore: &Semaphore<Kernel>) {
    let once = Event::<Kernel>::synchronisation();
    let Some(thread) = hand_over(found, elsewhere(), wait_at_the_gate, 0) else { return };
    let objects: [&dyn Waitable<Kernel>; 3] = [&once, semaphore, &thread.extension().end];
    let none = any(&objects, Timeout::After(SHORT));
    found.see("a wait for any ends with its time", none == Err(WaitError::TimedOut));
    // Within the limit.
    let _ = release(semaphore, 1);
    let some = all(&objects, Timeout::After(SHORT));
    let is_left = semaphore.available() == 1;
    found.see("a wait for all takes nothing before it has all", some == Err(WaitError::TimedOut) && is_left);
    let index = any(&objects, PATIENTLY);
    found.see("a wait for any takes the one that is there", index == Ok(1) && semaphore.available() == 0);
    let _ = release(semaphore, 1);
    set(&once);
    set(&GATE);
    let all = all(&objects, PATIENTLY);
    let are_taken = once.was() == Was::Clear && semaphore.available() == 0;
    found.see("a wait for all takes all", all == Ok(Handover::Orderly) && are_taken);
    let index = any(&objects, PATIENTLY);
    found.see("a thread's end stays", index == Ok(2));
    refusals(found, &once);
}

fn refusals(found: &mut Waiting, once: &Event<Kernel>) {
    let twice = all(&[once, once], Timeout::NOW);
    let same = WaitError::SameObjectTwice { first: 0, second: 1 };
    found.see("a wait for all refuses an object twice", twice == Err(same));
    let nothing = any(&[], Timeout::NOW);
    found.see("a wait for nothing is refused", nothing == Err(WaitError::NoObjects));
}

fn wait_at_the_gate(_: usize) {
    passes(&GATE, PATIENTLY);
}

/// By the performance counter.
fn time_is_never_short(found: &mut Waiting) {
    let never = Event::<Kernel>::notification();
    let before = now();
    let outcome = wait(&never, Timeout::After(SHORT));
    let is_late = now().since(before) >= SHORT;
    found.see("a wait's time-out is not early", outcome == Err(WaitError::TimedOut) && is_late);
    let moment = now() + SHORT;
    sleep(Timeout::At(moment));
    found.see("a delay until a moment is not shorter", now() >= moment);
}

/// Two threads, on two processors if there are, each of which goes on only when the other lets it.
fn by_turns(found: &mut Waiting) {
    let Some(partner) = hand_over(found, elsewhere(), answer, 0) else { return };
    let answered = (0..ROUNDS)
        .take_while(|_| {
            set(&PING);
            passes(&PONG, PATIENTLY)
        })
        .count();
    found.see("two threads wake each other", answered == ROUNDS && ends(&partner));
}

fn answer(_: usize) {
    for _ in 0..ROUNDS {
        if passes(&PING, PATIENTLY) {
            set(&PONG);
        }
    }
}
