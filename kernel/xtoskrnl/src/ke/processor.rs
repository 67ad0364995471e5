//! The processor that runs this code: its number, its run level, and staying on it.
//!
//! Run levels are lazy (design D7a): raising one writes a byte, lowering one writes it and looks whether something waits,
//! and hardware is not asked. Levels nest: who raises one gives it back by dropping the value that it got, the latest first.
//!
//! High is the exception: it turns interrupts off, because what runs there must not even be looked at. It is also the level of
//! a processor that starts.
//!
//! # What it guarantees
//! Whoever holds a [`Raised`] is at its level or above. Dropping two out of order would break that; the second of the two drops
//! would then raise the level instead of lowering it, and that is a bug check.

use core::marker::PhantomData;

use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtmm::machine::{CpuIndex, Pin, RunLevel};

use super::bugcheck::{Code, bug_check};
use super::interrupt;
use super::threads::Kernel;
use crate::ar::control;
pub(crate) use crate::ar::local::MOST;
use crate::ar::local::{self, Mask, Pending};

/// Returns the number of the processor. It is still true later only for whoever is pinned.
pub(crate) fn current() -> CpuIndex {
    local::cpu()
}

/// Returns the run level of the processor.
pub(crate) fn run_level() -> RunLevel {
    local::run_level()
}

/// Stops a caller above the highest level of an operation, in debug builds. A processor that starts is at High and does what
/// nothing can interrupt, so only those that run threads are held to it.
#[inline]
pub(crate) fn at_most(highest: RunLevel, operation: &'static str) {
    if cfg!(debug_assertions) && run_level() > highest && local::thread() != 0 {
        let level = run_level();
        Kernel::misuse(Misuse::LevelTooHigh { operation, level, highest })
    }
}

/// Ends the start: from here on the processor runs at Passive. Until then it is at High, and nothing may fault. Interrupts
/// come when [`interrupt::enable`] says so.
pub(crate) fn begin_passive() {
    local::set_mask(Mask::up_to(RunLevel::Passive));
}

/// Goes to High for good, with interrupts off: nothing else happens on this processor any more.
pub(crate) fn stay_at_high() {
    control::interrupts_off();
    local::set_mask(Mask::up_to(RunLevel::High));
}

/// A raised run level. Dropping it lowers the level to where it was, and delivers what waited for that.
#[must_use]
#[derive(Debug)]
pub(crate) struct Raised {
    before: Mask,
    /// The level is the processor's, so the value must not travel to another one.
    stays: PhantomData<*mut ()>,
}

/// Raises the run level. A level that is not above the current one changes nothing: who wants at least Dispatch has it
/// at Device, too.
///
/// Four instructions, each of which finds the processor's own block by itself: a thread may move to another
/// processor between them, but only at a level below Dispatch, and that level moves with it.
#[inline]
pub(crate) fn raise(level: RunLevel) -> Raised {
    let (before, wanted) = (local::mask(), Mask::up_to(level));
    if before < wanted {
        if level == RunLevel::High {
            turn_interrupts_off();
        }
        local::set_mask(wanted);
    }
    Raised { before, stays: PhantomData }
}

/// Turns interrupts off, and leaves word for whoever lowers the level again; not if they were off already.
#[cold]
fn turn_interrupts_off() {
    if control::interrupts_are_on() {
        control::interrupts_off();
        local::add_pending(Pending::INTERRUPTS_OFF);
    }
}

impl Drop for Raised {
    #[inline]
    fn drop(&mut self) {
        let found = local::mask();
        if found < self.before {
            out_of_order(found, self.before);
        }
        local::lower(self.before, interrupt::deliver);
    }
}

/// Stops: levels were not given back in the order in which they were raised.
#[cold]
#[inline(never)]
fn out_of_order(found: Mask, to: Mask) -> ! {
    let (found, to) = (found.level(), to.level());
    // NT packs the first parameter so: the level found, the one expected, who asked.
    let parameters = [(found as u64) << 16 | (to as u64) << 8, to as u64, 0, 0];
    let what = format_args!(
        "a level was to be lowered to {to} and was {found}: not the latest one was given back first"
    );
    bug_check(Code::IrqlUnexpectedValue, parameters, None, what)
}

/// The promise to stay on a processor, see [`Pin`]: the run level is Dispatch or above while it lasts.
///
/// What makes it true: at Dispatch no other thread gets the processor; interrupts of higher levels come, but their handlers
/// pin nothing that is below their level; and the handler of an exception either resolves it, at the level of the code that
/// it interrupted, or never returns.
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

/// Does `work`, a few instructions, as a holder of [`Pinned`] would, for whoever comes from Passive; does nothing at any
/// other level.
///
/// Six instructions. A level that is known before need not be kept, and there is nothing below Passive that could be found at
/// the end: giving back is only ever out of order for whoever began above Passive.
#[inline]
pub(crate) fn briefly<R>(work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
    if !local::raise_from_passive() {
        return None;
    }
    match work(local::cpu()) {
        Some(outcome) => {
            local::lower_to_passive(interrupt::deliver);
            Some(outcome)
        }
        None => {
            in_vain();
            None
        }
    }
}

/// Lowers the level after work that came to nothing. Out of line, so that the other outcome need not be looked at again.
#[cold]
#[inline(never)]
fn in_vain() {
    local::lower_to_passive(interrupt::deliver);
}

/// Stays on the processor until the result is dropped.
#[inline]
pub(crate) fn pin() -> Pinned {
    let level = raise(RunLevel::Dispatch);
    // Asked after the level was raised: now the answer stays true.
    Pinned { cpu: local::cpu(), _level: level }
}
