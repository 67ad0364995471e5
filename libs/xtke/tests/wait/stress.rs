//! Real concurrency: threads of the host that run as they like, with alarms that ring from threads of their own.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;

use xtke::time::Interval;
use xtke::wait::{Handover, INCREMENT, Permits, Timeout, WaitError, abandon_owned, wait, wait_all, wait_any};

use crate::host::Host;

type Event = xtke::wait::Event<Host>;
type Mutex = xtke::wait::Mutex<Host>;
type Semaphore = xtke::wait::Semaphore<Host>;
type ThreadEnd = xtke::wait::ThreadEnd<Host>;

const ROUNDS: u32 = if cfg!(miri) { 20 } else { 10_000 };
const ORDERLY: Result<Handover, WaitError> = Ok(Handover::Orderly);

fn semaphore() -> Semaphore {
    Semaphore::new(Permits::new(0, NonZeroU32::MAX).unwrap())
}

#[test]
fn two_events_are_thrown_to_and_fro() {
    let (ping, pong) = (Event::synchronisation(), Event::synchronisation());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                assert_eq!(wait(&ping, Timeout::Never), ORDERLY);
                pong.set(INCREMENT);
            }
        });
        for _ in 0..ROUNDS {
            ping.set(INCREMENT);
            assert_eq!(wait(&pong, Timeout::Never), ORDERLY);
        }
    });
}

#[test]
fn every_permit_is_taken_once() {
    let semaphore = semaphore();
    let (full, stop) = (Semaphore::new(Permits::new(0, NonZeroU32::MAX).unwrap()), Event::notification());
    let taken = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while wait_any(&[&semaphore, &stop], Timeout::Never).unwrap().index == 0 {
                    taken.fetch_add(1, Relaxed);
                    full.release(1, INCREMENT).unwrap();
                }
            });
        }
        for round in 0..ROUNDS {
            semaphore.release(1 + round % 3, INCREMENT).unwrap();
            for _ in 0..=round % 3 {
                assert_eq!(wait(&full, Timeout::Never), ORDERLY);
            }
        }
        stop.set(INCREMENT);
    });
    assert_eq!(taken.into_inner(), (0..ROUNDS).map(|round| 1 + round % 3).sum());
}

#[test]
fn a_mutex_has_one_owner_at_a_time() {
    let mutex = std::pin::pin!(Mutex::new());
    let (mutex, inside) = (mutex.as_ref(), AtomicBool::new(false));
    let count = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    assert_eq!(mutex.acquire(Timeout::Never), ORDERLY);
                    assert!(!inside.swap(true, Relaxed));
                    // Not atomic: the mutex is what orders it.
                    count.store(count.load(Relaxed) + 1, Relaxed);
                    if round % 8 == 0 {
                        assert_eq!(mutex.acquire(Timeout::NOW), ORDERLY);
                        assert_eq!(mutex.release(INCREMENT), Ok(1));
                    }
                    assert!(inside.swap(false, Relaxed));
                    assert_eq!(mutex.release(INCREMENT), Ok(0));
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 3 * ROUNDS);
}

#[test]
fn diners_who_take_both_forks_at_once_all_eat() {
    let forks: [Event; 3] = std::array::from_fn(|_| Event::synchronisation());
    let used: [AtomicBool; 3] = Default::default();
    forks.iter().for_each(|fork| {
        fork.set(INCREMENT);
    });
    thread::scope(|scope| {
        for diner in 0..3 {
            let (forks, used) = (&forks, &used);
            scope.spawn(move || {
                let mine = [diner, (diner + 1) % 3];
                for _ in 0..ROUNDS {
                    let [left, right] = mine.map(|fork| &forks[fork]);
                    assert_eq!(wait_all(&[left, right], Timeout::Never), ORDERLY);
                    mine.iter().for_each(|fork| assert!(!used[*fork].swap(true, Relaxed)));
                    mine.iter().for_each(|fork| assert!(used[*fork].swap(false, Relaxed)));
                    left.set(INCREMENT);
                    right.set(INCREMENT);
                }
            });
        }
    });
    assert!(forks.iter().all(|fork| fork.was() == xtke::wait::Was::Set));
}

#[test]
fn a_signal_that_meets_the_end_of_the_time_is_taken_or_left() {
    let semaphore = semaphore();
    let go = Event::synchronisation();
    let rounds = ROUNDS / 10;
    let (mut given, mut taken) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds {
                assert_eq!(wait(&go, Timeout::Never), ORDERLY);
                semaphore.release(1, INCREMENT).unwrap();
            }
        });
        for round in 0..rounds {
            go.set(INCREMENT);
            given += 1;
            let short = Timeout::After(Interval::new(u64::from(round % 100) * 5 + 1));
            match wait(&semaphore, short) {
                Ok(_) => taken += 1,
                Err(error) => assert_eq!(error, WaitError::TimedOut),
            }
            // The next signal is given only when this one was, so that none of them is added to another.
            while semaphore.available() + taken < given {
                thread::yield_now();
            }
        }
    });
    assert_eq!(semaphore.available() + taken, given);
}

#[test]
fn owners_that_end_are_joined_and_their_heirs_are_told() {
    let mutex = std::pin::pin!(Mutex::new());
    let mutex = mutex.as_ref();
    for round in 0..ROUNDS / 20 {
        let ends: [ThreadEnd; 3] = Default::default();
        let told = AtomicU32::new(0);
        thread::scope(|scope| {
            for end in &ends {
                let told = &told;
                scope.spawn(move || {
                    if mutex.acquire(Timeout::Never) == Ok(Handover::Abandoned) {
                        told.fetch_add(1, Relaxed);
                    }
                    assert_eq!(abandon_owned::<Host>(INCREMENT), 1);
                    end.end(round as i32, INCREMENT).unwrap();
                });
            }
            for end in &ends {
                assert_eq!(end.join(Timeout::Never), Ok(round as i32));
            }
        });
        assert_eq!(told.into_inner(), if round == 0 { 2 } else { 3 });
    }
    assert_eq!(mutex.acquire(Timeout::NOW), Ok(Handover::Abandoned));
    assert_eq!(mutex.release(INCREMENT), Ok(0));
}
