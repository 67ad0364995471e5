//! The right to a thread that stands nowhere.
#![allow(unsafe_code, reason = "a claim is what makes a pointer to a thread valid and exclusive")]

use core::ops::Deref;
use core::ptr::NonNull;

use super::Thread;
use crate::sched::machine::Switching;

/// The right to put a thread somewhere.
///
/// A thread that has started has exactly one: in the queue that it stands in, with the processor that runs it, in the
/// status word of one that sleeps or is held (who changes that state takes it), or in somebody's hands on the way between
/// those. While it exists the thread's record does: the scheduler's reference is given up only by the reaper, which gets
/// the claim of a thread that has ended.
#[must_use = "a thread whose claim is dropped never runs again"]
pub(crate) struct Claim<P: Switching>(NonNull<Thread<P>>);

// SAFETY: a claim is a right to the thread's record, which is `Send` and `Sync`.
unsafe impl<P: Switching> Send for Claim<P> {}

impl<P: Switching> Claim<P> {
    /// Takes a thread's claim out of where it is.
    ///
    /// # Safety
    /// It is there: nobody else holds it, or can take it.
    pub(crate) const unsafe fn take(thread: NonNull<Thread<P>>) -> Self {
        Self(thread)
    }

    /// Returns the thread; the claim goes to where the caller puts the pointer.
    pub(crate) const fn into_inner(self) -> NonNull<Thread<P>> {
        self.0
    }

    /// Tells whether it is the claim of this thread.
    pub(crate) fn is(&self, thread: &Thread<P>) -> bool {
        core::ptr::eq(self.0.as_ptr(), thread)
    }
}

impl<P: Switching> Deref for Claim<P> {
    type Target = Thread<P>;

    fn deref(&self) -> &Thread<P> {
        // SAFETY: the record lives as long as the claim exists, see the type.
        unsafe { self.0.as_ref() }
    }
}
