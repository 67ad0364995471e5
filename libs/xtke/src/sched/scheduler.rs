//! The scheduler of a machine, and what it keeps for each processor.

use core::fmt;
use core::ptr::{NonNull, null_mut};

use xtcore::{CpuIndex, RunLevel};

use super::dispatch::{Ledger, Why};
use super::machine::Switching;
use super::ready::Queue;
use super::ready::board::Board;
use super::thread::Thread;
use crate::cpus::CpuSet;
use crate::lock::{Class, SpinLock};
use crate::misuse::Misuse;
use crate::sync::{AtomicPtr, AtomicU8, AtomicU32, Ordering, constructors};

/// How long threads run and wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Policy {
    /// How many clock ticks a thread runs before its equals have their turn.
    pub quantum: u32,
    /// After how many clock ticks at the front of its list a thread is helped.
    pub starvation: u32,
}

impl Policy {
    /// Units of a quantum that a tick costs. A wait costs one.
    pub(crate) const UNITS_PER_TICK: u32 = 3;

    /// As NT on a workstation: two ticks, and help after three hundred.
    pub const DEFAULT: Self = Self { quantum: 2, starvation: 300 };

    /// Returns the units of a whole quantum.
    pub(crate) const fn units(self) -> u32 {
        self.quantum.saturating_mul(Self::UNITS_PER_TICK)
    }
}

/// What the scheduler keeps for one processor; it has its cache lines to itself.
#[repr(align(64))]
pub struct Processor<P: Switching> {
    pub(crate) queue: SpinLock<P, Queue<P>>,
    /// The thread that was left last, until what runs next has put it somewhere. Used by its processor only.
    previous: AtomicPtr<Thread<P>>,
    why: AtomicU8,
    /// What ticks left to do.
    pub(crate) due: AtomicU8,
    pub(crate) ticks: AtomicU32,
    idle: AtomicPtr<Thread<P>>,
    /// Switches to threads that are not idle ones; wraps. Only the processor writes it.
    switches: AtomicU32,
}

impl<P: Switching> Processor<P> {
    const CLASS: Class = Class::new("ready queue");

    constructors! {
        /// Returns a processor that has not joined.
        pub fn new() -> Self {
            Self {
                queue: SpinLock::new(Self::CLASS, Queue::new()),
                previous: AtomicPtr::new(null_mut()),
                why: AtomicU8::new(0),
                due: AtomicU8::new(0),
                ticks: AtomicU32::new(0),
                idle: AtomicPtr::new(null_mut()),
                switches: AtomicU32::new(0),
            }
        }
    }

    /// Notes the thread that is being left.
    pub(crate) fn note_previous(&self, thread: NonNull<Thread<P>>, why: Why) {
        self.why.store(why as u8, Ordering::Relaxed);
        self.previous.store(thread.as_ptr(), Ordering::Relaxed);
    }

    /// Takes the thread that was left.
    pub(crate) fn take_previous(&self) -> Option<(NonNull<Thread<P>>, Why)> {
        let thread = NonNull::new(self.previous.load(Ordering::Relaxed))?;
        self.previous.store(null_mut(), Ordering::Relaxed);
        Some((thread, Why::from_byte(self.why.load(Ordering::Relaxed))))
    }

    /// Returns what runs here when there is nothing to run.
    pub(crate) fn idle(&self) -> Option<NonNull<Thread<P>>> {
        NonNull::new(self.idle.load(Ordering::Relaxed))
    }

    /// Counts a switch to a thread. The level is Dispatch, and only the processor itself counts: a load and a store are enough.
    pub(crate) fn count_switch(&self) {
        self.switches.store(self.switches.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    pub(crate) fn set_idle(&self, thread: NonNull<Thread<P>>) {
        self.idle.store(thread.as_ptr(), Ordering::Relaxed);
    }
}

impl<P: Switching> Default for Processor<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Switching> fmt::Debug for Processor<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Processor")
    }
}

/// The scheduler of a machine.
pub struct Scheduler<P: Switching> {
    processors: &'static [Processor<P>],
    pub(crate) board: Board,
    pub(crate) ledger: SpinLock<P, Ledger<P>>,
    pub(crate) policy: Policy,
}

impl<P: Switching> Scheduler<P> {
    const LEDGER: Class = Class::new("ledger of threads");

    constructors! {
        /// Makes a scheduler for as many processors as there may ever be, none of which has joined. What is above
        /// [`CpuSet::CAPACITY`] is never used.
        pub fn new(processors: &'static [Processor<P>], policy: Policy) -> Self {
            Self {
                processors,
                board: Board::new(),
                ledger: SpinLock::new(Self::LEDGER, Ledger::new()),
                policy,
            }
        }
    }

    /// Returns the processors that run threads. Highest level: any.
    #[must_use]
    pub fn processors(&self) -> CpuSet {
        self.board.online()
    }

    /// Returns how often a processor has gone on with a thread that is not its idle one; wraps. Highest level: any.
    #[must_use]
    pub fn switches(&self, cpu: CpuIndex) -> u32 {
        self.processors.get(cpu.get()).map_or(0, |processor| processor.switches.load(Ordering::Relaxed))
    }

    /// Returns a processor's part; stops the machine for one that there is not: nothing can go on there.
    pub(crate) fn processor(&self, cpu: CpuIndex) -> &'static Processor<P> {
        match self.processors.get(cpu.get()) {
            Some(processor) => processor,
            None => P::misuse(Misuse::CorruptQueue { queue: "processors", entry: cpu.get() }),
        }
    }

    /// Tells whether there can be such a processor.
    pub(crate) const fn has_room_for(&self, cpu: CpuIndex) -> bool {
        cpu.get() < self.processors.len() && cpu.get() < CpuSet::CAPACITY
    }

    /// Tells a processor to look whether another thread should run. The level is Dispatch at least.
    pub(crate) fn ask(&self, cpu: CpuIndex) {
        if !self.board.ask(cpu) {
            return;
        }
        if cpu == P::cpu() {
            P::request_dispatch();
        } else {
            P::kick(cpu);
        }
    }

    /// Shows others what a queue that is locked has become.
    pub(crate) fn show(&self, cpu: CpuIndex, queue: &Queue<P>) {
        self.board.show_running(cpu, queue.shown());
        self.board.show_best(cpu, queue.best_movable());
    }
}

/// Stops the machine where debug builds find a caller at too high a level.
pub(crate) fn at_most<P: Switching>(highest: RunLevel, operation: &'static str) {
    if cfg!(debug_assertions) {
        let level = P::run_level();
        if level > highest {
            P::misuse(Misuse::LevelTooHigh { operation, level, highest });
        }
    }
}

impl<P: Switching> fmt::Debug for Scheduler<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scheduler({} of {} processors)", self.processors().len(), self.processors.len())
    }
}
