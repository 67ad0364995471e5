//! A machine without threads: the test is whatever runs.
//!
//! A switch notes what the processor runs now, and returns: the test goes on as that thread. Interrupts between processors
//! are noted, too, and delivered when the test says so.
#![allow(unsafe_code, reason = "the traits of a machine are unsafe to promise")]

use std::alloc::{Layout, alloc, dealloc};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use xtke::misuse::Misuse;
use xtke::platform::{Boost, Parking, Platform};
use xtke::sched::{
    Blueprint, CpuSet, CreateError, Handle, Name, Policy, Priority, Processor, Scheduler, Seat, Start,
    Switching, Thread, Unstarted,
};
use xtke::time::Instant;
use xtke::{CpuIndex, RunLevel};

/// The machine of the host thread that asks.
#[derive(Debug)]
pub(crate) struct Flat;

/// What a test sees of it.
pub(crate) struct Bench {
    pub(crate) scheduler: &'static Scheduler<Flat>,
    cpus: Vec<Cpu>,
    now: Cell<usize>,
    budget: Cell<usize>,
    stacks: RefCell<BTreeSet<usize>>,
    records: RefCell<BTreeSet<usize>>,
    next_stack: Cell<usize>,
    pub(crate) ended: RefCell<Vec<usize>>,
    pub(crate) kicks: Cell<usize>,
}

struct Cpu {
    running: Cell<Option<NonNull<Thread<Flat>>>>,
    level: Cell<RunLevel>,
    pending: Cell<bool>,
}

thread_local! {
    static BENCH: Cell<Option<&'static Bench>> = const { Cell::new(None) };
}

fn bench() -> &'static Bench {
    BENCH.get().expect("no machine on this thread of the host")
}

/// A level to go back to.
pub(crate) struct Raised(RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        bench().cpu().level.set(self.0);
    }
}

// SAFETY: one thread of the host is all processors, one after the other; `misuse` unwinds.
unsafe impl Platform for Flat {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CpuIndex::new(bench().now.get())
    }

    fn run_level() -> RunLevel {
        bench().cpu().level.get()
    }

    fn raise(to: RunLevel) -> Raised {
        let level = &bench().cpu().level;
        Raised(level.replace(level.get().max(to)))
    }

    fn interrupts_are_on() -> bool {
        true
    }

    fn relax() {
        panic!("one thread of the host waits for itself");
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {
        bench().cpu().pending.set(true);
    }

    fn kick(cpu: CpuIndex) {
        let bench = bench();
        bench.kicks.set(bench.kicks.get() + 1);
        bench.cpus[cpu.get()].pending.set(true);
    }

    fn misuse(what: Misuse) -> ! {
        resume_unwind(Box::new(what))
    }
}

/// Nothing: the test does what a thread does.
#[derive(Debug)]
pub(crate) struct ByTest;

impl Start for ByTest {
    fn run(self) {}
}

/// Memory has run out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoMemory;

// SAFETY: what a processor runs is a cell of that processor; records come from the host's heap.
unsafe impl Switching for Flat {
    type Context = ();
    type Stack = usize;
    type Start = ByTest;
    type Extension = usize;
    type NoMemory = NoMemory;

    fn scheduler() -> &'static Scheduler<Self> {
        bench().scheduler
    }

    fn running() -> NonNull<Thread<Self>> {
        bench().cpu().running.get().expect("the processor was adopted")
    }

    unsafe fn set_running(thread: NonNull<Thread<Self>>) {
        bench().cpu().running.set(Some(thread));
    }

    unsafe fn switch(_from: NonNull<Thread<Self>>, _to: NonNull<Thread<Self>>) {
        assert_eq!(Self::run_level(), RunLevel::Dispatch);
    }

    fn prepare(_stack: &mut usize) {}

    fn adopted() {}

    unsafe fn lower_first() {}

    fn allocate_thread() -> Result<NonNull<MaybeUninit<Thread<Self>>>, NoMemory> {
        let bench = bench();
        bench.spend()?;
        // SAFETY: a record is not empty.
        let memory = unsafe { alloc(Layout::new::<Thread<Self>>()) };
        bench.records.borrow_mut().insert(memory.addr());
        Ok(NonNull::new(memory.cast()).expect("the host has memory"))
    }

    unsafe fn free_thread(memory: NonNull<MaybeUninit<Thread<Self>>>) {
        let bench = bench();
        assert!(bench.records.borrow_mut().remove(&memory.addr().get()), "a record is freed once");
        bench.budget.set(bench.budget.get() + 1);
        // SAFETY: it came from `alloc` with this layout, as the set just told.
        unsafe { dealloc(memory.as_ptr().cast(), Layout::new::<Thread<Self>>()) };
    }

    fn allocate_stack() -> Result<usize, NoMemory> {
        let bench = bench();
        bench.spend()?;
        let stack = bench.next_stack.get();
        bench.next_stack.set(stack + 1);
        bench.stacks.borrow_mut().insert(stack);
        Ok(stack)
    }

    fn free_stack(stack: usize) {
        let bench = bench();
        assert!(bench.stacks.borrow_mut().remove(&stack), "a stack is freed once");
        bench.budget.set(bench.budget.get() + 1);
    }

    fn ended(thread: &Thread<Self>) {
        bench().ended.borrow_mut().push(*thread.extension());
    }

    fn idle() {}
}

impl Bench {
    /// A machine whose processors have the seats that `seat` tells, all adopted.
    pub(crate) fn new(cpus: usize, policy: Policy, seat: impl Fn(usize) -> Seat) -> &'static Self {
        let bench = Self::empty(cpus, policy);
        for cpu in 0..cpus {
            bench.adopt(cpu, seat(cpu));
        }
        bench.settle();
        bench
    }

    /// A machine with one core for each processor.
    pub(crate) fn plain(cpus: usize) -> &'static Self {
        Self::new(cpus, Policy::DEFAULT, |cpu| Seat { core: cpu as u32, package: 0 })
    }

    /// A machine none of whose processors was adopted.
    pub(crate) fn empty(cpus: usize, policy: Policy) -> &'static Self {
        let processors: Vec<Processor<Flat>> = (0..cpus).map(|_| Processor::new()).collect();
        let bench: &'static Self = Box::leak(Box::new(Self {
            scheduler: Box::leak(Box::new(Scheduler::new(Vec::leak(processors), policy))),
            cpus: (0..cpus)
                .map(|_| Cpu {
                    running: Cell::new(None),
                    level: Cell::new(RunLevel::Passive),
                    pending: Cell::new(false),
                })
                .collect(),
            now: Cell::new(0),
            budget: Cell::new(usize::MAX / 2),
            stacks: RefCell::default(),
            records: RefCell::default(),
            next_stack: Cell::new(0),
            ended: RefCell::default(),
            kicks: Cell::new(0),
        }));
        BENCH.set(Some(bench));
        bench
    }

    fn cpu(&self) -> &Cpu {
        &self.cpus[self.now.get()]
    }

    fn spend(&self) -> Result<(), NoMemory> {
        self.budget.set(self.budget.get().checked_sub(1).ok_or(NoMemory)?);
        Ok(())
    }

    /// How many more pieces of memory there are.
    pub(crate) fn set_budget(&self, pieces: usize) {
        self.budget.set(pieces);
    }

    pub(crate) fn budget(&self) -> usize {
        self.budget.get()
    }

    /// Does something as what a processor runs.
    pub(crate) fn on<R>(&self, cpu: usize, act: impl FnOnce(&'static Scheduler<Flat>) -> R) -> R {
        self.now.set(cpu);
        act(self.scheduler)
    }

    pub(crate) fn adopt(&self, cpu: usize, seat: Seat) {
        let name = Name::numbered("idle", cpu as u32);
        self.on(cpu, |scheduler| scheduler.adopt(seat, name, usize::MAX)).expect("a processor joins");
    }

    /// Lets a processor look, if it was told to.
    pub(crate) fn deliver(&self, cpu: usize) {
        self.now.set(cpu);
        if self.cpu().pending.take() {
            let _raised = Flat::raise(RunLevel::Dispatch);
            self.scheduler.preempt();
        }
    }

    /// Lets all processors look until none is told to.
    pub(crate) fn settle(&self) {
        for _ in 0..10_000 {
            if !self.cpus.iter().any(|cpu| cpu.pending.get()) {
                return;
            }
            (0..self.cpus.len()).for_each(|cpu| self.deliver(cpu));
        }
        panic!("the processors tell one another to look for ever");
    }

    pub(crate) fn create(
        &self,
        tag: usize,
        priority: u8,
        affinity: CpuSet,
    ) -> Result<Unstarted<Flat>, CreateError<NoMemory>> {
        self.scheduler.create(Blueprint {
            name: Name::numbered("thread", tag as u32),
            priority: Priority::new(priority).expect("a priority"),
            affinity,
            start: ByTest,
            extension: tag,
        })
    }

    /// Starts a thread that any processor may run.
    pub(crate) fn start(&self, tag: usize, priority: u8) -> Handle<Flat> {
        self.start_on(tag, priority, CpuSet::ALL)
    }

    pub(crate) fn start_on(&self, tag: usize, priority: u8, affinity: CpuSet) -> Handle<Flat> {
        self.create(tag, priority, affinity).expect("there is memory").start()
    }

    /// The tag of what a processor runs; none for its idle thread.
    pub(crate) fn runs(&self, cpu: usize) -> Option<usize> {
        let thread = self.cpus[cpu].running.get()?;
        // SAFETY: what runs is alive.
        let thread = unsafe { thread.as_ref() };
        (!thread.is_idle()).then(|| *thread.extension())
    }

    pub(crate) fn cpus(&self) -> std::ops::Range<usize> {
        0..self.cpus.len()
    }

    pub(crate) fn park(&self, cpu: usize) {
        self.on(cpu, |_| Flat::park());
    }

    pub(crate) fn unpark(&self, cpu: usize, thread: &Thread<Flat>, boost: u8) {
        self.on(cpu, |_| Flat::unpark(thread, Boost::new(boost)));
    }

    pub(crate) fn tick(&self, cpu: usize) {
        self.on(cpu, |scheduler| {
            let _raised = Flat::raise(RunLevel::Clock);
            scheduler.tick();
        });
    }

    /// Ends what a processor runs.
    pub(crate) fn exit(&self, cpu: usize) {
        let thread = Flat::parking_of(self, cpu);
        let end = self.on(cpu, |scheduler| misuse_of(|| scheduler.exit()));
        // The machine goes on as the next thread, which finds itself behind the end of the last.
        assert_eq!(end, Misuse::CorruptQueue { queue: "ready threads", entry: thread });
    }

    /// Stacks and records that are in use.
    pub(crate) fn in_use(&self) -> (usize, usize) {
        (self.stacks.borrow().len(), self.records.borrow().len())
    }
}

impl Flat {
    fn parking_of(bench: &Bench, cpu: usize) -> usize {
        bench.cpus[cpu].running.get().expect("the processor was adopted").addr().get()
    }
}

/// What somebody did wrong.
pub(crate) fn misuse_of<R>(act: impl FnOnce() -> R) -> Misuse {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("nothing was found wrong"),
        Err(what) => *what.downcast::<Misuse>().expect("a misuse"),
    }
}
