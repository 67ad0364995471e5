//! Deferred procedure calls: what runs on a processor as soon as its level falls below Dispatch.
//!
//! # Life
//! The state of a call is one word:
//!
//! ```text
//!   WANTED   it is to run                              set by insert, cleared by remove and by the drain that runs it
//!   LINKED   a queue's list leads to it                set by insert, cleared by the drain that passes it
//!   RUNNING  how many processors run it, counted above  one inserted again while it runs may run twice at once
//! ```
//!
//! Removing a call clears `WANTED` only; the drain passes it by, for a list without a lock cannot lose an entry in its
//! middle. Inserted again before that, it takes its old place. With the word at zero nobody knows the call any more.
//!
//! Whoever inserts a call that is queued already writes to the word nevertheless, so that what he did before is seen
//! by the run that is to come.
#![allow(unsafe_code, reason = "calls stand in queues by their addresses")]

use core::fmt;
use core::marker::{PhantomData, PhantomPinned};
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use xtcore::{CpuIndex, RunLevel};

use super::Routine;
use super::drain::Deferring;
use crate::misuse::Misuse;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, constructors};

const WANTED: u32 = 1;
const LINKED: u32 = 2;
const RUNNING: u32 = 4;

/// How soon a call is to run. All of a processor's calls of one importance run in the order in which they were
/// inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Importance {
    /// With the next one that is more important, or after the processor's next clock tick.
    Low,
    /// At once.
    Medium,
    /// At once, and before those of medium and low importance.
    High,
}

/// Where a call runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// On the processor where it is inserted. One that is removed and inserted elsewhere before its old place was
    /// passed runs there.
    Inserter,
    /// On this processor.
    Cpu(CpuIndex),
}

/// What all calls have, whatever they do. The first field of a [`Dpc`] of `repr(C)`.
pub(super) struct Header {
    pub(super) next: AtomicPtr<Header>,
    state: AtomicU32,
    place: AtomicUsize,
    target: Target,
    importance: Importance,
    /// Runs the routine of the call that the header begins.
    ///
    /// Its safety: the header is the beginning of a call of the type that the function was made for, and that is alive.
    run: unsafe fn(NonNull<Header>),
}

/// A deferred procedure call, see the module.
#[repr(C)]
pub struct Dpc<P: Deferring, R: Routine> {
    header: Header,
    routine: R,
    pinned: PhantomPinned,
    platform: PhantomData<fn() -> P>,
}

impl<P: Deferring, R: Routine> Dpc<P, R> {
    constructors! {
        /// Returns a call that is not queued.
        pub fn new(target: Target, importance: Importance, routine: R) -> Self {
            Self {
                header: Header {
                    next: AtomicPtr::new(null_mut()),
                    state: AtomicU32::new(0),
                    place: AtomicUsize::new(0),
                    target,
                    importance,
                    run: run::<P, R>,
                },
                routine,
                pinned: PhantomPinned,
                platform: PhantomData,
            }
        }
    }

    /// Queues the call, and tells whether it was not queued already. Either way a run begins after this.
    ///
    /// Highest level: High. Cost: two atomic steps, and an interrupt to another processor that was not asked yet.
    pub fn insert(self: Pin<&Self>) -> bool
    where
        R: 'static,
    {
        // SAFETY: the routine borrows nothing that could end before the call.
        unsafe { self.insert_borrowed() }
    }

    /// Queues the call.
    ///
    /// # Safety
    /// What the routine borrows lives until the call is dropped.
    pub(super) unsafe fn insert_borrowed(self: Pin<&Self>) -> bool {
        // The thread must not go to another processor between the look at where it is and the request.
        let _raised = P::raise(RunLevel::Dispatch);
        let header = &self.header;
        let before = header.state.fetch_or(WANTED | LINKED, Ordering::AcqRel);
        if before & WANTED != 0 {
            return false;
        }
        let cpu = match header.target {
            _ if before & LINKED != 0 => CpuIndex::new(header.place.load(Ordering::Relaxed)),
            Target::Inserter => P::cpu(),
            Target::Cpu(cpu) => cpu,
        };
        let queue = P::dpcs(cpu);
        if before & LINKED == 0 {
            header.place.store(cpu.get(), Ordering::Relaxed);
            // SAFETY: the call was in no list, for nobody else can have set `LINKED`. It is pinned, and its drop
            // waits until the list does not lead to it any more.
            unsafe { queue.push(NonNull::from(&*self).cast(), header.importance) };
        }
        if header.importance != Importance::Low {
            queue.ask();
        }
        true
    }

    /// Takes the call out of its queue, and tells whether it was in: if so, it does not run for what it was inserted.
    /// It may be running for an earlier time.
    ///
    /// Highest level: High. Cost: one atomic step.
    pub fn remove(&self) -> bool {
        self.header.state.fetch_and(!WANTED, Ordering::AcqRel) & WANTED != 0
    }

    /// Tells whether the call is queued. Highest level: any.
    pub fn is_queued(&self) -> bool {
        self.header.state.load(Ordering::Acquire) & WANTED != 0
    }

    /// Takes the call out of its queue and waits until no processor runs it and no list leads to it; tells whether it
    /// was in.
    ///
    /// Highest level: Apc; Dispatch where the call is queued or runs on another processor, or not at all. Cost: until
    /// that processor's level falls below Dispatch.
    pub fn remove_and_wait(&self) -> bool {
        let mut was = false;
        loop {
            was |= self.remove();
            if self.header.state.load(Ordering::Acquire) == 0 {
                return was;
            }
            let place = CpuIndex::new(self.header.place.load(Ordering::Relaxed));
            let level = P::run_level();
            if level >= RunLevel::Dispatch && P::cpu() == place {
                P::misuse(Misuse::LevelTooHigh {
                    operation: "waiting for a deferred procedure call of the same processor",
                    level,
                    highest: RunLevel::Apc,
                });
            }
            P::dpcs(place).ask();
            P::relax();
        }
    }
}

impl<P: Deferring, R: Routine> Drop for Dpc<P, R> {
    /// Removes and waits: at Dispatch on the processor where the call is queued or runs, a misuse.
    fn drop(&mut self) {
        self.remove_and_wait();
    }
}

impl<P: Deferring, R: Routine> fmt::Debug for Dpc<P, R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Dpc({:p}, queued: {})", self, self.is_queued())
    }
}

/// Runs the routine of a call.
///
/// # Safety
/// The header is the beginning of a `Dpc<P, R>` that is alive, and the pointer is good for all of it.
unsafe fn run<P: Deferring, R: Routine>(header: NonNull<Header>) {
    // SAFETY: the caller promises it; the header is the first field, of `repr(C)`.
    unsafe { header.cast::<Dpc<P, R>>().as_ref() }.routine.run();
}

/// Runs a call that a list has just let go, if it is still wanted, and does not touch it afterwards.
///
/// # Safety
/// The header is the beginning of a call whose `LINKED` is set, and that no list leads to any more; the pointer is
/// good for all of the call.
pub(super) unsafe fn finish(header: NonNull<Header>) {
    // SAFETY: a call is not freed before its word is zero.
    let fields = unsafe { header.as_ref() };
    let mut state = fields.state.load(Ordering::Relaxed);
    loop {
        let wanted = state & WANTED != 0;
        let next = (state & !(LINKED | WANTED)) + if wanted { RUNNING } else { 0 };
        match fields.state.compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed) {
            // From here on somebody else may free it.
            Ok(_) if !wanted => return,
            Ok(_) => break,
            Err(now) => state = now,
        }
    }
    // SAFETY: the function was put there for this call's type when it was made; `RUNNING` keeps the call alive.
    unsafe { (fields.run)(header) };
    fields.state.fetch_sub(RUNNING, Ordering::Release);
}
