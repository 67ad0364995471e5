//! The processors as the report shows them, and the check that each of them runs what it is handed.

mod places;

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use arrayvec::ArrayVec;
use xtcore::{ApicId, CpuIndex};
use xthal::topology::Topology;
use xtkd::json::Object;
use xtke::sched;
use xtmm::machine::RunLevel;

use crate::ar::control::{self, pause};
use crate::ar::stack::pointer;
use crate::kd::log;
use crate::ke::processor::{self, MOST};
use crate::ke::processors::{self, State};
use crate::ke::stacks::{self, Name, Spot};
use crate::ke::threads::{self, SCHEDULER, Work};
use crate::ke::trap;
use places::Placement;

/// Looks before a processor that does not do what it is handed is given up: seconds.
const PATIENCE: u32 = 20_000_000;

/// What came of starting the processors.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// Processors that the tables list as ready, that the parameters allow, and for which there is memory.
    pub(crate) wanted: usize,
    /// Processors that run.
    pub(crate) running: usize,
    /// Processors that did not answer.
    pub(crate) silent: ArrayVec<ApicId, MOST>,
    /// Processors that were not told to start, as a parameter asks.
    pub(crate) muted: usize,
    /// Counts of the memory manager that differ after such a processor was given up.
    pub(crate) left_behind: u64,
    /// Pages that they started from.
    pub(crate) pages: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Processors {
    started: Started,
    /// Processors that did not do what they were handed, as it should be done.
    wrong: usize,
    placement: Placement,
}

impl Processors {
    /// Returns how many processors run.
    pub(crate) const fn running(&self) -> usize {
        self.started.running
    }

    /// Tells whether every processor runs as it must.
    pub(crate) const fn is_clean(&self) -> bool {
        let Started { wanted, running, silent, muted, left_behind, .. } = &self.started;
        *running + *muted == *wanted
            && silent.len() == *muted
            && *left_behind == 0
            && self.wrong == 0
            && self.placement.misplaced == 0
    }

    /// Tells whether each processor that runs has run threads.
    pub(crate) fn all_ran(&self) -> bool {
        let ran = SCHEDULER.processors().iter().filter(|cpu| SCHEDULER.switches(*cpu) > 0);
        ran.count() == self.running()
    }

    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Object<'_>) -> fmt::Result {
        let Self { started, wrong, placement } = self;
        out.number("wanted", started.wanted as u64)?;
        out.number("running", started.running as u64)?;
        out.number("silent", started.silent.len() as u64)?;
        out.array("silent_apic_ids", |list| started.silent.iter().try_for_each(|id| list.number(id.get())))?;
        out.number("left_behind", started.left_behind)?;
        out.number("start_pages", started.pages as u64)?;
        out.number("wrong", *wrong as u64)?;
        out.number("placed", placement.placed as u64)?;
        out.number("misplaced", placement.misplaced as u64)?;
        out.array("each", |list| {
            let mut seated = running_ones().filter_map(|cpu| Some((cpu, places::seat(cpu)?)));
            seated.try_for_each(|(cpu, seat)| list.object(|one| fill_one(one, cpu, seat)))
        })
    }
}

fn fill_one(out: &mut Object<'_>, cpu: CpuIndex, seat: Topology) -> fmt::Result {
    out.number("cpu", cpu.get() as u64)?;
    out.number("package", seat.package)?;
    out.number("core", seat.core)?;
    out.number("thread", seat.thread)?;
    out.number("apic_id", seat.id)?;
    out.number("ran", SCHEDULER.switches(cpu))
}

/// Returns the processors that run.
fn running_ones() -> impl Iterator<Item = CpuIndex> {
    (0..MOST).map(CpuIndex::new).filter(|cpu| processors::state(*cpu) == State::Running)
}

/// What a processor found about itself; 0 while it has not looked.
static FOUND: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

const RIGHT: u32 = 1;
const WRONG: u32 = 2;

/// Has each other processor that runs look at itself, and sees where threads go that may run anywhere.
#[inline(never)]
pub(crate) fn check(started: Started) -> Processors {
    places::note_own();
    let wrong = look_at_all();
    Processors { placement: places::check(started.running), started, wrong }
}

/// Returns how many of the other processors find something wrong, or do not answer.
fn look_at_all() -> usize {
    let others = running_ones().filter(|cpu| *cpu != CpuIndex::BOOT);
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
    places::note_own();
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
