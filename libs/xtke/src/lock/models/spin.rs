//! The spin lock: one holder at a time.

use super::*;

type Lock = SpinLock<Model, Value>;

fn lock() -> Lock {
    Lock::new(CLASS, zero())
}

fn once(lock: &Lock) {
    add(&lock.lock());
}

fn twice(lock: &Lock) {
    once(lock);
    once(lock);
}

fn two(broken: Option<Step>) {
    run(broken, None, lock, &[once, twice], |lock| assert_eq!(get(&lock.lock()), 3));
}

fn three(broken: Option<Step>) {
    run(broken, Some(2), lock, &[once, once, once], |lock| assert_eq!(get(&lock.lock()), 3));
}

#[test]
fn two_processors_take_turns() {
    two(None);
}

#[test]
fn three_processors_take_turns() {
    three(None);
}

#[test]
#[should_panic]
fn a_release_that_releases_nothing_is_found() {
    two(Some(Step::GiveUp));
}

#[test]
#[should_panic]
fn an_acquisition_that_acquires_nothing_is_found() {
    two(Some(Step::Take));
}
