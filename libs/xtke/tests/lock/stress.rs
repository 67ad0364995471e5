//! Locks under threads that take them as they come, against a count kept otherwise.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use lock_api::Mutex;
use proptest::prelude::*;
use xtke::RunLevel;
use xtke::lock::{Class, PushLock, RawQueued, RwSpinLock, SpinLock};
use xtke::platform::Platform;

use crate::host::Host;

const CLASS: Class = Class::new("stress");
const THREADS: usize = 4;
const ROUNDS: u64 = if cfg!(miri) { 40 } else { 20_000 };

/// Two words that are equal whenever nobody writes.
#[derive(Debug, Default)]
struct Pair(u64, u64);

impl Pair {
    fn add(&mut self) {
        self.0 += 1;
        std::hint::black_box(&self);
        self.1 += 1;
    }

    fn check(&self) {
        assert_eq!(self.0, self.1);
    }
}

/// Lets all threads do something in each round.
fn everybody(act: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for number in 0..THREADS as u64 {
            let act = &act;
            scope
                .spawn(move || (0..ROUNDS).for_each(|round| act(round.wrapping_mul(7).wrapping_add(number))));
        }
    });
}

#[test]
fn no_addition_under_a_spin_lock_is_lost() {
    let lock = SpinLock::<Host, _>::new(CLASS, Pair::default());
    let taken = AtomicU64::new(0);
    everybody(|choice| {
        let guard = if choice % 5 == 0 { lock.try_lock() } else { Some(lock.lock()) };
        if let Some(mut pair) = guard {
            pair.add();
            taken.fetch_add(1, Ordering::Relaxed);
        }
    });
    let pair = lock.lock();
    pair.check();
    assert_eq!(pair.0, taken.into_inner());
}

#[test]
fn no_addition_under_a_raw_lock_is_lost() {
    let lock = Mutex::<RawQueued<Host>, _>::new(Pair::default());
    everybody(|_| lock.lock().add());
    let pair = lock.into_inner();
    pair.check();
    assert_eq!(pair.0, ROUNDS * THREADS as u64);
}

#[test]
fn readers_of_a_spinning_lock_see_no_half_of_a_write() {
    let lock = RwSpinLock::<Host, _>::new(CLASS, Pair::default());
    let (inside, written) = (AtomicUsize::new(0), AtomicU64::new(0));
    everybody(|choice| {
        if choice % 3 == 0 {
            let mut pair = lock.write();
            assert_eq!(inside.load(Ordering::Relaxed), 0);
            pair.add();
            written.fetch_add(1, Ordering::Relaxed);
        } else {
            let pair = lock.read();
            inside.fetch_add(1, Ordering::Relaxed);
            pair.check();
            inside.fetch_sub(1, Ordering::Relaxed);
        }
    });
    assert_eq!(lock.read().0, written.into_inner());
}

#[test]
fn readers_of_a_push_lock_see_no_half_of_a_write_and_nobody_sleeps_for_ever() {
    let lock = PushLock::<Host, _>::new(CLASS, Pair::default());
    let written = AtomicU64::new(0);
    everybody(|choice| match choice % 4 {
        0 => {
            lock.write().add();
            written.fetch_add(1, Ordering::Relaxed);
        }
        1 => {
            if let Some(mut pair) = lock.try_write() {
                pair.add();
                written.fetch_add(1, Ordering::Relaxed);
            }
        }
        _ => lock.read().check(),
    });
    let pair = lock.read();
    pair.check();
    assert_eq!(pair.0, written.into_inner());
}

/// What one thread does with a lock that many read or one writes.
#[derive(Clone, Copy, Debug)]
enum Action {
    Read,
    Write,
    TryRead,
    TryWrite,
    ReleaseLast,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let all = [Action::Read, Action::Write, Action::TryRead, Action::TryWrite, Action::ReleaseLast];
    prop::collection::vec(prop::sample::select(all.to_vec()), 1..60)
}

/// Does it, and compares what is granted with the number of guards; then releases them, last first.
macro_rules! one_thread_gets_what_the_number_of_guards_says {
    ($lock:expr, $actions:expr) => {
        let (lock, mut readers) = ($lock, Vec::new());
        for action in $actions {
            match action {
                Action::Read => readers.push(lock.read()),
                Action::TryRead => readers.push(lock.try_read().unwrap()),
                Action::Write if readers.is_empty() => *lock.write() += 1,
                Action::Write | Action::TryWrite => {
                    prop_assert_eq!(lock.try_write().is_some(), readers.is_empty());
                }
                Action::ReleaseLast => drop(readers.pop()),
            }
            prop_assert_eq!(lock.is_held(), !readers.is_empty());
        }
        while readers.pop().is_some() {}
        prop_assert!(lock.try_write().is_some());
        prop_assert_eq!(Host::run_level(), RunLevel::Passive);
    };
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_push_lock_grants_what_the_number_of_its_guards_says(actions in actions()) {
        one_thread_gets_what_the_number_of_guards_says!(PushLock::<Host, _>::new(CLASS, 0), actions);
    }

    #[test]
    fn a_spinning_lock_grants_what_the_number_of_its_guards_says(actions in actions()) {
        one_thread_gets_what_the_number_of_guards_says!(RwSpinLock::<Host, _>::new(CLASS, 0), actions);
    }
}
