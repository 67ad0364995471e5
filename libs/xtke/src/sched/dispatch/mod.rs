//! Leaving a thread and going on with another.
#![allow(unsafe_code, reason = "switching goes by pointers to threads")]

mod control;
mod ledger;
mod life;
mod place;
mod take;
mod tick;

use xtcore::{CpuIndex, RunLevel};

pub use control::{ControlError, Critical};
pub(crate) use ledger::Ledger;
pub use ledger::{Busy, Counts};
pub use life::{AdoptError, Blueprint, CreateError};

use super::machine::Switching;
use super::ready::End;
use super::scheduler::Scheduler;
use super::thread::{Claim, Thread};
use crate::misuse::Misuse;
use crate::sleep::Reason;
use crate::sync::Ordering;
use take::Floor;
use tick::Due;

/// Why a thread leaves its processor; what runs next acts on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Why {
    /// Something higher came: its turn is not over.
    Preempted = 0,
    /// Its turn is over, or it may not run here any more.
    TurnOver = 1,
    /// It sleeps until it is unparked.
    Parks = 2,
    /// It ends.
    Ends = 3,
}

impl Why {
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Preempted,
            1 => Self::TurnOver,
            2 => Self::Parks,
            _ => Self::Ends,
        }
    }
}

impl<P: Switching> Scheduler<P> {
    /// Sleeps until somebody unparks the thread; see [`crate::platform::Parking::park`]. A processor's idle thread does not
    /// sleep: for it this is one turn of a loop. Highest level: Apc. Costs a compare-and-swap if a permit is there.
    ///
    /// Whoever looks at the thread meanwhile finds `reason`.
    pub(crate) fn park(&self, reason: Option<&Reason>) {
        at_passive_or_apc::<P>();
        let thread = self.current();
        if thread.status.take_permit().is_ok() {
            return;
        }
        if thread.is_idle() {
            P::relax();
            return;
        }
        let _raised = P::raise(RunLevel::Dispatch);
        if thread.charge(1) {
            self.end_quantum(thread);
        }
        thread.show_reason(reason);
        self.leave(P::cpu(), Floor::Leave, Why::Parks);
        thread.show_reason(None);
    }

    /// Lets an equal or higher thread run, if one is ready; tells whether one did. Highest level: Apc.
    pub fn yield_now(&self) -> bool {
        at_passive_or_apc::<P>();
        let _raised = P::raise(RunLevel::Dispatch);
        let thread = self.current();
        let floor = if thread.is_idle() { Floor::IDLE } else { Floor::equal_to(thread.status.load().rank()) };
        self.leave(P::cpu(), floor, Why::TurnOver)
    }

    /// Looks whether another thread should run, and switches to it. The machine calls this on the way down from Dispatch, on
    /// the thread's own stack. Costs two loads when nobody asked for it. Level: Dispatch.
    pub fn preempt(&self) {
        let cpu = P::cpu();
        let due = self.due(cpu);
        if !self.board.was_asked(cpu) && due.is_nothing() {
            return;
        }
        if due.contains(Due::STARVATION) {
            self.help_starved(cpu);
        }
        let thread = self.current();
        let status = thread.status.load();
        let (floor, why) = if thread.is_idle() {
            (Floor::IDLE, Why::TurnOver)
        } else if status.is_stopped() || !thread.affinity().contains(cpu) {
            (Floor::Leave, Why::TurnOver)
        } else if due.contains(Due::QUANTUM) {
            self.end_quantum(thread);
            (Floor::equal_to(thread.status.load().rank()), Why::TurnOver)
        } else {
            (Floor::above(status.rank()), Why::Preempted)
        };
        self.leave(cpu, floor, why);
    }

    /// Returns the thread that the caller is.
    pub(crate) fn current(&self) -> &Thread<P> {
        // SAFETY: the thread runs this, and it is freed on another stack, after it has left its processor for good; so
        // it is alive for as long as it can use the answer.
        unsafe { P::running().as_ref() }
    }

    /// Gives a thread that runs here a new quantum, and takes away some of what a boost gave.
    fn end_quantum(&self, thread: &Thread<P>) {
        thread.quantum.store(self.policy.units(), Ordering::Relaxed);
        let status = thread.status.load();
        if status.decayed() != status {
            // The update never declines, so there is no other outcome to look at.
            let _ = thread.status.update(|status| Some(status.decayed()));
        }
    }

    /// Goes on with what should run instead of the caller; tells whether there was something.
    ///
    /// No lock is held across the switch. The thread that is left stays [`State::Running`](super::State::Running), and
    /// with that out of everybody's reach, until [`Scheduler::finish_switch`] on the next thread's stack.
    fn leave(&self, cpu: CpuIndex, floor: Floor, why: Why) -> bool {
        let current = P::running();
        let processor = self.processor(cpu);
        let next = match (self.take(cpu, floor), floor) {
            (Some(next), _) => {
                next.count_switch();
                processor.count_switch();
                next.into_inner()
            }
            (None, Floor::AtLeast { .. }) => return false,
            (None, Floor::Leave) => match processor.idle() {
                Some(idle) => idle,
                None => P::misuse(Misuse::CorruptQueue { queue: "processors", entry: cpu.get() }),
            },
        };
        processor.note_previous(current, why);
        // SAFETY: the level is Dispatch, and the switch follows at once.
        unsafe { P::set_running(next) };
        // SAFETY: the caller is `current`. The claim of `next` was taken, or it is this processor's idle thread, which runs
        // nowhere else; its context was saved before the state that let us have it was written.
        unsafe { P::switch(current, next) };
        self.finish_switch();
        true
    }

    /// Puts the thread that was left where it belongs; its context is saved. The first thing after a switch, on the stack of
    /// the thread that was switched to, and possibly on another processor than where that was left.
    pub(crate) fn finish_switch(&self) {
        let Some((thread, why)) = self.processor(P::cpu()).take_previous() else { return };
        // SAFETY: it ran here until the switch, and its claim was with this processor.
        let claim = unsafe { Claim::take(thread) };
        if claim.is_idle() {
            let _its_processor_keeps_it = claim.into_inner();
            return;
        }
        match why {
            Why::Preempted => self.ready(claim, End::Front),
            Why::TurnOver => self.ready(claim, End::Back),
            Why::Ends => self.bury(claim),
            Why::Parks => match claim.status.settle_to_sleep() {
                // Whoever wakes it has the claim now.
                Ok(()) => drop(claim.into_inner()),
                Err(_) => self.ready(claim, End::Back),
            },
        }
    }
}

/// Stops the machine where a caller would leave its thread at a level that belongs to the processor.
fn at_passive_or_apc<P: Switching>() {
    let level = P::run_level();
    if level >= RunLevel::Dispatch {
        P::misuse(Misuse::WaitAtRaisedLevel { level });
    }
}
