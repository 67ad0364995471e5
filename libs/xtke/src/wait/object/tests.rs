extern crate std;

use std::cell::Cell;
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;
use crate::misuse::Misuse;
use crate::time::Instant;
use crate::wait::{Damaged, MAX_OBJECTS, Objects};
use xtcore::{CpuIndex, RunLevel};

/// A machine of which little more than the type is needed: locks ask for the processor and the run level, signals for nothing.
struct Nowhere;

// SAFETY: nothing here ever returns to anybody.
unsafe impl crate::platform::Platform for Nowhere {
    type Raised = ();

    fn cpu() -> CpuIndex {
        CpuIndex::BOOT
    }

    fn run_level() -> RunLevel {
        RunLevel::Dispatch
    }

    fn raise(_: RunLevel) {}

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

/// Looks at the objects of a wait.
fn look<'a>(
    targets: &[Target<'_, Nowhere>],
    is_there: &'a dyn Fn(usize, usize) -> bool,
) -> Result<Objects<'a, Nowhere>, Damaged> {
    // SAFETY: nothing is waited for here, so nobody goes on.
    unsafe { Objects::find(targets.as_ptr().cast(), targets.len(), is_there) }
}

#[test]
fn whoever_looks_sees_what_each_object_is_and_whose() {
    let owner = NonNull::from(&1);
    let owned = Ownership { owner: Some(owner), depth: 1, left: Handover::Orderly };
    let objects: [Object<Nowhere>; 4] = [
        Object::new(Kind::EVENT, 0, Passing::Free),
        Object::new(Kind::SEMAPHORE, 0, Passing::Takes),
        Object::new(Kind::MUTEX, 0, Passing::Owns(owned)),
        Object::new(Kind::THREAD_END, 0, Passing::Free),
    ];
    let targets = objects.each_ref().map(Target::new);
    let seen = look(&targets, &|_, _| true).unwrap();
    let kinds: Vec<String> = seen.iter().map(|object| object.unwrap().kind.to_string()).collect();
    assert_eq!(kinds, ["event", "semaphore", "mutex", "end of a thread"]);
    for (object, target) in seen.iter().zip(&targets) {
        assert_eq!(object.unwrap().address, target.address());
    }
    let owners: Vec<_> = seen.iter().map(|object| object.unwrap().owner.unwrap()).collect();
    assert_eq!(owners, [None, None, Some(owner), None]);
}

#[test]
fn the_owner_of_an_object_whose_lock_is_held_is_not_told() {
    let object: Object<Nowhere> = Object::new(Kind::EVENT, 0, Passing::Free);
    let targets = [Target::new(&object)];
    let owner = || look(&targets, &|_, _| true).unwrap().iter().next().unwrap().unwrap().owner;
    let held = object.lock();
    assert_eq!(owner(), Err(Busy));
    drop(held);
    assert_eq!(owner(), Ok(None));
}

#[test]
fn whoever_looks_believes_in_no_wait_for_more_or_fewer_objects_than_there_can_be() {
    let object: Object<Nowhere> = Object::new(Kind::EVENT, 0, Passing::Free);
    let first = core::ptr::from_ref(&object).cast();
    for count in [0, MAX_OBJECTS + 1, usize::MAX] {
        // SAFETY: none of them is looked at.
        let found = unsafe { Objects::<Nowhere>::find(first, count, &|_, _| true) };
        assert_eq!(found.map(|objects| objects.count()), Err(Damaged { at: first.addr() }));
    }
}

#[test]
fn nothing_is_looked_at_that_is_not_there_or_is_no_object() {
    let sound: Object<Nowhere> = Object::new(Kind::EVENT, 0, Passing::Free);
    let other: Object<Nowhere> = Object::new(Kind(77), 0, Passing::Free);
    let targets = [Target::new(&sound), Target::new(&other)];
    let at = targets.each_ref().map(Target::address);
    let all = |is_there: &dyn Fn(usize, usize) -> bool| {
        look(&targets, is_there)
            .unwrap()
            .iter()
            .map(|object| object.map(|object| object.address))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(&|_, _| true), [Ok(at[0]), Err(Damaged { at: at[1] })]);
    assert_eq!(all(&|start, _| start != at[0])[0], Err(Damaged { at: at[0] }));
    // Without the waiter's frame nothing further is asked for.
    let asked = Cell::new(0);
    let absent = |_: usize, _: usize| {
        asked.set(asked.get() + 1);
        false
    };
    let frames = targets.each_ref().map(|target| Err(Damaged { at: core::ptr::from_ref(target).addr() }));
    assert_eq!((all(&absent), asked.get()), (frames.to_vec(), 2));
}
