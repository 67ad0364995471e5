//! Making threads ready: choosing a processor, and standing there.
#![allow(unsafe_code, reason = "who makes a thread ready has its claim, or takes it")]

use core::ptr::NonNull;

use xtcore::{CpuIndex, RunLevel};

use super::super::machine::Switching;
use super::super::ready::End;
use super::super::scheduler::{Scheduler, at_most};
use super::super::thread::priority::Rank;
use super::super::thread::status::Status;
use super::super::thread::{Claim, State, Thread};
use super::take::run_on;
use crate::cpus::CpuSet;
use crate::platform::Boost;
use crate::sync::Ordering;

/// A thread that has to stand somewhere else now, and at which end.
type Homeless<P> = Option<(Claim<P>, End)>;

impl<P: Switching> Scheduler<P> {
    /// Wakes a thread, or leaves it a permit; see [`crate::platform::Parking::unpark`]. The boost is for one that sleeps.
    /// Highest level: Dispatch. For a thread that does not sleep this is one compare-and-swap.
    pub(crate) fn unpark(&self, thread: &Thread<P>, boost: Boost) {
        at_most::<P>(RunLevel::Dispatch, "unpark");
        while let Err(status) = thread.status.leave_permit() {
            let _raised = P::raise(RunLevel::Dispatch);
            if self.wake(thread, status, boost).is_ok() {
                return;
            }
        }
    }

    /// Wakes a thread that slept when its status was `seen`. The level is Dispatch.
    fn wake(&self, thread: &Thread<P>, seen: Status, boost: Boost) -> Result<(), Status> {
        if seen.is_stopped() {
            let hold = |status: Status| status.is_stopped().then(|| status.with_state(State::Held));
            return thread.status.wake(boost, hold).map(drop);
        }
        let wake = |status: Status| {
            (status.state() == State::Parked && !status.is_stopped()).then(|| status.boosted(boost))
        };
        // SAFETY: `wake` accepts a thread that sleeps only: who changes that has its claim.
        if let Some((claim, end)) = unsafe { self.stand(thread, seen.boosted(boost), End::Back, wake) }? {
            self.ready(claim, end);
        }
        Ok(())
    }

    /// Lets a thread wait for a processor that is [`State::Running`] and whose claim the caller has; holds it, if it is
    /// suspended. The level is Dispatch.
    pub(crate) fn ready(&self, claim: Claim<P>, end: End) {
        let mut homeless = Some((claim, end));
        // Who is displaced ranks lower than who displaces, so that there are at most as many turns as priorities, and one
        // more for each time that somebody changes the thread meanwhile.
        while let Some((claim, end)) = homeless.take() {
            let seen = claim.status.load();
            if seen.is_stopped() {
                let hold = |status: Status| status.is_stopped().then(|| status.with_state(State::Held));
                match claim.status.update(hold) {
                    // Who resumes it has the claim now.
                    Ok(_) => drop(claim.into_inner()),
                    Err(_) => homeless = Some((claim, end)),
                }
                continue;
            }
            let pointer = claim.into_inner();
            // SAFETY: the claim was just in hand, so the thread is alive.
            let thread = unsafe { pointer.as_ref() };
            let run = |status: Status| (!status.is_stopped()).then_some(status);
            // SAFETY: its claim was in hand, and goes to where `stand` puts the thread.
            let placed = unsafe { self.stand(thread, seen, end, run) };
            homeless = match placed {
                Ok(homeless) => homeless,
                // SAFETY: the thread was not put anywhere, so that its claim is where it was: here.
                Err(_) => Some((unsafe { Claim::take(pointer) }, end)),
            };
        }
    }

    /// Makes a thread ready at the processor that suits what was `seen`, unless `change` declines. Returns who has to stand
    /// elsewhere: the one that it displaced; or the thread itself, if its affinity changed meanwhile.
    ///
    /// # Safety
    /// The caller has the thread's claim, or whoever makes the change that `change` describes gets it.
    unsafe fn stand(
        &self,
        thread: &Thread<P>,
        seen: Status,
        end: End,
        mut change: impl FnMut(Status) -> Option<Status>,
    ) -> Result<Homeless<P>, Status> {
        let cpu = self.choose(thread.affinity(), seen.cpu(), seen.rank());
        let processor = self.processor(cpu);
        let mut queue = processor.queue.lock();
        let status = match thread.status.update(|status| change(status).map(|s| s.at(State::Ready, cpu))) {
            Ok(status) => status,
            Err(now) => {
                self.unchoose(cpu);
                return Err(now);
            }
        };
        // SAFETY: the change was made, so that the claim is ours; until it stands, the queue's lock keeps others away.
        let claim = unsafe { Claim::take(NonNull::from(thread)) };
        // Read after the change: whoever changes the affinity later than this finds the thread ready, and moves it.
        let affinity = claim.affinity();
        if !affinity.contains(cpu) {
            self.unchoose(cpu);
            return Ok(Some((run_on(claim, cpu), end)));
        }
        if queue.shown() < status.rank() {
            let displaced = queue.put_next(claim).map(|claim| (run_on(claim, cpu), End::Front));
            self.show(cpu, &queue);
            drop(queue);
            self.ask(cpu);
            return Ok(displaced);
        }
        queue.insert(claim, end, processor.ticks.load(Ordering::Relaxed));
        self.show(cpu, &queue);
        drop(queue);
        self.offer(affinity & !CpuSet::of(cpu), status.rank());
        Ok(None)
    }

    /// Lets every processor look that runs something lower than what waits now: each of them fell to that while the place
    /// was chosen. The second step of the board's protocol.
    fn offer(&self, allowed: CpuSet, rank: Rank) {
        let allowed = allowed & self.board.online();
        if allowed.is_empty() {
            return;
        }
        self.board.order();
        for cpu in allowed.iter().filter(|&cpu| self.board.running(cpu) < rank) {
            self.ask(cpu);
        }
    }

    /// Chooses a processor for a thread; a guess that [`Scheduler::stand`] verifies.
    fn choose(&self, affinity: CpuSet, last: CpuIndex, rank: Rank) -> CpuIndex {
        let allowed = affinity & self.board.online();
        if allowed.is_single() {
            return allowed.first().unwrap_or(last);
        }
        // Each turn that fails is another thread's success: the set of idle processors shrank.
        while let Some(cpu) = self.board.choose_idle(allowed, last) {
            if self.board.claim_idle(cpu) {
                return cpu;
            }
        }
        if allowed.contains(last) && self.board.running(last) < rank {
            return last;
        }
        match self.board.lowest(allowed) {
            Some((cpu, runs)) if runs < rank || !allowed.contains(last) => cpu,
            _ => last,
        }
    }

    /// Takes a choice back: a processor that was idle and gets nothing may be chosen again.
    fn unchoose(&self, cpu: CpuIndex) {
        if self.board.running(cpu) == Rank::NOTHING {
            self.board.set_idle(cpu);
        }
    }
}
