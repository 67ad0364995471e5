//! A machine whose threads are threads of the host.
//!
//! Each processor is a baton: who has it runs, with the processor's number, and a switch hands it over. What the host's
//! scheduler does beside that is what other processors do at the same time. Interrupts are noted, and delivered where the
//! run level falls, where somebody spins, and where a processor idles. With one processor it is deterministic: exactly one
//! thread of the host runs at a time, and ticks come by hand.
#![allow(unsafe_code, reason = "the traits of a machine are unsafe to promise")]

use std::alloc::{Layout, alloc, dealloc};
use std::any::Any;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::sched::{
    Blueprint, CpuSet, Handle, Name, Policy, Priority, Processor, Scheduler, Seat, Start, Switching, Thread,
    first_run,
};
use xtke::time::Instant;
use xtke::wait::{Alarm, Owned, Waiting};
use xtke::{CpuIndex, RunLevel};

/// The machine that the asking thread of the host belongs to.
#[derive(Debug)]
pub(crate) struct Host;

pub(crate) struct Machine {
    pub(crate) scheduler: &'static Scheduler<Host>,
    cpus: Vec<Cpu>,
    stop: AtomicBool,
    failure: Mutex<Option<Box<dyn Any + Send>>>,
    /// Records and stacks in use.
    in_use: AtomicI64,
    adopted: AtomicUsize,
    all_done: (Mutex<bool>, Condvar),
}

#[derive(Default)]
struct Cpu {
    running: AtomicPtr<Thread<Host>>,
    level: AtomicU8,
    pending: AtomicBool,
    ticks: AtomicUsize,
    sleep: (Mutex<()>, Condvar),
}

thread_local! {
    static PLACE: Cell<Option<(&'static Machine, usize)>> = const { Cell::new(None) };
}

fn place() -> (&'static Machine, usize) {
    PLACE.get().expect("this thread of the host has no processor")
}

fn cpu() -> &'static Cpu {
    let (machine, cpu) = place();
    &machine.cpus[cpu]
}

fn level_of(number: u8) -> RunLevel {
    RunLevel::from_number(number.into()).unwrap()
}

/// What a thread of the host unwinds with when its thread, or the machine, is gone.
struct Gone;

/// The right to run on a processor, or its absence.
#[derive(Debug, Default)]
pub(crate) struct Baton {
    turn: Mutex<Turn>,
    given: Condvar,
    /// Whether the thread stopped in a switch, or never began: what a saved context is to this machine.
    saved: AtomicBool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Waits,
    Runs(usize),
    Gone,
}

impl Baton {
    fn give(&self, cpu: usize) {
        assert!(self.saved.swap(false, Ordering::AcqRel), "a context was restored before it was saved");
        let mut turn = self.turn.lock().unwrap();
        assert_eq!(*turn, Turn::Waits, "a thread runs on two processors");
        *turn = Turn::Runs(cpu);
        self.given.notify_one();
    }

    fn wait(&self, machine: &'static Machine) {
        PLACE.set(None);
        let turn = self.given.wait_while(self.turn.lock().unwrap(), |turn| *turn == Turn::Waits).unwrap();
        let mut turn = turn;
        match std::mem::take(&mut *turn) {
            Turn::Runs(cpu) => PLACE.set(Some((machine, cpu))),
            _ => {
                drop(turn);
                resume_unwind(Box::new(Gone));
            }
        }
    }

    fn end(&self) {
        *self.turn.lock().unwrap() = Turn::Gone;
        self.given.notify_one();
    }
}

pub(crate) struct Stack {
    baton: Arc<Baton>,
    runner: JoinHandle<()>,
}

/// A level to go back to; interrupts that came meanwhile are delivered there.
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        // A thread that unwinds because it is gone has no processor.
        if PLACE.get().is_some() && !std::thread::panicking() {
            cpu().level.store(self.0 as u8, Ordering::Relaxed);
            deliver();
        }
    }
}

/// Delivers what came, if the level lets it through.
fn deliver() {
    while Host::run_level() < RunLevel::Dispatch {
        let here = cpu();
        let before = here.level.load(Ordering::Relaxed);
        let ticks = here.ticks.swap(0, Ordering::Relaxed);
        if ticks > 0 {
            here.level.store(RunLevel::Clock as u8, Ordering::Relaxed);
            (0..ticks).for_each(|_| Host::scheduler().tick());
        }
        here.level.store(RunLevel::Dispatch as u8, Ordering::Relaxed);
        let looked = here.pending.swap(false, Ordering::AcqRel);
        if looked {
            Host::scheduler().preempt();
        }
        // Possibly on another processor than before.
        cpu().level.store(before, Ordering::Relaxed);
        if !looked {
            return;
        }
    }
}

// SAFETY: a thread of the host keeps its processor from one switch to the next, and nobody else has it; `misuse` unwinds.
unsafe impl Platform for Host {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CpuIndex::new(place().1)
    }

    fn run_level() -> RunLevel {
        level_of(cpu().level.load(Ordering::Relaxed))
    }

    fn raise(to: RunLevel) -> Raised {
        if Self::run_level() < RunLevel::Dispatch {
            deliver();
        }
        let before = Self::run_level();
        cpu().level.store(before.max(to) as u8, Ordering::Relaxed);
        Raised(before)
    }

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        std::thread::yield_now();
        if place().0.stop.load(Ordering::Relaxed) {
            resume_unwind(Box::new(Gone));
        }
        deliver();
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {
        cpu().pending.store(true, Ordering::Release);
    }

    fn kick(cpu: CpuIndex) {
        place().0.interrupt(cpu.get());
    }

    fn misuse(what: Misuse) -> ! {
        resume_unwind(Box::new(what))
    }
}

/// What a thread does.
pub(crate) struct Work(pub(crate) Box<dyn FnOnce() + Send>);

impl Start for Work {
    fn run(self) {
        (self.0)();
    }
}

/// What a test keeps with a thread: whether it ended, and who waits for that.
#[derive(Default)]
pub(crate) struct End {
    state: Mutex<(bool, Vec<Handle<Host>>)>,
    owned: Owned<Host>,
}

// SAFETY: the alarm is not used at all, and each thread has its own list.
unsafe impl Waiting for Host {
    /// The time stands still here, so it is never out.
    fn with_alarm<R>(_: Instant, _: &Alarm<Self>, wait: impl FnOnce() -> R) -> R {
        wait()
    }

    fn owned(thread: &Thread<Self>) -> &Owned<Self> {
        &thread.extension().owned
    }
}

// SAFETY: what a processor runs is a word of that processor; records come from the host's heap, stacks are its threads.
unsafe impl Switching for Host {
    type Context = Option<Arc<Baton>>;
    type Stack = Stack;
    type Start = Work;
    type Extension = End;
    type NoMemory = std::convert::Infallible;

    fn scheduler() -> &'static Scheduler<Self> {
        place().0.scheduler
    }

    fn running() -> NonNull<Thread<Self>> {
        NonNull::new(cpu().running.load(Ordering::Relaxed)).expect("the processor was adopted")
    }

    unsafe fn set_running(thread: NonNull<Thread<Self>>) {
        cpu().running.store(thread.as_ptr(), Ordering::Relaxed);
    }

    unsafe fn switch(from: NonNull<Thread<Self>>, to: NonNull<Thread<Self>>) {
        assert_eq!(Self::run_level(), RunLevel::Dispatch);
        let (machine, cpu) = place();
        let baton = |thread: NonNull<Thread<Self>>| {
            // SAFETY: the caller keeps both alive until the switch is done.
            let context = unsafe { thread.as_ref() }.context();
            // SAFETY: the caller says that nobody else touches the contexts.
            unsafe { (*context).clone() }
        };
        let (from, to) = (baton(from).unwrap(), baton(to).unwrap());
        assert!(!from.saved.swap(true, Ordering::AcqRel), "a thread that does not run was left");
        to.give(cpu);
        from.wait(machine);
    }

    fn prepare(stack: &mut Stack) -> Self::Context {
        Some(Arc::clone(&stack.baton))
    }

    fn adopted() -> Self::Context {
        Some(Arc::default())
    }

    unsafe fn lower_first() {
        cpu().level.store(RunLevel::Passive as u8, Ordering::Relaxed);
        deliver();
    }

    fn allocate_thread() -> Result<NonNull<MaybeUninit<Thread<Self>>>, Self::NoMemory> {
        place().0.in_use.fetch_add(1, Ordering::Relaxed);
        // SAFETY: a record is not empty.
        let memory = unsafe { alloc(Layout::new::<Thread<Self>>()) };
        Ok(NonNull::new(memory.cast()).expect("the host has memory"))
    }

    unsafe fn free_thread(memory: NonNull<MaybeUninit<Thread<Self>>>) {
        place().0.in_use.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it came from `alloc` with this layout.
        unsafe { dealloc(memory.as_ptr().cast(), Layout::new::<Thread<Self>>()) };
    }

    fn allocate_stack() -> Result<Stack, Self::NoMemory> {
        let machine = place().0;
        machine.in_use.fetch_add(1, Ordering::Relaxed);
        let baton = Arc::new(Baton { saved: AtomicBool::new(true), ..Baton::default() });
        let mine = Arc::clone(&baton);
        let runner = std::thread::spawn(move || {
            machine.host(|| {
                mine.wait(machine);
                first_run::<Host>()
            });
        });
        Ok(Stack { baton, runner })
    }

    fn free_stack(stack: Stack) {
        stack.baton.end();
        stack.runner.join().expect("what a thread panics with is kept aside");
        place().0.in_use.fetch_sub(1, Ordering::Relaxed);
    }

    fn ended(thread: &Thread<Self>) {
        let waiting = {
            let mut state = thread.extension().state.lock().unwrap();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        waiting.iter().for_each(|waiter| Self::unpark(waiter, Boost::NONE));
    }

    fn idle() {
        let (machine, number) = place();
        let here = &machine.cpus[number];
        {
            let guard = here.sleep.0.lock().unwrap();
            let nothing = |_: &mut ()| {
                !here.pending.load(Ordering::Acquire)
                    && here.ticks.load(Ordering::Relaxed) == 0
                    && !machine.stop.load(Ordering::Relaxed)
            };
            drop(here.sleep.1.wait_while(guard, nothing).unwrap());
        }
        if machine.stop.load(Ordering::Relaxed) {
            resume_unwind(Box::new(Gone));
        }
        deliver();
    }
}

impl Machine {
    /// Runs `main` as a thread of a machine with so many processors, two to a core; returns what it returns, when it has
    /// ended and everything is free again. What any thread panics with, the caller panics with.
    pub(crate) fn run<R: Send + 'static>(
        cpus: usize,
        policy: Policy,
        main: impl FnOnce(&'static Self) -> R + Send + 'static,
    ) -> R {
        let processors: Vec<Processor<Host>> = (0..cpus).map(|_| Processor::new()).collect();
        let machine: &'static Self = Box::leak(Box::new(Self {
            scheduler: Box::leak(Box::new(Scheduler::new(Vec::leak(processors), policy))),
            cpus: (0..cpus).map(|_| Cpu::default()).collect(),
            stop: AtomicBool::new(false),
            failure: Mutex::new(None),
            in_use: AtomicI64::new(0),
            adopted: AtomicUsize::new(0),
            all_done: Default::default(),
        }));
        let result: Arc<Mutex<Option<R>>> = Arc::default();
        let put = Arc::clone(&result);
        let mut main = Some(move || {
            let reaper = spawn("reaper", 16, || machine.scheduler.run_reaper());
            let result = main(machine);
            *put.lock().unwrap() = Some(result);
            drop(reaper);
            let mut done = machine.all_done.0.lock().unwrap();
            *done = true;
            machine.all_done.1.notify_all();
        });
        let runners: Vec<_> = (0..cpus)
            .map(|cpu| {
                let main = if cpu == 0 { main.take() } else { None };
                std::thread::spawn(move || machine.host(|| machine.processor(cpu, main)))
            })
            .collect();
        let mut done = machine.all_done.0.lock().unwrap();
        while !*done && machine.failure.lock().unwrap().is_none() {
            let (guard, waited) = machine.all_done.1.wait_timeout(done, Duration::from_secs(120)).unwrap();
            assert!(!waited.timed_out(), "the machine hangs: {:?}", machine.picture());
            done = guard;
        }
        drop(done);
        machine.halt();
        // After a failure threads may stand anywhere; they are left there.
        if let Some(failure) = machine.failure.lock().unwrap().take() {
            resume_unwind(failure);
        }
        runners.into_iter().for_each(|runner| runner.join().expect("what it panics with is kept aside"));
        let result = result.lock().unwrap().take();
        result.expect("main has returned")
    }

    fn processor(&'static self, cpu: usize, main: Option<impl FnOnce() + Send + 'static>) -> ! {
        PLACE.set(Some((self, cpu)));
        let seat = Seat { core: (cpu / 2) as u32, package: 0 };
        self.scheduler.adopt(seat, Name::numbered("idle", cpu as u32), End::default()).expect("it joins");
        self.adopted.fetch_add(1, Ordering::Release);
        while self.adopted.load(Ordering::Acquire) < self.cpus.len() {
            std::thread::yield_now();
        }
        if let Some(main) = main {
            drop(spawn("main", 8, main));
        }
        self.scheduler.idle()
    }

    /// Runs something on a thread of the host, and keeps aside what it panics with.
    fn host(&'static self, act: impl FnOnce()) {
        if let Err(what) = catch_unwind(AssertUnwindSafe(act))
            && !what.is::<Gone>()
        {
            self.failure.lock().unwrap().get_or_insert(what);
            self.all_done.1.notify_all();
            self.halt();
        }
    }

    fn halt(&self) {
        self.stop.store(true, Ordering::Relaxed);
        for cpu in &self.cpus {
            drop(cpu.sleep.0.lock().unwrap());
            cpu.sleep.1.notify_all();
        }
    }

    fn interrupt(&self, cpu: usize) {
        let cpu = &self.cpus[cpu];
        cpu.pending.store(true, Ordering::Release);
        drop(cpu.sleep.0.lock().unwrap());
        cpu.sleep.1.notify_all();
    }

    /// Lets a processor take a clock tick at its next occasion.
    pub(crate) fn tick(&self, cpu: usize) {
        let cpu = &self.cpus[cpu];
        cpu.ticks.fetch_add(1, Ordering::Relaxed);
        drop(cpu.sleep.0.lock().unwrap());
        cpu.sleep.1.notify_all();
    }

    /// Lets every processor take one.
    pub(crate) fn tick_all(&self) {
        (0..self.cpus.len()).for_each(|cpu| self.tick(cpu));
    }

    /// Records and stacks in use.
    pub(crate) fn in_use(&self) -> i64 {
        self.in_use.load(Ordering::Relaxed)
    }

    fn picture(&'static self) -> Vec<String> {
        PLACE.set(Some((self, 0)));
        let mut picture = Vec::new();
        let _ = self.scheduler.try_each(|thread| picture.push(format!("{thread:?} on {:?}", thread.cpu())));
        picture
    }
}

/// Starts a thread that any processor may run.
pub(crate) fn spawn(name: &'static str, priority: u8, work: impl FnOnce() + Send + 'static) -> Handle<Host> {
    spawn_on(CpuSet::ALL, name, priority, work)
}

/// Starts a thread.
pub(crate) fn spawn_on(
    affinity: CpuSet,
    name: &'static str,
    priority: u8,
    work: impl FnOnce() + Send + 'static,
) -> Handle<Host> {
    let plan = Blueprint {
        name: Name::new(name),
        priority: Priority::new(priority).expect("a priority"),
        affinity,
        start: Work(Box::new(work)),
        extension: End::default(),
    };
    Host::scheduler().create(plan).expect("the host has memory").start()
}

/// The calling thread.
pub(crate) fn me() -> &'static Thread<Host> {
    // SAFETY: the thread runs, and the tests keep nothing of it beyond its end.
    unsafe { Host::running().as_ref() }
}

/// Waits for the end of a thread.
pub(crate) fn join(thread: &Thread<Host>) {
    loop {
        {
            let mut state = thread.extension().state.lock().unwrap();
            if state.0 {
                return;
            }
            let me = Host::scheduler().find(me().id()).expect("it runs");
            state.1.push(me);
        }
        Host::park();
    }
}
