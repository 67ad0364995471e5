//! A machine of simulated processors that take turns, in an order drawn from a seed.
//!
//! All of them are run by one thread of the host: wherever one waits, kicks another or has stored to a table, others have
//! a turn, on top of its stack. In its turn a processor may take a kick, mask interrupts for a while, be held by a
//! monitor, be let go, or use pages; what else, the test decides. A processor that somebody below on the stack
//! waits for can still be interrupted and held, but does nothing of its own.

use std::cell::{Cell, RefCell};

use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::shootdown::{Request, Shootdown, Translations};
use xtke::time::Instant;
use xtke::{CpuIndex, RunLevel};
use xtsim::{Cpu, Facts, Ram, SplitMix64};

/// The most processors of a machine.
pub(crate) const MOST: usize = 8;

/// So many turns without the end of an invalidation are a deadlock.
const PATIENCE: u64 = 100_000;

/// So many processors may be in the middle of something at once.
const DEEPEST: usize = 4;

/// What is left out, to show that it would be missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    /// Nothing is.
    None,
    /// Others are not asked.
    NobodyElse,
    /// The aliases in the self-map are not named.
    NoAliases,
    /// Emptying the TLB does nothing.
    NothingForgottenAsAWhole,
    /// Frames are reused while the others still answer.
    FreedEarly,
    /// Tables are changed again while others may still hold those that were freed.
    UnlockedEarly,
}

pub(crate) struct Processor {
    pub(crate) cpu: RefCell<Cpu>,
    level: Cell<RunLevel>,
    /// Whether a kick has come and was not taken.
    kicked: Cell<bool>,
    /// Turns for which interrupts are off.
    masked: Cell<u64>,
    /// Whether it has left.
    away: Cell<bool>,
    /// Whether it is in the middle of something, further down on the stack.
    engaged: Cell<bool>,
}

pub(crate) struct Machine {
    pub(crate) shootdown: Shootdown<Sim, MOST>,
    pub(crate) ram: RefCell<Ram>,
    pub(crate) random: RefCell<SplitMix64>,
    pub(crate) flaw: Flaw,
    processors: Vec<Processor>,
    current: Cell<usize>,
    depth: Cell<usize>,
    turns: Cell<u64>,
    pub(crate) kicks: Cell<u64>,
    /// How often a processor was held in the middle of answering.
    pub(crate) interruptions: Cell<u64>,
    /// What a processor does in its turn.
    act: fn(&'static Machine),
}

std::thread_local! {
    static MACHINE: Cell<Option<&'static Machine>> = const { Cell::new(None) };
}

/// Returns the machine of the thread.
pub(crate) fn machine() -> &'static Machine {
    MACHINE.get().expect("a machine was started")
}

impl Machine {
    /// Starts the thread's machine; processor 0 calls. It lasts as long as the process.
    pub(crate) fn start(
        count: usize,
        ram: Ram,
        facts: Facts,
        seed: u64,
        flaw: Flaw,
        act: fn(&'static Machine),
    ) -> &'static Self {
        let cpu = Cpu::start(&ram, facts).expect("a root that can be loaded");
        let processor = || Processor {
            cpu: RefCell::new(cpu.clone()),
            level: Cell::new(RunLevel::Passive),
            kicked: Cell::new(false),
            masked: Cell::new(0),
            away: Cell::new(false),
            engaged: Cell::new(false),
        };
        let machine: &'static Self = Box::leak(Box::new(Self {
            shootdown: Shootdown::new(),
            ram: RefCell::new(ram),
            random: RefCell::new(SplitMix64::new(seed)),
            flaw,
            processors: std::iter::repeat_with(processor).take(count).collect(),
            current: Cell::new(0),
            depth: Cell::new(0),
            turns: Cell::new(0),
            kicks: Cell::new(0),
            interruptions: Cell::new(0),
            act,
        }));
        MACHINE.set(Some(machine));
        (0..count).for_each(|cpu| machine.on(cpu, || machine.shootdown.enter().expect("an inbox")));
        machine
    }

    pub(crate) fn one_in(&self, times: u64) -> bool {
        self.random.borrow_mut().one_in(times)
    }

    pub(crate) fn draw(&self, below: usize) -> usize {
        self.random.borrow_mut().in_range(0..below as u64) as usize
    }

    /// Returns the processor whose turn it is.
    pub(crate) fn here(&self) -> &Processor {
        &self.processors[self.current.get()]
    }

    /// Returns the processors that have not left.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Processor> {
        self.processors.iter().filter(|processor| !processor.away.get())
    }

    /// Does something as another processor.
    fn on<R>(&self, cpu: usize, act: impl FnOnce() -> R) -> R {
        let before = self.current.replace(cpu);
        let result = act();
        self.current.set(before);
        result
    }

    /// Does something of the current processor's own, during which it begins nothing else.
    pub(crate) fn engaged<R>(&self, act: impl FnOnce() -> R) -> R {
        let before = self.here().engaged.replace(true);
        let result = act();
        self.here().engaged.set(before);
        result
    }

    /// Lets some other processor have a turn. Where the stack is deep it begins nothing of its own.
    pub(crate) fn turn(&'static self) {
        let cpu = self.draw(self.processors.len());
        if cpu != self.current.get() {
            self.depth.set(self.depth.get() + 1);
            self.on(cpu, || self.step());
            self.depth.set(self.depth.get() - 1);
        }
        // It cannot go on while it is held.
        self.let_go();
    }

    fn step(&'static self) {
        let here = self.here();
        if here.away.get() {
            // One that was held while it answered is let go where it was: those above it on the stack end first.
            if here.level.get() < RunLevel::Ipi && self.one_in(4) {
                self.let_go();
            }
            return;
        }
        if here.masked.get() > 0 {
            here.masked.set(here.masked.get() - 1);
        } else if here.kicked.get() && self.one_in(2) {
            self.take_kick();
        } else if !here.engaged.get() && self.one_in(64) {
            here.masked.set(1 + self.draw(20) as u64);
        }
        if self.one_in(100) {
            self.hold();
        } else if !here.engaged.get() && here.level.get() == RunLevel::Passive && self.may_begin() {
            (self.act)(self);
        }
    }

    /// Tells whether the stack bears another processor in the middle of something.
    fn may_begin(&self) -> bool {
        self.depth.get() < DEEPEST
    }

    /// A monitor holds the current processor, by an interrupt that cannot be masked.
    pub(crate) fn hold(&self) {
        self.shootdown.leave();
        self.here().away.set(true);
    }

    /// Lets the current processor go on, if it was held.
    pub(crate) fn let_go(&self) {
        if self.here().away.replace(false) {
            self.shootdown.enter().expect("an inbox");
        }
    }

    /// Lets all processors go on.
    pub(crate) fn let_all_go(&self) {
        (0..self.processors.len()).for_each(|cpu| self.on(cpu, || self.let_go()));
    }

    fn takes_interrupts(&self) -> bool {
        self.here().masked.get() == 0 && self.here().level.get() < RunLevel::Ipi
    }

    fn take_kick(&self) {
        if self.takes_interrupts() && self.here().kicked.replace(false) {
            let _raised = Sim::raise(RunLevel::Ipi);
            self.shootdown.service();
        }
    }

    /// Notes that an invalidation came to its end.
    pub(crate) fn progress(&self) {
        self.turns.set(0);
    }

    /// Sets the current processor's interrupts and level, as a test of misuse wants them.
    pub(crate) fn disturb(&self, masked: u64, level: RunLevel) {
        self.here().masked.set(masked);
        self.here().level.set(level);
    }
}

/// The machine of the thread, as the code under test sees it.
pub(crate) struct Sim;

/// A raised level; it falls on its processor.
pub(crate) struct Raised(usize, RunLevel);

impl Drop for Raised {
    fn drop(&mut self) {
        let machine = machine();
        machine.processors[self.0].level.set(self.1);
        if !std::thread::panicking() {
            machine.on(self.0, || machine.take_kick());
        }
    }
}

#[allow(unsafe_code, reason = "the simulation promises what the trait demands")]
// SAFETY: a processor is current only by way of `on`, which gives the old one back before whoever raised a level goes on;
// misuse unwinds to the end of the test.
unsafe impl Platform for Sim {
    type Raised = Raised;

    fn cpu() -> CpuIndex {
        CpuIndex::new(machine().current.get())
    }

    fn run_level() -> RunLevel {
        machine().here().level.get()
    }

    fn raise(to: RunLevel) -> Raised {
        let level = &machine().here().level;
        let before = level.get();
        level.set(before.max(to));
        Raised(machine().current.get(), before)
    }

    fn interrupts_are_on() -> bool {
        machine().here().masked.get() == 0
    }

    fn relax() {
        let machine = machine();
        machine.turns.set(machine.turns.get() + 1);
        assert!(machine.turns.get() < PATIENCE, "no progress: a deadlock");
        machine.turn();
        machine.take_kick();
    }

    fn now() -> Instant {
        Instant::START
    }

    fn request_dispatch() {}

    fn kick(cpu: CpuIndex) {
        let machine = machine();
        machine.kicks.set(machine.kicks.get() + 1);
        machine.processors[cpu.get()].kicked.set(true);
        if machine.one_in(4) {
            machine.on(cpu.get(), || machine.take_kick());
        }
    }

    fn misuse(what: Misuse) -> ! {
        panic!("{what}")
    }
}

impl Translations for Sim {
    fn forget_local(request: &Request) {
        let machine = machine();
        for address in request.addresses() {
            machine.here().cpu.borrow_mut().invlpg(address);
        }
        if machine.here().level.get() == RunLevel::Ipi && machine.may_begin() && machine.one_in(50) {
            // A monitor holds the processor before it could answer.
            machine.interruptions.set(machine.interruptions.get() + 1);
            machine.hold();
            machine.turn();
        }
    }

    fn forget_everything_local() {
        let machine = machine();
        if machine.flaw != Flaw::NothingForgottenAsAWhole {
            machine
                .here()
                .cpu
                .borrow_mut()
                .flush_all(&*machine.ram.borrow())
                .expect("a root that can be loaded");
        }
    }
}
