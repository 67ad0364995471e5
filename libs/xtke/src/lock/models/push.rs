//! The push lock: nobody sleeps for ever, and nobody is woken who may be gone.

use super::*;

type Lock = PushLock<Model, Value>;

fn lock() -> Lock {
    Lock::new(CLASS, zero())
}

fn write(lock: &Lock) {
    add(&lock.write());
}

fn read(lock: &Lock) {
    get(&lock.read());
}

fn sum(lock: &Lock, sum: usize) {
    assert_eq!(get(&lock.read()), sum);
}

fn writers(broken: Option<Step>) {
    run(broken, None, lock, &[write, write], |lock| sum(lock, 2));
}

fn reader(broken: Option<Step>) {
    run(broken, None, lock, &[read, write], |lock| sum(lock, 1));
}

#[test]
fn two_writers_take_turns_and_none_sleeps_for_ever() {
    writers(None);
}

#[test]
fn a_reader_and_a_writer_take_turns_and_none_sleeps_for_ever() {
    reader(None);
}

#[test]
fn two_writers_and_a_reader_take_turns() {
    run(None, Some(2), lock, &[write, read, write], |lock| sum(lock, 2));
}

#[test]
#[should_panic]
fn a_thread_woken_before_the_lock_is_its_own_is_found() {
    writers(Some(Step::GrantFirst));
}

fn write_and_end(lock: &Lock) {
    write(lock);
    THREAD.with(|thread| thread.is_done.store(true, Ordering::Release));
}

fn ends(broken: Option<Step>) {
    run(broken, None, lock, &[write_and_end, write_and_end], |_| ());
}

#[test]
fn nobody_wakes_a_thread_that_may_be_gone() {
    ends(None);
}

#[test]
#[should_panic]
fn a_waker_that_comes_back_is_found() {
    ends(Some(Step::StayAway));
}

#[test]
#[should_panic]
fn a_queue_written_back_without_order_is_found() {
    run(Some(Step::WriteBack), Some(2), lock, &[write, read, write], |lock| sum(lock, 2));
}
