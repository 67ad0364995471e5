//! A machine on which one thread runs at a time, and a seed decides at each step which: raising and lowering a level,
//! spinning, parking and unparking are where another may go on. What happens is the same whenever the seed is.
//!
//! Time is what it must be: an alarm rings when the seed says so, or when nothing else can happen. The thread that starts a
//! [`run`] goes on only when all others sleep or ended ([`settle`]): it sees the machine at rest.
#![allow(unsafe_code, reason = "a test's machine promises what the traits demand")]

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::time::Instant;
use xtke::wait::{Alarm, Owned, Waiting};
use xtke::{CpuIndex, RunLevel};

/// The machine.
#[derive(Debug)]
pub(crate) struct Sim;

/// A thread of the machine.
pub(crate) struct Thread {
    world: Arc<World>,
    number: usize,
    owned: ManuallyDrop<Owned<Sim>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Runnable,
    Parked,
    /// The first thread, until all others sleep.
    Settling,
    Ended,
}

struct Actor {
    state: State,
    permit: bool,
    boosts: Vec<Boost>,
}

/// An alarm that is set; the thread that set it takes it away before the alarm ends.
#[derive(Clone, Copy)]
struct Set {
    deadline: Instant,
    alarm: NonNull<Alarm<Sim>>,
}

// SAFETY: an alarm may be rung from anywhere.
unsafe impl Send for Set {}

struct Book {
    random: u64,
    turn: usize,
    actors: Vec<Actor>,
    alarms: Vec<Set>,
    now: Instant,
}

/// One machine.
pub(crate) struct World {
    book: Mutex<Book>,
    turned: Condvar,
}

thread_local! {
    static LEVEL: Cell<RunLevel> = const { Cell::new(RunLevel::Passive) };
    static THREAD: RefCell<Option<Box<Thread>>> = const { RefCell::new(None) };
    static RINGING: Cell<bool> = const { Cell::new(false) };
    static CALL: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

impl Book {
    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) as usize % bound.max(1)
    }

    /// Decides who goes on; an alarm that is to ring first is returned.
    fn choose(&mut self) -> Option<Set> {
        let runnable: Vec<usize> =
            (0..self.actors.len()).filter(|actor| self.actors[*actor].state == State::Runnable).collect();
        if !self.alarms.is_empty() && (runnable.is_empty() || self.below(16) == 0) {
            let soonest = (0..self.alarms.len()).min_by_key(|alarm| self.alarms[*alarm].deadline).unwrap();
            let set = self.alarms.swap_remove(soonest);
            self.now = self.now.max(set.deadline);
            return Some(set);
        }
        self.turn = match runnable.len() {
            0 => {
                assert!(self.actors[0].state == State::Settling, "nothing can go on");
                self.actors[0].state = State::Runnable;
                0
            }
            count => runnable[self.below(count)],
        };
        None
    }
}

impl World {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Lets the seed decide who goes on, and waits for this thread's turn.
    fn pass(&self, number: usize, state: State) {
        let mut book = self.book();
        book.actors[number].state = state;
        while let Some(set) = book.choose() {
            drop(book);
            // It rings within this choice, which is made to the end before anybody goes on.
            RINGING.set(true);
            // SAFETY: the alarm was set, and the thread that takes it away does not run: the turn is this thread's.
            unsafe { set.alarm.as_ref() }.ring();
            RINGING.set(false);
            book = self.book();
        }
        self.turned.notify_all();
        if state != State::Ended {
            self.wait(book, number);
        }
    }

    fn wait(&self, mut book: MutexGuard<'_, Book>, number: usize) {
        while book.turn != number {
            book = self.turned.wait(book).unwrap();
        }
    }
}

/// Calls something with the machine and the number of the calling thread.
fn here<R>(act: impl FnOnce(&World, usize) -> R) -> R {
    let (world, number) = THREAD.with_borrow(|thread| {
        let thread = thread.as_ref().expect("a thread of the machine");
        (Arc::clone(&thread.world), thread.number)
    });
    act(&world, number)
}

/// Lets others go on, or not.
fn step() {
    here(|world, number| {
        if world.book().below(2) == 0 {
            world.pass(number, State::Runnable);
        }
    });
}

fn enter(world: &Arc<World>, number: usize) {
    let thread = Thread { world: Arc::clone(world), number, owned: ManuallyDrop::new(Owned::new()) };
    THREAD.set(Some(Box::new(thread)));
}

/// Runs a test as the first thread of a machine.
pub(crate) fn run(seed: u64, test: impl FnOnce()) {
    let first = Actor { state: State::Runnable, permit: false, boosts: Vec::new() };
    let book = Book {
        random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        turn: 0,
        actors: vec![first],
        alarms: Vec::new(),
        now: Instant::START,
    };
    let world = Arc::new(World { book: Mutex::new(book), turned: Condvar::new() });
    enter(&world, 0);
    test();
    assert!(world.book().alarms.is_empty(), "an alarm was left behind");
    THREAD.set(None);
}

/// A thread that was started.
pub(crate) struct Started<T> {
    number: usize,
    thread: JoinHandle<std::thread::Result<T>>,
}

impl<T> Started<T> {
    /// Tells whether it ended.
    pub(crate) fn has_ended(&self) -> bool {
        here(|world, _| world.book().actors[self.number].state == State::Ended)
    }

    /// Returns the boosts with which it was unparked.
    pub(crate) fn boosts(&self) -> Vec<Boost> {
        here(|world, _| world.book().actors[self.number].boosts.clone())
    }

    /// Wakes it without a reason.
    pub(crate) fn disturb(&self) {
        here(|world, _| unpark(&mut world.book(), self.number));
    }

    /// Lets all threads run until nothing can happen, and returns what this one came to.
    pub(crate) fn result(self) -> T {
        settle();
        assert!(self.has_ended(), "the thread waits for ever");
        self.thread.join().unwrap().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Starts a thread.
pub(crate) fn start<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Started<T> {
    let world = THREAD.with_borrow(|thread| Arc::clone(&thread.as_ref().unwrap().world));
    let number = {
        let mut book = world.book();
        book.actors.push(Actor { state: State::Runnable, permit: false, boosts: Vec::new() });
        book.actors.len() - 1
    };
    let thread = std::thread::spawn(move || {
        enter(&world, number);
        world.wait(world.book(), number);
        let result = catch_unwind(AssertUnwindSafe(body));
        world.pass(number, State::Ended);
        result
    });
    Started { number, thread }
}

/// Has the calling thread run something, as an asynchronous procedure call is run, when it is next about to sleep.
pub(crate) fn call_when_parked(call: impl FnOnce() + 'static) {
    CALL.set(Some(Box::new(call)));
}

/// Lets all other threads go on until each sleeps without an alarm or ended.
pub(crate) fn settle() {
    here(|world, number| world.pass(number, State::Settling));
}

fn unpark(book: &mut Book, number: usize) {
    let actor = &mut book.actors[number];
    match actor.state {
        State::Parked => actor.state = State::Runnable,
        State::Runnable | State::Settling => actor.permit = true,
        State::Ended => panic!("an ended thread was unparked"),
    }
}

/// Lowers the level to where it was.
#[derive(Debug)]
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        LEVEL.set(self.0);
        if self.0 < RunLevel::Dispatch {
            step();
        }
    }
}

// SAFETY: each thread is a processor of its own, on which nothing else runs; misuse unwinds instead of returning.
unsafe impl Platform for Sim {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CpuIndex::new(here(|_, number| number))
    }

    fn run_level() -> RunLevel {
        LEVEL.get()
    }

    fn raise(to: RunLevel) -> Raised {
        let before = LEVEL.get();
        step();
        LEVEL.set(before.max(to));
        Raised(before)
    }

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        here(|world, number| world.pass(number, State::Runnable));
    }

    fn now() -> Instant {
        here(|world, _| world.book().now)
    }

    fn request_dispatch() {}

    fn kick(_: CpuIndex) {}

    fn misuse(what: Misuse) -> ! {
        std::panic::panic_any(what)
    }
}

// SAFETY: the thread lies in a box that the host's thread drops when it ends; park returns on its caller.
unsafe impl Parking for Sim {
    type Thread = Thread;

    fn current() -> NonNull<Thread> {
        THREAD.with_borrow(|thread| NonNull::from(&**thread.as_ref().expect("a thread of the machine")))
    }

    fn park() {
        if let Some(call) = CALL.take() {
            call();
            here(|world, number| unpark(&mut world.book(), number));
        }
        here(|world, number| {
            let permit = std::mem::take(&mut world.book().actors[number].permit);
            world.pass(number, if permit { State::Runnable } else { State::Parked });
        });
    }

    fn unpark(thread: &Thread, boost: Boost) {
        let mut book = thread.world.book();
        book.actors[thread.number].boosts.push(boost);
        unpark(&mut book, thread.number);
        drop(book);
        if !RINGING.get() {
            step();
        }
    }
}

// SAFETY: an alarm is taken away before the call returns, and rings only while its thread does not run; each thread has
// one list.
unsafe impl Waiting for Sim {
    fn with_alarm<R>(deadline: Instant, alarm: &Alarm<Self>, wait: impl FnOnce() -> R) -> R {
        let alarm = NonNull::from(alarm);
        here(|world, _| world.book().alarms.push(Set { deadline, alarm }));
        let result = wait();
        here(|world, _| world.book().alarms.retain(|set| set.alarm != alarm));
        result
    }

    fn owned(thread: &Thread) -> &Owned<Self> {
        &thread.owned
    }
}
