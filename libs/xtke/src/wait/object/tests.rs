extern crate std;

use super::*;
use crate::misuse::Misuse;
use crate::time::Instant;
use xtcore::{CpuIndex, RunLevel};

/// A machine of which only the type is needed: signals call nothing of it.
struct Nowhere;

// SAFETY: nothing here ever returns to anybody.
unsafe impl crate::platform::Platform for Nowhere {
    type Raised = ();

    fn cpu() -> CpuIndex {
        unreachable!()
    }

    fn run_level() -> RunLevel {
        unreachable!()
    }

    fn raise(_: RunLevel) {
        unreachable!()
    }

    fn interrupts_are_on() -> bool {
        unreachable!()
    }

    fn relax() {
        unreachable!()
    }

    fn now() -> Instant {
        unreachable!()
    }

    fn request_dispatch() {
        unreachable!()
    }

    fn kick(_: CpuIndex) {
        unreachable!()
    }

    fn misuse(what: Misuse) -> ! {
        unreachable!("{what}")
    }
}

// SAFETY: as little as of its processors is there of its threads.
unsafe impl Parking for Nowhere {
    type Thread = u8;

    fn current() -> NonNull<u8> {
        unreachable!()
    }

    fn park() {
        unreachable!()
    }

    fn unpark(_: &u8, _: Boost) {
        unreachable!()
    }
}

fn mutex(owner: NonNull<u8>, depth: u32) -> Signal<Nowhere> {
    let owned = Ownership { owner: Some(owner), depth, left: Handover::Orderly };
    Signal { available: 0, passing: Passing::Owns(owned) }
}

#[test]
fn a_mutex_that_cannot_be_counted_higher_is_offered_to_nobody() {
    let (owner, other) = (NonNull::from(&1), NonNull::from(&2));
    let mut signal = mutex(owner, u32::MAX - 1);
    assert_eq!(signal.offer(owner), Offer::Open(Handover::Orderly));
    signal.take(owner);
    assert_eq!(signal.offer(owner), Offer::Exhausted);
    assert_eq!(signal.offer(other), Offer::Closed);
}

#[test]
fn what_was_abandoned_is_said_to_the_next_owner_only() {
    let (heir, other) = (NonNull::from(&1), NonNull::from(&2));
    let free = Ownership { owner: None, depth: 0, left: Handover::Abandoned };
    let mut signal = Signal::<Nowhere> { available: 1, passing: Passing::Owns(free) };
    assert_eq!(signal.offer(heir), Offer::Open(Handover::Abandoned));
    signal.take(heir);
    assert_eq!(signal.offer(heir), Offer::Open(Handover::Orderly));
    assert_eq!((signal.offer(other), signal.owner()), (Offer::Closed, Some(heir)));
}
