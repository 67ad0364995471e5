//! What each object does for those who wait for it, told one case at a time on the machine at rest.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;

use xtke::platform::Boost;
use xtke::wait::{
    EndedBefore, First, Handover, INCREMENT, LimitExceeded, MAX_OBJECTS, NotOwner, Permits, PermitsError,
    Target, Timeout, WaitError, Waitable, Was, abandon_owned, wait, wait_all, wait_any,
};

use crate::sim::{self, Sim, run, settle, start};

type Event = xtke::wait::Event<Sim>;
type Mutex = xtke::wait::Mutex<Sim>;
type Semaphore = xtke::wait::Semaphore<Sim>;
type ThreadEnd = xtke::wait::ThreadEnd<Sim>;

const ORDERLY: Result<Handover, WaitError> = Ok(Handover::Orderly);

/// Runs a case under many orders of things.
fn always(case: impl Fn()) {
    let seeds = if cfg!(miri) { 2 } else { 40 };
    for seed in 1..=seeds {
        run(seed, &case);
    }
}

fn semaphore(available: u32, limit: u32) -> Arc<Semaphore> {
    let permits = Permits::new(available, NonZeroU32::new(limit).unwrap()).unwrap();
    Arc::new(Semaphore::new(permits))
}

/// Starts a thread that waits for an object without a time-out.
fn waiter<W: Waitable<Sim> + Send + Sync + 'static>(
    object: &Arc<W>,
) -> sim::Started<Result<Handover, WaitError>> {
    let object = Arc::clone(object);
    start(move || wait(&*object, Timeout::Never))
}

#[test]
fn a_notification_lets_all_pass_until_it_is_reset() {
    always(|| {
        let event = Arc::new(Event::notification());
        let waiters = [waiter(&event), waiter(&event), waiter(&event)];
        settle();
        assert!(waiters.iter().all(|waiter| !waiter.has_ended()));
        assert_eq!(event.set(INCREMENT), Was::Clear);
        assert_eq!(event.set(INCREMENT), Was::Set);
        assert_eq!(waiters.map(|waiter| waiter.result()), [ORDERLY; 3]);
        assert_eq!(wait(&*event, Timeout::NOW), ORDERLY);
        assert_eq!(event.reset(), Was::Set);
        assert_eq!((event.was(), event.reset()), (Was::Clear, Was::Clear));
        assert_eq!(wait(&*event, Timeout::NOW), Err(WaitError::TimedOut));
    });
}

#[test]
fn a_synchronisation_lets_one_pass_who_resets_it() {
    always(|| {
        let event = Arc::new(Event::synchronisation());
        let waiters = [waiter(&event), waiter(&event), waiter(&event)];
        for passed in 0..3 {
            settle();
            assert_eq!(waiters.iter().filter(|waiter| waiter.has_ended()).count(), passed);
            assert_eq!(event.set(INCREMENT), Was::Clear);
            assert_eq!(event.was(), Was::Clear, "it went to the waiter in the hand of the one who set it");
        }
        settle();
        assert!(waiters.iter().all(sim::Started::has_ended));
        assert_eq!(event.set(INCREMENT), Was::Clear);
        assert_eq!(wait(&*event, Timeout::NOW), ORDERLY);
        assert_eq!(event.was(), Was::Clear);
    });
}

#[test]
fn who_came_first_passes_first() {
    always(|| {
        let semaphore = semaphore(0, 10);
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let waiter = waiter(&semaphore);
                settle();
                waiter
            })
            .collect();
        assert_eq!(semaphore.release(1, INCREMENT), Ok(0));
        settle();
        assert_eq!(
            waiters.iter().map(sim::Started::has_ended).collect::<Vec<_>>(),
            [true, false, false, false]
        );
        assert_eq!(semaphore.release(2, INCREMENT), Ok(0));
        settle();
        assert_eq!(
            waiters.iter().map(sim::Started::has_ended).collect::<Vec<_>>(),
            [true, true, true, false]
        );
        assert_eq!(semaphore.release(5, INCREMENT), Ok(0));
        assert_eq!(semaphore.available(), 4);
        settle();
        assert!(waiters.iter().all(sim::Started::has_ended));
    });
}

#[test]
fn a_semaphore_never_has_more_permits_than_its_limit() {
    let limit = NonZeroU32::new(3).unwrap();
    assert_eq!(Permits::new(4, limit), Err(PermitsError { available: 4, limit }));
    run(1, || {
        let semaphore = semaphore(2, 3);
        for added in [2, u32::MAX] {
            assert_eq!(
                semaphore.release(added, INCREMENT),
                Err(LimitExceeded { available: 2, added, limit })
            );
            assert_eq!(semaphore.available(), 2, "nothing was added");
        }
        assert_eq!(semaphore.release(1, INCREMENT), Ok(2));
    });
}

#[test]
fn a_mutex_is_owned_as_often_as_it_was_taken_and_then_goes_to_the_next() {
    always(|| {
        let mutex = Arc::pin(Mutex::new());
        assert_eq!(mutex.as_ref().acquire(Timeout::NOW), ORDERLY);
        assert_eq!(mutex.as_ref().acquire(Timeout::Never), ORDERLY);
        let next = {
            let mutex = Pin::clone(&mutex);
            start(move || {
                assert_eq!(mutex.as_ref().acquire(Timeout::Never), ORDERLY);
                mutex.as_ref().release(INCREMENT)
            })
        };
        assert_eq!(mutex.as_ref().release(INCREMENT), Ok(1));
        settle();
        assert!(!next.has_ended());
        assert_eq!(mutex.as_ref().release(INCREMENT), Ok(0));
        assert_eq!(next.result(), Ok(0));
        assert_eq!(mutex.owner(), None);
    });
}

#[test]
fn who_does_not_own_a_mutex_cannot_release_it() {
    run(1, || {
        let mutex = Arc::pin(Mutex::new());
        assert_eq!(mutex.as_ref().release(INCREMENT), Err(NotOwner { owner: None }));
        assert_eq!(mutex.as_ref().acquire(Timeout::NOW), ORDERLY);
        let owner = mutex.owner();
        assert!(owner.is_some());
        let stranger = Pin::clone(&mutex);
        let refused = start(move || stranger.as_ref().release(INCREMENT)).result();
        assert_eq!(refused, Err(NotOwner { owner }));
        assert_eq!(mutex.as_ref().release(INCREMENT), Ok(0));
    });
}

#[test]
fn the_next_owner_is_told_that_the_last_one_ended() {
    always(|| {
        let mutexes: [Pin<Arc<Mutex>>; 3] = std::array::from_fn(|_| Arc::pin(Mutex::new()));
        let ending = {
            let mutexes = mutexes.clone();
            start(move || {
                for mutex in &mutexes {
                    assert_eq!(mutex.as_ref().acquire(Timeout::Never), ORDERLY);
                    assert_eq!(mutex.as_ref().acquire(Timeout::Never), ORDERLY);
                }
                assert_eq!(mutexes[1].as_ref().release(INCREMENT), Ok(1));
                assert_eq!(mutexes[1].as_ref().release(INCREMENT), Ok(0));
                abandon_owned::<Sim>(INCREMENT)
            })
        };
        let waiting = {
            let mutex = Pin::clone(&mutexes[0]);
            start(move || {
                let left = mutex.as_ref().acquire(Timeout::Never);
                mutex.as_ref().release(INCREMENT).unwrap();
                left
            })
        };
        assert_eq!(ending.result(), 2);
        // In some orders the waiter came first; else it is told.
        let told = waiting.result();
        let left = mutexes.map(|mutex| {
            let left = mutex.as_ref().acquire(Timeout::NOW);
            mutex.as_ref().release(INCREMENT).unwrap();
            left
        });
        assert_eq!(left[1..], [ORDERLY, Ok(Handover::Abandoned)]);
        let abandoned = [told, left[0]].iter().filter(|left| **left == Ok(Handover::Abandoned)).count();
        assert_eq!(abandoned, 1, "told once, {told:?}, then {:?}", left[0]);
    });
}

#[test]
fn a_mutex_handed_over_in_a_wait_for_any_or_for_all_is_the_new_owners_to_leave_behind() {
    always(|| {
        for all in [false, true] {
            let mutex = Arc::pin(Mutex::new());
            let event = Arc::new(Event::notification());
            assert_eq!(mutex.as_ref().acquire(Timeout::NOW), ORDERLY);
            let heir = {
                let (mutex, event) = (Pin::clone(&mutex), Arc::clone(&event));
                start(move || {
                    let pinned = mutex.as_ref();
                    if all {
                        assert_eq!(wait_all(&[&pinned, &*event], Timeout::Never), ORDERLY);
                    } else {
                        let first = First { index: 1, left: Handover::Orderly };
                        assert_eq!(wait_any(&[&*event, &pinned], Timeout::Never), Ok(first));
                    }
                    abandon_owned::<Sim>(INCREMENT)
                })
            };
            settle();
            mutex.as_ref().release(INCREMENT).unwrap();
            settle();
            if all {
                event.set(INCREMENT);
            }
            assert_eq!(heir.result(), 1);
            assert_eq!(mutex.as_ref().acquire(Timeout::NOW), Ok(Handover::Abandoned));
            assert_eq!(mutex.as_ref().release(INCREMENT), Ok(0));
        }
    });
}

#[test]
fn the_end_of_a_thread_comes_once_with_its_status_and_stays() {
    always(|| {
        let end = Arc::new(ThreadEnd::new());
        let joiner = {
            let end = Arc::clone(&end);
            start(move || end.join(Timeout::Never))
        };
        assert_eq!(end.join(Timeout::NOW), Err(WaitError::TimedOut));
        assert_eq!(end.end(-7, INCREMENT), Ok(()));
        assert_eq!(end.end(1, INCREMENT), Err(EndedBefore { status: -7 }));
        assert_eq!(joiner.result(), Ok(-7));
        assert_eq!(end.join(Timeout::Never), Ok(-7));
    });
}

#[test]
fn a_wait_for_any_takes_the_first_that_lets_it_pass_and_no_other() {
    always(|| {
        let events: [Arc<Event>; 3] = std::array::from_fn(|_| Arc::new(Event::synchronisation()));
        events[1].set(INCREMENT);
        events[2].set(INCREMENT);
        let first = wait_any(&[&*events[0], &*events[1], &*events[2]], Timeout::Never);
        assert_eq!(first, Ok(First { index: 1, left: Handover::Orderly }));
        assert_eq!([&events[1], &events[2]].map(|event| event.was()), [Was::Clear, Was::Set]);
        events[2].reset();
        let waiter = {
            let events = events.clone();
            start(move || wait_any(&[&*events[0], &*events[1], &*events[2]], Timeout::Never))
        };
        settle();
        events[2].set(INCREMENT);
        events[0].set(INCREMENT);
        assert_eq!(waiter.result().map(|first| first.index), Ok(2));
        assert_eq!(events.map(|event| event.was()), [Was::Set, Was::Clear, Was::Clear]);
    });
}

#[test]
fn a_signal_passes_a_waiter_that_another_one_has_woken() {
    always(|| {
        let (one, other) = (Arc::new(Event::synchronisation()), Arc::new(Event::synchronisation()));
        let first = {
            let (one, other) = (Arc::clone(&one), Arc::clone(&other));
            start(move || wait_any(&[&*one, &*other], Timeout::Never).map(|first| first.index))
        };
        settle();
        let behind = waiter(&other);
        settle();
        // In many orders the first waiter has not left the other queue yet when the second signal comes.
        one.set(INCREMENT);
        other.set(INCREMENT);
        assert_eq!(first.result(), Ok(0));
        assert_eq!(behind.result(), ORDERLY);
        assert_eq!((one.was(), other.was()), (Was::Clear, Was::Clear));
    });
}

#[test]
fn a_wait_for_all_takes_all_at_once_or_nothing() {
    always(|| {
        let first = Arc::new(Event::synchronisation());
        let second = semaphore(0, 2);
        let waiter = {
            let (first, second) = (Arc::clone(&first), Arc::clone(&second));
            start(move || wait_all(&[&*second, &*first], Timeout::Never))
        };
        settle();
        first.set(INCREMENT);
        settle();
        assert!(!waiter.has_ended());
        assert_eq!(first.was(), Was::Set, "it is not taken before the other is there");
        // Who waits for one alone overtakes.
        assert_eq!(wait(&*first, Timeout::NOW), ORDERLY);
        second.release(1, INCREMENT).unwrap();
        settle();
        assert!(!waiter.has_ended());
        assert_eq!(second.available(), 1);
        first.set(INCREMENT);
        assert_eq!(waiter.result(), ORDERLY);
        assert_eq!((first.was(), second.available()), (Was::Clear, 0));
    });
}

#[test]
fn a_signal_passes_those_who_wait_for_all_and_reaches_the_one_behind() {
    always(|| {
        let (common, never) = (Arc::new(Event::synchronisation()), Arc::new(Event::notification()));
        let all = {
            let (common, never) = (Arc::clone(&common), Arc::clone(&never));
            start(move || wait_all(&[&*common, &*never], Timeout::Never))
        };
        settle();
        let one = waiter(&common);
        settle();
        common.set(INCREMENT);
        assert_eq!(one.result(), ORDERLY);
        never.set(INCREMENT);
        common.set(INCREMENT);
        assert_eq!(all.result(), ORDERLY);
    });
}

#[test]
fn a_wait_is_for_one_to_sixty_four_objects() {
    run(1, || {
        let events: Vec<Event> = (0..=MAX_OBJECTS).map(|_| Event::notification()).collect();
        let objects: Vec<&dyn Waitable<Sim>> = events.iter().map(|event| event as _).collect();
        let too_many = WaitError::TooManyObjects { given: MAX_OBJECTS + 1 };
        assert_eq!(wait_any(&objects, Timeout::NOW), Err(too_many));
        assert_eq!(wait_all(&objects, Timeout::NOW), Err(too_many));
        assert_eq!(wait_any::<Sim>(&[], Timeout::Never), Err(WaitError::NoObjects));
        assert_eq!(wait_all::<Sim>(&[], Timeout::Never), Err(WaitError::NoObjects));
        events[63].set(INCREMENT);
        assert_eq!(wait_any(&objects[..64], Timeout::Never).map(|first| first.index), Ok(63));
        assert_eq!(wait_all(&objects[..64], Timeout::NOW), Err(WaitError::TimedOut));
        events.iter().for_each(|event| {
            event.set(INCREMENT);
        });
        assert_eq!(wait_all(&objects[1..], Timeout::Never), ORDERLY);
    });
}

#[test]
fn sixty_four_objects_are_waited_for_and_left() {
    always(|| {
        let events: Arc<Vec<Event>> = Arc::new((0..MAX_OBJECTS).map(|_| Event::synchronisation()).collect());
        for all in [false, true] {
            let waiter = {
                let events = Arc::clone(&events);
                start(move || {
                    let objects: Vec<&dyn Waitable<Sim>> = events.iter().map(|event| event as _).collect();
                    if all {
                        wait_all(&objects, Timeout::Never).map(|_| 0)
                    } else {
                        wait_any(&objects, Timeout::Never).map(|first| first.index)
                    }
                })
            };
            settle();
            if all {
                events.iter().for_each(|event| {
                    event.set(INCREMENT);
                });
                assert_eq!(waiter.result(), Ok(0));
                assert!(events.iter().all(|event| event.was() == Was::Clear));
            } else {
                events[40].set(INCREMENT);
                assert_eq!(waiter.result(), Ok(40));
            }
        }
    });
}

#[test]
fn the_same_object_twice_is_refused_by_a_wait_for_all_only() {
    run(1, || {
        let (event, other) = (Event::synchronisation(), Event::synchronisation());
        let twice = Err(WaitError::SameObjectTwice { first: 0, second: 2 });
        assert_eq!(wait_all(&[&event, &other, &event], Timeout::NOW), twice);
        event.set(INCREMENT);
        assert_eq!(wait_any(&[&event, &other, &event], Timeout::Never).map(|first| first.index), Ok(0));
        let event = Arc::new(event);
        let waiter = {
            let event = Arc::clone(&event);
            start(move || wait_any(&[&*event, &*event], Timeout::Never).map(|first| first.index))
        };
        settle();
        event.set(INCREMENT);
        assert_eq!(waiter.result(), Ok(0));
        assert_eq!(event.was(), Was::Clear);
    });
}

#[test]
fn who_passes_gets_the_boost() {
    always(|| {
        let event = Arc::new(Event::notification());
        let waiter = waiter(&event);
        settle();
        event.set(Boost::new(6));
        settle();
        assert_eq!(waiter.boosts(), [Boost::new(6)]);
        assert_eq!(waiter.result(), ORDERLY);
    });
}

#[test]
fn a_wait_goes_on_after_it_was_disturbed() {
    always(|| {
        let (event, other) = (Arc::new(Event::synchronisation()), Arc::new(Event::synchronisation()));
        let one = waiter(&event);
        let all = {
            let (event, other) = (Arc::clone(&event), Arc::clone(&other));
            start(move || wait_all(&[&*event, &*other], Timeout::Never))
        };
        for _ in 0..3 {
            settle();
            assert!(!one.has_ended() && !all.has_ended());
            one.disturb();
            all.disturb();
        }
        other.set(INCREMENT);
        event.set(INCREMENT);
        assert_eq!(one.result(), ORDERLY);
        event.set(INCREMENT);
        assert_eq!(all.result(), ORDERLY);
    });
}

#[test]
fn a_call_that_waits_inside_a_wait_loses_nothing_of_it() {
    always(|| {
        let (outer, inner) = (Arc::new(Event::synchronisation()), Arc::new(Event::synchronisation()));
        let waiter = {
            let (outer, inner) = (Arc::clone(&outer), Arc::clone(&inner));
            start(move || {
                sim::call_when_parked(move || {
                    assert_eq!(wait(&*inner, Timeout::Never), ORDERLY);
                });
                wait(&*outer, Timeout::Never)
            })
        };
        settle();
        // The permit that this gives is used up by the inner wait.
        outer.set(INCREMENT);
        settle();
        assert!(!waiter.has_ended());
        inner.set(INCREMENT);
        assert_eq!(waiter.result(), ORDERLY);
    });
}

#[test]
fn what_has_an_object_inside_can_be_waited_for() {
    struct Request {
        done: Event,
    }
    impl Waitable<Sim> for Request {
        fn target(&self) -> Target<'_, Sim> {
            self.done.target()
        }
    }
    run(1, || {
        let request = Request { done: Event::notification() };
        let signal: &dyn xtke::wait::Signal = &request.done;
        assert_eq!(wait(&request, Timeout::NOW), Err(WaitError::TimedOut));
        signal.signal();
        assert_eq!(wait(&request, Timeout::NOW), ORDERLY);
        let twice = Err(WaitError::SameObjectTwice { first: 0, second: 1 });
        assert_eq!(wait_all(&[&request, &request.done], Timeout::NOW), twice);
    });
}
