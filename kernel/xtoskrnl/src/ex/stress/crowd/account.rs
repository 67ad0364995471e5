//! What was given and what was taken.

use core::sync::atomic::{AtomicU64, Ordering};

use super::steps;
use crate::ex::stress::{Complaint, check};
use crate::kd::log;

/// What is counted on both sides.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    /// A signal that was set where there was none; a wait that it let pass.
    Signal,
    /// A wait that a mutex let pass; a change of what it protects.
    Ownership,
    /// A mutex left behind by a thread that ended; the next owner who learned of it.
    Abandonment,
    /// A call queued to a thread; a thread that was called.
    Call,
    /// A deferred call queued; one that ran, or was removed.
    Deferred,
    /// A timer armed; one that was done, or cancelled.
    Timer,
    /// An item of work submitted; one that was done.
    Work,
    /// A suspension; a resumption.
    Suspension,
}

const NAMES: [&str; 8] = [
    "signals",
    "ownerships",
    "abandoned mutexes",
    "calls",
    "deferred calls",
    "timers",
    "work",
    "suspensions",
];

static GIVEN: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];
static TAKEN: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

impl Entry {
    /// Counts one that was given.
    pub(super) fn give(self) {
        self.count(&GIVEN);
    }

    /// Counts one that was taken.
    pub(super) fn take(self) {
        self.count(&TAKEN);
    }

    #[inline(never)]
    fn count(self, side: &[AtomicU64]) {
        if let Some(count) = side.get(self as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Begins with nothing.
pub(super) fn open() {
    GIVEN.iter().chain(&TAKEN).for_each(|count| count.store(0, Ordering::Relaxed));
    steps::open();
}

/// Takes what is left, and compares both sides; nobody gives or takes any more.
pub(super) fn close() -> Result<(), Complaint> {
    steps::close()?;
    let mut outcome = Ok(());
    for ((name, given), taken) in NAMES.iter().zip(&GIVEN).zip(&TAKEN) {
        let (given, taken) = (given.load(Ordering::Relaxed), taken.load(Ordering::Relaxed));
        if given != taken {
            log!("xtoskrnl: stress: {given} {name} were given, {taken} taken");
        }
        let balances = check(given == taken, "what was given is not what was taken", [given, taken]);
        let is_used = check(given > 0, "something was never done by the crowd", [given, taken]);
        outcome = outcome.and(balances).and(is_used);
    }
    outcome
}
