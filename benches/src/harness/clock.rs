//! The thread's CPU time, and staying on one processor.

use std::sync::OnceLock;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// Returns the CPU time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Measures the CPU time of `work`.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let begin = thread_time();
    work();
    thread_time().saturating_sub(begin)
}

/// Returns nanoseconds per operation.
pub(crate) fn per_operation(time: Duration, operations: usize) -> f64 {
    time.as_secs_f64() * 1e9 / operations.max(1) as f64
}

/// Binds this thread to a processor. Where the system refuses, the thread stays free to move: the figures get
/// noisier, not wrong.
pub(crate) fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    let _refused = sched_setaffinity(None, &set);
}

/// Returns the number of processors that this program could use when it started.
pub(crate) fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}
