//! What the clock does to threads.
#![allow(unsafe_code, reason = "the thread that runs is known by a pointer")]

use xtcore::CpuIndex;

use super::super::machine::Switching;
use super::super::ready::End;
use super::super::scheduler::{Policy, Scheduler};
use super::super::thread::State;
use super::super::thread::status::Status;
use crate::sync::Ordering;

/// What ticks leave to be done at Dispatch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due(u8);

impl Due {
    /// The quantum of what runs is used up.
    pub(super) const QUANTUM: Self = Self(1);
    /// Somebody may have waited too long.
    pub(super) const STARVATION: Self = Self(2);

    /// Tells whether something is among it.
    pub(super) const fn contains(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    /// Tells whether there is nothing to do.
    pub(super) const fn is_nothing(self) -> bool {
        self.0 == 0
    }
}

impl<P: Switching> Scheduler<P> {
    /// How many threads a look for starvation helps at most.
    const HELP: usize = 10;
    /// Every how many ticks a processor looks for starvation.
    const LOOK_EVERY: u32 = 8;

    /// Counts a clock tick on the caller's processor. To be called at each, at Clock; takes no lock, and does nothing on a
    /// processor that has not joined. Level: Clock.
    pub fn tick(&self) {
        let cpu = P::cpu();
        if !self.board.online().contains(cpu) {
            return;
        }
        let processor = self.processor(cpu);
        let ticks = processor.ticks.load(Ordering::Relaxed).wrapping_add(1);
        processor.ticks.store(ticks, Ordering::Relaxed);
        let current = P::running();
        // SAFETY: the thread runs here, below this interrupt, so it is alive.
        let thread = unsafe { current.as_ref() };
        thread.count_tick();
        let used_up = !thread.is_idle() && thread.charge(Policy::UNITS_PER_TICK);
        let mut due = 0;
        if used_up {
            due |= Due::QUANTUM.0;
        }
        if ticks.is_multiple_of(Self::LOOK_EVERY.min(self.policy.starvation.max(1))) {
            due |= Due::STARVATION.0;
        }
        if due != 0 {
            // An interrupt of this processor is the only other one that writes here: it cannot come between.
            let left = processor.due.load(Ordering::Relaxed);
            processor.due.store(left | due, Ordering::Relaxed);
            P::request_dispatch();
        }
    }

    /// Takes what ticks left to be done. The tick may come between a load and a store, so this is one step where there is
    /// something, and a load where there is not.
    pub(super) fn due(&self, cpu: CpuIndex) -> Due {
        let due = &self.processor(cpu).due;
        if due.load(Ordering::Relaxed) == 0 {
            return Due(0);
        }
        Due(due.swap(0, Ordering::Relaxed))
    }

    /// Lifts threads that wait too long at the fronts of a processor's lists above everything that is not real time.
    pub(super) fn help_starved(&self, cpu: CpuIndex) {
        let processor = self.processor(cpu);
        for _ in 0..Self::HELP {
            let now = processor.ticks.load(Ordering::Relaxed);
            let mut queue = processor.queue.lock();
            let Some(claim) = queue.take_starved(now, self.policy.starvation) else { return };
            // The update never declines, so there is no other outcome to look at.
            let _ = claim.status.update(|status: Status| Some(status.at(State::Running, cpu).starved()));
            self.show(cpu, &queue);
            drop(queue);
            claim.quantum.store(self.policy.units(), Ordering::Relaxed);
            self.ready(claim, End::Back);
        }
    }
}
