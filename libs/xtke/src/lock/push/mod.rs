//! A value behind a lock for threads, which sleep where they have to wait.
//!
//! # Fairness
//! First come, first served, exactly: a lock that is released is *handed* to whoever waits first, and if that is a reader,
//! to all the readers up to the next writer, before anybody who comes then sees it free. So neither kind starves, and
//! a thread waits for those alone who came before it. The price is a switch of threads per hand-over while there is a
//! queue.
//!
//! # Level
//! Held at Apc, so that no asynchronous procedure call of the holder runs into its own lock. A thread can wait and
//! touch pageable memory there. Locking at Dispatch or above is
//! [`WaitAtRaisedLevel`](crate::misuse::Misuse::WaitAtRaisedLevel): in debug builds always, in release builds where it
//! would wait.
//!
//! # What is not found
//! A thread that locks what it holds waits for ever: the word does not say whose the lock is. Push locks stand in
//! no [`order`](super::order); what is held there belongs to processors, and threads move.
#![allow(unsafe_code, reason = "the lock decides who reaches the value")]

mod waiter;
mod word;

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::ptr;

use xtcore::RunLevel;

use self::word::{Kind, Word};
use super::Class;
use crate::misuse::Misuse;
use crate::platform::Parking;
use crate::sync::constructors;

/// A value behind a lock for threads: many read, or one writes. Highest level: Apc.
///
/// Uncontended: one compare-exchange to lock and one to release, after a load each if for reading. Contended: a wait for
/// all who came before.
pub struct PushLock<P: Parking, T> {
    word: Word<P>,
    class: Class,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one writer or by several readers at a time, any of which may be anywhere.
unsafe impl<P: Parking, T: Send + Sync> Sync for PushLock<P, T> {}
// SAFETY: nobody waits for a lock that moves, so only the value goes along.
unsafe impl<P: Parking, T: Send> Send for PushLock<P, T> {}

impl<P: Parking, T> PushLock<P, T> {
    constructors! {
        /// Wraps a value.
        pub fn new(class: Class, value: T) -> Self {
            Self { word: Word::new(), class, value: UnsafeCell::new(value) }
        }
    }

    /// Waits until the value may be read. Highest level: Apc.
    #[inline]
    pub fn read(&self) -> PushReadGuard<'_, P, T> {
        let raised = Self::enter();
        self.word.acquire(Kind::Shared, self.class);
        PushReadGuard { lock: self, _raised: raised }
    }

    /// Waits until the value may be written. Highest level: Apc.
    #[inline]
    pub fn write(&self) -> PushWriteGuard<'_, P, T> {
        let raised = Self::enter();
        self.word.acquire(Kind::Exclusive, self.class);
        PushWriteGuard { lock: self, _raised: raised }
    }

    /// Reads if nobody writes or waits. Never waits, but for the few instructions of one who looks at the queue.
    /// Highest level: Apc.
    pub fn try_read(&self) -> Option<PushReadGuard<'_, P, T>> {
        let raised = P::raise(RunLevel::Apc);
        self.word.try_acquire(Kind::Shared).then(|| PushReadGuard { lock: self, _raised: raised })
    }

    /// Writes if nobody reads, writes or waits. Never waits, but for the few instructions of one who looks at the queue.
    /// Highest level: Apc.
    pub fn try_write(&self) -> Option<PushWriteGuard<'_, P, T>> {
        let raised = P::raise(RunLevel::Apc);
        self.word.try_acquire(Kind::Exclusive).then(|| PushWriteGuard { lock: self, _raised: raised })
    }

    /// Tells whether somebody reads or writes, a moment ago. Highest level: any.
    pub fn is_held(&self) -> bool {
        !self.word.is_free()
    }

    /// Returns the value of a lock that nobody else can hold.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn enter() -> P::Raised {
        if cfg!(debug_assertions) {
            word::check_level::<P>();
        }
        P::raise(RunLevel::Apc)
    }
}

impl<P: Parking, T> Drop for PushLock<P, T> {
    fn drop(&mut self) {
        if self.is_held() {
            let (lock, address) = (self.class.name(), ptr::from_ref(self).addr());
            P::misuse(Misuse::LockFreedWhileHeld { lock, address });
        }
    }
}

impl<P: Parking, T> fmt::Debug for PushLock<P, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PushLock({})", self.class.name())
    }
}

/// A push lock held for reading. Dropping it releases the lock, then lowers the run level.
#[must_use]
pub struct PushReadGuard<'a, P: Parking, T> {
    lock: &'a PushLock<P, T>,
    _raised: P::Raised,
}

impl<P: Parking, T> Deref for PushReadGuard<'_, P, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while this reader is counted, nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Parking, T> Drop for PushReadGuard<'_, P, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.word.release(Kind::Shared);
    }
}

/// A push lock held for writing. Dropping it releases the lock, then lowers the run level.
#[must_use]
pub struct PushWriteGuard<'a, P: Parking, T> {
    lock: &'a PushLock<P, T>,
    _raised: P::Raised,
}

impl<P: Parking, T> Deref for PushWriteGuard<'_, P, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard's holder alone has access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<P: Parking, T> DerefMut for PushWriteGuard<'_, P, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard's holder alone has access, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<P: Parking, T> Drop for PushWriteGuard<'_, P, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.word.release(Kind::Exclusive);
    }
}
