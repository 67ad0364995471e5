//! Counted references to threads.
#![allow(unsafe_code, reason = "the last reference frees the record")]

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::Thread;
use crate::sched::machine::Switching;
use crate::sync::{Ordering, fence};

/// A counted reference: the thread's record stays while it exists, also after the thread ended. Highest level: Dispatch,
/// the last drop included.
pub struct Handle<P: Switching>(NonNull<Thread<P>>);

// SAFETY: a handle gives shared access to a record that is `Sync`, and whoever drops the last one may free it, which needs
// the record's being `Send`.
unsafe impl<P: Switching> Send for Handle<P> {}
// SAFETY: a shared handle gives shared access to a record that is `Sync`, and can be cloned, which is a `Send` handle.
unsafe impl<P: Switching> Sync for Handle<P> {}

impl<P: Switching> Handle<P> {
    /// Wraps a reference that was counted already.
    ///
    /// # Safety
    /// It was counted, and no other handle stands for it.
    pub(crate) const unsafe fn from_counted(thread: NonNull<Thread<P>>) -> Self {
        Self(thread)
    }

    /// Returns the reference without giving it up.
    pub(crate) fn into_counted(self) -> NonNull<Thread<P>> {
        ManuallyDrop::new(self).0
    }
}

impl<P: Switching> Deref for Handle<P> {
    type Target = Thread<P>;

    fn deref(&self) -> &Thread<P> {
        // SAFETY: the record is freed by the drop of the last reference, and this one is not dropped.
        unsafe { self.0.as_ref() }
    }
}

impl<P: Switching> Clone for Handle<P> {
    fn clone(&self) -> Self {
        self.references.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl<P: Switching> Drop for Handle<P> {
    fn drop(&mut self) {
        if self.references.fetch_sub(1, Ordering::Release) == 1 {
            // What other holders did to the record comes before its end.
            fence(Ordering::Acquire);
            // SAFETY: the count fell to zero just now, so that nobody has a reference.
            unsafe { P::scheduler().free(self.0) };
        }
    }
}

impl<P: Switching> fmt::Debug for Handle<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

/// A thread that was created and has not started. Dropping it gives everything back; that may be done at Apc at most,
/// because stacks are freed.
#[must_use = "a thread that is not started never runs"]
#[derive(Debug)]
pub struct Unstarted<P: Switching>(ManuallyDrop<Handle<P>>);

impl<P: Switching> Unstarted<P> {
    pub(crate) const fn new(handle: Handle<P>) -> Self {
        Self(ManuallyDrop::new(handle))
    }

    /// Lets the thread run; one that was suspended meanwhile runs when it is resumed. Highest level: Dispatch.
    pub fn start(self) -> Handle<P> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped and not used again, so that the handle is taken once.
        let handle = unsafe { ManuallyDrop::take(&mut this.0) };
        P::scheduler().launch(&handle);
        handle
    }
}

impl<P: Switching> Deref for Unstarted<P> {
    type Target = Thread<P>;

    fn deref(&self) -> &Thread<P> {
        &self.0
    }
}

impl<P: Switching> Drop for Unstarted<P> {
    fn drop(&mut self) {
        // SAFETY: `start` forgets `self` before it takes the handle, so that it is still here.
        let handle = unsafe { ManuallyDrop::take(&mut self.0) };
        P::scheduler().withdraw_unstarted(&handle);
    }
}
