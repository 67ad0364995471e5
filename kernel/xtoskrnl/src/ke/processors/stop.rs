//! Stopping the other processors, for a bug check: by an NMI, which reaches a processor that has interrupts off, too.
#![allow(unsafe_code, reason = "the last processor vouches for what it has interrupted")]

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xtcore::CpuIndex;

use super::{State, advance, count, seen, state};
use crate::ar::control::{self, pause};
use crate::ar::{TrapFrame, stack};
use crate::hl::apic;
use crate::ke::processor::{self, MOST};

/// The number of the processor that stops the others; [`MOST`] while nobody does.
static STOPPER: AtomicUsize = AtomicUsize::new(MOST);

/// Looks before a processor that does not stop is left alone: seconds.
const PATIENCE: u32 = 20_000_000;

/// How many processors a bug check has stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stopped {
    /// Those that stand.
    pub(crate) stopped: usize,
    /// Those that ran before, but for the caller.
    pub(crate) others: usize,
}

/// Stops all other processors that run. The first processor that calls this goes on; any other one stops here, because
/// its bug check comes second. A second call on the first one finds the others stopped.
///
/// Takes no lock, and waits for a bounded time.
pub(crate) fn stop_others() -> Stopped {
    let own = processor::current();
    if let Err(first) = STOPPER.compare_exchange(MOST, own.get(), Ordering::AcqRel, Ordering::Acquire)
        && first != own.get()
    {
        seen::keep(own, stack::here());
        stop(own);
    }
    let already = count(State::Stopped);
    let others = count(State::Running).saturating_sub(1);
    if others > 0
        && let Some(apic) = apic::local()
        && apic.stop_others().is_ok()
    {
        let _ = (0..PATIENCE).any(|_| {
            pause();
            count(State::Running) <= 1
        });
    }
    Stopped { stopped: count(State::Stopped), others: others + already }
}

/// Tells whether a bug check stops the machine.
pub(crate) fn is_stopping() -> bool {
    STOPPER.load(Ordering::Acquire) != MOST
}

/// Tells whether a stop has ended all that other processors did: none runs, or is on its way to.
pub(crate) fn all_others_stand() -> bool {
    count(State::Running) <= 1 && count(State::Starting) == 0 && count(State::Arrived) == 0
}

/// Whether the processor that stopped the others is all that is left.
static IS_ALONE: AtomicBool = AtomicBool::new(false);

/// Makes the processor that has stopped all others the heir of every lock, if they do stand.
///
/// # Safety
/// Nothing goes on that it has interrupted.
pub(crate) unsafe fn inherit() {
    let is_stopper = STOPPER.load(Ordering::Acquire) == processor::current().get();
    if is_stopper && all_others_stand() {
        IS_ALONE.store(true, Ordering::Relaxed);
    }
}

/// Tells whether it is: no other processor runs again, and nothing that this one was doing before.
pub(crate) fn is_alone() -> bool {
    IS_ALONE.load(Ordering::Relaxed)
}

/// What an NMI is for: returns when nobody stops the machine, so that it is somebody else's.
pub(crate) fn join_a_stop(frame: &TrapFrame) {
    let own = processor::current();
    let stopper = STOPPER.load(Ordering::Acquire);
    if stopper != MOST && stopper != own.get() {
        seen::keep(own, frame.place());
        stop(own);
    }
}

/// Stops this processor for good, and says so.
fn stop(own: CpuIndex) -> ! {
    let _ = advance(own, state(own), State::Stopped);
    control::stop()
}
