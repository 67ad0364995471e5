//! Changing threads from outside: priority, affinity, suspension.
//!
//! A thread that is ready is taken out of its queue, changed, and made ready again; a thread that runs is changed, and its
//! processor looks; any other is just changed. So whatever stands in a queue stands where its status says.
#![allow(unsafe_code, reason = "who takes a thread out of a queue has its claim")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use xtcore::RunLevel;

use super::super::machine::Switching;
use super::super::ready::End;
use super::super::scheduler::{Scheduler, at_most};
use super::super::thread::priority::Priority;
use super::super::thread::status::{MAX_SUSPENDS, Status};
use super::super::thread::{Claim, State, Thread};
use super::take::run_on;
use crate::cpus::CpuSet;
use crate::sync::Ordering;

/// Why a thread could not be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlError {
    /// It has ended.
    Ended,
    /// It is what a processor does when there is nothing to run.
    IdleThread,
    /// It is suspended as often as can be counted.
    TooManySuspensions(u8),
    /// None of these processors runs threads.
    NoProcessor(CpuSet),
}

impl fmt::Display for ControlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => out.write_str("the thread has ended"),
            Self::IdleThread => out.write_str("the thread is a processor's idle thread"),
            Self::TooManySuspensions(count) => write!(out, "the thread is suspended {count} times already"),
            Self::NoProcessor(set) => write!(out, "none of the processors {:#x} runs threads", set.bits()),
        }
    }
}

impl<P: Switching> Scheduler<P> {
    /// Gives a thread another base priority; what boosts gave is gone. Returns the old base. As NT's
    /// `KeSetPriorityThread`. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`ControlError::Ended`], [`ControlError::IdleThread`].
    pub fn set_priority(&self, thread: &Thread<P>, priority: Priority) -> Result<Priority, ControlError> {
        let before = self.alter(thread, |status| Ok(status.with_base(priority)))?;
        Ok(before.base())
    }

    /// Lets only these processors run a thread from now on; one that runs elsewhere is moved. A thread that does this to
    /// itself at Passive is where it may be when this returns. Returns the old set. As NT's `KeSetAffinityThread`.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`ControlError::NoProcessor`], if none of them has joined; [`ControlError::Ended`], [`ControlError::IdleThread`].
    pub fn set_affinity(&self, thread: &Thread<P>, affinity: CpuSet) -> Result<CpuSet, ControlError> {
        if (affinity & self.processors()).is_empty() {
            return Err(ControlError::NoProcessor(affinity));
        }
        if thread.is_idle() {
            return Err(ControlError::IdleThread);
        }
        let before = thread.affinity();
        thread.put_affinity(affinity);
        // A change that changes nothing publishes the set, and finds the thread wherever it is.
        self.alter(thread, Ok)?;
        Ok(before)
    }

    /// Suspends a thread once more. It stops at its processor's next look, at the latest on its next way down to Passive or
    /// Apc, or when it would be run; not inside a [`Critical`] region. Returns how often it was suspended before. As NT's
    /// `KeSuspendThread`. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`ControlError::TooManySuspensions`], [`ControlError::Ended`], [`ControlError::IdleThread`].
    pub fn suspend(&self, thread: &Thread<P>) -> Result<u8, ControlError> {
        let before = self.alter(thread, |status| match status.suspends() {
            MAX_SUSPENDS => Err(ControlError::TooManySuspensions(MAX_SUSPENDS)),
            count => Ok(status.with_suspends(count + 1)),
        })?;
        Ok(before.suspends())
    }

    /// Takes one suspension back; with the last one the thread goes on. Returns how often it was suspended before: 0 if it
    /// was not, and then nothing changes. As NT's `KeResumeThread`. Highest level: Dispatch.
    pub fn resume(&self, thread: &Thread<P>) -> u8 {
        at_most::<P>(RunLevel::Dispatch, "resume");
        let _raised = P::raise(RunLevel::Dispatch);
        let mut freed = false;
        let after = thread.status.update(|status| {
            let fewer = status.with_suspends(status.suspends().checked_sub(1)?);
            freed = fewer.state() == State::Held && fewer.suspends() == 0;
            Some(if freed { fewer.with_state(State::Running) } else { fewer })
        });
        let Ok(after) = after else { return 0 };
        if freed {
            // SAFETY: the change from `Held` was ours, so that the claim is.
            let claim = unsafe { Claim::take(NonNull::from(thread)) };
            self.ready(claim, End::Back);
        }
        after.suspends() + 1
    }

    /// Changes a thread wherever it is; returns what its status was.
    fn alter(
        &self,
        thread: &Thread<P>,
        change: impl Fn(Status) -> Result<Status, ControlError>,
    ) -> Result<Status, ControlError> {
        at_most::<P>(RunLevel::Dispatch, "changing a thread");
        if thread.is_idle() {
            return Err(ControlError::IdleThread);
        }
        let _raised = P::raise(RunLevel::Dispatch);
        loop {
            let withdrawn = self.withdraw(thread);
            let is_ours = withdrawn.is_some();
            let mut outcome = Err(ControlError::Ended);
            let after = thread.status.update(|status| {
                if status.state() == State::Ended || (status.state() == State::Ready && !is_ours) {
                    outcome = Err(ControlError::Ended);
                    return None;
                }
                let next = change(status);
                outcome = next.map(|_| status);
                next.ok()
            });
            if let Some(claim) = withdrawn {
                self.ready(claim, End::Back);
                return outcome;
            }
            match after {
                Ok(after) if after.state() == State::Running => self.ask(after.cpu()),
                // It became ready meanwhile.
                Err(now) if now.state() == State::Ready => continue,
                _ => {}
            }
            return outcome;
        }
    }

    /// Takes a thread out of the queue that it stands in, if it stands in one.
    fn withdraw(&self, thread: &Thread<P>) -> Option<Claim<P>> {
        loop {
            let seen = thread.status.load();
            if seen.state() != State::Ready {
                return None;
            }
            let mut queue = self.processor(seen.cpu()).queue.lock();
            let now = thread.status.load();
            if now.state() != State::Ready || now.cpu() != seen.cpu() {
                continue;
            }
            // If it is the next there, that processor was told to look when it became so, and has not looked yet. Then it
            // finds what others put elsewhere because of it, so that there is nothing to do here.
            // SAFETY: under the queue's lock its status says that it is ready there.
            let claim = run_on(unsafe { queue.remove(thread) }, seen.cpu());
            self.show(seen.cpu(), &queue);
            return Some(claim);
        }
    }

    /// Keeps the calling thread from being suspended until the region is dropped: for code that holds what others need, as
    /// NT's `KeEnterCriticalRegion`. Regions nest. Highest level: Apc.
    pub fn critical(&self) -> Critical<P> {
        at_most::<P>(RunLevel::Apc, "entering a critical region");
        let thread = self.current();
        let depth = thread.critical.load(Ordering::Relaxed);
        thread.critical.store(depth.saturating_add(1), Ordering::Relaxed);
        if depth == 0 {
            // The update never declines, so there is no other outcome to look at.
            let _ = thread.status.update(|status| Some(status.entering_critical()));
        }
        Critical(PhantomData)
    }
}

/// A part of a thread's work in which it is not suspended; see [`Scheduler::critical`]. It stays with its thread.
#[must_use = "the region ends when this is dropped"]
pub struct Critical<P: Switching>(PhantomData<*const P>);

impl<P: Switching> fmt::Debug for Critical<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Critical")
    }
}

impl<P: Switching> Drop for Critical<P> {
    fn drop(&mut self) {
        let current = P::running();
        // SAFETY: the caller runs as it. It is the one that entered, because the region cannot be sent.
        let thread = unsafe { current.as_ref() };
        let depth = thread.critical.load(Ordering::Relaxed).saturating_sub(1);
        thread.critical.store(depth, Ordering::Relaxed);
        if depth > 0 {
            return;
        }
        if let Ok(status) = thread.status.update(|status| Some(status.leaving_critical()))
            && status.is_stopped()
        {
            let _raised = P::raise(RunLevel::Dispatch);
            P::scheduler().ask(P::cpu());
        }
    }
}
