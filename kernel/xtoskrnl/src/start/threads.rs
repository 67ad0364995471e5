//! The boot goes on as a thread.

use xtke::sched::{CpuSet, Name, Priority};

use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::threads::{self, Kernel, SCHEDULER, Work};

/// The priority of what the boot does: NT's of a system thread.
const PRIORITY: u8 = 8;

/// The priority of the thread that frees what ended threads leave.
const REAPER_PRIORITY: u8 = 16;

/// Makes the boot processor run threads; the first one does `main`. What called becomes the idle thread.
pub(super) fn start(main: fn(usize)) -> ! {
    threads::start();
    if let Err(error) = threads::adopt() {
        cannot(format_args!("the boot processor runs no threads: {error}"))
    }
    create(Name::new("reaper"), REAPER_PRIORITY, |_| SCHEDULER.run_reaper());
    if let Err(error) = threads::work::start() {
        cannot(format_args!("the workers cannot be created: {error}"))
    }
    create(Name::new("main"), PRIORITY, main);
    SCHEDULER.idle()
}

fn create(name: Name, priority: u8, function: fn(usize)) {
    let priority = Priority::new(priority).unwrap_or(Priority::LOWEST);
    let affinity = CpuSet::of(<Kernel as xtke::platform::Platform>::cpu());
    if let Err(error) = threads::spawn(name, priority, affinity, Work { function, argument: 0 }) {
        cannot(format_args!("the thread {name} cannot be created: {error}"))
    }
}

fn cannot(what: core::fmt::Arguments<'_>) -> ! {
    bug_check(Code::InstallMoreMemory, [0; 4], None, what)
}
