//! A machine whose processors are threads of the host. A misuse is a panic that carries it.
#![allow(unsafe_code, reason = "a test's machine promises what the traits demand")]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Scope};

use xtke::lock::order::{Held, Order, Watch};
use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::time::Instant;
use xtke::{CpuIndex, RunLevel};

/// The machine. Each thread of the host is a processor, and a thread that never leaves it.
#[derive(Debug)]
pub(crate) struct Host;

/// What a thread sleeps on.
#[derive(Debug)]
pub(crate) struct Thread {
    permit: Mutex<bool>,
    permitted: Condvar,
}

thread_local! {
    static CPU: CpuIndex = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        CpuIndex::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
    static LEVEL: Cell<RunLevel> = const { Cell::new(RunLevel::Passive) };
    static WHEN_WAITING: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
    static WATCH: Cell<Option<Watch>> = const { Cell::new(None) };
    static IS_ALONE: Cell<bool> = const { Cell::new(false) };
    static THREAD: Thread = const { Thread { permit: Mutex::new(false), permitted: Condvar::new() } };
}

/// Lowers the level to where it was.
#[derive(Debug)]
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        LEVEL.set(self.0);
    }
}

// SAFETY: each thread of the host has a number of its own; misuse unwinds instead of returning.
unsafe impl Platform for Host {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CPU.with(|cpu| *cpu)
    }

    fn run_level() -> RunLevel {
        LEVEL.get()
    }

    fn raise(to: RunLevel) -> Raised {
        let before = LEVEL.get();
        LEVEL.set(before.max(to));
        Raised(before)
    }

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        if let Some(act) = WHEN_WAITING.take() {
            act();
        }
        thread::yield_now();
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {}

    fn kick(_: CpuIndex) {}

    fn lock_watch() -> Option<Watch> {
        WATCH.get()
    }

    fn is_alone() -> bool {
        IS_ALONE.get()
    }

    fn misuse(what: Misuse) -> ! {
        panic_any(what)
    }
}

// SAFETY: the thread lies in storage of the host's thread, which lasts until that ends; park returns on its caller.
unsafe impl Parking for Host {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        THREAD.with(|thread| NonNull::from(thread))
    }

    fn park() {
        if let Some(act) = WHEN_WAITING.take() {
            act();
        }
        THREAD.with(|thread| {
            let mut permit = thread.permit.lock().unwrap();
            while !*permit {
                permit = thread.permitted.wait(permit).unwrap();
            }
            *permit = false;
        });
    }

    fn unpark(thread: &Thread, _: Boost) {
        *thread.permit.lock().unwrap() = true;
        thread.permitted.notify_one();
    }
}

/// Does something the next time that the calling processor looks in vain, or its thread goes to sleep.
pub(crate) fn when_waiting(act: impl FnOnce() + 'static) {
    WHEN_WAITING.set(Some(Box::new(act)));
}

/// Lets the next time that the calling thread goes to sleep end at once.
pub(crate) fn unpark_oneself() {
    THREAD.with(|thread| Host::unpark(thread, Boost::NONE));
}

/// Starts processors that do something each, the next once the one before waits, and returns when all wait.
pub(crate) fn queue_up<'scope>(
    scope: &'scope Scope<'scope, '_>,
    acts: Vec<Box<dyn FnOnce() + Send + 'scope>>,
) {
    for act in acts {
        let waits = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&waits);
        scope.spawn(move || {
            when_waiting(move || tells.store(true, Ordering::Release));
            act();
        });
        while !waits.load(Ordering::Acquire) {
            thread::yield_now();
        }
    }
}

/// Does something as the only processor that ever runs again. What others hold must have been left by threads that have ended, or that
/// touch it no more.
pub(crate) fn alone<R>(act: impl FnOnce() -> R) -> R {
    IS_ALONE.set(true);
    let result = act();
    IS_ALONE.set(false);
    result
}

/// Notes what the calling processor takes in an order.
pub(crate) fn note_in(order: &'static Order) {
    WATCH.set(Some(Watch::new(order, keep(Held::new()))));
}

/// Keeps a value for ever, where a search for leaks finds it.
pub(crate) fn keep<T: Any + Send + Sync>(value: T) -> &'static T {
    static KEPT: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());
    let value = Box::leak(Box::new(value));
    KEPT.lock().unwrap().push(value);
    value
}

/// Does something, and returns the misuse that it ends in.
pub(crate) fn misuse_of<R>(act: impl FnOnce() -> R) -> Misuse {
    let level = LEVEL.get();
    let payload = catch_unwind(AssertUnwindSafe(|| drop(act()))).unwrap_err();
    LEVEL.set(level);
    *payload.downcast::<Misuse>().unwrap()
}
