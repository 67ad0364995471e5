//! Whether the machine stands as the commands want it: with no lock held that one of them tries.

use core::ops::ControlFlow;

use xtcore::CpuIndex;

use crate::kd;
use crate::ke::processor::{self, MOST};
use crate::ke::threads::{self, SCHEDULER};
use crate::mm::look;

/// Tells whether nobody is in the middle of something that the monitor could not show then, or would keep while the machine
/// stands: neither another processor nor whoever this interrupts. Waits for no lock.
pub(super) fn is_at_rest() -> bool {
    kd::is_at_rest() && are_threads_at_rest() && is_memory_at_rest()
}

fn is_memory_at_rest() -> bool {
    let pin = processor::pin();
    look::memory().is_none_or(|memory| memory.is_at_rest(&pin))
}

fn are_threads_at_rest() -> bool {
    let nothing = &mut |_: &_| ControlFlow::Break(());
    let listed = SCHEDULER.look(0, &|_| false, nothing).is_ok();
    let timers = |cpu| threads::look_at_timers(cpu, 0, &|_, _| false, &mut |_| ControlFlow::Break(()));
    listed && (0..MOST).map(CpuIndex::new).all(|cpu| timers(cpu).is_some())
}
