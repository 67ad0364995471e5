//! What callers do wrong with locks, and that it is found.

use std::mem::forget;
use std::thread;

use lock_api::{Mutex, RawMutex};
use xtke::RunLevel;
use xtke::lock::{Class, PushLock, RawQueued, RwSpinLock, SpinLock};
use xtke::misuse::Misuse;
use xtke::platform::Platform;

use crate::host::{Host, misuse_of, queue_up};

const CLASS: Class = Class::new("misused");

fn address<T>(of: &T) -> usize {
    std::ptr::from_ref(of).addr()
}

fn twice<T>(lock: &T) -> Misuse {
    Misuse::LockTwice { lock: "misused", address: address(lock) }
}

fn freed<T>(lock: &T) -> Misuse {
    Misuse::LockFreedWhileHeld { lock: "misused", address: address(lock) }
}

#[test]
fn a_processor_that_waits_for_itself_is_stopped() {
    let lock = SpinLock::<Host, _>::new(CLASS, ());
    let _guard = lock.lock();
    assert_eq!(misuse_of(|| lock.lock()), twice(&lock));
}

#[test]
fn it_is_stopped_also_when_others_wait() {
    let lock = SpinLock::<Host, _>::new(CLASS, 0);
    thread::scope(|scope| {
        let guard = lock.lock();
        let lock = &lock;
        queue_up(scope, vec![Box::new(move || *lock.lock() += 1)]);
        assert_eq!(misuse_of(|| lock.lock()), twice(lock));
        drop(guard);
    });
    assert_eq!(*lock.lock(), 1);
}

#[test]
fn it_is_stopped_at_a_raw_lock() {
    let lock = Mutex::<RawQueued<Host>, _>::new(());
    let _guard = lock.lock();
    assert!(matches!(misuse_of(|| lock.lock()), Misuse::LockTwice { .. }));
}

#[test]
fn a_writer_that_reads_or_writes_again_is_stopped() {
    let lock = RwSpinLock::<Host, _>::new(CLASS, ());
    let _guard = lock.write();
    assert_eq!(misuse_of(|| lock.read()), twice(&lock));
    assert_eq!(misuse_of(|| lock.write()), twice(&lock));
}

#[test]
fn a_lock_that_ends_while_held_is_found() {
    // A guard that is leaked leaves the level raised: the lowest comes first.
    let push = Box::new(PushLock::<Host, _>::new(CLASS, ()));
    forget(push.read());
    let expected = freed(&*push);
    assert_eq!(misuse_of(move || drop(push)), expected);

    let spin = Box::new(SpinLock::<Host, _>::new(CLASS, ()));
    forget(spin.lock());
    let expected = freed(&*spin);
    assert_eq!(misuse_of(move || drop(spin)), expected);

    let shared = Box::new(RwSpinLock::<Host, _>::new(CLASS, ()));
    forget(shared.read());
    let expected = freed(&*shared);
    assert_eq!(misuse_of(move || drop(shared)), expected);

    let raw = RawQueued::<Host>::INIT;
    raw.lock();
    assert!(matches!(misuse_of(move || drop(raw)), Misuse::LockFreedWhileHeld { .. }));
}

#[test]
fn a_thread_that_would_sleep_at_dispatch_is_stopped() {
    let lock = PushLock::<Host, _>::new(CLASS, ());
    let _guard = lock.write();
    let _raised = Host::raise(RunLevel::Dispatch);
    let expected = Misuse::WaitAtRaisedLevel { level: RunLevel::Dispatch };
    assert_eq!(misuse_of(|| lock.read()), expected);
    assert_eq!(misuse_of(|| lock.write()), expected);
}

#[cfg(debug_assertions)]
#[test]
fn debug_builds_find_a_lock_that_is_wanted_at_too_high_a_level_even_if_it_is_free() {
    let too_high = |operation, level, highest| Misuse::LevelTooHigh { operation, level, highest };
    let _raised = Host::raise(RunLevel::Clock);
    let spin = SpinLock::<Host, _>::new(CLASS, ());
    let device = xtke::lock::DeviceLock::<Host, _>::for_device(CLASS, ());
    let push = PushLock::<Host, _>::new(CLASS, ());
    assert_eq!(misuse_of(|| spin.lock()), too_high("SpinLock::lock", RunLevel::Clock, RunLevel::Dispatch));
    assert_eq!(misuse_of(|| device.lock()), too_high("SpinLock::lock", RunLevel::Clock, RunLevel::Device));
    assert_eq!(misuse_of(|| push.read()), Misuse::WaitAtRaisedLevel { level: RunLevel::Clock });
    let shared = RwSpinLock::<Host, _>::new(CLASS, ());
    let tried = |operation| too_high(operation, RunLevel::Clock, RunLevel::Dispatch);
    assert_eq!(misuse_of(|| shared.try_read().is_some()), tried("RwSpinLock::try_read"));
    assert_eq!(misuse_of(|| shared.try_write().is_some()), tried("RwSpinLock::try_write"));
}

#[cfg(debug_assertions)]
#[test]
fn debug_builds_find_a_lock_that_is_released_twice() {
    #![allow(unsafe_code, reason = "a guard is dropped twice")]
    let not_held = |address| Misuse::LockNotHeld { lock: "misused", address };
    let spin = SpinLock::<Host, _>::new(CLASS, ());
    let guard = spin.lock();
    // SAFETY: a guard is a reference to its lock, which outlives both copies; that the second one releases what is no longer
    // held is what must be found, before anything is released.
    let again = unsafe { std::ptr::read(&raw const guard) };
    drop(guard);
    assert_eq!(misuse_of(move || drop(again)), not_held(address(&spin)));
    let shared = RwSpinLock::<Host, _>::new(CLASS, ());
    let guard = shared.write();
    // SAFETY: as for the guard above: the lock outlives both, and the second release is refused.
    let again = unsafe { std::ptr::read(&raw const guard) };
    drop(guard);
    assert_eq!(misuse_of(move || drop(again)), not_held(address(&shared)));
    assert!(spin.try_lock().is_some() && shared.try_write().is_some(), "nothing has changed");
}

#[cfg(debug_assertions)]
#[test]
fn debug_builds_find_a_raw_lock_released_by_another_processor() {
    #![allow(unsafe_code, reason = "the broken promise is the test")]
    let raw = RawQueued::<Host>::INIT;
    raw.lock();
    let found = thread::scope(|scope| {
        // SAFETY: broken on purpose, the other processor holds the lock: the release is refused before it changes anything.
        scope.spawn(|| misuse_of(|| unsafe { raw.unlock() })).join().unwrap()
    });
    assert!(matches!(found, Misuse::LockNotHeld { .. }));
    // SAFETY: `lock` above was called here, and the release by the other processor was refused.
    unsafe { raw.unlock() };
}
