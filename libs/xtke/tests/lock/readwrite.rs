//! The reader-writer spin lock: who shares it, and who is next.

use std::thread;

use xtke::RunLevel;
use xtke::lock::{Class, RwSpinLock};
use xtke::platform::Platform;

use crate::host::{Host, queue_up};

const CLASS: Class = Class::new("read-write");

fn lock<T>(value: T) -> RwSpinLock<Host, T> {
    RwSpinLock::new(CLASS, value)
}

/// Does something on another processor.
fn elsewhere<R: Send>(act: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(act).join().unwrap())
}

#[test]
fn readers_share_the_value_and_a_writer_has_it_alone() {
    let lock = lock(1);
    let first = lock.read();
    assert_eq!(elsewhere(|| *lock.read()), 1);
    assert!(elsewhere(|| lock.try_write().is_none()));
    drop(first);
    *lock.write() += 1;
    let writer = lock.write();
    assert!(elsewhere(|| lock.try_read().is_none() && lock.try_write().is_none()));
    drop(writer);
    assert_eq!(*lock.try_read().unwrap(), 2);
    *lock.try_write().unwrap() += 1;
    assert_eq!(*lock.read(), 3);
}

#[test]
fn the_level_is_raised_while_the_lock_is_held_either_way() {
    let lock = lock(());
    let guard = lock.read();
    assert!(lock.is_held());
    assert_eq!(Host::run_level(), RunLevel::Dispatch);
    drop(guard);
    let guard = lock.write();
    assert!(lock.is_held());
    assert_eq!(Host::run_level(), RunLevel::Dispatch);
    drop(guard);
    assert!(!lock.is_held());
    assert_eq!(Host::run_level(), RunLevel::Passive);
}

#[test]
fn a_writer_that_waits_lets_no_more_readers_in() {
    let lock = lock(0);
    thread::scope(|scope| {
        let reader = lock.read();
        let lock = &lock;
        queue_up(scope, vec![Box::new(move || *lock.write() += 1)]);
        assert!(elsewhere(|| lock.try_read().is_none()));
        assert_eq!(*reader, 0);
    });
    assert_eq!(*lock.read(), 1);
}

#[test]
fn who_waits_is_served_in_the_order_of_coming() {
    let lock = lock(Vec::new());
    thread::scope(|scope| {
        let writer = lock.write();
        let lock = &lock;
        queue_up(
            scope,
            vec![
                Box::new(move || lock.write().push(1)),
                Box::new(move || assert_eq!(*lock.read(), [1])),
                Box::new(move || lock.write().push(2)),
                Box::new(move || assert_eq!(*lock.read(), [1, 2])),
                Box::new(move || assert_eq!(*lock.read(), [1, 2])),
            ],
        );
        assert!(writer.is_empty());
    });
}
