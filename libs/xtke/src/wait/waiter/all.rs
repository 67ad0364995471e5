//! Waiting for all of several objects at once.
//!
//! The waiter alone decides: it holds the locks of all its objects while it tests them, so nothing can be taken from under
//! it. It is in all queues before it tests for the first time, so whatever is signalled later wakes it.
#![allow(unsafe_code, reason = "the frame of a wait promises to leave the queues")]

use core::ptr::NonNull;

use arrayvec::ArrayVec;

use super::enlisted::{Blocks, Enlisted};
use super::{Aim, Patience, Wait};
use crate::lock::SpinGuard;
use crate::platform::Parking;
use crate::sleep::Reason;
use crate::wait::object::{Offer, State, Target};
use crate::wait::timeout::until;
use crate::wait::{Handover, WaitError, Waiting};

/// Waits for all of at most `N` objects.
#[inline(never)]
pub(super) fn wait<P: Waiting, const N: usize>(
    targets: &[Target<'_, P>],
    patience: Patience,
) -> Result<Handover, WaitError> {
    let ordered = Ordered::<P, N>::new(targets)?;
    let current = P::current();
    if let Some(ended) = ordered.take(current) {
        return ended;
    }
    let Patience::Until(deadline) = patience else { return Err(WaitError::TimedOut) };
    let wait = Wait::new(Aim::All);
    let blocks = Blocks::<P, N>::new(&wait);
    // SAFETY: the value is a local one of this function and nobody forgets it.
    let mut enlisted = unsafe { Enlisted::new(targets, &blocks) };
    for target in targets {
        enlisted.enlist(&mut target.lock());
    }
    let reason = Reason::all(targets, deadline);
    until::<P, _>(deadline, |alarm| {
        loop {
            // Looked at before the objects: what is there when the time is out is taken.
            let is_late = alarm.rang();
            if let Some(ended) = ordered.take(current) {
                return ended;
            }
            if is_late {
                return Err(WaitError::TimedOut);
            }
            P::park_for(&reason);
        }
    })
}

/// The objects of a wait by ascending address, each with its number in the wait: the order in which locks are taken.
struct Ordered<'a, P: Parking, const N: usize>(ArrayVec<(usize, Target<'a, P>), N>);

impl<'a, P: Waiting, const N: usize> Ordered<'a, P, N> {
    /// Sorts them.
    fn new(targets: &[Target<'a, P>]) -> Result<Self, WaitError> {
        let mut ordered: ArrayVec<_, N> = targets.iter().copied().enumerate().collect();
        ordered.sort_unstable_by_key(|(index, target)| (target.address(), *index));
        for pair in ordered.windows(2) {
            if let [(first, one), (second, other)] = pair
                && one.address() == other.address()
            {
                return Err(WaitError::SameObjectTwice { first: *first, second: *second });
            }
        }
        Ok(Self(ordered))
    }

    /// Takes all objects if each lets the caller pass; stops at the first that does not.
    fn take(&self, current: NonNull<P::Thread>) -> Option<Result<Handover, WaitError>> {
        let mut held = Held::<P, N>(ArrayVec::new());
        let mut all = Handover::Orderly;
        for (object, target) in &self.0 {
            let state = target.lock();
            let offer = state.signal.offer(current);
            // Held before it is looked at: the locks are released in the reverse of the order in which they were taken.
            held.0.push(state);
            match offer {
                Offer::Closed => return None,
                Offer::Exhausted => return Some(Err(WaitError::OwnedTooOften { object: *object })),
                Offer::Open(left) => all = all.max(left),
            }
        }
        for ((_, target), state) in self.0.iter().zip(&mut held.0) {
            target.take(state, current);
        }
        Some(Ok(all))
    }
}

/// Locks that are held together, released in the reverse of the order in which they were taken: the one that raised the run
/// level is the last to go.
struct Held<'a, P: Parking, const N: usize>(ArrayVec<SpinGuard<'a, P, State<P>>, N>);

impl<P: Parking, const N: usize> Drop for Held<'_, P, N> {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}
