//! A value behind a queued spin lock that raises the run level.
#![allow(unsafe_code, reason = "the lock decides who reaches the value")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr;

use xtcore::CpuIndex;

use super::Class;
use super::level::{self, AtDevice, AtDispatch, Level};
use super::order::{self, Claim};
use super::queue::{HoldsItself, Owner, Queue};
use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::sync::constructors;
use crate::sync::model_has_failed;

/// A value behind a queued spin lock. Highest level: the lock's, which is Dispatch unless stated.
///
/// Uncontended: a load and a compare-exchange to take it, a store to release it, besides what raising and lowering cost.
/// Contended: waits for all who came before; see [`lock`](super).
pub struct SpinLock<P: Platform, T, L: Level = AtDispatch> {
    queue: Queue,
    class: Class,
    platform: PhantomData<fn() -> (P, L)>,
    value: UnsafeCell<T>,
}

/// A value that threads share with device interrupts: a [`SpinLock`] that raises to Device.
pub type DeviceLock<P, T> = SpinLock<P, T, AtDevice>;

// SAFETY: the value is reached through the lock by one holder at a time, and may be where any of them is.
unsafe impl<P: Platform, T: Send, L: Level> Sync for SpinLock<P, T, L> {}

impl<P: Platform, T> SpinLock<P, T, AtDispatch> {
    constructors! {
        /// Wraps a value.
        pub fn new(class: Class, value: T) -> Self {
            Self { queue: Queue::new(), class, platform: PhantomData, value: UnsafeCell::new(value) }
        }
    }
}

impl<P: Platform, T> SpinLock<P, T, AtDevice> {
    constructors! {
        /// Wraps a value that device interrupts use, too.
        pub fn for_device(class: Class, value: T) -> Self {
            Self { queue: Queue::new(), class, platform: PhantomData, value: UnsafeCell::new(value) }
        }
    }
}

impl<P: Platform, T, L: Level> SpinLock<P, T, L> {
    /// Raises the run level to the lock's and waits for the lock.
    #[inline]
    pub fn lock(&self) -> SpinGuard<'_, P, T, L> {
        if cfg!(debug_assertions) {
            level::check::<P>("SpinLock::lock", L::LEVEL);
        }
        let raised = P::raise(L::LEVEL);
        order::wanted::<P>(self.claim());
        if let Err(HoldsItself) = self.queue.take::<P>(Owner::here::<P>()) {
            self.end(|lock, address| Misuse::LockTwice { lock, address });
        }
        order::taken::<P>(self.claim());
        SpinGuard { lock: self, _raised: raised }
    }

    /// Takes the lock if it is free and nobody waits for it, or whoever holds it never goes on ([`Platform::is_alone`]). Never waits,
    /// so it stands in no order. Highest level: any.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinGuard<'_, P, T, L>> {
        let raised = P::raise(L::LEVEL);
        if P::is_alone() {
            return self.queue.inherit().then(|| SpinGuard { lock: self, _raised: raised });
        }
        if !self.queue.try_take(Owner::here::<P>()) {
            return None;
        }
        order::taken::<P>(self.claim());
        Some(SpinGuard { lock: self, _raised: raised })
    }

    /// Tells whether somebody holds the lock, a moment ago. Highest level: any.
    pub fn is_held(&self) -> bool {
        self.holder().is_some()
    }

    /// Returns the processor that holds the lock, a moment ago; it is exact about the calling one, if that stays where it
    /// is. Highest level: any.
    pub fn holder(&self) -> Option<CpuIndex> {
        self.queue.holder()
    }

    /// Returns the value of a lock that nobody else can hold.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Returns where the value lies, for whoever looks at a machine that stands still and takes no lock.
    pub(crate) const fn as_ptr(&self) -> *const T {
        self.value.get()
    }

    fn claim(&self) -> Claim {
        Claim { class: self.class, address: ptr::from_ref(&self.queue).addr(), level: L::LEVEL }
    }

    #[cold]
    fn end(&self, what: fn(&'static str, usize) -> Misuse) -> ! {
        P::misuse(what(self.class.name(), ptr::from_ref(self).addr()))
    }
}

impl<P: Platform, T, L: Level> Drop for SpinLock<P, T, L> {
    fn drop(&mut self) {
        if !model_has_failed() && self.is_held() {
            self.end(|lock, address| Misuse::LockFreedWhileHeld { lock, address });
        }
    }
}

impl<P: Platform, T, L: Level> fmt::Debug for SpinLock<P, T, L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SpinLock({})", self.class.name())
    }
}

/// A lock that is held. Dropping it releases the lock, then lowers the run level.
///
/// It is dropped by the processor that took it, before any guard that is older. Debug builds find another one, or a guard
/// that is dropped twice, as [`Misuse::LockNotHeld`]; a release build would have to look at the holder at each release, for
/// what only unsafe code can do.
#[must_use]
pub struct SpinGuard<'a, P: Platform, T, L: Level = AtDispatch> {
    lock: &'a SpinLock<P, T, L>,
    _raised: P::Raised,
}

impl<P: Platform, T, L: Level> Deref for SpinGuard<'_, P, T, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference to the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Platform, T, L: Level> DerefMut for SpinGuard<'_, P, T, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<P: Platform, T, L: Level> Drop for SpinGuard<'_, P, T, L> {
    #[inline]
    fn drop(&mut self) {
        if cfg!(debug_assertions) && !self.lock.queue.is_inherited() {
            if self.lock.holder() != Some(P::cpu()) {
                self.lock.end(|lock, address| Misuse::LockNotHeld { lock, address });
            }
            order::left::<P>(self.lock.claim());
        }
        self.lock.queue.give_up();
    }
}

impl<P: Platform, T: fmt::Debug, L: Level> fmt::Debug for SpinGuard<'_, P, T, L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}
