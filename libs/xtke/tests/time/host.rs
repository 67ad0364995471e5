//! A machine whose processors are threads of the host: [`Machine::enter`] makes the calling thread one of them.
//!
//! Run levels are kept per thread. What is asked of a processor is served when its level falls below Dispatch, and
//! when it looks: in [`Host::relax`], while it sleeps, and in [`serve`]. A misuse is a panic that carries it.
#![allow(
    unsafe_code,
    dead_code,
    reason = "a test's machine promises what the traits demand; two crates of tests share it"
)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use xtke::defer::apc::{Interrupting, Queue};
use xtke::defer::{Deferring, DpcQueue};
use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::time::{Instant, TimerQueue, Timing};
use xtke::{CpuIndex, RunLevel};

/// How many processors a machine has.
pub(crate) const CPUS: usize = 5;

/// The platform.
#[derive(Debug)]
pub(crate) struct Host;

/// One machine. It is leaked: a test has one, or a few.
pub(crate) struct Machine {
    now: AtomicU64,
    timers: [TimerQueue<Host>; CPUS],
    dpcs: [DpcQueue<Host>; CPUS],
    asked: [AtomicBool; CPUS],
    pub(crate) kicks: AtomicUsize,
}

/// A thread. It is leaked.
pub(crate) struct Thread {
    permit: Mutex<bool>,
    permitted: Condvar,
    apcs: Queue<Host>,
    noticed: AtomicBool,
    pub(crate) unparked: AtomicUsize,
}

thread_local! {
    static MACHINE: Cell<Option<&'static Machine>> = const { Cell::new(None) };
    static CPU: Cell<usize> = const { Cell::new(0) };
    static LEVEL: Cell<RunLevel> = const { Cell::new(RunLevel::Passive) };
    static THREAD: &'static Thread = Box::leak(Box::new(Thread {
        permit: Mutex::new(false),
        permitted: Condvar::new(),
        apcs: Queue::new(),
        noticed: AtomicBool::new(false),
        unparked: AtomicUsize::new(0),
    }));
}

impl Machine {
    /// Makes a machine at the start of time and the calling thread its processor 0.
    pub(crate) fn start() -> &'static Self {
        let cpus = std::array::from_fn(CpuIndex::new);
        let machine: &'static Self = Box::leak(Box::new(Self {
            now: AtomicU64::new(0),
            timers: cpus.map(TimerQueue::new),
            dpcs: cpus.map(DpcQueue::new),
            asked: [const { AtomicBool::new(false) }; CPUS],
            kicks: AtomicUsize::new(0),
        }));
        machine.enter(0);
        machine
    }

    /// Makes the calling thread a processor.
    pub(crate) fn enter(&'static self, cpu: usize) {
        MACHINE.set(Some(self));
        CPU.set(cpu);
    }

    /// Returns the timers of a processor.
    pub(crate) fn timers(&self, cpu: usize) -> &TimerQueue<Host> {
        &self.timers[cpu]
    }

    /// Moves the time, and has the caller's processor look at its timers.
    pub(crate) fn advance(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
        let clock = Host::raise(RunLevel::Clock);
        self.timers[CPU.get()].advance(Instant::new(now));
        drop(clock);
    }
}

fn machine() -> &'static Machine {
    MACHINE.get().expect("the thread is no processor")
}

/// The calling thread.
pub(crate) fn thread() -> &'static Thread {
    THREAD.with(|thread| *thread)
}

/// Tells whether the caller's processor was asked for Dispatch, and has not looked.
pub(crate) fn is_asked() -> bool {
    machine().asked[CPU.get()].load(Ordering::Acquire)
}

/// Does what is asked of the caller's processor and thread, if the level allows it.
pub(crate) fn serve() {
    let Some(machine) = MACHINE.get() else { return };
    let cpu = CPU.get();
    while LEVEL.get() < RunLevel::Dispatch && machine.asked[cpu].swap(false, Ordering::AcqRel) {
        let before = LEVEL.replace(RunLevel::Dispatch);
        machine.timers[cpu].expire(Host::now());
        machine.dpcs[cpu].drain();
        LEVEL.set(before);
    }
    while LEVEL.get() < RunLevel::Apc && thread().noticed.swap(false, Ordering::AcqRel) {
        let before = LEVEL.replace(RunLevel::Apc);
        Queue::<Host>::deliver(thread());
        LEVEL.set(before);
    }
}

/// A raised level.
#[derive(Debug)]
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        LEVEL.set(self.0);
        if !std::thread::panicking() {
            serve();
        }
    }
}

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse unwinds instead of returning.
unsafe impl Platform for Host {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CpuIndex::new(CPU.get())
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
        serve();
        std::thread::yield_now();
    }

    fn now() -> Instant {
        Instant::new(machine().now.load(Ordering::Relaxed))
    }

    fn request_dispatch() {
        machine().asked[CPU.get()].store(true, Ordering::Release);
        serve();
    }

    fn kick(cpu: CpuIndex) {
        machine().kicks.fetch_add(1, Ordering::Relaxed);
        machine().asked[cpu.get()].store(true, Ordering::Release);
    }

    fn misuse(what: Misuse) -> ! {
        panic_any(what)
    }
}

// SAFETY: threads are leaked; park returns on its caller.
unsafe impl Parking for Host {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        NonNull::from(thread())
    }

    fn park() {
        serve();
        let permit = thread().permit.lock().unwrap();
        // It wakes to look at what its processor is asked.
        let nap = Duration::from_micros(200);
        let (mut permit, _) = thread().permitted.wait_timeout_while(permit, nap, |permit| !*permit).unwrap();
        *permit = false;
        drop(permit);
        serve();
    }

    fn unpark(thread: &Thread, _: Boost) {
        thread.unparked.fetch_add(1, Ordering::Relaxed);
        *thread.permit.lock().unwrap() = true;
        thread.permitted.notify_one();
    }
}

impl Timing for Host {
    fn timers(cpu: CpuIndex) -> &'static TimerQueue<Self> {
        &machine().timers[cpu.get()]
    }
}

impl Deferring for Host {
    fn dpcs(cpu: CpuIndex) -> &'static DpcQueue<Self> {
        &machine().dpcs[cpu.get()]
    }
}

impl Interrupting for Host {
    fn apcs(thread: &Thread) -> &Queue<Self> {
        &thread.apcs
    }

    fn notify(to: &Thread) {
        to.noticed.store(true, Ordering::Release);
        if std::ptr::eq(to, thread()) {
            serve();
        } else {
            Self::unpark(to, Boost::NONE);
        }
    }

    fn at_passive(run: impl FnOnce()) {
        let before = LEVEL.replace(RunLevel::Passive);
        serve();
        run();
        LEVEL.set(before);
    }
}

/// Runs something that must be found to be a misuse, on a thread of its own that is processor 0, and returns which.
pub(crate) fn caught(act: impl FnOnce() + Send) -> Misuse {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            Machine::start();
            catch_unwind(AssertUnwindSafe(act))
        });
        let payload = thread.join().unwrap().expect_err("nothing was found");
        *payload.downcast::<Misuse>().expect("a panic, but no misuse")
    })
}
