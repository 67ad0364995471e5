//! The processors as the report shows them, and the check that each of them runs what it is handed.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use xtcore::CpuIndex;
use xtke::sched;
use xtmm::machine::RunLevel;

use crate::ar::control::{self, pause};
use crate::ar::stack::pointer;
use crate::kd::log;
use crate::ke::processor::{self, MOST};
use crate::ke::processors::{self, State};
use crate::ke::stacks::{self, Name, Spot};
use crate::ke::threads::{self, Work};
use crate::ke::trap;

/// Looks before a processor that does not do what it is handed is given up: seconds.
const PATIENCE: u32 = 20_000_000;

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    /// Processors that the tables list as ready, and the parameters allow.
    pub(crate) wanted: usize,
    /// Processors that run.
    pub(crate) running: usize,
    /// Processors that did not answer.
    pub(crate) silent: usize,
    /// Pages that they started from.
    pub(crate) pages: usize,
    /// Processors that did not do what they were handed, as it should be done.
    pub(crate) wrong: usize,
}

impl Processors {
    /// Tells whether every processor runs as it must.
    pub(crate) const fn is_clean(&self) -> bool {
        self.running == self.wanted && self.silent == 0 && self.wrong == 0
    }
}

impl fmt::Display for Processors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, running, silent, pages, wrong } = self;
        write!(out, "{{\"wanted\":{wanted},\"running\":{running},\"silent\":{silent}")?;
        write!(out, ",\"start_pages\":{pages},\"wrong\":{wrong}}}")
    }
}

/// What a processor found about itself; 0 while it has not looked.
static FOUND: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

const RIGHT: u32 = 1;
const WRONG: u32 = 2;

/// Has each other processor that runs look at itself; returns how many find something wrong, or do not answer.
#[inline(never)]
pub(crate) fn check() -> usize {
    let others = (1..MOST).map(CpuIndex::new).filter(|cpu| processors::state(*cpu) == State::Running);
    let mut wrong = 0;
    for cpu in others {
        let found = || FOUND.get(cpu.get()).map_or(0, |found| found.load(Ordering::Acquire));
        let work = Work { function: look_at_oneself, argument: cpu.get() };
        let name = thread_name(cpu);
        let handed = threads::spawn(name, sched::Priority::LOWEST, sched::CpuSet::of(cpu), work).map(drop);
        let answered = handed.is_ok()
            && (0..PATIENCE).any(|_| {
                pause();
                found() != 0
            });
        if !answered || found() != RIGHT {
            wrong += 1;
            log!("xtoskrnl: CPU {} is not as it should be: {handed:?}, {}", cpu.get(), found());
        }
    }
    wrong
}

/// Returns the name of the thread that looks at a processor.
const fn thread_name(cpu: CpuIndex) -> sched::Name {
    sched::Name::numbered("look at CPU", cpu.get() as u32)
}

/// Runs on the processor that it is about: number, stack, run level, interrupts, and traps.
fn look_at_oneself(number: usize) {
    let cpu = CpuIndex::new(number);
    let own = Name::of_thread(thread_name(cpu));
    let is_right = processor::current() == cpu
        && processor::run_level() == RunLevel::Passive
        && control::interrupts_are_on()
        && matches!(stacks::find(pointer()), Some(Spot::Inside(stack)) if stack.name == own)
        && trap::gives_everything_back();
    if let Some(found) = FOUND.get(number) {
        found.store(if is_right { RIGHT } else { WRONG }, Ordering::Release);
    }
}
