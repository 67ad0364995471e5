//! Crimes that another processor commits, and the one that only several can notice.

use spin::Once;
use xtcore::CpuIndex;
use xtke::RunLevel;
use xtke::sched::{CpuSet, Name, Priority};

use super::{Aftermath, Crime};
use crate::ar::control::pause;
use crate::ex::translations;
use crate::hl::power::Verdict;
use crate::kd::log;
use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::threads::{self, SCHEDULER, Work};
use crate::ke::{ending, translations::deafen};
use crate::mm::Memory;

/// Looks before a crime counts as unpunished: seconds. Whoever punishes it stops this processor meanwhile.
const PATIENCE: u32 = 200_000_000;

/// The priority of the thread that commits it.
const PRIORITY: Priority = Priority::LOWEST;

/// What a processor is to do.
struct Order {
    crime: &'static Crime,
    level: RunLevel,
    memory: &'static Memory,
}

/// What is handed over.
static ORDER: Once<Order> = Once::new();

/// What became of it, if anything did.
static AFTERMATH: Once<Aftermath> = Once::new();

/// Hands a crime to a processor, and waits to be stopped. Returns when there is no such crime or no such processor, or it
/// cannot be committed there.
pub(super) fn commit(crime: &'static Crime, number: &str, level: RunLevel, memory: &'static Memory) {
    let name = crime.name;
    let Ok(cpu) = number.parse().map(CpuIndex::new) else {
        log!("xtoskrnl: there is no CPU '{number}'");
        return;
    };
    log!("xtoskrnl: now the crime {name} on CPU {} at run level {level}", cpu.get());
    ORDER.call_once(|| Order { crime, level, memory });
    let (name_of_thread, work) = (Name::new("culprit"), Work { function: obey, argument: 0 });
    if let Err(error) = threads::spawn(name_of_thread, PRIORITY, CpuSet::of(cpu), work) {
        log!("xtoskrnl: the crime {name} cannot be committed: {error}");
        return;
    }
    let _ = (0..PATIENCE).any(|_| {
        pause();
        AFTERMATH.is_completed()
    });
    match AFTERMATH.get() {
        Some(Aftermath::Impossible(why)) => log!("xtoskrnl: the crime {name} cannot be committed: {why}"),
        Some(Aftermath::Unpunished) | None => {
            log!("xtoskrnl: the crime {name} on CPU {} went unpunished", cpu.get());
            ending::end(Verdict::Fail)
        }
    }
}

/// Commits what was ordered.
fn obey(_: usize) {
    if let Some(Order { crime, level, memory }) = ORDER.get() {
        let aftermath = crime.commit_at(*level, memory);
        AFTERMATH.call_once(|| aftermath);
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
