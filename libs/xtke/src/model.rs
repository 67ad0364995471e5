//! The machine of the models of time and deferred work: two processors that are threads of the model checker.
//!
//! Its queues live as long as one execution of a model; a model begins with [`explore`].
#![allow(unsafe_code, reason = "the model's machine promises what the traits demand")]

extern crate std;
use core::ptr::NonNull;
use std::boxed::Box;
use std::cell::Cell;

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use xtcore::{CpuIndex, RunLevel};

use crate::defer::{Deferring, DpcQueue};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking, Platform};
use crate::time::{Instant, TimerQueue, Timing};

/// The machine.
#[derive(Debug)]
pub(crate) struct Model;

/// What a machine's processors have.
pub(crate) struct Processors {
    timers: [TimerQueue<Model>; 2],
    dpcs: [DpcQueue<Model>; 2],
    kicked: [AtomicBool; 2],
}

/// A thread, with a canary that the thread takes when it ends.
pub(crate) struct Thread {
    permit: Notify,
    alive: UnsafeCell<()>,
}

std::thread_local! {
    static MACHINE: Cell<Option<&'static Processors>> = const { Cell::new(None) };
}

loom::thread_local! {
    static CPU: Cell<usize> = Cell::new(0);
    static THREAD: &'static Thread = Box::leak(Box::new(Thread { permit: Notify::new(), alive: UnsafeCell::new(()) }));
}

/// Explores a model with at most so many preemptions. Its first thread is processor 0.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let machine = Box::into_raw(Box::<Processors>::new_uninit()).cast::<Processors>();
        // Part by part: the stacks of a model's threads are small, and queues are not.
        for number in 0..2 {
            let cpu = CpuIndex::new(number);
            // SAFETY: the place of a queue in memory that was taken for all of them a moment ago.
            unsafe { (&raw mut (*machine).timers[number]).write(TimerQueue::new(cpu)) };
            // SAFETY: the place of the other queue.
            unsafe { (&raw mut (*machine).dpcs[number]).write(DpcQueue::new(cpu)) };
            // SAFETY: the place of the flag.
            unsafe { (&raw mut (*machine).kicked[number]).write(AtomicBool::new(false)) };
        }
        // SAFETY: the machine is freed below, when every thread of the execution was joined.
        MACHINE.set(Some(unsafe { &*machine }));
        model();
        MACHINE.set(None);
        // SAFETY: it came from a box, and the model left nothing behind that knows it.
        drop(unsafe { Box::from_raw(machine) });
    });
}

/// Starts a thread on a processor.
pub(crate) fn on<T: 'static>(cpu: usize, act: impl FnOnce() -> T + 'static) -> thread::JoinHandle<T> {
    thread::spawn(move || {
        CPU.with(|here| here.set(cpu));
        act()
    })
}

/// Tells whether a processor was kicked since the last time.
pub(crate) fn kicked(cpu: usize) -> bool {
    machine().kicked[cpu].swap(false, Ordering::AcqRel)
}

/// The calling thread ends: nobody may touch it any more.
pub(crate) fn end() {
    THREAD.with(|thread| thread.alive.with_mut(|_| ()));
}

fn machine() -> &'static Processors {
    MACHINE.get().unwrap()
}

// SAFETY: each processor has one thread, on which nothing else runs; misuse ends the model.
unsafe impl Platform for Model {
    type Raised = ();

    fn cpu() -> CpuIndex {
        CPU.with(|cpu| CpuIndex::new(cpu.get()))
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

    fn kick(cpu: CpuIndex) {
        // An exchange, because the checker orders those among themselves, but not a store among exchanges.
        machine().kicked[cpu.get()].swap(true, Ordering::AcqRel);
    }

    fn misuse(what: Misuse) -> ! {
        panic!("{what}")
    }
}

// SAFETY: threads are leaked; park returns on its caller.
unsafe impl Parking for Model {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        THREAD.with(|thread| NonNull::from(*thread))
    }

    fn park() {
        THREAD.with(|thread| thread.permit.wait());
    }

    fn unpark(thread: &Thread, _: Boost) {
        thread.alive.with(|_| ());
        thread.permit.notify();
    }
}

// SAFETY: the canary is only touched so that the checker sees who touches a thread when.
unsafe impl Sync for Thread {}

impl Timing for Model {
    fn timers(cpu: CpuIndex) -> &'static TimerQueue<Self> {
        &machine().timers[cpu.get()]
    }
}

impl Deferring for Model {
    fn dpcs(cpu: CpuIndex) -> &'static DpcQueue<Self> {
        &machine().dpcs[cpu.get()]
    }
}
