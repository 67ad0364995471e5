//! The push lock: who shares it, who sleeps, and who is next.

use std::mem::size_of;
use std::sync::Barrier;
use std::thread;

use xtke::RunLevel;
use xtke::lock::{Class, PushLock};
use xtke::platform::Platform;

use crate::host::{Host, queue_up, unpark_oneself};

const CLASS: Class = Class::new("push");

fn lock<T>(value: T) -> PushLock<Host, T> {
    PushLock::new(CLASS, value)
}

#[test]
fn readers_share_the_value_and_a_writer_has_it_alone() {
    let lock = lock(1);
    let readers = (lock.read(), lock.read());
    assert_eq!((*readers.0, *readers.1), (1, 1));
    assert!(lock.try_write().is_none());
    drop(readers);
    let mut writer = lock.write();
    *writer += 1;
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(writer);
    assert_eq!(*lock.try_read().unwrap(), 2);
    *lock.try_write().unwrap() += 1;
    assert_eq!(*lock.read(), 3);
}

#[test]
fn the_lock_is_held_at_apc() {
    let lock = lock(());
    let guard = lock.write();
    assert!(lock.is_held());
    assert_eq!(Host::run_level(), RunLevel::Apc);
    drop(guard);
    assert!(!lock.is_held());
    assert_eq!(Host::run_level(), RunLevel::Passive);
}

#[test]
fn threads_are_served_in_the_order_of_their_coming() {
    let lock = lock(Vec::new());
    thread::scope(|scope| {
        let writer = lock.write();
        let lock = &lock;
        queue_up(
            scope,
            vec![
                Box::new(move || lock.write().push(1)),
                Box::new(move || assert_eq!(*lock.read(), [1])),
                Box::new(move || assert_eq!(*lock.read(), [1])),
                Box::new(move || lock.write().push(2)),
                Box::new(move || assert_eq!(*lock.read(), [1, 2])),
                Box::new(move || lock.write().push(3)),
            ],
        );
        assert!(writer.is_empty());
    });
    assert_eq!(*lock.read(), [1, 2, 3]);
}

#[test]
fn readers_that_wait_behind_each_other_are_let_in_together() {
    let lock = lock(());
    let together = Barrier::new(3);
    thread::scope(|scope| {
        let writer = lock.write();
        let (lock, together) = (&lock, &together);
        let read = move || {
            let _reader = lock.read();
            together.wait();
        };
        queue_up(scope, (0..3).map(|_| Box::new(read) as _).collect());
        drop(writer);
    });
}

#[test]
fn a_writer_that_waits_lets_no_more_readers_in() {
    let lock = lock(0);
    thread::scope(|scope| {
        let reader = lock.read();
        let lock = &lock;
        queue_up(scope, vec![Box::new(move || *lock.write() += 1)]);
        assert!(lock.try_read().is_none());
        assert_eq!(*reader, 0);
    });
    assert_eq!(*lock.read(), 1);
}

#[test]
fn a_wake_up_without_a_reason_gives_nobody_the_lock() {
    let lock = lock(0);
    thread::scope(|scope| {
        let mut writer = lock.write();
        let lock = &lock;
        let read = move || {
            unpark_oneself();
            assert_eq!(*lock.read(), 1);
        };
        queue_up(scope, vec![Box::new(read)]);
        *writer += 1;
    });
}

#[test]
fn a_lock_is_a_word_and_its_name() {
    assert_eq!(size_of::<PushLock<Host, ()>>(), size_of::<usize>() + size_of::<Class>());
}
