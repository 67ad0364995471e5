//! What whoever looks at a machine that stands still sees of the threads that sleep.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::ptr::NonNull;

use xtke::RunLevel;
use xtke::defer::Rundown;
use xtke::defer::work::WorkQueue;
use xtke::lock::{Class, PushLock};
use xtke::platform::{Boost, Parking, Platform};
use xtke::sched::{Handle, Policy, State, Thread, ThreadId};
use xtke::sleep::Cause;
use xtke::time::Instant;
use xtke::wait::{
    Event, Mutex, Permits, Semaphore, ThreadEnd, Timeout, Waitable, delay, wait, wait_all, wait_any,
};

use crate::support::host::{Host, Machine, join, me, spawn};

/// A wait in words: its kind, its objects with `!` behind each that the looker's thread owns, and when it ends.
fn seen_where(thread: &Thread<Host>, is_there: &dyn Fn(usize, usize) -> bool) -> Option<String> {
    // SAFETY: the machine has one processor, which runs this.
    let asleep = unsafe { thread.asleep(is_there) }?;
    let list = |objects: xtke::wait::Objects<'_, Host>| {
        let names = objects.iter().map(|object| match object {
            Ok(object) => {
                let owner = object.owner.expect("nobody holds the object's lock");
                // SAFETY: as above.
                let owner = owner.and_then(|owner| unsafe { Thread::id_at(owner, &|_, _| true) });
                format!("{}{}", object.kind, if owner == Some(me().id()) { "!" } else { "" })
            }
            Err(_) => "damaged".to_owned(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let what = match asleep.cause {
        Cause::Unsaid => "unsaid".to_owned(),
        Cause::Any(objects) => format!("any: {}", list(objects)),
        Cause::All(objects) => format!("all: {}", list(objects)),
        Cause::Time => "time".to_owned(),
        Cause::Lock { name, .. } => format!("lock {name}"),
        Cause::Work { .. } => "work".to_owned(),
        Cause::Completion { .. } => "completion".to_owned(),
        Cause::TheDead => "the dead".to_owned(),
        Cause::Damaged(_) => "damaged".to_owned(),
    };
    let until = asleep.deadline.map_or(String::new(), |deadline| format!(" until {}", deadline.units()));
    Some(what + &until)
}

fn seen(thread: &Thread<Host>) -> Option<String> {
    seen_where(thread, &|_, _| true)
}

/// Starts a thread that runs at once and sleeps; sees what for; lets it go on and end.
fn check(sleep: impl FnOnce() + Send + 'static, words: &str, release: impl FnOnce(&Handle<Host>)) {
    let thread = spawn("sleeper", 9, sleep);
    assert_eq!(thread.state(), State::Parked);
    assert_eq!(seen(&thread).as_deref(), Some(words));
    release(&thread);
    join(&thread);
    assert_eq!(seen(&thread), None);
}

/// Forgets what became of a wait or a signal: here only the sleep counts.
fn whatever<T>(_: T) {}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

#[test]
fn each_wait_for_objects_shows_them_and_their_owners_and_its_end() {
    Machine::run(1, Policy::DEFAULT, |_| {
        let event = leak(Event::<Host>::synchronisation());
        let set = |_: &Handle<Host>| {
            let _ = event.set(Boost::NONE);
        };
        check(|| whatever(wait(event, Timeout::Never)), "any: event", set);
        check(|| whatever(wait(event, Timeout::At(Instant::new(77)))), "any: event until 77", set);
        let permits = Permits::new(0, NonZeroU32::MIN).unwrap();
        let semaphore = leak(Semaphore::<Host>::new(permits));
        check(
            || whatever(wait(semaphore, Timeout::Never)),
            "any: semaphore",
            |_| whatever(semaphore.release(1, Boost::NONE)),
        );
        let end = leak(ThreadEnd::<Host>::new());
        check(
            || whatever(end.join(Timeout::Never)),
            "any: end of a thread",
            |_| whatever(end.end(0, Boost::NONE)),
        );
        let mutex: Pin<&'static Mutex<Host>> = Pin::static_ref(leak(Mutex::new()));
        let _ = mutex.acquire(Timeout::NOW).unwrap();
        let own = move || {
            let _ = mutex.acquire(Timeout::Never).unwrap();
            let _ = mutex.release(Boost::NONE).unwrap();
        };
        check(own, "any: mutex!", |_| whatever(mutex.release(Boost::NONE)));
        // Several at once.
        let _ = mutex.acquire(Timeout::NOW).unwrap();
        let both = move |all: bool| {
            let objects: [&dyn Waitable<Host>; 2] = [&mutex, event];
            if all {
                whatever(wait_all(&objects, Timeout::Never))
            } else {
                whatever(wait_any(&objects, Timeout::Never))
            }
            // Either way of getting it.
            let _ = mutex.release(Boost::NONE);
        };
        check(move || both(false), "any: mutex!, event", set);
        check(
            move || both(true),
            "all: mutex!, event",
            |thread| {
                set(thread);
                assert_eq!(seen(thread).as_deref(), Some("all: mutex!, event"), "it needs the mutex, too");
                let _ = mutex.release(Boost::NONE);
            },
        );
    });
}

#[test]
fn each_other_sleep_says_what_it_is_for() {
    Machine::run(1, Policy::DEFAULT, |machine| {
        let mut reaper = None;
        let _ = machine.scheduler.each(|thread| {
            if thread.name().text() == "reaper" {
                reaper = seen(thread);
            }
        });
        assert_eq!(reaper.as_deref(), Some("the dead"));
        assert_eq!(seen(me()), None, "it runs");
        let unpark = |thread: &Handle<Host>| Host::unpark(thread, Boost::NONE);
        check(Host::park, "unsaid", unpark);
        let lock = leak(PushLock::<Host, u8>::new(Class::new("ledger of nothing"), 0));
        let held = lock.write();
        check(|| drop(lock.read()), "lock ledger of nothing", |_| drop(held));
        let queue: &'static WorkQueue<Host> = leak(WorkQueue::new());
        check(|| queue.run_worker(), "work", |_| queue.stop());
        let rundown = leak(Rundown::<Host>::new());
        let user = rundown.acquire();
        check(|| rundown.wait().unwrap(), "completion", |_| drop(user));
    });
}

#[test]
fn a_number_that_was_kept_names_its_thread_again_and_zero_none() {
    Machine::run(1, Policy::DEFAULT, |_| {
        let id = me().id();
        assert_eq!(ThreadId::from_number(id.get()), Some(id));
        assert_eq!(ThreadId::from_number(0), None);
    });
}

#[test]
fn a_delay_shows_its_end() {
    Machine::run(1, Policy::DEFAULT, |_| {
        // The time stands still here, so these are left asleep when the machine ends.
        let forever = spawn("forever", 9, || delay::<Host>(Timeout::Never));
        assert_eq!(seen(&forever).as_deref(), Some("time"));
        let sleeper = spawn("sleeper", 9, || delay::<Host>(Timeout::At(Instant::new(1234))));
        assert_eq!(seen(&sleeper).as_deref(), Some("time until 1234"));
    });
}

#[test]
fn a_sleeper_that_was_woken_and_does_not_run_yet_waits_for_nothing() {
    Machine::run(1, Policy::DEFAULT, |_| {
        let event = leak(Event::<Host>::synchronisation());
        let thread = spawn("sleeper", 9, || whatever(wait(event, Timeout::Never)));
        let raised = Host::raise(RunLevel::Dispatch);
        let _ = event.set(Boost::NONE);
        assert_eq!((thread.state(), seen(&thread)), (State::Ready, None));
        drop(raised);
        join(&thread);
    });
}

#[test]
fn no_address_is_believed_that_is_not_known() {
    Machine::run(1, Policy::DEFAULT, |_| {
        let event = leak(Event::<Host>::synchronisation());
        let thread = spawn("sleeper", 9, || whatever(wait(event, Timeout::Never)));
        // The note, the place of the object's address, the object: what is denied ends the look.
        let asked = RefCell::new(Vec::new());
        let known = |first: usize| {
            asked.borrow_mut().clear();
            let is_there = |start: usize, bytes: usize| {
                asked.borrow_mut().push((start, bytes));
                asked.borrow().len() <= first
            };
            seen_where(&thread, &is_there)
        };
        for (count, words) in [(0, "damaged"), (1, "any: damaged"), (2, "any: damaged"), (3, "any: event")] {
            assert_eq!(known(count).as_deref(), Some(words));
            assert_eq!(asked.borrow().len(), 3.min(count + 1));
        }
        // A note that something was written over is none.
        let (note, bytes) = *asked.borrow().first().unwrap();
        let note = std::ptr::with_exposed_provenance_mut::<u8>(note);
        let mut before = vec![0; bytes];
        // SAFETY: the note lies in the frame of a thread that sleeps, and is as it was before that wakes.
        unsafe { std::ptr::copy_nonoverlapping(note, before.as_mut_ptr(), bytes) };
        // SAFETY: as above.
        unsafe { std::ptr::write_bytes(note, 0xA5, bytes) };
        assert_eq!(seen(&thread).unwrap().split(' ').next(), Some("damaged"));
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(before.as_ptr(), note, bytes) };
        assert_eq!(seen(&thread).as_deref(), Some("any: event"));
        let _ = event.set(Boost::NONE);
        join(&thread);
        let nowhere = std::ptr::with_exposed_provenance_mut::<Thread<Host>>(0x1000);
        // SAFETY: nothing is said to be there, so nothing is read.
        assert_eq!(unsafe { Thread::id_at(NonNull::new(nowhere).unwrap(), &|_, _| false) }, None);
    });
}
