//! What every waitable object begins with: its signal, and who waits for it, behind one spin lock.
//!
//! # Protocol
//! All of it happens under the object's lock. Who makes an object signalled calls [`State::wake`], which goes through
//! the waiters, first come, first served, until the signal is used up:
//!
//! * a thread that waits for **any** of its objects gets this one if the word of its wait is still open: a
//!   compare-and-swap decides ([`Verdict`](super::waiter::Verdict)), then the signal is taken in the waiter's name, then
//!   the waiter is unparked. If the word was decided already, by another object or by the waiter itself, the signal goes
//!   to the next in the queue: it is used by one or by nobody, never lost;
//! * a thread that waits for **all** of its objects is unparked to test them together, and the signal goes on to the next.
//!
//! After that an object that is signalled has no undecided waiter for any, so a new one need not look at the queue.
#![allow(unsafe_code, reason = "the waiters lie in the frames of their threads")]

use core::ptr::NonNull;

use xtrtl::list::{Corrupt, Queue, Step};

use super::look::Busy;
use super::mutex::Mutex;
use super::waiter::{Aim, Block, Ending};
use super::{Handover, Waiting};
use crate::lock::{Class, SpinGuard, SpinLock};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking};
use crate::sync::constructors;

/// What kind of object it is; NT's `DISPATCHER_HEADER::Type`. Nothing depends on it but what is told of the object. A
/// number, because memory that was overwritten may be taken for one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(super) struct Kind(u8);

impl Kind {
    pub(super) const EVENT: Self = Self(1);
    pub(super) const SEMAPHORE: Self = Self(2);
    pub(super) const MUTEX: Self = Self(3);
    pub(super) const THREAD_END: Self = Self(4);
}

const CLASS: Class = Class::new("waitable object");

/// What lets threads through.
pub(super) struct Signal<P: Parking> {
    /// How many it lets through; NT's `SignalState`. Events know 0 and 1, and so do mutexes: 1 is nobody's.
    pub(super) available: u32,
    /// What passing does.
    pub(super) passing: Passing<P>,
}

/// What the passing of a thread does to a signal.
pub(super) enum Passing<P: Parking> {
    /// Nothing.
    Free,
    /// One less is available.
    Takes,
    /// The thread owns the object, once more if it did before.
    Owns(Ownership<P>),
}

/// Who owns a mutex.
pub(super) struct Ownership<P: Parking> {
    /// The owner, while nothing is available.
    pub(super) owner: Option<NonNull<P::Thread>>,
    /// How often it owns it.
    pub(super) depth: u32,
    /// How the last owner left it.
    pub(super) left: Handover,
}

/// What a signal says to a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Offer {
    /// Wait.
    Closed,
    /// Pass.
    Open(Handover),
    /// The thread owns it as often as can be counted.
    Exhausted,
}

impl<P: Parking> Signal<P> {
    /// Tells whether a thread may pass.
    pub(super) fn offer(&self, thread: NonNull<P::Thread>) -> Offer {
        match &self.passing {
            Passing::Owns(mutex) if mutex.owner == Some(thread) => match mutex.depth {
                u32::MAX => Offer::Exhausted,
                _ => Offer::Open(Handover::Orderly),
            },
            _ if self.available == 0 => Offer::Closed,
            Passing::Owns(mutex) => Offer::Open(mutex.left),
            Passing::Free | Passing::Takes => Offer::Open(Handover::Orderly),
        }
    }

    /// Lets a thread pass that was offered it.
    pub(super) fn take(&mut self, thread: NonNull<P::Thread>) {
        match &mut self.passing {
            Passing::Free => {}
            Passing::Takes => self.available = self.available.saturating_sub(1),
            Passing::Owns(mutex) => {
                self.available = 0;
                mutex.owner = Some(thread);
                mutex.depth = mutex.depth.saturating_add(1);
                mutex.left = Handover::Orderly;
            }
        }
    }

    /// Returns the thread that owns it.
    pub(super) fn owner(&self) -> Option<NonNull<P::Thread>> {
        match &self.passing {
            Passing::Owns(mutex) => mutex.owner,
            Passing::Free | Passing::Takes => None,
        }
    }
}

/// The state of an object.
pub(super) struct State<P: Parking> {
    /// What lets threads through.
    pub(super) signal: Signal<P>,
    /// Who waits for it, in the order in which they came.
    pub(super) waiters: Queue<Block<P>>,
}

// SAFETY: the entries of the queue are reached only through the state, which goes from holder to holder of the object's
// lock; threads are `Sync`, and their addresses may be known anywhere.
unsafe impl<P: Parking> Send for State<P> {}

impl<P: Parking> State<P> {
    /// Lets those pass who waited for the signal, first come, first served. Linear in the threads that it lets pass or
    /// that were in front of them.
    pub(super) fn wake(&mut self, boost: Boost) {
        let Self { signal, waiters } = self;
        let swept = waiters.sweep(|block| {
            let wait = block.wait();
            let Offer::Open(left) = signal.offer(wait.thread()) else { return Step::Stop };
            let step = match wait.aim() {
                Aim::All => Step::Keep,
                Aim::Any if wait.verdict().decide(Ending::Object { index: block.index(), left }) => {
                    signal.take(wait.thread());
                    Step::Remove
                }
                // Decided elsewhere: its thread is on the way to this lock, to take the block out.
                Aim::Any => return Step::Keep,
            };
            wait.wake(boost);
            step
        });
        self.check(swept);
    }

    /// Puts a waiter at the end of the queue.
    ///
    /// # Safety
    /// The block is in no queue, and it and its wait stay where they are until [`State::dismiss`] took it out.
    pub(super) unsafe fn enlist(&mut self, block: &Block<P>) {
        // SAFETY: the caller promises what the queue demands.
        unsafe { self.waiters.push(NonNull::from(block)) };
    }

    /// Takes a waiter out of the queue if it is still in it.
    ///
    /// # Safety
    /// The block is in this object's queue or in none.
    pub(super) unsafe fn dismiss(&mut self, block: &Block<P>) {
        // SAFETY: the caller promises what the queue demands.
        let removed = unsafe { self.waiters.remove(NonNull::from(block)) };
        self.check(removed.map(drop));
    }

    fn check(&self, swept: Result<(), Corrupt>) {
        if let Err(corrupt) = swept {
            P::misuse(Misuse::corrupt("the waiters of an object", corrupt));
        }
    }
}

/// What every waitable object begins with.
pub(super) struct Object<P: Parking> {
    pub(super) kind: Kind,
    state: SpinLock<P, State<P>>,
}

impl<P: Parking> Object<P> {
    constructors! {
        /// Returns an object for which nobody waits.
        pub(super) fn new(kind: Kind, available: u32, passing: Passing<P>) -> Self {
            let signal = Signal { available, passing };
            Self { kind, state: SpinLock::new(CLASS, State { signal, waiters: Queue::new() }) }
        }
    }

    /// Takes the object's lock.
    pub(super) fn lock(&self) -> SpinGuard<'_, P, State<P>> {
        self.state.lock()
    }

    /// Returns who owns the object, without its lock.
    ///
    /// # Errors
    /// [`Busy`], when somebody holds the lock: the state may be half changed.
    ///
    /// # Safety
    /// Nobody changes the object meanwhile: whoever could stands still.
    pub(super) unsafe fn peek_owner(&self) -> Result<Option<NonNull<P::Thread>>, Busy> {
        if self.state.is_held() {
            return Err(Busy);
        }
        // SAFETY: nobody holds the lock, and the caller says that nobody takes it meanwhile.
        Ok(unsafe { &*self.state.as_ptr() }.signal.owner())
    }

    /// Returns the state of an object that nobody else knows any more.
    pub(super) fn get_mut(&mut self) -> &mut State<P> {
        self.state.get_mut()
    }
}

/// What a wait is for: an opaque part of the object that [`Waitable`](super::Waitable) names.
pub struct Target<'a, P: Parking> {
    pub(super) object: &'a Object<P>,
    /// The mutex, if the object is one: who passes, owns it.
    mutex: Option<&'a Mutex<P>>,
}

impl<P: Parking> Clone for Target<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Parking> Copy for Target<'_, P> {}

impl<P: Parking> core::fmt::Debug for Target<'_, P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Target({:#x})", self.address())
    }
}

impl<'a, P: Parking> Target<'a, P> {
    /// Names an object that nobody owns.
    pub(super) const fn new(object: &'a Object<P>) -> Self {
        Self { object, mutex: None }
    }

    /// Names the object of a mutex.
    ///
    /// # Safety
    /// The mutex is pinned.
    pub(super) const unsafe fn owning(object: &'a Object<P>, mutex: &'a Mutex<P>) -> Self {
        Self { object, mutex: Some(mutex) }
    }

    /// Takes the object's lock.
    pub(super) fn lock(&self) -> SpinGuard<'a, P, State<P>> {
        self.object.lock()
    }

    /// Returns what stands for the object in the order in which the locks of several are taken.
    pub(super) fn address(&self) -> usize {
        NonNull::from(self.object).as_ptr() as usize
    }
}

impl<P: Waiting> Target<'_, P> {
    /// Lets the caller pass, which was offered it under the same hold of the lock.
    pub(super) fn take(&self, state: &mut State<P>, current: NonNull<P::Thread>) {
        state.signal.take(current);
        self.note(state, current);
    }

    /// Sees to it that a mutex that the caller owns is among those that it leaves behind when it ends.
    ///
    /// A mutex is handed over by the thread that releases it; on the list it comes here, by its new owner, before that
    /// leaves its wait: so the list needs no lock.
    pub(super) fn note(&self, state: &State<P>, current: NonNull<P::Thread>) {
        if let Some(mutex) = self.mutex
            && state.signal.owner() == Some(current)
        {
            // SAFETY: the caller is alive while it runs this.
            let owned = P::owned(unsafe { current.as_ref() });
            // SAFETY: it is the caller's own list; the lock of the object holds the processor at Dispatch; and the mutex
            // is pinned, see `owning`, and owned by the caller.
            unsafe { owned.note(mutex) };
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
