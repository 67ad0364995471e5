//! What a processor does that has nothing to do: it sleeps until an interrupt comes, and runs what is handed to it.

use spin::Mutex;
use xtcore::CpuIndex;
use xthal::Vector;
use xthal::apic::Target;

use super::processor::{self, MOST};
use super::processors;
use crate::ar::control;
use crate::hl::apic;

/// A function and its argument.
type Task = (fn(usize), usize);

/// What is handed to each processor. Locked by threads only, never by interrupts; no other lock is taken under it.
static TASKS: [Mutex<Option<Task>>; MOST] = [const { Mutex::new(None) }; MOST];

/// Why a processor gets no function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HandError {
    /// It does not run.
    NotRunning(CpuIndex),
    /// It has one that it has not begun yet.
    Busy(CpuIndex),
    /// It cannot be woken.
    Unreachable(CpuIndex),
}

/// Has an idle processor run a function, at Passive, on its own stack. What that may touch, see [`processors`].
///
/// # Errors
/// [`HandError`]; nothing has changed then, except that an unreachable processor runs it when something else wakes it.
pub(crate) fn hand(cpu: CpuIndex, function: fn(usize), argument: usize) -> Result<(), HandError> {
    let (Some(task), Some(id)) = (TASKS.get(cpu.get()), processors::apic_id(cpu)) else {
        return Err(HandError::NotRunning(cpu));
    };
    {
        let mut task = task.lock();
        if task.is_some() {
            return Err(HandError::Busy(cpu));
        }
        *task = Some((function, argument));
    }
    let apic = apic::local().ok_or(HandError::Unreachable(cpu))?;
    apic.interrupt(Vector::INBOX, Target::One(id)).map_err(|_| HandError::Unreachable(cpu))
}

/// Idles, for good.
pub(super) fn run() -> ! {
    loop {
        let task = TASKS.get(processor::current().get()).and_then(|task| task.lock().take());
        match task {
            Some((function, argument)) => function(argument),
            None => sleep(),
        }
    }
}

/// Sleeps until an interrupt comes, unless something has been handed over since the last look: with interrupts off, the message
/// that tells of it waits, and ends the sleep at once.
fn sleep() {
    control::interrupts_off();
    let is_idle = TASKS.get(processor::current().get()).is_none_or(|task| task.lock().is_none());
    if is_idle { control::wait_for_interrupt() } else { control::interrupts_on() }
}

/// Wakes an idle processor: that it was interrupted is all that is to be done.
pub(crate) fn wake(_: Vector) {}
