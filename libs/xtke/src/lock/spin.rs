//! A value behind a spin lock that raises the run level to Dispatch.
#![allow(unsafe_code, reason = "the lock decides who reaches the value")]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use xtcore::RunLevel;

use super::Class;
use crate::platform::Platform;
use crate::sync::{AtomicBool, Ordering};

/// A value behind a spin lock. Highest level: Dispatch.
pub struct SpinLock<P: Platform, T> {
    taken: AtomicBool,
    class: Class,
    value: UnsafeCell<T>,
    platform: PhantomData<fn() -> P>,
}

// SAFETY: the value is reached through the lock by one holder at a time, and may be where any of them is.
unsafe impl<P: Platform, T: Send> Sync for SpinLock<P, T> {}

impl<P: Platform, T> SpinLock<P, T> {
    /// Wraps a value.
    #[cfg(not(loom))]
    pub const fn new(class: Class, value: T) -> Self {
        Self { taken: AtomicBool::new(false), class, value: UnsafeCell::new(value), platform: PhantomData }
    }

    /// Wraps a value.
    #[cfg(loom)]
    pub fn new(class: Class, value: T) -> Self {
        Self { taken: AtomicBool::new(false), class, value: UnsafeCell::new(value), platform: PhantomData }
    }

    /// Raises the run level to Dispatch and waits for the lock.
    pub fn lock(&self) -> SpinGuard<'_, P, T> {
        let raised = P::raise(RunLevel::Dispatch);
        while self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            P::relax();
        }
        SpinGuard { lock: self, _raised: raised }
    }

    /// Takes the lock if nobody holds it.
    pub fn try_lock(&self) -> Option<SpinGuard<'_, P, T>> {
        let raised = P::raise(RunLevel::Dispatch);
        let free = self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        free.then(|| SpinGuard { lock: self, _raised: raised })
    }

    /// Returns the value of a lock that nobody else can hold.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<P: Platform, T> fmt::Debug for SpinLock<P, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SpinLock({})", self.class.name())
    }
}

/// A lock that is held. Dropping it releases the lock, then lowers the run level.
pub struct SpinGuard<'a, P: Platform, T> {
    lock: &'a SpinLock<P, T>,
    _raised: P::Raised,
}

impl<P: Platform, T> Deref for SpinGuard<'_, P, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has a reference to the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Platform, T> DerefMut for SpinGuard<'_, P, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock and is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<P: Platform, T> Drop for SpinGuard<'_, P, T> {
    fn drop(&mut self) {
        self.lock.taken.store(false, Ordering::Release);
    }
}

impl<P: Platform, T: fmt::Debug> fmt::Debug for SpinGuard<'_, P, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}
