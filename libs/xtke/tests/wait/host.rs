//! A machine whose threads are threads of the host that run as they like. Run levels are kept per thread; nothing
//! interrupts. A misuse is a panic that carries it.
#![allow(unsafe_code, reason = "a test's machine promises what the traits demand")]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant as HostInstant};

use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::time::Instant;
use xtke::wait::{Alarm, Owned, Waiting};
use xtke::{CpuIndex, RunLevel};

/// The machine.
#[derive(Debug)]
pub(crate) struct Host;

/// A thread of the host. What it owns when it ends is not looked at: tests that leave something do so on purpose.
pub(crate) struct Thread {
    permit: Mutex<bool>,
    permitted: Condvar,
    owned: ManuallyDrop<Owned<Host>>,
}

thread_local! {
    static CPU: CpuIndex = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        CpuIndex::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
    static LEVEL: Cell<RunLevel> = const { Cell::new(RunLevel::Passive) };
    static THREAD: Thread = const {
        Thread {
            permit: Mutex::new(false),
            permitted: Condvar::new(),
            owned: ManuallyDrop::new(Owned::new()),
        }
    };
}

/// Lowers the level to where it was.
#[derive(Debug)]
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        LEVEL.set(self.0);
    }
}

fn start() -> HostInstant {
    static START: OnceLock<HostInstant> = OnceLock::new();
    *START.get_or_init(HostInstant::now)
}

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse unwinds instead of returning.
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
        std::thread::yield_now();
    }

    fn now() -> Instant {
        Instant::new((start().elapsed().as_nanos() / 100) as u64)
    }

    fn request_dispatch() {}

    fn kick(_: CpuIndex) {}

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

/// Ends an alarm's thread, also when the wait panics.
struct Disarm<'a>(&'a Mutex<bool>, &'a Condvar);

impl Drop for Disarm<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
}

// SAFETY: the alarm is used by a thread that is joined before the call returns; each thread has one list.
unsafe impl Waiting for Host {
    fn with_alarm<R>(deadline: Instant, alarm: &Alarm<Self>, wait: impl FnOnce() -> R) -> R {
        let (disarmed, changed) = (Mutex::new(false), Condvar::new());
        let left = Duration::from_nanos(deadline.since(Self::now()).units().saturating_mul(100));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let guard = disarmed.lock().unwrap();
                let (disarmed, _) = changed.wait_timeout_while(guard, left, |disarmed| !*disarmed).unwrap();
                if !*disarmed {
                    drop(disarmed);
                    alarm.ring();
                }
            });
            let _disarm = Disarm(&disarmed, &changed);
            wait()
        })
    }

    fn owned(thread: &Thread) -> &Owned<Self> {
        &thread.owned
    }
}

/// Takes the calling thread's list of owned mutexes away, as if the thread were freed.
pub(crate) fn take_owned() -> Owned<Host> {
    THREAD.with(|thread| {
        // SAFETY: the thread ends without looking at its list again; the mutexes on it do not know the list's address.
        ManuallyDrop::into_inner(unsafe { std::ptr::read(&raw const thread.owned) })
    })
}

/// Runs something that must be found to be a misuse, on a thread of its own, and returns which.
pub(crate) fn caught(act: impl FnOnce() + Send) -> Misuse {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| catch_unwind(AssertUnwindSafe(act)));
        let payload = thread.join().unwrap().expect_err("nothing was found");
        *payload.downcast::<Misuse>().expect("a panic, but no misuse")
    })
}
