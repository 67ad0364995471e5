//! The mutexes that a thread owns, so that they do not stay owned when it ends.
//!
//! The list has no lock: only the thread that it belongs to touches it, and at Dispatch, so that nothing that runs on that
//! thread in between (an asynchronous procedure call, an interrupt's deferred work) does so half-way. A mutex that is handed
//! over is put on the list by its new owner, before that leaves its wait.
#![allow(unsafe_code, reason = "the list is touched by one thread only, which no type tells")]

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use xtcore::RunLevel;
use xtrtl::list::{Corrupt, Queue};

use super::Mutex;
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking};
use crate::wait::object::Passing;
use crate::wait::{Handover, Waiting, signals};

/// The mutexes that a thread owns: a part of every thread.
///
/// A thread that ends calls [`abandon_owned`] first; a list that is dropped with something in it is
/// [`Misuse::EndedWhileHolding`].
pub struct Owned<P: Parking> {
    mutexes: UnsafeCell<Queue<Mutex<P>>>,
}

// SAFETY: all methods that touch the list demand to be called by its thread, at Dispatch: never by two at a time.
unsafe impl<P: Parking> Sync for Owned<P> {}
// SAFETY: it holds addresses of mutexes, which are `Sync`, and moves with its thread, before that runs or after it ended.
unsafe impl<P: Parking> Send for Owned<P> {}

impl<P: Parking> Owned<P> {
    /// Returns the list of a thread that owns nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { mutexes: UnsafeCell::new(Queue::new()) }
    }

    /// Puts a mutex on the list if it is not on it.
    ///
    /// # Safety
    /// The caller is the list's thread, at Dispatch or above; the mutex is pinned, and owned by that thread.
    pub(in crate::wait) unsafe fn note(&self, mutex: &Mutex<P>) {
        // The owner alone touches the link of a mutex, and the caller is the owner.
        if !mutex.link.is_linked() {
            // SAFETY: only the list's thread touches it, which is here; nothing else runs on that at Dispatch.
            let list = unsafe { &mut *self.mutexes.get() };
            // SAFETY: the mutex is on no list; it is pinned, and when it is dropped while it is owned the machine stops.
            unsafe { list.push(NonNull::from(mutex)) };
        }
    }

    /// Takes a mutex off the list if it is on it.
    ///
    /// # Safety
    /// The caller is the list's thread, at Dispatch or above; the mutex is on this list or on none.
    pub(super) unsafe fn forget(&self, mutex: &Mutex<P>) {
        // SAFETY: only the list's thread touches it, which is here; nothing else runs on that at Dispatch.
        let list = unsafe { &mut *self.mutexes.get() };
        // SAFETY: the caller promises where the mutex is.
        check::<P, _>(unsafe { list.remove(NonNull::from(mutex)) });
    }

    /// Takes the first mutex off the list.
    ///
    /// # Safety
    /// The caller is the list's thread, at Dispatch or above.
    unsafe fn pop(&self) -> Option<NonNull<Mutex<P>>> {
        // SAFETY: only the list's thread touches it, which is here; nothing else runs on that at Dispatch.
        let list = unsafe { &mut *self.mutexes.get() };
        check::<P, _>(list.pop())
    }
}

/// Stops the machine when the list's links contradict one another.
fn check<P: Parking, T>(result: Result<T, Corrupt>) -> T {
    result.unwrap_or_else(|corrupt| P::misuse(Misuse::corrupt("the mutexes of a thread", corrupt)))
}

/// Releases all mutexes that the calling thread owns, and returns how many: their next owners are told that they were
/// abandoned, and get `boost` on their priority. A thread that ends calls this before its end is signalled.
///
/// Highest level: Dispatch. Cost: as of a release, for each mutex.
pub fn abandon_owned<P: Waiting>(boost: Boost) -> usize {
    signals::<P>("abandon_owned");
    let current = P::current();
    // SAFETY: the caller is alive while it runs this.
    let owned = P::owned(unsafe { current.as_ref() });
    let mut abandoned = 0;
    loop {
        let _dispatch = P::raise(RunLevel::Dispatch);
        // SAFETY: the list is the calling thread's, and the level is Dispatch.
        let Some(mutex) = (unsafe { owned.pop() }) else { return abandoned };
        // SAFETY: the mutex was on its owner's list, so it is owned; it is pinned, and when it is dropped while it is owned
        // the machine stops.
        let mutex = unsafe { mutex.as_ref() };
        let mut state = mutex.object.lock();
        debug_assert!(matches!(&state.signal.passing, Passing::Owns(now) if now.owner == Some(current)));
        mutex.pass_on(&mut state, Handover::Abandoned, boost);
        abandoned += 1;
    }
}

impl<P: Parking> Default for Owned<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Parking> Drop for Owned<P> {
    fn drop(&mut self) {
        if !self.mutexes.get_mut().is_empty() {
            let thread = core::ptr::from_ref(self) as usize;
            P::misuse(Misuse::EndedWhileHolding { what: "a mutex", thread });
        }
    }
}

impl<P: Parking> core::fmt::Debug for Owned<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Owned")
    }
}
