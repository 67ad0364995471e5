//! Finding what a processor runs next.

use xtcore::CpuIndex;

use super::super::machine::Switching;
use super::super::ready::{End, Queue};
use super::super::scheduler::Scheduler;
use super::super::thread::priority::{Priority, Rank};
use super::super::thread::{Claim, State};
use crate::cpus::CpuSet;
use crate::lock::SpinGuard;

/// What a processor goes on with instead of what it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Floor {
    /// With whatever there is: what it runs has to leave.
    Leave,
    /// With something of this rank or a higher one; else it stays with what it runs.
    AtLeast {
        /// The lowest rank that will do.
        least: Rank,
        /// The rank of what it runs.
        running: Rank,
    },
}

impl Floor {
    /// Of a processor that has nothing to run.
    pub(super) const IDLE: Self = Self::AtLeast { least: Rank::of(Priority::LOWEST), running: Rank::NOTHING };

    /// Of a thread whose turn is over.
    pub(super) const fn equal_to(running: Rank) -> Self {
        Self::AtLeast { least: running, running }
    }

    /// Of a thread whose turn is not over.
    pub(super) const fn above(running: Rank) -> Self {
        Self::AtLeast { least: running.above(), running }
    }

    /// Returns the lowest rank that will do, and what runs if there is none.
    const fn ranks(self) -> (Rank, Rank) {
        match self {
            Self::Leave => (Rank::of(Priority::LOWEST), Rank::NOTHING),
            Self::AtLeast { least, running } => (least, running),
        }
    }
}

impl<P: Switching> Scheduler<P> {
    /// Takes what a processor should run, and shows others what it runs from now on. The level is Dispatch, and the processor
    /// is the caller's.
    pub(super) fn take(&self, cpu: CpuIndex, floor: Floor) -> Option<Claim<P>> {
        let processor = self.processor(cpu);
        let (least, stays) = floor.ranks();
        let mut queue = processor.queue.lock();
        let mut found = queue.take(least).map(|claim| run_on(claim, cpu));
        let mut rank = found.as_ref().map_or(stays, |claim| claim.status.load().rank());
        self.set_running(cpu, queue, rank);
        let others = self.board.online() & !CpuSet::of(cpu);
        if others.is_empty() {
            return found;
        }
        if rank == Rank::NOTHING {
            self.board.set_idle(cpu);
        }
        // What is shown above comes before what is read below: the second step of the board's protocol.
        self.board.order();
        for other in others.iter() {
            if self.board.best(other) <= rank {
                continue;
            }
            let Some(claim) = self.steal(other, rank, cpu) else { continue };
            rank = claim.status.load().rank();
            self.set_running(cpu, processor.queue.lock(), rank);
            if let Some(lower) = found.replace(claim) {
                self.ready(lower, End::Front);
            }
        }
        if found.is_some() {
            self.board.claim_idle(cpu);
        }
        found
    }

    /// Notes and shows what a processor runs from now on. What was to run next and does not outrank it stands elsewhere then.
    fn set_running(&self, cpu: CpuIndex, mut queue: SpinGuard<'_, P, Queue<P>>, rank: Rank) {
        queue.running = rank;
        let outranked = queue.take_outranked().map(|claim| run_on(claim, cpu));
        self.show(cpu, &queue);
        drop(queue);
        if let Some(claim) = outranked {
            self.ready(claim, End::Front);
        }
    }

    /// Takes the highest thread above a rank that stands at another processor and may run on the thief's.
    fn steal(&self, from: CpuIndex, above: Rank, thief: CpuIndex) -> Option<Claim<P>> {
        let mut queue = self.processor(from).queue.lock();
        let claim = queue.steal(above, thief).map(|claim| run_on(claim, thief))?;
        self.show(from, &queue);
        Some(claim)
    }
}

/// Makes a thread that was ready belong to a processor; under the lock of the queue that it left.
pub(super) fn run_on<P: Switching>(claim: Claim<P>, cpu: CpuIndex) -> Claim<P> {
    // The update never declines, so there is no other outcome to look at.
    let _ = claim.status.update(|status| Some(status.at(State::Running, cpu)));
    claim
}
