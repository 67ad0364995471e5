//! Run-down protection: an owner ends something when nobody uses it any more. NT's `EX_RUNDOWN_REF`.
//!
//! Users acquire protection before they touch the thing and release it afterwards; once the owner has begun to end
//! it, nobody acquires any more, and the owner waits for the last release. A count and a bit in one word decide both
//! in one step.
#![allow(unsafe_code, reason = "the waiting owner is known by its address")]

use core::fmt;
use core::ptr::{from_ref, null_mut};

use xtcore::RunLevel;

use super::done::Done;
use crate::levels::{at_most, may_wait};
use crate::platform::Parking;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering, constructors};

const ENDING: usize = 1;
const USER: usize = 2;

/// Protects something from being ended while it is used.
pub struct Rundown<P: Parking> {
    state: AtomicUsize,
    owner: AtomicPtr<Done<P>>,
}

/// Somebody else ends it already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlreadyEnding;

impl fmt::Display for AlreadyEnding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("somebody else has begun to run it down")
    }
}

impl core::error::Error for AlreadyEnding {}

impl<P: Parking> Rundown<P> {
    constructors! {
        /// Returns the protection of something that is not used and not ending.
        pub fn new() -> Self {
            Self { state: AtomicUsize::new(0), owner: AtomicPtr::new(null_mut()) }
        }
    }

    /// Acquires protection, unless the owner has begun to end the thing.
    ///
    /// Highest level: Dispatch. Cost: one atomic step, more when others come between.
    pub fn acquire(&self) -> Option<Protection<'_, P>> {
        at_most::<P>(RunLevel::Dispatch, "Rundown::acquire");
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & ENDING != 0 {
                return None;
            }
            // No overflow: half of all addresses would have to hold a protection each.
            match self.state.compare_exchange_weak(state, state + USER, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Some(Protection { rundown: self }),
                Err(now) => state = now,
            }
        }
    }

    /// Broken, for a model: looks, and then counts.
    #[cfg(all(test, loom))]
    pub(super) fn acquire_in_two_steps(&self) -> Option<Protection<'_, P>> {
        if self.state.load(Ordering::Acquire) & ENDING != 0 {
            return None;
        }
        self.state.fetch_add(USER, Ordering::AcqRel);
        Some(Protection { rundown: self })
    }

    /// Lets nobody acquire any more, and waits until all who did have released. Afterwards the thing is the caller's.
    ///
    /// Highest level: Apc. Cost: until the last release.
    ///
    /// # Errors
    /// [`AlreadyEnding`]; the caller may not end the thing then.
    pub fn wait(&self) -> Result<(), AlreadyEnding> {
        may_wait::<P>();
        let done = Done::new();
        // The first one stays: two who end the thing must not overwrite each other's place.
        let place = from_ref(&done).cast_mut();
        self.owner
            .compare_exchange(null_mut(), place, Ordering::Relaxed, Ordering::Relaxed)
            .map_err(|_| AlreadyEnding)?;
        if self.state.fetch_or(ENDING, Ordering::AcqRel) >= USER {
            done.wait();
        }
        Ok(())
    }

    /// Lets users acquire again, after a [`Rundown::wait`] that the caller has come back from. NT's
    /// `ExReInitializeRundownProtection`.
    pub fn reuse(&mut self) {
        *self = Self::new();
    }
}

#[cfg(not(loom))]
impl<P: Parking> Default for Rundown<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Parking> fmt::Debug for Rundown<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load(Ordering::Relaxed);
        write!(out, "Rundown(users: {}, ending: {})", state / USER, state & ENDING != 0)
    }
}

/// Somebody's use of what is protected. Dropping it releases. Highest level: Dispatch.
#[must_use = "the protection ends where this is dropped"]
pub struct Protection<'a, P: Parking> {
    rundown: &'a Rundown<P>,
}

impl<P: Parking> fmt::Debug for Protection<'_, P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.rundown, out)
    }
}

impl<P: Parking> Drop for Protection<'_, P> {
    fn drop(&mut self) {
        at_most::<P>(RunLevel::Dispatch, "Protection::drop");
        if self.rundown.state.fetch_sub(USER, Ordering::AcqRel) == USER | ENDING {
            // Nobody else releases any more, so the owner waits for this.
            let owner = self.rundown.owner.load(Ordering::Relaxed);
            // SAFETY: the owner leaves `wait`, where its place is, only after this completes it.
            if let Some(owner) = unsafe { owner.as_ref() } {
                owner.complete();
            }
        }
    }
}
