//! The queued spin lock: who gets it when, and at what level.

use std::mem::{forget, size_of};
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::thread;

use lock_api::Mutex;
use xtke::RunLevel;
use xtke::lock::{Class, DeviceLock, RawQueued, SpinLock};
use xtke::platform::Platform;

use crate::host::{Host, alone, queue_up, when_waiting};

const CLASS: Class = Class::new("spin");

#[test]
fn the_level_is_raised_while_the_lock_is_held_and_lowered_after() {
    let lock = SpinLock::<Host, _>::new(CLASS, 1);
    let device = DeviceLock::<Host, _>::for_device(CLASS, 2);
    let guard = lock.lock();
    assert_eq!((*guard, Host::run_level()), (1, RunLevel::Dispatch));
    let inner = device.lock();
    assert_eq!((*inner, Host::run_level()), (2, RunLevel::Device));
    drop(inner);
    assert_eq!(Host::run_level(), RunLevel::Dispatch);
    drop(guard);
    assert_eq!(Host::run_level(), RunLevel::Passive);
}

#[test]
fn the_lock_is_held_inside_the_scope_and_by_whom_is_known() {
    let lock = SpinLock::<Host, _>::new(CLASS, ());
    assert!(!lock.is_held());
    let guard = lock.lock();
    assert_eq!(lock.holder(), Some(Host::cpu()));
    drop(guard);
    assert_eq!(lock.holder(), None);
}

#[test]
fn trying_takes_a_free_lock_and_leaves_a_held_one() {
    let lock = SpinLock::<Host, _>::new(CLASS, 0);
    *lock.try_lock().unwrap() += 1;
    let guard = lock.lock();
    assert!(lock.try_lock().is_none());
    assert_eq!(Host::run_level(), RunLevel::Dispatch);
    assert!(thread::scope(|scope| scope.spawn(|| lock.try_lock().is_none()).join().unwrap()));
    assert_eq!(*guard, 1);
}

#[test]
fn the_last_processor_inherits_what_the_dead_hold_once_at_a_time() {
    let lock = SpinLock::<Host, _>::new(CLASS, 1);
    let raw = Mutex::<RawQueued<Host>, _>::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            forget(lock.lock());
            forget(raw.lock());
        });
    });
    assert!(lock.try_lock().is_none() && raw.try_lock().is_none(), "as long as the dead may come back");
    alone(|| {
        for _ in 0..2 {
            let (one, two) = (lock.try_lock().unwrap(), raw.try_lock().unwrap());
            assert_eq!((*one, *two, Host::run_level()), (1, 2, RunLevel::Dispatch));
            assert!(lock.try_lock().is_none() && raw.try_lock().is_none(), "somebody alive has them");
        }
        assert_eq!((lock.holder(), Host::run_level()), (None, RunLevel::Passive));
    });
    assert!(lock.try_lock().is_some() && raw.try_lock().is_some());
}

#[test]
fn processors_are_served_in_the_order_of_their_coming() {
    let lock = SpinLock::<Host, _>::new(CLASS, Vec::new());
    thread::scope(|scope| {
        let guard = lock.lock();
        let lock = &lock;
        queue_up(scope, (0..6).map(|number| Box::new(move || lock.lock().push(number)) as _).collect());
        assert!(guard.is_empty());
    });
    assert_eq!(*lock.lock(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn who_tries_does_not_overtake_those_who_wait() {
    let lock = SpinLock::<Host, _>::new(CLASS, 0);
    thread::scope(|scope| {
        let guard = lock.lock();
        let lock = &lock;
        queue_up(scope, vec![Box::new(move || *lock.lock() += 1)]);
        drop(guard);
        // Either the other has not had its turn yet, and nobody passes, or it has.
        if let Some(value) = lock.try_lock() {
            assert_eq!(*value, 1);
        }
    });
}

#[test]
fn a_processor_that_ends_while_it_waits_leaves_the_queue_whole() {
    let lock = SpinLock::<Host, _>::new(CLASS, 0);
    thread::scope(|scope| {
        let guard = lock.lock();
        let lock = &lock;
        let (sender, waits) = channel();
        let ends = scope.spawn(move || {
            when_waiting(move || {
                sender.send(()).unwrap();
                resume_unwind(Box::new("the end of the machine"));
            });
            *lock.lock() += 100;
        });
        waits.recv().unwrap();
        let after = scope.spawn(move || *lock.lock() += 1);
        drop(guard);
        assert!(ends.join().is_err());
        after.join().unwrap();
    });
    assert_eq!(*lock.lock(), 1);
}

#[test]
fn the_raw_lock_serves_a_mutex_of_others() {
    let lock = Mutex::<RawQueued<Host>, _>::new(1);
    let guard = lock.lock();
    assert!(lock.try_lock().is_none() && lock.is_locked());
    drop(guard);
    *lock.try_lock().unwrap() += 1;
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn a_lock_is_a_word_for_the_queue_one_for_the_owner_and_its_name() {
    assert_eq!(size_of::<RawQueued<Host>>(), 2 * size_of::<usize>());
    let name = size_of::<Class>();
    assert_eq!(size_of::<SpinLock<Host, ()>>(), 2 * size_of::<usize>() + name);
    assert_eq!(size_of::<DeviceLock<Host, usize>>(), 3 * size_of::<usize>() + name);
}
