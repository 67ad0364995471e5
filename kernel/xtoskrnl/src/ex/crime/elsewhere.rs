//! Crimes that another processor commits, and the one that only several can notice.

use spin::Mutex;
use xtcore::CpuIndex;
use xtke::sched::{CpuSet, Name, Priority};

use super::{Aftermath, Wish};
use crate::ar::control::pause;
use crate::ex::translations;
use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::threads::{self, SCHEDULER, Work};
use crate::ke::translations::deafen;
use crate::mm::Memory;

/// Looks before a crime counts as unpunished: seconds. Whoever punishes it stops this processor meanwhile.
const PATIENCE: u32 = 200_000_000;

/// The priority of the thread that commits it.
const PRIORITY: Priority = Priority::LOWEST;

/// What a processor is to do.
#[derive(Clone, Copy)]
struct Order {
    wish: Wish,
    memory: &'static Memory,
}

/// What is handed over, to one culprit after another.
static ORDER: Mutex<Option<Order>> = Mutex::new(None);

/// What became of it, if anything did.
static AFTERMATH: Mutex<Option<Aftermath>> = Mutex::new(None);

/// Hands a crime to a processor, and waits to be stopped.
pub(super) fn commit(wish: Wish, cpu: CpuIndex, memory: &'static Memory) -> Aftermath {
    if !SCHEDULER.processors().contains(cpu) {
        return Aftermath::Impossible("there is no such processor");
    }
    *AFTERMATH.lock() = None;
    *ORDER.lock() = Some(Order { wish, memory });
    let (name, work) = (Name::new("culprit"), Work { function: obey, argument: 0 });
    if threads::spawn(name, PRIORITY, CpuSet::of(cpu), work).is_err() {
        return Aftermath::Impossible("no thread can be created");
    }
    let _ = (0..PATIENCE).any(|_| {
        pause();
        AFTERMATH.lock().is_some()
    });
    AFTERMATH.lock().unwrap_or(Aftermath::Unpunished)
}

/// Commits what was ordered.
fn obey(_: usize) {
    let order = ORDER.lock().take();
    if let Some(Order { wish, memory }) = order {
        let aftermath = wish.crime.commit_at(wish.level, memory);
        *AFTERMATH.lock() = Some(aftermath);
    }
}

/// First parameter of the bug check that says what a deaf processor has read; the others are how often, of how many reads, and
/// its number.
const STALE: u64 = 0x5854_0001;

/// The last processor forgets nothing, though it answers; the check of shootdowns must find out.
pub(super) fn remember(memory: &'static Memory) -> Aftermath {
    const ROUNDS: u64 = 64;
    let Some(cpu) = SCHEDULER.processors().iter().last().filter(|cpu| *cpu != CpuIndex::BOOT) else {
        return Aftermath::Impossible("there is one processor only");
    };
    deafen(cpu);
    let found = translations::run(memory, ROUNDS);
    if found.stale == 0 {
        return Aftermath::Unpunished;
    }
    let parameters = [STALE, found.stale, found.reads, cpu.get() as u64];
    let what = format_args!("{} of {} reads went through stale translations", found.stale, found.reads);
    bug_check(Code::MemoryManagement, parameters, None, what)
}
