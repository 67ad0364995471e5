//! The word of a push lock: who holds it, and where the queue is.
//!
//! ```text
//!   | sharers                          | GUARD | 0 | EXCLUSIVE |   nobody waits
//!   | address of the first waiter      | GUARD | 1 | EXCLUSIVE |   the sharers are counted in that waiter
//! ```
//!
//! # Protocol
//! * A word without `GUARD` and without queue changes by a compare-exchange: that is a lock or a release of which nobody
//!   else need know.
//! * Any other change is made by whoever has set `GUARD`, at Dispatch: with it set, nobody else writes the word or the
//!   queue. One store writes the new word back and clears it. It is kept for a few dozen instructions, and for one more
//!   loop per reader that is let in at a time.
//! * Who cannot have the lock joins the queue. Who releases the lock grants it, under the guard, to those who can have it
//!   next: the word says that it is theirs before they know. They are woken after the guard is given up.
//!
//! # Order
//! Each change acquires what the one before it has released; a grant releases to the thread that it wakes.
#![allow(unsafe_code, reason = "the word points at waiters")]

use core::ptr::{self, NonNull};

use xtcore::RunLevel;

use super::super::Class;
use super::super::step::{self, Step};
use super::waiter::{Granted, Line, Waiter};
use crate::misuse::Misuse;
use crate::platform::{Parking, Platform};
use crate::sleep::Reason;
use crate::sync::{AtomicPtr, Ordering, constructors};

/// One thread holds the lock alone.
const EXCLUSIVE: usize = 1;
/// The rest of the word is the address of the first waiter.
const QUEUE: usize = 2;
/// Somebody is about to change the word and the queue.
const GUARD: usize = 4;
/// One thread that shares the lock, where nobody waits.
const SHARER: usize = 8;
const FLAGS: usize = EXCLUSIVE | QUEUE | GUARD;

/// How a thread holds the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// With others of its kind.
    Shared,
    /// Alone.
    Exclusive,
}

/// See the module.
pub(super) struct Word<P: Parking>(AtomicPtr<Waiter<P>>);

impl<P: Parking> Word<P> {
    constructors! {
        /// Returns a lock that is free.
        pub(super) fn new() -> Self {
            Self(AtomicPtr::new(ptr::null_mut()))
        }
    }

    /// Tells whether nobody holds the lock.
    pub(super) fn is_free(&self) -> bool {
        self.0.load(Ordering::Relaxed).addr() & !GUARD == 0
    }

    /// Waits for the lock, whose class is for those who look at the waiter.
    #[inline]
    pub(super) fn acquire(&self, kind: Kind, class: Class) {
        if self.acquire_at_once(kind).is_err() {
            self.acquire_in_turn(kind, class);
        }
    }

    /// Takes the lock if it is to be had.
    pub(super) fn try_acquire(&self, kind: Kind) -> bool {
        loop {
            match self.acquire_at_once(kind) {
                Ok(()) => return true,
                // With the guard set alone, the lock may be free: somebody has just released it, or has come to share it.
                Err(found) if found & (QUEUE | GUARD) == GUARD && !self.blocks(found, kind) => P::relax(),
                Err(_) => return false,
            }
        }
    }

    /// Releases the lock, which the caller holds.
    #[inline]
    pub(super) fn release(&self, kind: Kind) {
        let mut word = match kind {
            Kind::Exclusive => ptr::without_provenance_mut(EXCLUSIVE),
            Kind::Shared => self.0.load(Ordering::Relaxed),
        };
        while word.addr() & (QUEUE | GUARD) == 0 {
            let less = word.addr().wrapping_sub(weight(kind));
            let less = ptr::without_provenance_mut(less);
            match self.0.compare_exchange(word, less, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
        self.release_to_next(kind);
    }

    /// Takes the lock if nobody holds it otherwise, waits or is about to change the queue.
    ///
    /// # Errors
    /// The word that forbids it.
    #[inline]
    fn acquire_at_once(&self, kind: Kind) -> Result<(), usize> {
        let mut word = match kind {
            Kind::Exclusive => ptr::null_mut(),
            Kind::Shared => self.0.load(Ordering::Relaxed),
        };
        while word.addr() & GUARD == 0 && !self.blocks(word.addr(), kind) {
            let more = ptr::without_provenance_mut(word.addr().wrapping_add(weight(kind)));
            match self.0.compare_exchange(word, more, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
        Err(word.addr())
    }

    /// Tells whether a word forbids a newcomer to hold the lock.
    #[inline]
    fn blocks(&self, word: usize, kind: Kind) -> bool {
        match kind {
            Kind::Exclusive => word & !GUARD != 0,
            Kind::Shared => word & (EXCLUSIVE | QUEUE) != 0,
        }
    }

    #[cold]
    fn acquire_in_turn(&self, kind: Kind, class: Class) {
        check_level::<P>();
        let waiter = Waiter::new(kind);
        {
            let _raised = P::raise(RunLevel::Dispatch);
            let mut state = self.open();
            if state.line.is_none() && state.admits(kind) {
                state.enter(kind);
                return self.close(state);
            }
            // SAFETY: this is the guard's keeper; the waiter, a local that is not moved, waits at once afterwards.
            state.line = Some(unsafe { Line::joined(state.line, NonNull::from(&waiter)) });
            self.close(state);
        }
        waiter.wait(&Reason::lock(class, ptr::from_ref(self).cast()));
    }

    #[cold]
    fn release_to_next(&self, kind: Kind) {
        // Not to be interrupted by a waiter's thread before it is left alone.
        let _raised = P::raise(RunLevel::Dispatch);
        let mut state = self.open();
        state.leave(kind);
        let granted = state.grant();
        self.close(state);
        granted.wake();
    }

    /// Sets the guard and takes the word apart. Called at Dispatch.
    fn open(&self) -> State<P> {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word.addr() & GUARD == 0 {
                let guarded = word.map_addr(|word| word | GUARD);
                match self.0.compare_exchange_weak(word, guarded, Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => break,
                    Err(found) => word = found,
                }
            } else {
                P::relax();
                word = self.0.load(Ordering::Relaxed);
            }
        }
        let exclusive = word.addr() & EXCLUSIVE != 0;
        let first = NonNull::new(word.map_addr(|word| word & !FLAGS));
        match first.filter(|_| word.addr() & QUEUE != 0) {
            None => State { exclusive, sharers: word.addr() / SHARER, line: None },
            Some(first) => {
                // SAFETY: with `QUEUE` set the word holds what `close` got from `keep`, and the guard was set above.
                let (line, sharers) = unsafe { Line::find(first) };
                State { exclusive, sharers, line: Some(line) }
            }
        }
    }

    /// Puts the word together and clears the guard.
    fn close(&self, state: State<P>) {
        let exclusive = if state.exclusive { EXCLUSIVE } else { 0 };
        let word = match state.line {
            None => ptr::without_provenance_mut((state.sharers * SHARER) | exclusive),
            Some(line) => line.keep(state.sharers).as_ptr().map_addr(|first| first | QUEUE | exclusive),
        };
        self.0.store(word, step::order(Step::WriteBack, Ordering::Release));
    }
}

/// What one holder of a kind adds to a word without queue.
#[inline]
const fn weight(kind: Kind) -> usize {
    match kind {
        Kind::Shared => SHARER,
        Kind::Exclusive => EXCLUSIVE,
    }
}

/// Stops who would wait where no thread can.
pub(super) fn check_level<P: Platform>() {
    let level = P::run_level();
    if level >= RunLevel::Dispatch {
        P::misuse(Misuse::WaitAtRaisedLevel { level });
    }
}

/// The word taken apart.
struct State<P: Parking> {
    exclusive: bool,
    sharers: usize,
    line: Option<Line<P>>,
}

impl<P: Parking> State<P> {
    /// Tells whether those who hold the lock can bear one more.
    fn admits(&self, kind: Kind) -> bool {
        !self.exclusive && (kind == Kind::Shared || self.sharers == 0)
    }

    fn enter(&mut self, kind: Kind) {
        match kind {
            Kind::Shared => self.sharers += 1,
            Kind::Exclusive => self.exclusive = true,
        }
    }

    fn leave(&mut self, kind: Kind) {
        match kind {
            // A caller holds the lock, so the count is not 0.
            Kind::Shared => self.sharers = self.sharers.saturating_sub(1),
            Kind::Exclusive => self.exclusive = false,
        }
    }

    /// Makes those holders who wait first and can be.
    fn grant(&mut self) -> Granted<P> {
        let mut granted = Granted::nobody();
        while let Some(line) = self.line.take() {
            let kind = line.kind_of_first();
            if !self.admits(kind) {
                self.line = Some(line);
                break;
            }
            let (waiter, rest) = line.split_first();
            self.enter(kind);
            self.line = rest;
            granted.add(waiter);
        }
        granted
    }
}
