//! Four processors that are threads of the host share a counter behind a kernel's spin lock; then one of them serves
//! timers. What a kernel brings is a [`Platform`]: who am I, how urgent is what I do, what time is it.
#![allow(unsafe_code, reason = "a platform promises what the locks rely on")]

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use xtke::lock::{Class, SpinLock};
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::time::{Action, Due, Expiry, Instant, Interval, Period, Repeat, Timer, TimerQueue, Timing};
use xtke::{CpuIndex, RunLevel};

/// The machine: its processors are threads, and its time is a number that the example sets.
#[derive(Debug)]
struct Host;

thread_local! {
    static CPU: Cell<usize> = const { Cell::new(0) };
    static LEVEL: Cell<RunLevel> = const { Cell::new(RunLevel::Passive) };
}

static NOW: AtomicU64 = AtomicU64::new(0);
static ASKED: AtomicBool = AtomicBool::new(false);
static TIMERS: TimerQueue<Host> = TimerQueue::new(CpuIndex::new(0));

/// Lowers the run level to where it was.
struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        LEVEL.set(self.0);
    }
}

// SAFETY: each thread has a number of its own and runs nothing else while it holds a `Raised`; `misuse` panics.
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
        thread::yield_now();
    }

    fn now() -> Instant {
        Instant::new(NOW.load(Ordering::Relaxed))
    }

    fn request_dispatch() {
        ASKED.store(true, Ordering::Relaxed);
    }

    fn kick(_: CpuIndex) {}

    fn misuse(what: Misuse) -> ! {
        panic!("{what:?}")
    }
}

impl Timing for Host {
    fn timers(_: CpuIndex) -> &'static TimerQueue<Self> {
        &TIMERS
    }
}

static COUNTER: SpinLock<Host, u64> = SpinLock::new(Class::new("counter"), 0);

/// What the timers write to: who was due when.
static JOURNAL: Mutex<Vec<(&str, u64)>> = Mutex::new(Vec::new());

/// Writes down when it was due.
struct Writes(&'static str);

impl Action for Writes {
    fn due(&self, expiry: Expiry) {
        JOURNAL.lock().expect("no writer panics").push((self.0, expiry.due.units()));
    }
}

static ONCE: Timer<Host, Writes> = Timer::new(Writes("once"));
static OFTEN: Timer<Host, Writes> = Timer::new(Writes("often"));
static NEVER: Timer<Host, Writes> = Timer::new(Writes("never"));

fn main() {
    thread::scope(|scope| {
        for cpu in 0..4 {
            scope.spawn(move || {
                CPU.set(cpu);
                for _ in 0..10_000 {
                    *COUNTER.lock() += 1;
                }
            });
        }
    });
    println!("four processors counted to {}", *COUNTER.lock());

    // Most timers are time-outs that are cancelled; that costs as little as arming them.
    let period = Period::new(Interval::new(200)).expect("it is not zero");
    Pin::static_ref(&OFTEN).arm(Due::At(Instant::new(100)), Repeat::Every(period));
    Pin::static_ref(&ONCE).arm(Due::After(Interval::new(250)), Repeat::Once);
    Pin::static_ref(&NEVER).arm(Due::After(Interval::from_seconds(30)), Repeat::Once);
    println!("cancelled in time: {}", NEVER.cancel());

    // The clock interrupt only looks whether something is due, and asks. The work is done at Dispatch, by the processor.
    for now in (0..=600).step_by(50) {
        NOW.store(now, Ordering::Relaxed);
        TIMERS.advance(Host::now());
        if ASKED.swap(false, Ordering::Relaxed) {
            let _raised = Host::raise(RunLevel::Dispatch);
            TIMERS.expire(Host::now());
        }
    }
    println!("{:?}", JOURNAL.lock().expect("no writer panics"));
}
