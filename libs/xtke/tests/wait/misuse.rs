//! What is found when waiting is used as it must not be.

use std::pin::pin;

use xtke::RunLevel;
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::wait::{INCREMENT, Owned, Timeout, WaitError, abandon_owned, delay, wait, wait_all, wait_any};

use crate::host::{Host, caught};

type Event = xtke::wait::Event<Host>;
type Mutex = xtke::wait::Mutex<Host>;

const LONG: Timeout = Timeout::After(xtke::time::Interval::from_millis(1));

#[test]
fn a_thread_must_not_sleep_at_dispatch_or_above() {
    let event = Event::notification();
    for level in [RunLevel::Dispatch, RunLevel::Device, RunLevel::High] {
        for timeout in [Timeout::Never, LONG] {
            let ways: [&(dyn Fn() + Sync); 4] = [
                &|| _ = wait(&event, timeout),
                &|| _ = wait_any(&[&event], timeout),
                &|| _ = wait_all(&[&event], timeout),
                &|| delay::<Host>(timeout),
            ];
            for way in ways {
                let found = caught(|| {
                    let _raised = Host::raise(level);
                    way();
                });
                assert_eq!(found, Misuse::WaitAtRaisedLevel { level });
            }
        }
    }
}

#[test]
fn a_wait_that_would_sleep_is_found_although_the_object_is_signalled() {
    let event = Event::notification();
    event.set(INCREMENT);
    let found = caught(|| {
        let _raised = Host::raise(RunLevel::Dispatch);
        _ = wait(&event, Timeout::Never);
    });
    assert_eq!(found, Misuse::WaitAtRaisedLevel { level: RunLevel::Dispatch });
}

#[test]
fn at_dispatch_a_thread_may_look_but_not_above() {
    let event = Event::synchronisation();
    {
        let _raised = Host::raise(RunLevel::Dispatch);
        assert_eq!(wait(&event, Timeout::NOW), Err(WaitError::TimedOut));
        event.set(INCREMENT);
        assert_eq!(wait_any(&[&event], Timeout::NOW).map(|first| first.index), Ok(0));
        assert_eq!(wait_all(&[&event], Timeout::NOW), Err(WaitError::TimedOut));
        delay::<Host>(Timeout::NOW);
    }
    let found = caught(|| {
        let _raised = Host::raise(RunLevel::Device);
        _ = wait(&event, Timeout::NOW);
    });
    assert_eq!(found, Misuse::WaitAtRaisedLevel { level: RunLevel::Device });
}

#[test]
#[cfg(debug_assertions)]
fn nothing_is_signalled_above_dispatch() {
    let event = Event::notification();
    let mutex = pin!(Mutex::new());
    let end = xtke::wait::ThreadEnd::<Host>::new();
    let permits = xtke::wait::Permits::new(0, std::num::NonZeroU32::MIN).unwrap();
    let semaphore = xtke::wait::Semaphore::<Host>::new(permits);
    let mutex = mutex.as_ref();
    let ways: [(&str, &(dyn Fn() + Sync)); 9] = [
        ("Event::set", &|| _ = event.set(INCREMENT)),
        ("Event::reset", &|| _ = event.reset()),
        ("Event::was", &|| _ = event.was()),
        ("Semaphore::release", &|| _ = semaphore.release(1, INCREMENT)),
        ("Semaphore::available", &|| _ = semaphore.available()),
        ("Mutex::release", &|| _ = mutex.release(INCREMENT)),
        ("Mutex::owner", &|| _ = mutex.owner()),
        ("ThreadEnd::end", &|| _ = end.end(0, INCREMENT)),
        ("abandon_owned", &|| _ = abandon_owned::<Host>(INCREMENT)),
    ];
    for (operation, way) in ways {
        let level = RunLevel::Clock;
        let found = caught(|| {
            let _raised = Host::raise(level);
            way();
        });
        assert_eq!(found, Misuse::LevelTooHigh { operation, level, highest: RunLevel::Dispatch });
    }
}

#[test]
fn a_mutex_that_is_owned_must_not_go_away() {
    let found = caught(|| {
        let mutex = Box::pin(Mutex::new());
        _ = mutex.as_ref().acquire(Timeout::NOW);
        drop(mutex);
    });
    assert!(matches!(found, Misuse::LockFreedWhileHeld { lock: "mutex", .. }), "{found}");
}

#[test]
fn a_thread_must_not_go_away_with_mutexes_that_it_owns() {
    let mutex = Box::leak(Box::new(Mutex::new()));
    let mutex = std::pin::Pin::static_ref(mutex);
    let found = caught(move || {
        _ = mutex.acquire(Timeout::NOW);
        drop(crate::host::take_owned());
    });
    assert!(matches!(found, Misuse::EndedWhileHolding { what: "a mutex", .. }), "{found}");
    drop(Owned::<Host>::new());
}
