//! The deferred procedure calls of one processor.
//!
//! # Why no lock
//! An interrupt of any level may insert a call while the processor is in the middle of an insertion or of the drain,
//! and spin locks hold back levels up to Dispatch only. So a queue is a stack without a lock: inserting is a
//! compare-and-swap of its head, draining takes all of it with one exchange and turns the order round. The head is
//! never compared with what was read of an entry, so an entry that comes back at the same address does no harm.
//!
//! # When a processor is asked
//! `asked` is set by the first who asks another processor, and spares the others the interrupt. The drain clears it
//! with an exchange **before** it takes the stacks: whoever found it set has pushed before, in the order of the
//! exchanges, so the drain takes what he pushed.
#![allow(unsafe_code, reason = "calls are reached by their addresses")]

use core::fmt;
use core::marker::PhantomData;
use core::pin::pin;
use core::ptr::{NonNull, null_mut};

use xtcore::{CpuIndex, RunLevel};

use super::done::Done;
use super::dpc::{Dpc, Header, Importance, Target, finish};
use crate::levels::{at_most, may_wait};
use crate::platform::{Parking, Platform};
use crate::sync::{AtomicBool, AtomicPtr, Ordering, constructors};

/// A machine with deferred procedure calls.
pub trait Deferring: Platform {
    /// Returns the calls of a processor: always the same queue, made with that processor's number. Highest level: any.
    fn dpcs(cpu: CpuIndex) -> &'static DpcQueue<Self>;
}

/// Entries without a lock, last in, first out.
struct Stack(AtomicPtr<Header>);

impl Stack {
    constructors! {
        /// Returns an empty stack.
        fn new() -> Self {
            Self(AtomicPtr::new(null_mut()))
        }
    }

    /// Puts an entry on top.
    ///
    /// # Safety
    /// The entry is in no stack, and stays alive and where it is until it was taken. The pointer is good for the
    /// whole call.
    unsafe fn push(&self, entry: NonNull<Header>) {
        // SAFETY: the caller promises that it is alive.
        let next = unsafe { &(*entry.as_ptr()).next };
        let mut top = self.0.load(Ordering::Relaxed);
        loop {
            next.store(top, Ordering::Relaxed);
            match self.0.compare_exchange_weak(top, entry.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Takes everything and returns the entry that came first; `next` leads to the others in their order.
    fn take(&self) -> *mut Header {
        if self.is_empty() {
            return null_mut();
        }
        let mut rest = self.0.swap(null_mut(), Ordering::Acquire);
        let mut first = null_mut();
        // SAFETY: what was in the stack is alive until `finish` lets it go.
        while let Some(entry) = unsafe { rest.as_ref() } {
            let next = entry.next.load(Ordering::Relaxed);
            entry.next.store(first, Ordering::Relaxed);
            first = rest;
            rest = next;
        }
        first
    }

    fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }
}

/// The deferred procedure calls of one processor.
pub struct DpcQueue<P: Deferring> {
    cpu: CpuIndex,
    urgent: Stack,
    ordinary: Stack,
    pub(super) asked: AtomicBool,
    platform: PhantomData<fn() -> P>,
}

impl<P: Deferring> DpcQueue<P> {
    constructors! {
        /// Returns the queue of a processor, with no call in it.
        pub fn new(cpu: CpuIndex) -> Self {
            Self {
                cpu,
                urgent: Stack::new(),
                ordinary: Stack::new(),
                asked: AtomicBool::new(false),
                platform: PhantomData,
            }
        }
    }

    /// Returns whose calls they are. Highest level: any.
    pub const fn cpu(&self) -> CpuIndex {
        self.cpu
    }

    /// Tells whether there is nothing to run. Highest level: any. Cost: two loads.
    pub fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.ordinary.is_empty()
    }

    /// Asks for Dispatch if calls of low importance wait. The processor's clock interrupt calls it, and its idle
    /// thread before it halts without a clock. Highest level: High. Cost: two loads.
    pub fn tick(&self) {
        if !self.is_empty() {
            P::request_dispatch();
        }
    }

    /// Runs the calls that are queued: those of high importance, then the others, each in the order of insertion. The
    /// processor calls it at Dispatch, when it delivers what was asked for there.
    ///
    /// What is inserted meanwhile waits for the next turn, which is asked for at the end: a call that inserts itself
    /// again does not keep the processor from timers and threads. It is called after every kick, also if nothing
    /// seems to be queued: it is what lets others ask again. Level: Dispatch, on its own processor. Cost: two loads
    /// and an exchange if nothing is queued, and the time of the routines.
    pub fn drain(&self) {
        at_most::<P>(RunLevel::Dispatch, "DpcQueue::drain");
        self.asked.swap(false, Ordering::AcqRel);
        self.turn();
        if !self.is_empty() {
            P::request_dispatch();
        }
    }

    /// Runs what is queued.
    pub(super) fn turn(&self) {
        for stack in [&self.urgent, &self.ordinary] {
            let mut rest = stack.take();
            while let Some(header) = NonNull::new(rest) {
                // SAFETY: a call is alive until `finish` lets it go, which comes after this.
                rest = unsafe { header.as_ref() }.next.load(Ordering::Relaxed);
                // SAFETY: the call came from the list, which does not lead to it any more; it was pushed as a pointer
                // to all of the call.
                unsafe { finish(header) };
            }
        }
    }

    /// Puts a call in.
    ///
    /// # Safety
    /// Its `LINKED` was just set by the caller, and it stays alive and where it is until that is clear. The pointer
    /// is good for all of the call.
    pub(super) unsafe fn push(&self, call: NonNull<Header>, importance: Importance) {
        let stack = if importance == Importance::High { &self.urgent } else { &self.ordinary };
        // SAFETY: `LINKED` was clear until the caller set it, so the call is in no stack; it is cleared only after a
        // drain has taken the call out of this one, and until then the call stays.
        unsafe { stack.push(call) };
    }

    /// Asks the processor for a drain. The caller is at Dispatch or above, or does not mind where it is.
    pub(super) fn ask(&self) {
        if P::cpu() == self.cpu {
            P::request_dispatch();
        } else if !self.asked.swap(true, Ordering::AcqRel) {
            P::kick(self.cpu);
        }
    }
}

impl<P: Deferring> fmt::Debug for DpcQueue<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DpcQueue(cpu {}, empty: {})", self.cpu.get(), self.is_empty())
    }
}

/// Waits until every call has run that was queued on these processors when this began. NT's `KeFlushQueuedDpcs`.
///
/// A call is put at the end of each processor's queue, one processor after the other. Highest level: Apc, and from no
/// deferred procedure call. Cost: an interrupt to each other processor, and the time of what is queued there.
pub fn flush<P: Deferring + Parking>(cpus: impl IntoIterator<Item = CpuIndex>) {
    may_wait::<P>();
    for cpu in cpus {
        let done = Done::<P>::new();
        let marker = pin!(Dpc::<P, _>::new(Target::Cpu(cpu), Importance::Medium, || done.complete()));
        // SAFETY: the marker is dropped before what it borrows, at the end of this turn, also by unwinding.
        unsafe { marker.as_ref().insert_borrowed() };
        done.wait();
    }
}
