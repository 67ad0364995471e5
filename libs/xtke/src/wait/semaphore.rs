//! Semaphores: so many may pass, and more when somebody says so.

use core::num::NonZeroU32;

use super::object::{Kind, Object, Passing, Target};
use super::{Waitable, signals};
use crate::platform::{Boost, Parking};
use crate::sync::constructors;

/// What a semaphore begins with: a count that is within its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permits {
    available: u32,
    limit: NonZeroU32,
}

/// A semaphore cannot begin with more permits than it may ever have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PermitsError {
    /// With how many it was to begin.
    pub available: u32,
    /// How many it may have.
    pub limit: NonZeroU32,
}

impl core::fmt::Display for PermitsError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{} permits at the beginning are above the limit of {}", self.available, self.limit)
    }
}

impl core::error::Error for PermitsError {}

impl Permits {
    /// Checks a number of permits at the beginning against the highest that there may be.
    ///
    /// # Errors
    /// [`PermitsError`] when it is above that.
    pub const fn new(available: u32, limit: NonZeroU32) -> Result<Self, PermitsError> {
        if available > limit.get() {
            return Err(PermitsError { available, limit });
        }
        Ok(Self { available, limit })
    }
}

/// A number of permits: who waits for the semaphore takes one. NT's `KSEMAPHORE`.
pub struct Semaphore<P: Parking> {
    object: Object<P>,
    limit: NonZeroU32,
}

/// A release would have given a semaphore more permits than it may have. It gave none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitExceeded {
    /// How many there are.
    pub available: u32,
    /// How many were to be added.
    pub added: u32,
    /// How many there may be.
    pub limit: NonZeroU32,
}

impl core::fmt::Display for LimitExceeded {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            out,
            "{} permits and {} more are above the limit of {}",
            self.available, self.added, self.limit
        )
    }
}

impl core::error::Error for LimitExceeded {}

impl<P: Parking> Semaphore<P> {
    constructors! {
        /// Returns a semaphore with so many permits.
        pub fn new(permits: Permits) -> Self {
            Self { object: Object::new(Kind::SEMAPHORE, permits.available, Passing::Takes), limit: permits.limit }
        }
    }

    /// Adds permits, lets those pass who wait for them, and returns how many there were before. The threads that pass get
    /// `boost` on their priority.
    ///
    /// Highest level: Dispatch. Cost: one lock, and linear in the threads that pass and those in front of them.
    ///
    /// # Errors
    /// [`LimitExceeded`] when there would be more than there may be, as NT's `STATUS_SEMAPHORE_LIMIT_EXCEEDED`.
    pub fn release(&self, added: u32, boost: Boost) -> Result<u32, LimitExceeded> {
        signals::<P>("Semaphore::release");
        let mut state = self.object.lock();
        let available = state.signal.available;
        let limit = self.limit;
        state.signal.available = available
            .checked_add(added)
            .filter(|sum| *sum <= limit.get())
            .ok_or(LimitExceeded { available, added, limit })?;
        state.wake(boost);
        Ok(available)
    }

    /// Returns the number of permits; others may change it at any time. Highest level: Dispatch. Cost: one lock.
    pub fn available(&self) -> u32 {
        signals::<P>("Semaphore::available");
        self.object.lock().signal.available
    }
}

impl<P: Parking> Waitable<P> for Semaphore<P> {
    fn target(&self) -> Target<'_, P> {
        Target::new(&self.object)
    }
}

impl<P: Parking> core::fmt::Debug for Semaphore<P> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Semaphore({:#x}, limit {})", self.target().address(), self.limit)
    }
}
