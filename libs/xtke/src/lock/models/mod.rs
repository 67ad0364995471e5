//! Models of the locks, explored in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib lock::models`.
//!
//! Each model has twins that are broken in one step, which it must find.
#![allow(unsafe_code, reason = "the model's machine promises what the traits demand")]

mod push;
mod queue;
mod readwrite;
mod spin;

extern crate std;
use core::ptr::NonNull;
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::vec::Vec;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use xtcore::{CpuIndex, RunLevel};

use super::step::Step;
use super::step::modelled::explore;
use super::{Class, PushLock, RwSpinLock, SpinLock};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking, Platform};
use crate::time::Instant;

const CLASS: Class = Class::new("model");

/// A machine whose processors, and threads, are the threads of the model.
struct Model;

struct Thread {
    permit: Notify,
    /// It has what it waited for, and need not last any longer.
    is_done: AtomicBool,
}

loom::thread_local! {
    /// Leaked, so that a model can find somebody who uses it too late.
    static THREAD: &'static Thread =
        Box::leak(Box::new(Thread { permit: Notify::new(), is_done: AtomicBool::new(false) }));
    static NUMBER: Cell<usize> = Cell::new(0);
    /// What a processor sets when it begins to wait.
    static COMES: RefCell<Option<Arc<AtomicBool>>> = RefCell::new(None);
}

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse ends the model.
unsafe impl Platform for Model {
    type Raised = ();

    fn cpu() -> CpuIndex {
        NUMBER.with(|number| CpuIndex::new(number.get()))
    }

    fn run_level() -> RunLevel {
        RunLevel::Passive
    }

    fn raise(_: RunLevel) {}

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        COMES.with(|comes| {
            if let Some(has_come) = comes.borrow_mut().take() {
                has_come.store(true, Ordering::Release);
            }
        });
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
        THREAD.with(|thread| NonNull::from(*thread))
    }

    fn park() {
        THREAD.with(|thread| thread.permit.wait());
    }

    fn unpark(thread: &Thread, _: Boost) {
        assert!(!thread.is_done.load(Ordering::Acquire), "a thread is woken that may be gone");
        thread.permit.notify();
    }
}

/// Lets processors 1 and on do something each with one state, processor 0 the last of them, then looks at the state. Without
/// a bound of its own a model has the one that `LOOM_MAX_PREEMPTIONS` sets, if it does.
fn run<S: 'static>(
    broken: Option<Step>,
    preemptions: Option<usize>,
    state: fn() -> S,
    acts: &'static [fn(&S)],
    check: fn(&S),
) {
    explore(broken);
    let mut model = Builder::new();
    model.preemption_bound = preemptions.or(model.preemption_bound);
    model.check(move || {
        let shared = Box::into_raw(Box::new(Shared(state())));
        // SAFETY: it was made above, and is freed below, after all other threads have ended. A model that fails leaks it:
        // its destructor, run while the model unwinds, would look at atomics that are no more.
        let state = unsafe { &*shared };
        let (last, others) = acts.split_last().unwrap();
        let others: Vec<_> = (1..)
            .zip(others)
            .map(|(number, act)| {
                thread::spawn(move || {
                    NUMBER.with(|mine| mine.set(number));
                    act(state.get());
                })
            })
            .collect();
        last(state.get());
        others.into_iter().for_each(|other| other.join().unwrap());
        check(state.get());
        // SAFETY: it comes from `into_raw`, and nobody else is left.
        drop(unsafe { Box::from_raw(shared) });
    });
}

struct Shared<S>(S);

impl<S> Shared<S> {
    fn get(&self) -> &S {
        &self.0
    }
}

// SAFETY: the cells of the models check by themselves who touches them when.
unsafe impl<S> Sync for Shared<S> {}

type Value = UnsafeCell<usize>;

fn zero() -> Value {
    UnsafeCell::new(0)
}

fn add(value: &Value) {
    // SAFETY: the cell panics if anybody else looks at it.
    value.with_mut(|value| unsafe { *value += 1 });
}

fn get(value: &Value) -> usize {
    // SAFETY: the cell panics if anybody changes it.
    value.with(|value| unsafe { *value })
}
