//! Waits that end by themselves.

use std::sync::Arc;

use xtke::platform::Platform;
use xtke::time::{Instant, Interval};
use xtke::wait::{Handover, INCREMENT, Timeout, WaitError, Waitable, Was, delay, wait, wait_all, wait_any};

use crate::sim::{self, Sim, run, settle, start};

type Event = xtke::wait::Event<Sim>;
type Mutex = xtke::wait::Mutex<Sim>;

const SOON: Timeout = Timeout::After(Interval::from_millis(5));

#[test]
fn the_time_runs_out_for_one_any_and_all() {
    for seed in 1..=40 {
        run(seed, || {
            let (event, other) = (Arc::new(Event::synchronisation()), Arc::new(Event::synchronisation()));
            for way in 0..3 {
                let before = Sim::now();
                let waiter = {
                    let (event, other) = (Arc::clone(&event), Arc::clone(&other));
                    start(move || match way {
                        0 => wait(&*event, SOON).map(drop),
                        1 => wait_any(&[&*event, &*other], SOON).map(drop),
                        _ => wait_all(&[&*event, &*other], SOON).map(drop),
                    })
                };
                assert_eq!(waiter.result(), Err(WaitError::TimedOut));
                assert_eq!(Sim::now().since(before), Interval::from_millis(5));
            }
            // Who gave up stands in no queue: the signals stay.
            event.set(INCREMENT);
            other.set(INCREMENT);
            assert_eq!((event.was(), other.was()), (Was::Set, Was::Set));
        });
    }
}

#[test]
fn never_and_the_moment_that_never_comes_are_the_same() {
    for timeout in [Timeout::Never, Timeout::At(Instant::NEVER), Timeout::After(Interval::new(u64::MAX))] {
        run(7, || {
            let event = Arc::new(Event::synchronisation());
            let waiter = {
                let event = Arc::clone(&event);
                start(move || wait(&*event, timeout))
            };
            settle();
            assert!(!waiter.has_ended());
            event.set(INCREMENT);
            assert_eq!(waiter.result(), Ok(Handover::Orderly));
        });
    }
}

#[test]
fn a_moment_that_has_passed_ends_a_wait_at_once() {
    run(3, || {
        let event = Arc::new(Event::synchronisation());
        let waiter = {
            let event = Arc::clone(&event);
            start(move || wait(&*event, Timeout::At(Instant::START)))
        };
        assert_eq!(waiter.result(), Err(WaitError::TimedOut));
        assert_eq!(Sim::now(), Instant::START);
    });
}

#[test]
fn a_delay_lasts_as_long_as_it_says_and_is_not_cut_short() {
    run(5, || {
        let sleeper = start(|| {
            delay::<Sim>(Timeout::NOW);
            delay::<Sim>(Timeout::At(Instant::new(400)));
            delay::<Sim>(Timeout::After(Interval::new(100)));
            Sim::now()
        });
        sleeper.disturb();
        assert_eq!(sleeper.result(), Instant::new(500));
    });
}

#[test]
fn a_signal_and_the_end_of_the_time_meet_and_one_of_them_wins() {
    let (mut passed, mut late) = (0, 0);
    for seed in 1..=400 {
        run(seed, || {
            let (event, other) = (Arc::new(Event::synchronisation()), Arc::new(Event::synchronisation()));
            let waiter = {
                let (event, other) = (Arc::clone(&event), Arc::clone(&other));
                start(move || wait_any(&[&*other, &*event], SOON).map(drop))
            };
            let setter = {
                let event = Arc::clone(&event);
                start(move || {
                    delay::<Sim>(SOON);
                    event.set(INCREMENT)
                })
            };
            assert_eq!(setter.result(), Was::Clear);
            match waiter.result() {
                Ok(()) => {
                    passed += 1;
                    assert_eq!(event.was(), Was::Clear, "seed {seed}");
                }
                Err(error) => {
                    late += 1;
                    assert_eq!(error, WaitError::TimedOut);
                    assert_eq!(event.was(), Was::Set, "seed {seed}: nobody took it, so it is there");
                }
            }
        });
    }
    assert!(passed > 20 && late > 20, "both ways were seen: {passed} passed, {late} late");
}

#[test]
fn a_mutex_that_came_too_late_stays_free() {
    for seed in 1..=40 {
        run(seed, || {
            let mutex = Arc::pin(Mutex::new());
            assert_eq!(mutex.as_ref().acquire(Timeout::NOW), Ok(Handover::Orderly));
            let waiter = {
                let mutex = mutex.clone();
                start(move || mutex.as_ref().acquire(SOON).map(drop))
            };
            assert_eq!(waiter.result(), Err(WaitError::TimedOut));
            assert_eq!(mutex.as_ref().release(INCREMENT), Ok(0));
            assert_eq!(mutex.owner(), None);
        });
    }
}

#[test]
fn a_call_that_waits_with_a_time_out_leaves_the_outer_one_its_own() {
    for seed in 1..=40 {
        run(seed, || {
            let event = Arc::new(Event::synchronisation());
            let waiter = {
                let event = Arc::clone(&event);
                start(move || {
                    let inner: Arc<dyn Waitable<Sim> + Send + Sync> = Arc::clone(&event) as _;
                    sim::call_when_parked(move || {
                        let short = Timeout::After(Interval::from_millis(1));
                        assert_eq!(wait(&*inner, short), Err(WaitError::TimedOut));
                    });
                    (wait(&*event, SOON), Sim::now())
                })
            };
            let late = Err(WaitError::TimedOut);
            assert_eq!(waiter.result(), (late, Instant::START + Interval::from_millis(5)));
        });
    }
}
