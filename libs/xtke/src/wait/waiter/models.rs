//! Models of signals, waits and time-outs that meet, explored in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib models`.
//!
//! Each model has twins that are broken in one step, which it must find.
#![allow(unsafe_code, reason = "the model's machine promises what the traits demand")]

extern crate std;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Notify;
use loom::thread;
use xtcore::CpuIndex;
use xtrtl::list::Step;

use super::enlisted::{Blocks, Enlisted};
use super::*;
use crate::platform::Platform;
use crate::wait::object::{Kind, Object, Offer, Ownership, Passing, State};
use crate::wait::{Alarm, INCREMENT, Mutex, Owned, abandon_owned};

/// A machine whose threads are those of the model.
struct Model;

struct Thread {
    permit: Notify,
    owned: ManuallyDrop<Owned<Model>>,
}

loom::thread_local! {
    /// No part of the model: only that each thread has another one counts.
    static NUMBER: CpuIndex = {
        static NEXT: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
        CpuIndex::new(NEXT.fetch_add(1, core::sync::atomic::Ordering::Relaxed))
    };
    static THREAD: Thread = Thread {
        permit: Notify::new(),
        owned: ManuallyDrop::new(Owned::new()),
    };
}

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse ends the model.
unsafe impl Platform for Model {
    type Raised = ();

    fn cpu() -> CpuIndex {
        NUMBER.with(|number| *number)
    }

    fn run_level() -> RunLevel {
        RunLevel::Passive
    }

    fn raise(_: RunLevel) {}

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        thread::yield_now();
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {}

    fn kick(_: CpuIndex) {}

    fn misuse(what: Misuse) -> ! {
        panic!("{what}")
    }
}

// SAFETY: a thread lasts as long as the functions that it is in; park returns on its caller.
unsafe impl Parking for Model {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        THREAD.with(|thread| NonNull::from(thread))
    }

    fn park() {
        THREAD.with(|thread| thread.permit.wait());
    }

    fn unpark(thread: &Thread, _: Boost) {
        thread.permit.notify();
    }
}

/// The address of an alarm that another thread rings.
struct Bell(NonNull<Alarm<Model>>);

// SAFETY: an alarm may be rung from anywhere.
unsafe impl Send for Bell {}

impl Bell {
    fn ring(self) {
        // SAFETY: who set the alarm waits for the thread that rings it.
        unsafe { self.0.as_ref() }.ring();
    }
}

// SAFETY: the thread that rings the alarm is joined before the call returns; each thread has one list.
unsafe impl Waiting for Model {
    fn with_alarm<R>(_: Instant, alarm: &Alarm<Self>, wait: impl FnOnce() -> R) -> R {
        let bell = Bell(NonNull::from(alarm));
        let ringing = thread::spawn(|| bell.ring());
        let result = wait();
        ringing.join().unwrap();
        result
    }

    fn owned(thread: &Thread) -> &Owned<Self> {
        &thread.owned
    }
}

/// An object with its inside out.
struct Raw(Object<Model>);

impl Waitable<Model> for Raw {
    fn target(&self) -> Target<'_, Model> {
        Target::new(&self.0)
    }
}

/// How the signaller of a model goes about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wakes {
    /// As the crate does.
    Rightly,
    /// Step by step as the crate does: the twins below differ from it in nothing but their fault.
    StepByStep,
    /// Unparks before it decides.
    BeforeDeciding,
    /// Looks whether the word is open, then writes it.
    LookingThenWriting,
    /// Does not care whether the word was open.
    WithoutDeciding,
    /// Decides, but leaves the signal for others, too.
    WithoutTaking,
    /// Leaves those alone who wait for all.
    OnlyThoseForAny,
}

impl Raw {
    fn turnstile(available: u32) -> Arc<Self> {
        Arc::new(Self(Object::new(Kind::SEMAPHORE, available, Passing::Takes)))
    }

    fn available(&self) -> u32 {
        self.0.lock().signal.available
    }

    fn add(&self, wakes: Wakes) {
        let mut state = self.0.lock();
        state.signal.available += 1;
        self.wake(&mut state, wakes);
    }

    fn wake(&self, state: &mut State<Model>, wakes: Wakes) {
        if wakes == Wakes::Rightly {
            return state.wake(INCREMENT);
        }
        let State { signal, waiters } = state;
        let swept = waiters.sweep(|block| {
            let wait = block.wait();
            let Offer::Open(left) = signal.offer(wait.thread()) else { return Step::Stop };
            if wait.aim() == Aim::All {
                if wakes != Wakes::OnlyThoseForAny {
                    wait.wake(INCREMENT);
                }
                return Step::Keep;
            }
            if wakes == Wakes::BeforeDeciding {
                wait.wake(INCREMENT);
            }
            let ending = Ending::Object { index: block.index(), left };
            let won = match wakes {
                Wakes::LookingThenWriting => {
                    let open = wait.verdict().ending().is_none();
                    wait.verdict().0.store(u32::from(block.index()), Ordering::Relaxed);
                    open
                }
                Wakes::WithoutDeciding => {
                    wait.verdict().decide(ending);
                    true
                }
                _ => wait.verdict().decide(ending),
            };
            if !won {
                return Step::Keep;
            }
            if wakes != Wakes::WithoutTaking {
                signal.take(wait.thread());
            }
            if wakes != Wakes::BeforeDeciding {
                wait.wake(INCREMENT);
            }
            Step::Remove
        });
        assert!(swept.is_ok());
    }
}

/// Tells whether a model found a fault and is unwinding.
pub(super) fn is_torn_down() -> bool {
    std::thread::panicking()
}

/// Explores a model with so many changes of thread beyond those that are forced.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// One thread waits for an object, another signals it.
fn signal_meets_wait(wakes: Wakes) {
    explore(5, move || {
        let object = Raw::turnstile(0);
        let signaller = {
            let object = Arc::clone(&object);
            thread::spawn(move || object.add(wakes))
        };
        assert_eq!(wait(&*object, Timeout::Never), Ok(Handover::Orderly));
        signaller.join().unwrap();
        assert_eq!(object.available(), 0);
    });
}

#[test]
fn a_signal_that_meets_a_wait_is_not_lost() {
    signal_meets_wait(Wakes::Rightly);
    signal_meets_wait(Wakes::StepByStep);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_signaller_that_wakes_too_early_is_found() {
    signal_meets_wait(Wakes::BeforeDeciding);
}

/// How the waiter of a model gives up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum GivesUp {
    /// As the crate does.
    Rightly,
    /// Goes if it finds the word open.
    Looking,
}

/// A signal, a wait and the end of its time.
fn signal_meets_time_out(gives_up: GivesUp, wakes: Wakes) {
    explore(5, move || {
        let object = Raw::turnstile(0);
        let signaller = {
            let object = Arc::clone(&object);
            thread::spawn(move || object.add(wakes))
        };
        let passed = match gives_up {
            GivesUp::Rightly => wait(&*object, Timeout::At(Instant::START)).is_ok(),
            GivesUp::Looking => looking_wait(&object),
        };
        signaller.join().unwrap();
        assert_eq!(object.available(), u32::from(!passed), "the signal is used or still there");
    });
}

/// A wait that gives up without deciding its word.
fn looking_wait(object: &Raw) -> bool {
    let targets = [object.target()];
    let wait = Wait::<Model>::new(Aim::Any);
    let blocks = Blocks::<Model, 1>::new(&wait);
    // SAFETY: the value is dropped at the end of this function.
    let mut enlisted = unsafe { Enlisted::new(&targets, &blocks) };
    let mut state = object.0.lock();
    if state.signal.available > 0 {
        state.signal.take(wait.thread());
        return true;
    }
    enlisted.enlist(&mut state);
    drop(state);
    until::<Model, _>(Some(Instant::START), |alarm| {
        loop {
            if wait.verdict().ending().is_some() {
                return true;
            }
            if alarm.rang() {
                return false;
            }
            Model::park();
        }
    })
}

#[test]
fn a_signal_and_the_end_of_the_time_meet_and_exactly_one_wins() {
    signal_meets_time_out(GivesUp::Rightly, Wakes::Rightly);
}

#[test]
#[should_panic(expected = "the signal is used or still there")]
fn a_waiter_that_looks_and_then_gives_up_is_found() {
    signal_meets_time_out(GivesUp::Looking, Wakes::Rightly);
}

#[test]
#[should_panic(expected = "the signal is used or still there")]
fn a_signaller_that_looks_and_then_writes_is_found() {
    signal_meets_time_out(GivesUp::Rightly, Wakes::LookingThenWriting);
}

/// One thread waits for any of two objects, which two others signal.
fn two_signals_meet_a_wait_for_any(wakes: Wakes) {
    explore(3, move || {
        let objects = [Raw::turnstile(0), Raw::turnstile(0)];
        let signallers = objects.clone().map(|object| thread::spawn(move || object.add(wakes)));
        let [one, other] = &objects;
        let first = wait_any(&[&**one, &**other], Timeout::Never).unwrap().index;
        signallers.into_iter().for_each(|signaller| signaller.join().unwrap());
        assert_eq!(objects[first].available(), 0, "what was told to have passed is used");
        assert_eq!(objects[1 - first].available(), 1, "what did not let pass is still there");
    });
}

#[test]
fn of_two_signals_a_wait_for_any_uses_one() {
    two_signals_meet_a_wait_for_any(Wakes::Rightly);
    two_signals_meet_a_wait_for_any(Wakes::StepByStep);
}

#[test]
#[should_panic(expected = "is still there")]
fn a_signaller_that_does_not_ask_who_won_is_found() {
    two_signals_meet_a_wait_for_any(Wakes::WithoutDeciding);
}

/// One permit is shared by a thread that waits for it together with something else and one that waits for it alone; each
/// gives it back.
fn all_meets_any(wakes: Wakes) {
    explore(5, move || {
        // Side by side, so that they are locked in the same order in each run of the model.
        let objects =
            Arc::new([0, 1].map(|available| Raw(Object::new(Kind::SEMAPHORE, available, Passing::Takes))));
        let both = {
            let objects = Arc::clone(&objects);
            thread::spawn(move || {
                let [shared, other] = &*objects;
                assert_eq!(wait_all(&[other, shared], Timeout::Never), Ok(Handover::Orderly));
                shared.add(wakes);
            })
        };
        let [shared, other] = &*objects;
        shared.add(wakes);
        assert_eq!(wait(shared, Timeout::Never), Ok(Handover::Orderly));
        shared.add(wakes);
        both.join().unwrap();
        assert_eq!([shared, other].map(Raw::available), [1, 0]);
    });
}

#[test]
fn waits_for_all_and_for_one_share_a_permit() {
    all_meets_any(Wakes::Rightly);
    all_meets_any(Wakes::StepByStep);
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_signaller_that_forgets_those_who_wait_for_all_is_found() {
    all_meets_any(Wakes::OnlyThoseForAny);
}

/// An owner hands an object over and comes for it again.
fn hand_over(wakes: Wakes) {
    explore(5, move || {
        let nobody = || Ownership { owner: None, depth: 0, left: Handover::Orderly };
        let mutex = Arc::new((Raw(Object::new(Kind::MUTEX, 1, Passing::Owns(nobody()))), UnsafeCell::new(0)));
        let turn = move |(mutex, inside): &(Raw, UnsafeCell<u32>)| {
            assert_eq!(wait(mutex, Timeout::Never), Ok(Handover::Orderly));
            // SAFETY: the owner is the only one inside: the model checks that.
            inside.with_mut(|count| unsafe { *count += 1 });
            let mut state = mutex.0.lock();
            state.signal.passing = Passing::Owns(nobody());
            state.signal.available = 1;
            mutex.wake(&mut state, wakes);
        };
        let other = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || turn(&mutex))
        };
        turn(&mutex);
        turn(&mutex);
        other.join().unwrap();
        // SAFETY: the other ended.
        assert_eq!(mutex.1.with(|count| unsafe { *count }), 3);
    });
}

#[test]
fn a_mutex_is_handed_from_one_to_one() {
    hand_over(Wakes::Rightly);
    hand_over(Wakes::StepByStep);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn an_owner_that_leaves_open_what_it_hands_over_is_found() {
    hand_over(Wakes::WithoutTaking);
}

/// How the owner of a model ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    /// As it should.
    Rightly,
    /// With what it owns.
    Holding,
}

/// An owner ends while another thread waits for what it owns.
fn abandonment(ends: Ends) {
    explore(5, move || {
        // Never dropped: the twin leaves it owned.
        let mutex = Arc::new(ManuallyDrop::new(Mutex::<Model>::new()));
        let pinned = |mutex: &Arc<ManuallyDrop<Mutex<Model>>>| -> Handover {
            // SAFETY: the mutex lies in what is shared, which nobody moves it out of.
            let mutex = unsafe { core::pin::Pin::new_unchecked(&***mutex) };
            mutex.acquire(Timeout::Never).unwrap()
        };
        let owner = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                let left = pinned(&mutex);
                if ends == Ends::Rightly {
                    assert_eq!(abandon_owned::<Model>(INCREMENT), 1);
                }
                left
            })
        };
        let left = pinned(&mutex);
        assert_eq!(abandon_owned::<Model>(INCREMENT), 1);
        let told = [left, owner.join().unwrap()].iter().filter(|left| **left == Handover::Abandoned).count();
        assert_eq!(told, 1, "the second is told, whoever that is");
    });
}

#[test]
fn an_owner_that_ends_leaves_its_mutex_to_the_next_who_is_told() {
    abandonment(Ends::Rightly);
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_owner_that_ends_with_its_mutex_is_found() {
    abandonment(Ends::Holding);
}
