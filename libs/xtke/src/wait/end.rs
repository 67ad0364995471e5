//! The end of a thread, as something to wait for.

use super::object::{Kind, Object, Passing, Target};
use super::{Timeout, WaitError, Waitable, Waiting, signals, wait};
use crate::platform::{Boost, Parking};
use crate::sync::{AtomicU32, Ordering, constructors};

/// A gate that opens once, when a thread ends, and stays open; with it comes what the thread left as its status.
///
/// It belongs to those who want to know of the end, not into the thread's own memory, unless that memory stays until
/// nobody waits any more: the object is borrowed by each wait.
pub struct ThreadEnd<P: Parking> {
    object: Object<P>,
    status: AtomicU32,
}

/// What an end was signalled a second time with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndedBefore {
    /// The status that it was signalled with first, and keeps.
    pub status: i32,
}

impl core::fmt::Display for EndedBefore {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "the thread ended before, with status {}", self.status)
    }
}

impl core::error::Error for EndedBefore {}

impl<P: Parking> ThreadEnd<P> {
    constructors! {
        /// Returns the end of a thread that has not ended.
        pub fn new() -> Self {
            Self { object: Object::new(Kind::THREAD_END, 0, Passing::Free), status: AtomicU32::new(0) }
        }
    }

    /// Tells that the thread has ended, and lets those pass who wait for it. The thread itself calls this as one of its last
    /// acts, or whoever finds it ended; it may still be running.
    ///
    /// Highest level: Dispatch. Cost: one lock, and linear in the threads that wait.
    ///
    /// # Errors
    /// [`EndedBefore`] the second time.
    pub fn end(&self, status: i32, boost: Boost) -> Result<(), EndedBefore> {
        signals::<P>("ThreadEnd::end");
        let mut state = self.object.lock();
        if state.signal.available != 0 {
            return Err(EndedBefore { status: self.status() });
        }
        // The object's lock orders the store: who passed, or found the gate open, had it later.
        self.status.store(status.cast_unsigned(), Ordering::Relaxed);
        state.signal.available = 1;
        state.wake(boost);
        Ok(())
    }

    /// Waits until the thread has ended, and returns its status. Highest level: Apc, with [`Timeout::NOW`] Dispatch.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when it has not ended by then.
    pub fn join(&self, timeout: Timeout) -> Result<i32, WaitError>
    where
        P: Waiting,
    {
        wait(self, timeout).map(|_| self.status())
    }

    fn status(&self) -> i32 {
        self.status.load(Ordering::Relaxed).cast_signed()
    }
}

impl<P: Parking> Default for ThreadEnd<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Parking> Waitable<P> for ThreadEnd<P> {
    fn target(&self) -> Target<'_, P> {
        Target::new(&self.object)
    }
}

impl<P: Parking> core::fmt::Debug for ThreadEnd<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "ThreadEnd({:#x})", self.target().address())
    }
}
