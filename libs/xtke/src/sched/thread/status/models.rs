//! Models of sleeping and waking, explored in every interleaving, each beside a twin with a mistake that must be found:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib models`.
#![allow(unsafe_code, reason = "the context is a cell of the model checker")]

extern crate std;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::super::priority::Priority;
use super::{State, Status, StatusWord};
use crate::platform::Boost;
use crate::sync::Ordering;
use xtcore::CpuIndex;

/// A thread that runs: its word, and its saved context, which is 0 as long as it is not saved.
struct Sleeper {
    word: StatusWord,
    context: UnsafeCell<u32>,
}

// SAFETY: whether the context is reached by one thread at a time is what the model finds out.
unsafe impl Sync for Sleeper {}
// SAFETY: it is plain data.
unsafe impl Send for Sleeper {}

impl Sleeper {
    fn new() -> Arc<Self> {
        let running = Status::new(Priority::NORMAL, CpuIndex::BOOT).with_state(State::Running);
        Arc::new(Self { word: StatusWord::new(running), context: UnsafeCell::new(0) })
    }

    /// What the switch does, before what runs next puts the thread to sleep.
    fn save(&self) {
        // SAFETY: the thread runs until it is put to sleep, so that nobody else has its context.
        self.context.with_mut(|context| unsafe { *context = 1 });
    }

    /// What another processor does that got the thread.
    fn restore(&self) {
        // SAFETY: whoever woke the thread has its context; the model finds out whether that is true.
        let saved = self.context.with(|context| unsafe { *context });
        assert_eq!(saved, 1, "a context that is not saved was restored");
    }

    fn unpark(&self) -> bool {
        loop {
            if self.word.leave_permit().is_ok() {
                return false;
            }
            if self.word.wake(Boost::NONE, |status| Some(status.with_state(State::Running))).is_ok() {
                return true;
            }
        }
    }
}

/// One thread goes to sleep as `settle` does it, and another unparks it.
fn sleep_and_wake(settle: impl Fn(&StatusWord) -> bool + Clone + Send + Sync + 'static) {
    loom::model(move || {
        let sleeper = Sleeper::new();
        let waker = {
            let sleeper = Arc::clone(&sleeper);
            thread::spawn(move || {
                let woke = sleeper.unpark();
                if woke {
                    sleeper.restore();
                }
                woke
            })
        };
        let mut slept = false;
        if sleeper.word.take_permit().is_err() {
            sleeper.save();
            slept = settle(&sleeper.word);
        }
        let woke = waker.join().unwrap();
        assert_eq!(slept, woke, "who sleeps is woken, and who does not is not");
        let left = sleeper.word.load();
        assert!(left.state() == State::Running, "a permit was lost");
        assert!(!left.has_permit(), "a permit that was used stays");
    });
}

#[test]
fn an_unpark_is_never_lost() {
    sleep_and_wake(|word| word.settle_to_sleep().is_ok());
}

#[test]
#[should_panic(expected = "who sleeps is woken")]
fn to_look_for_the_permit_before_going_to_sleep_is_too_early() {
    sleep_and_wake(|word| {
        let sleeps = !word.load().has_permit();
        if sleeps {
            let _ = word.update(|status| Some(status.with_state(State::Parked)));
        } else {
            let _ = word.take_permit();
        }
        sleeps
    });
}

#[test]
#[should_panic]
fn a_state_that_releases_nothing_shows_a_context_that_is_not_saved() {
    sleep_and_wake(|word| {
        let settle = |status: Status| (!status.has_permit()).then(|| status.with_state(State::Parked));
        word.update_ordered(Ordering::Relaxed, settle).is_ok() || word.take_permit().is_err()
    });
}

#[test]
fn of_two_that_wake_one_gets_the_thread_and_the_other_leaves_a_permit() {
    loom::model(|| {
        let sleeper = Sleeper::new();
        sleeper.save();
        sleeper.word.settle_to_sleep().unwrap();
        let other = {
            let sleeper = Arc::clone(&sleeper);
            thread::spawn(move || sleeper.unpark())
        };
        let mine = sleeper.unpark();
        assert!(other.join().unwrap() != mine);
        assert!(sleeper.word.load().has_permit());
    });
}
