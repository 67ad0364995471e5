//! The system's worker threads: who does what has to wait, or takes long, for those who cannot.
//!
//! As NT's executive worker threads, of two kinds by their priority. A queue that somebody's item blocks goes on only as far as
//! it has other workers, so an item waits for nothing that another item of its queue does.

use xtke::defer::work::WorkQueue;
use xtke::sched::{CpuSet, CreateError, Name, Priority};

use super::{Kernel, NoMemory, Work, spawn};

/// For what somebody waits for.
pub(crate) static CRITICAL: WorkQueue<Kernel> = WorkQueue::new();

/// For what takes its time.
pub(crate) static DELAYED: WorkQueue<Kernel> = WorkQueue::new();

/// The priority of a queue's workers, and their number.
const STAFF: [(&WorkQueue<Kernel>, &str, u8, u32); 2] =
    [(&CRITICAL, "critical", 13, 1), (&DELAYED, "delayed", 12, 2)];

/// Creates the workers. They may run everywhere.
///
/// # Errors
/// The first one that cannot be created; those before it work.
pub(crate) fn start() -> Result<(), CreateError<NoMemory>> {
    for (number, (_, name, priority, count)) in STAFF.iter().enumerate() {
        let priority = Priority::new(*priority).unwrap_or(Priority::LOWEST);
        for worker in 0..*count {
            let work = Work { function: run, argument: number };
            spawn(Name::numbered(name, worker), priority, CpuSet::ALL, work)?;
        }
    }
    Ok(())
}

fn run(number: usize) {
    if let Some((queue, ..)) = STAFF.get(number) {
        queue.run_worker();
    }
}
