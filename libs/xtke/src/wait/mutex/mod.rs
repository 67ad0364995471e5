//! Mutexes that know their owner, and what becomes of them when the owner ends.
//!
//! # Invariants
//! * Available is 1 exactly while nobody owns the mutex.
//! * A thread that has returned from the wait for a mutex has it on its list [`Owned`] until it released it as often as it
//!   took it; a mutex that is free is on no list.
#![allow(unsafe_code, reason = "owned mutexes hang on their thread by links that lie in them")]

mod owned;

use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::NonNull;

use xtrtl::list::{Link, Linked};

use super::object::{Kind, Object, Ownership, Passing, State, Target};
use super::{Handover, Timeout, WaitError, Waitable, Waiting, signals, wait};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking};
use crate::sync::constructors;

pub use owned::{Owned, abandon_owned};

/// What one thread at a time owns, as often as it likes. NT's `KMUTANT`.
///
/// A mutex is pinned, because it hangs on its owner's list. One that is static is pinned by [`Pin::static_ref`]. Dropping a
/// mutex that somebody owns is [`Misuse::LockFreedWhileHeld`].
pub struct Mutex<P: Parking> {
    object: Object<P>,
    /// The mutex's place among those that its owner owns; touched by the owner only, at Dispatch.
    link: Link,
    _pinned: PhantomPinned,
}

// SAFETY: the object is behind its lock, and the link is touched by the owner only: there is one at a time, and the
// object's lock orders what one did before what the next does.
unsafe impl<P: Parking> Sync for Mutex<P> {}
// SAFETY: a mutex that can be moved is not pinned yet, so nobody owns it or ever did; or its owners are gone from it.
unsafe impl<P: Parking> Send for Mutex<P> {}

// SAFETY: the link is the mutex's only one.
unsafe impl<P: Parking> Linked for Mutex<P> {
    const OFFSET: usize = core::mem::offset_of!(Self, link);
}

/// The caller released a mutex that it does not own. Nothing is changed, so this is an error for the caller, as NT's
/// `STATUS_MUTANT_NOT_OWNED`, and no reason to stop the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotOwner {
    /// The address of the thread that owns it, if one does.
    pub owner: Option<usize>,
}

impl core::fmt::Display for NotOwner {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.owner {
            Some(owner) => write!(out, "the mutex is owned by the thread at {owner:#x}"),
            None => out.write_str("nobody owns the mutex"),
        }
    }
}

impl core::error::Error for NotOwner {}

impl<P: Parking> Mutex<P> {
    constructors! {
        /// Returns a mutex that nobody owns.
        pub fn new() -> Self {
            let nobody = Ownership { owner: None, depth: 0, left: Handover::Orderly };
            let object = Object::new(Kind::MUTEX, 1, Passing::Owns(nobody));
            Self { object, link: Link::new(), _pinned: PhantomPinned }
        }
    }

    /// Returns the thread that owns the mutex, by its address; others may take and release it at any time.
    ///
    /// Highest level: Dispatch. Cost: one lock.
    pub fn owner(&self) -> Option<usize> {
        signals::<P>("Mutex::owner");
        self.object.lock().signal.owner().map(|owner| owner.as_ptr() as usize)
    }

    fn address(&self) -> usize {
        NonNull::from(self).as_ptr() as usize
    }
}

impl<P: Waiting> Mutex<P> {
    /// Waits until the caller owns the mutex, once more if it did before, and tells how it was left by its last owner.
    ///
    /// Highest level: Apc, with [`Timeout::NOW`] Dispatch. Cost without contention: one lock.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`]; [`WaitError::OwnedTooOften`] after 2³² - 1 times.
    pub fn acquire(self: Pin<&Self>, timeout: Timeout) -> Result<Handover, WaitError> {
        wait(&self, timeout)
    }

    /// Releases the mutex once, and returns how often the caller still owns it. At 0 it goes to the thread that waited
    /// longest, with `boost` on its priority.
    ///
    /// Highest level: Dispatch. Cost: one lock, and linear in the threads that were in front of the one that gets it.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not own it.
    pub fn release(self: Pin<&Self>, boost: Boost) -> Result<u32, NotOwner> {
        signals::<P>("Mutex::release");
        let current = P::current();
        let mut state = self.object.lock();
        let Passing::Owns(Ownership { owner: Some(owner), depth, .. }) = &mut state.signal.passing else {
            return Err(NotOwner { owner: None });
        };
        if *owner != current {
            return Err(NotOwner { owner: Some(owner.as_ptr() as usize) });
        }
        *depth = depth.saturating_sub(1);
        let left = *depth;
        if left == 0 {
            // SAFETY: the caller is alive while it runs this.
            let owned = P::owned(unsafe { current.as_ref() });
            // SAFETY: it is the caller's own list, and the object's lock holds the processor at Dispatch; only its owner
            // puts a mutex on a list, its own, and the owner is the caller.
            unsafe { owned.forget(&self) };
            self.pass_on(&mut state, Handover::Orderly, boost);
        }
        Ok(left)
    }

    /// Takes the mutex from its owner, who took it off its list, and gives it to the next.
    fn pass_on(&self, state: &mut State<P>, left: Handover, boost: Boost) {
        state.signal.passing = Passing::Owns(Ownership { owner: None, depth: 0, left });
        state.signal.available = 1;
        state.wake(boost);
    }
}

impl<P: Parking> Waitable<P> for Pin<&Mutex<P>> {
    fn target(&self) -> Target<'_, P> {
        let mutex = self.get_ref();
        // SAFETY: this is a pinned reference.
        unsafe { Target::owning(&mutex.object, mutex) }
    }
}

impl<P: Parking> Default for Mutex<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Parking> Drop for Mutex<P> {
    fn drop(&mut self) {
        if self.object.get_mut().signal.owner().is_some() {
            P::misuse(Misuse::LockFreedWhileHeld { lock: "mutex", address: self.address() });
        }
    }
}

impl<P: Parking> core::fmt::Debug for Mutex<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Mutex({:#x})", self.address())
    }
}
