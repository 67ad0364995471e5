//! The steps of the locks that their models break, to show that they would be missed.
//!
//! Outside of models each of these functions is its last argument or a constant.

#[cfg(not(loom))]
use crate::sync::Ordering;

/// A step that a model can leave out or weaken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// A spin lock is given up: what was done under it becomes visible.
    GiveUp,
    /// A spin lock is taken: what was done under it is seen.
    Take,
    /// Who comes looks whether somebody waits.
    HeedQueue,
    /// Who comes waits behind the one that came before it, instead of beside it.
    StandBehind,
    /// A reader leaves: what it read may be overwritten.
    ReaderLeaves,
    /// A writer says that it waits, so that readers stop coming.
    WriterWaits,
    /// A waiter is told that the lock is its own before it is woken.
    GrantFirst,
    /// The word of a push lock is written back.
    WriteBack,
    /// A thread that was woken is left to itself: it may be gone.
    StayAway,
}

/// Returns the order of a step's memory access.
#[cfg(not(loom))]
#[inline(always)]
pub(super) const fn order(_: Step, sound: Ordering) -> Ordering {
    sound
}

/// Tells whether a step is taken.
#[cfg(not(loom))]
#[inline(always)]
pub(super) const fn taken(_: Step) -> bool {
    true
}

/// Does one thing before another; a model can have it the other way round.
#[inline(always)]
pub(super) fn in_order(step: Step, first: impl Fn(), second: impl Fn()) {
    if taken(step) {
        first();
        second();
    } else {
        second();
        first();
    }
}

/// Tells whether waiters queue. In the models of what uses locks they do not: those explore their own protocol, not
/// again this one.
#[cfg(not(loom))]
#[inline(always)]
pub(super) const fn queues() -> bool {
    true
}

#[cfg(loom)]
pub(super) use modelled::{order, queues, taken};

/// The same under a model. All threads of a model are run by one thread of the host.
#[cfg(loom)]
pub(super) mod modelled {
    extern crate std;
    use std::cell::Cell;

    use super::Step;
    use crate::sync::Ordering;

    std::thread_local! {
        static QUEUES: Cell<bool> = const { Cell::new(false) };
        static BROKEN: Cell<Option<Step>> = const { Cell::new(None) };
    }

    /// Makes the calling thread of the host explore the queues, with one step broken.
    #[cfg(test)]
    pub(in crate::lock) fn explore(broken: Option<Step>) {
        QUEUES.set(true);
        BROKEN.set(broken);
    }

    pub(in crate::lock) fn order(step: Step, sound: Ordering) -> Ordering {
        if taken(step) { sound } else { Ordering::Relaxed }
    }

    pub(in crate::lock) fn taken(step: Step) -> bool {
        BROKEN.get() != Some(step)
    }

    pub(in crate::lock) fn queues() -> bool {
        QUEUES.get()
    }
}
