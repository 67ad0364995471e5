//! The queue of processors in front of a spin lock, and the word that says whose the lock is.
//!
//! ```text
//!   owner: 0, or 1 + the number of the processor that holds the lock, or all ones: taken from the dead
//!   tail:  null, or the place of the processor that came last
//!
//!   holder        first         second        third  <- tail
//!   (no place)    looks at      looks at      looks at
//!                 `owner`       its place     its place
//! ```
//!
//! # Protocol
//! * A processor takes the lock at once if nobody stands in the queue and `owner` changes from 0 to its own number.
//! * Else it puts a [`Place`] in its own frame behind `tail` and waits there until the one before it leaves the queue.
//! * The first in the queue waits for `owner` to become 0, takes it, and leaves the queue. So a place is in use only
//!   while its processor waits, and whoever holds a lock needs none: places nest as frames do, whatever interrupts
//!   whatever, and there are no arrays of them that a number of processors or of run levels could exceed.
//! * The holder writes 0 to `owner`: one plain store.
//!
//! # Guarantees
//! * One holder at a time: `owner` changes from 0 by a compare-exchange only.
//! * First come, first served. Coming ends with finding the queue empty and then taking `owner` or joining the queue; who
//!   has joined is seen by all that begin to come afterwards, and these go behind it. So the first in the queue is
//!   overtaken at most by those who were coming while it was, each once.
//! * A processor that waits for itself is found, when it begins to wait: nobody else writes that processor's number.
//! * Where a single processor is left that ever runs, it inherits any lock, once at a time: [`Queue::inherit`].
//!
//! One word of an owner and an index into arrays of places would save 8 bytes a lock on amd64; it would cost a
//! locked instruction at each release, and arrays that every machine has to bring.
//!
//! Under a model, waiters join the queue only where the queue itself is modelled, see [`step`](super::step).
#![allow(unsafe_code, reason = "waiters point at each other's frames")]

pub(super) mod place;

use xtcore::CpuIndex;

use self::place::{Line, Place};
use super::step::{self, Step};
use crate::platform::Platform;
use crate::sync::{AtomicU32, Ordering, constructors};

/// A processor, as the word holds it: one more than its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Owner(u32);

impl Owner {
    const NOBODY: u32 = 0;

    /// The last one that runs, which has taken the lock from the dead.
    const HEIR: u32 = u32::MAX;

    /// Returns the word.
    #[inline]
    pub(super) fn word(self) -> u32 {
        self.0
    }

    /// Returns the calling processor. The answer lasts as long as the caller stays at Dispatch or above.
    #[inline]
    pub(super) fn here<P: Platform>() -> Self {
        // No machine has 2^32 processors.
        Self((P::cpu().get() as u32).wrapping_add(1))
    }
}

/// What a waiter finds that makes waiting senseless.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct HoldsItself;

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    line: Line,
    owner: AtomicU32,
}

impl Queue {
    constructors! {
        /// Returns a queue of nobody in front of a lock that is free.
        pub(super) fn new() -> Self {
            Self { line: Line::new(), owner: AtomicU32::new(Owner::NOBODY) }
        }
    }

    /// Takes the lock if it is free and nobody waits. Never waits.
    #[inline]
    pub(super) fn try_take(&self, me: Owner) -> bool {
        (self.line.is_empty() || !step::taken(Step::HeedQueue)) && self.claim(me)
    }

    /// Waits for the lock. Called at a level at which the caller stays on its processor.
    ///
    /// # Errors
    /// [`HoldsItself`] if the calling processor holds it; nothing has changed.
    #[inline]
    pub(super) fn take<P: Platform>(&self, me: Owner) -> Result<(), HoldsItself> {
        if self.try_take(me) { Ok(()) } else { self.wait::<P>(me) }
    }

    /// Takes the lock from whoever holds it or waits for it, because none of them ever goes on. Refuses only who has taken it this way
    /// and not given it up.
    #[cold]
    pub(super) fn inherit(&self) -> bool {
        self.owner.swap(Owner::HEIR, Ordering::Acquire) != Owner::HEIR
    }

    /// Tells whether the holder has inherited the lock.
    pub(super) fn is_inherited(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == Owner::HEIR
    }

    /// Gives the lock up. Called by its holder.
    #[inline]
    pub(super) fn give_up(&self) {
        self.owner.store(Owner::NOBODY, step::order(Step::GiveUp, Ordering::Release));
    }

    /// Returns the processor that holds the lock, a moment ago.
    pub(super) fn holder(&self) -> Option<CpuIndex> {
        match self.owner.load(Ordering::Relaxed) {
            Owner::NOBODY | Owner::HEIR => None,
            word => Some(CpuIndex::new(word as usize - 1)),
        }
    }

    #[inline]
    fn claim(&self, me: Owner) -> bool {
        let take = step::order(Step::Take, Ordering::Acquire);
        self.owner.compare_exchange(Owner::NOBODY, me.0, take, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn wait<P: Platform>(&self, me: Owner) -> Result<(), HoldsItself> {
        if self.owner.load(Ordering::Relaxed) == me.0 {
            return Err(HoldsItself);
        }
        if !step::queues() {
            while !self.claim(me) {
                P::relax();
            }
            return Ok(());
        }
        let place = Place::new();
        // SAFETY: the place is a local that is neither moved nor dropped before `first`, which is declared after it.
        let first = unsafe { self.line.join(&place) };
        first.wait(P::relax);
        while self.owner.load(Ordering::Relaxed) != Owner::NOBODY || !self.claim(me) {
            P::relax();
        }
        first.leave(P::relax);
        Ok(())
    }
}
