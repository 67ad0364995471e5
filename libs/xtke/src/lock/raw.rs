//! The queued spin lock alone: for a `lock_api::Mutex` whose users are at Dispatch anyway.
#![allow(unsafe_code, reason = "the trait's promise is mutual exclusion")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr;

use lock_api::{GuardNoSend, RawMutex};
use xtcore::{CpuIndex, RunLevel};

use super::Class;
use super::order::{self, Claim};
use super::queue::{HoldsItself, Owner, Queue};
use crate::misuse::Misuse;
use crate::platform::Platform;

/// What a lock counts as that nobody has said anything about; the address tells which it is.
const ANY: Class = Class::new("a raw queued lock");

/// A queued spin lock without a value, which does not raise the run level: a `lock_api::RawMutex`.
///
/// Who takes it is at Dispatch or above, as the holder of xtmm's `Pin` is, and not above where any other taker is. It does
/// not keep its [`Class`]: who waits for it says it, see [`RawQueued::lock_as`], for the [`order`](super::order) of debug builds.
///
/// Uncontended: a load and a compare-exchange to take it, a store to release it.
pub struct RawQueued<P: Platform> {
    queue: Queue,
    platform: PhantomData<fn() -> P>,
}

impl<P: Platform> RawQueued<P> {
    /// Returns a lock that is free.
    #[must_use]
    pub const fn new() -> Self {
        Self { queue: Queue::new(), platform: PhantomData }
    }

    /// Waits for the lock, which is one of a class. Highest level: Dispatch. Released as by [`RawMutex::unlock`].
    ///
    /// Release builds do not look at the class, except to name a lock that its holder waits for.
    #[inline]
    pub fn lock_as(&self, class: Class) {
        order::wanted::<P>(self.claim(class));
        if let Err(HoldsItself) = self.queue.take::<P>(Owner::here::<P>()) {
            P::misuse(Misuse::LockTwice { lock: class.name(), address: self.address() });
        }
        order::taken::<P>(self.claim(class));
    }

    /// Returns the processor that holds the lock, a moment ago. Highest level: any.
    #[must_use]
    pub fn holder(&self) -> Option<CpuIndex> {
        self.queue.holder()
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn claim(&self, class: Class) -> Claim {
        Claim { class, address: self.address(), level: RunLevel::Dispatch }
    }
}

impl<P: Platform> Default for RawQueued<P> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: `take` and `try_take` return success to one caller at a time, until that one calls `give_up`: the owner's word
// leaves 0 by compare-exchange only, and nothing but `unlock` makes it 0. `inherit` is asked where a single processor is left that
// runs, and nothing that held a lock goes on; it refuses who has inherited the lock already.
unsafe impl<P: Platform> RawMutex for RawQueued<P> {
    const INIT: Self = Self::new();

    /// The level is the processor's, so a guard stays where it is.
    type GuardMarker = GuardNoSend;

    #[inline]
    fn lock(&self) {
        self.lock_as(ANY);
    }

    #[inline]
    fn try_lock(&self) -> bool {
        if P::is_alone() {
            return self.queue.inherit();
        }
        let is_taken = self.queue.try_take(Owner::here::<P>());
        if is_taken {
            order::taken::<P>(self.claim(ANY));
        }
        is_taken
    }

    #[inline]
    unsafe fn unlock(&self) {
        if cfg!(debug_assertions) && !self.queue.is_inherited() {
            if self.queue.holder() != Some(P::cpu()) {
                P::misuse(Misuse::LockNotHeld { lock: ANY.name(), address: self.address() });
            }
            order::left::<P>(self.claim(ANY));
        }
        self.queue.give_up();
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.queue.holder().is_some()
    }
}

impl<P: Platform> Drop for RawQueued<P> {
    fn drop(&mut self) {
        if self.queue.holder().is_some() {
            P::misuse(Misuse::LockFreedWhileHeld { lock: ANY.name(), address: self.address() });
        }
    }
}

impl<P: Platform> fmt::Debug for RawQueued<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.queue.holder() {
            None => out.write_str("RawQueued(free)"),
            Some(cpu) => write!(out, "RawQueued(held by processor {})", cpu.get()),
        }
    }
}
