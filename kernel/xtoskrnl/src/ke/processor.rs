//! The processor that runs this code: its number, its run level, and staying on it.
//!
//! Run levels are lazy (design D7a): raising and lowering one writes a byte, and hardware is not asked. Levels nest:
//! who raises one gives it back by dropping the value that it got, the latest first.
//!
//! # What it guarantees
//! Whoever holds a [`Raised`] is at its level or above. Dropping two out of order would break that, so a drop that does not
//! find the level which its value has left is a bug check. Where the two had different levels, the first wrong drop is
//! found; where they had the same one, the level is low until the other one is dropped, and that is found.

use core::marker::PhantomData;

use xtmm::machine::{CpuIndex, Pin, RunLevel};

use super::bugcheck::{Code, bug_check};
use crate::ar::local;

/// Returns the number of the processor. It is still true later only for whoever is pinned.
pub(crate) fn current() -> CpuIndex {
    local::cpu()
}

/// Returns the run level of the processor.
pub(crate) fn run_level() -> RunLevel {
    local::run_level()
}

/// Ends the start: from here on the processor runs at Passive. Until then it is at High, and nothing may fault.
pub(crate) fn begin_passive() {
    local::set_run_level(RunLevel::Passive);
}

/// A raised run level. Dropping it lowers the level to where it was.
#[must_use]
#[derive(Debug)]
pub(crate) struct Raised {
    before: RunLevel,
    /// The level while this is the latest one.
    held: RunLevel,
    /// The level is the processor's, so the value must not travel to another one.
    stays: PhantomData<*mut ()>,
}

/// Raises the run level. A level that is not above the current one changes nothing: who wants at least Dispatch has it
/// at Device, too.
///
/// Two or three instructions, each of which finds the processor's own block by itself: a thread may move to another
/// processor between them, but only at a level below Dispatch, and that level moves with it.
#[inline]
pub(crate) fn raise(level: RunLevel) -> Raised {
    let before = local::run_level();
    let held = if before < level { level } else { before };
    if held != before {
        local::set_run_level(held);
    }
    Raised { before, held, stays: PhantomData }
}

impl Drop for Raised {
    #[inline]
    fn drop(&mut self) {
        let found = local::run_level();
        if found != self.held {
            out_of_order(found, self);
        }
        local::set_run_level(self.before);
    }
}

/// Stops: levels were not given back in the order in which they were raised.
#[cold]
#[inline(never)]
fn out_of_order(found: RunLevel, raised: &Raised) -> ! {
    let (found, held, before) = (found, raised.held, raised.before);
    // NT packs the first parameter so: the level found, the one expected, who asked.
    let parameters = [(found as u64) << 16 | (held as u64) << 8, before as u64, 0, 0];
    let what = format_args!("run level {held} was given back at run level {found}, not the latest one first");
    bug_check(Code::IrqlUnexpectedValue, parameters, None, what)
}

/// The promise to stay on a processor, see [`Pin`]: the run level is Dispatch or above while it lasts.
///
/// What makes it true on the one processor there is: nothing but exceptions interrupts, and the handler of an exception
/// either resolves it, at the level of the code that it interrupted, or never returns.
#[must_use]
#[derive(Debug)]
pub(crate) struct Pinned {
    cpu: CpuIndex,
    /// Held for its end.
    _level: Raised,
}

impl Pin for Pinned {
    #[inline]
    fn cpu(&self) -> CpuIndex {
        self.cpu
    }
}

/// Stays on the processor until the result is dropped.
#[inline]
pub(crate) fn pin() -> Pinned {
    let level = raise(RunLevel::Dispatch);
    // Asked after the level was raised: now the answer stays true.
    Pinned { cpu: local::cpu(), _level: level }
}
