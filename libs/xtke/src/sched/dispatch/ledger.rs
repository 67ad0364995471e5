//! The list of all threads, and the counts that must come out even.
#![allow(unsafe_code, reason = "the lists hold pointers to threads")]

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::ControlFlow;
use core::ptr::NonNull;

use super::super::machine::Switching;
use super::super::ready::{Anchor, Links, List, Waiting};
use super::super::scheduler::Scheduler;
use super::super::thread::{Claim, Handle, State, Thread, ThreadId};
use crate::sync::Ordering;

/// Threads by what became of them, since the scheduler was made. Processors' idle threads are not among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Created.
    pub created: u64,
    /// Ended, or dropped before they were started.
    pub ended: u64,
    /// Of those, the ones whose stack is free.
    pub reaped: u64,
    /// Of those, the ones whose record is free.
    pub freed: u64,
}

impl Counts {
    /// Returns how many threads have not ended.
    #[must_use]
    pub const fn alive(&self) -> u64 {
        self.created.saturating_sub(self.ended)
    }

    /// Returns how many threads have ended without all of their memory being back. When nobody holds a handle, and the reaper
    /// has nothing to do, this is 0.
    #[must_use]
    pub const fn lingering(&self) -> u64 {
        self.ended.saturating_sub(self.freed)
    }
}

/// Somebody holds the ledger; it may be the one who was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the list of threads is being changed")
    }
}

/// The links of the list of all threads.
pub(crate) struct Registered;

impl<P: Switching> Anchor<P> for Registered {
    const NAME: &'static str = "threads";

    fn links(thread: &Thread<P>) -> &UnsafeCell<Links<P>> {
        &thread.registered
    }
}

/// What is kept of all threads together, behind one lock.
pub(crate) struct Ledger<P: Switching> {
    threads: List<P, Registered>,
    /// The dead: they use the links of ready threads, which they never need again.
    dead: List<P, Waiting>,
    reaper: Option<NonNull<Thread<P>>>,
    last_id: u64,
    counts: Counts,
}

// SAFETY: the pointer is to the reaper's thread, which never ends and is `Sync`; the lists are `Send`.
unsafe impl<P: Switching> Send for Ledger<P> {}

impl<P: Switching> Ledger<P> {
    pub(crate) const fn new() -> Self {
        Self {
            threads: List::new(),
            dead: List::new(),
            reaper: None,
            last_id: 0,
            counts: Counts { created: 0, ended: 0, reaped: 0, freed: 0 },
        }
    }
}

impl<P: Switching> Scheduler<P> {
    /// Returns how many threads there were and are. Highest level: Dispatch.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ledger.lock().counts
    }

    /// Shows all threads to `visit`, idle ones included, and returns how many there are, while nobody can create or free
    /// one: `visit` must do neither, and be short. Highest level: Dispatch. Costs one visit for each thread.
    pub fn each(&self, visit: impl FnMut(&Thread<P>)) -> usize {
        let ledger = self.ledger.lock();
        ledger.threads.iter().inspect(count_of(visit)).count()
    }

    /// As [`Scheduler::each`], for a monitor or a bug check: takes no lock that it has to wait for. Highest level: any.
    ///
    /// # Errors
    /// [`Busy`], if somebody holds the list, for example the thread that this interrupts.
    pub fn try_each(&self, visit: impl FnMut(&Thread<P>)) -> Result<usize, Busy> {
        let ledger = self.ledger.try_lock().ok_or(Busy)?;
        Ok(ledger.threads.iter().inspect(count_of(visit)).count())
    }

    /// As [`Scheduler::try_each`], for a system that may be damaged: shows at most so many threads, and none whose record
    /// `is_there` says has no memory, and ends when `visit` breaks. Returns how many were shown. Highest level: any.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn look(
        &self,
        most: usize,
        is_there: &dyn Fn(NonNull<Thread<P>>) -> bool,
        visit: &mut dyn FnMut(&Thread<P>) -> ControlFlow<()>,
    ) -> Result<usize, Busy> {
        let ledger = self.ledger.try_lock().ok_or(Busy)?;
        let mut shown = 0;
        let _: ControlFlow<()> = ledger.threads.sound(is_there).take(most).try_for_each(|thread| {
            shown += 1;
            visit(thread)
        });
        Ok(shown)
    }

    /// Returns the thread with a number, if its record still exists. Highest level: Dispatch. Looks at all threads.
    #[must_use]
    pub fn find(&self, id: ThreadId) -> Option<Handle<P>> {
        let ledger = self.ledger.lock();
        let thread = ledger.threads.iter().find(|thread| thread.id() == id)?;
        let more = |count: u32| (count > 0).then_some(count + 1);
        thread.references.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        // SAFETY: the reference was counted just now, while there was another one.
        Some(unsafe { Handle::from_counted(NonNull::from(thread)) })
    }

    /// Returns the number for a new thread.
    pub(super) fn next_id(&self) -> ThreadId {
        let mut ledger = self.ledger.lock();
        ledger.last_id += 1;
        ThreadId::new(ledger.last_id)
    }

    /// Lists a thread that was just made.
    pub(super) fn register(&self, thread: NonNull<Thread<P>>, counted: u64) {
        let mut ledger = self.ledger.lock();
        ledger.counts.created += counted;
        // SAFETY: it was just made, so it is in no list; `forget` takes it out before it is freed.
        unsafe { ledger.threads.push_back(thread) };
    }

    /// Takes a thread off the list whose record is about to be freed.
    ///
    /// # Safety
    /// It was registered, and was not forgotten yet.
    pub(super) unsafe fn forget(&self, thread: NonNull<Thread<P>>) {
        let mut ledger = self.ledger.lock();
        ledger.counts.freed += 1;
        // SAFETY: `register` put it there, and only this takes it out, once.
        unsafe { ledger.threads.remove(thread) };
    }

    /// Counts a thread that was dropped before it was started.
    pub(super) fn count_withdrawn(&self) {
        let mut ledger = self.ledger.lock();
        ledger.counts.ended += 1;
        ledger.counts.reaped += 1;
    }

    /// Hands a thread that has ended, and that nobody runs on any more, to the reaper. The level is Dispatch.
    pub(super) fn bury(&self, claim: Claim<P>) {
        // The update never declines, so there is no other outcome to look at.
        let _ = claim.status.update(|status| Some(status.with_state(State::Ended)));
        let mut ledger = self.ledger.lock();
        ledger.counts.ended += 1;
        // SAFETY: a claim that was in hand stands in no list; the scheduler's reference keeps the record until the reaper
        // has it.
        unsafe { ledger.dead.push_back(claim.into_inner()) };
        let reaper = ledger.reaper;
        drop(ledger);
        if let Some(reaper) = reaper {
            // SAFETY: the reaper's thread never ends.
            self.unpark(unsafe { reaper.as_ref() }, crate::platform::Boost::NONE);
        }
    }

    /// Takes a thread that has ended.
    pub(super) fn exhume(&self) -> Option<NonNull<Thread<P>>> {
        let mut ledger = self.ledger.lock();
        let thread = ledger.dead.pop_front()?;
        ledger.counts.reaped += 1;
        Some(thread)
    }

    /// Makes a thread the one that is woken when another has ended.
    pub(super) fn set_reaper(&self, thread: NonNull<Thread<P>>) {
        self.ledger.lock().reaper = Some(thread);
    }
}

/// Turns a visitor of threads into one of references to them.
fn count_of<P: Switching>(mut visit: impl FnMut(&Thread<P>)) -> impl FnMut(&&Thread<P>) {
    move |thread| visit(thread)
}
