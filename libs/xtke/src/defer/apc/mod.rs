//! Asynchronous procedure calls of the kernel: what is to be done by a certain thread, whatever it is doing.
//!
//! A **special** call runs at Apc, as soon as its thread runs below that. A **normal** call runs at Passive, when no
//! other normal one is under way and the thread is in no critical region; it may wait. Both wait while the thread is
//! in a guarded region. Special calls come first; those of a kind in the order of insertion. When the thread ends,
//! the calls that are left are told so instead.
//!
//! # What the machine does
//! It embeds a [`Queue`] in each thread, calls [`Queue::deliver`] on the thread, at Apc, when
//! [`Interrupting::notify`] asked for it, and [`Queue::run_down`] as the thread ends.
//!
//! # What holds
//! * A call stands in one thread's queue at most; it may be inserted again from when it begins to run.
//! * A call is not freed while it runs: its drop waits. It cannot take itself out of a queue, because the thread of
//!   that queue may be gone; so a call that is dropped while it is queued stops the machine. Who owns one removes it
//!   first, or waits until it was called.
//! * After calls were delivered the thread is unparked, since one of them may have used up a permit that was meant
//!   for it.
#![allow(unsafe_code, reason = "calls stand in queues by their addresses")]

mod queue;

use core::fmt;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use xtcore::RunLevel;
use xtrtl::list::Link;

use super::runs::Runs;
use crate::levels::{at_most, may_wait};
use crate::misuse::Misuse;
use crate::platform::Parking;
use crate::sync::{AtomicPtr, constructors};

pub use queue::{Ended, Queue, Region, critical_region, guarded_region};

/// A machine whose threads can be made to look at their calls.
pub trait Interrupting: Parking {
    /// Returns the calls of a thread: always the same queue. Highest level: any.
    fn apcs(thread: &Self::Thread) -> &Queue<Self>;

    /// Makes a thread deliver its calls soon: unparks it if it sleeps, kicks its processor if it runs elsewhere, and
    /// asks for a software interrupt at Apc if it is the current one. A notice that comes when the thread cannot
    /// deliver may be dropped: who makes it possible again gives another. Highest level: Dispatch.
    fn notify(thread: &Self::Thread);

    /// Lowers the level of the current thread from Apc to Passive, calls `run`, and raises it again.
    fn at_passive(run: impl FnOnce());
}

/// When a call may run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Outside of guarded regions.
    Special,
    /// Outside of guarded and critical regions, one at a time.
    Normal,
}

/// Why a call is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// The thread delivers it: it is to do what it is for.
    Delivery,
    /// The thread ends first: it only gives back what it holds. NT's rundown routine. At Passive, on the thread.
    ThreadEnds,
}

/// What a call does. It runs on the thread, at Apc or Passive as its [`Kind`] says.
pub trait Callee: Sync {
    /// Does it.
    fn call(&self, occasion: Occasion);
}

impl<F: Fn(Occasion) + Sync> Callee for F {
    fn call(&self, occasion: Occasion) {
        self(occasion);
    }
}

/// What all calls have, whatever they do. The first field of an [`Apc`] of `repr(C)`.
#[repr(C)]
struct Header<P: Interrupting> {
    link: Link,
    runs: Runs<P>,
    /// The queue that the call stands in, or null. It names a queue, and ceases to, under that queue's lock.
    home: AtomicPtr<Queue<P>>,
    kind: Kind,
    /// Runs the callee of the call that the header begins.
    ///
    /// Its safety: the header is the beginning of a call of the type that the function was made for, and that is alive.
    run: unsafe fn(NonNull<Header<P>>, Occasion),
}

/// An asynchronous procedure call, see the module.
#[repr(C)]
pub struct Apc<P: Interrupting, C: Callee> {
    header: Header<P>,
    callee: C,
    pinned: PhantomPinned,
}

// SAFETY: the link is touched under the lock of the queue that the call stands in; the callee is `Sync`.
unsafe impl<P: Interrupting, C: Callee> Sync for Apc<P, C> {}
// SAFETY: a queue finds the call by its address, whoever owns it; the callee goes with it.
unsafe impl<P: Interrupting, C: Callee + Send> Send for Apc<P, C> {}

impl<P: Interrupting, C: Callee> Apc<P, C> {
    constructors! {
        /// Returns a call that is not queued.
        pub fn new(kind: Kind, callee: C) -> Self {
            Self {
                header: Header {
                    link: Link::new(),
                    runs: Runs::new(),
                    home: AtomicPtr::new(null_mut()),
                    kind,
                    run: run::<P, C>,
                },
                callee,
                pinned: PhantomPinned,
            }
        }
    }

    /// Queues the call to a thread and makes that look; tells whether it was not queued already, to this thread or
    /// another.
    ///
    /// Highest level: Dispatch. Cost: one lock and a notice.
    ///
    /// # Errors
    /// [`Ended`]: the thread takes no more calls; this one is not queued.
    pub fn insert(self: Pin<&Self>, thread: &P::Thread) -> Result<bool, Ended>
    where
        C: 'static,
    {
        at_most::<P>(RunLevel::Dispatch, "Apc::insert");
        if !self.header.runs.claim() {
            return Ok(false);
        }
        // SAFETY: the claim says that the call stood nowhere. It is pinned, its drop does not return while it is
        // queued, and its callee borrows nothing that could end before it.
        let inserted = unsafe { P::apcs(thread).push(NonNull::from(&*self).cast()) };
        if inserted.is_err() {
            self.header.runs.unclaim();
            return Err(Ended);
        }
        P::notify(thread);
        Ok(true)
    }

    /// Takes the call out of a thread's queue, and tells whether it was in: if so, it is not called for that insertion.
    ///
    /// Highest level: Dispatch. Cost: one lock.
    pub fn remove(&self, thread: &P::Thread) -> bool {
        at_most::<P>(RunLevel::Dispatch, "Apc::remove");
        // SAFETY: the call is alive.
        let was = unsafe { P::apcs(thread).remove(NonNull::from(self).cast()) };
        if was {
            self.header.runs.unclaim();
        }
        was
    }

    /// Tells whether the call is queued. Highest level: any.
    pub fn is_queued(&self) -> bool {
        self.header.runs.is_queued()
    }
}

impl<P: Interrupting, C: Callee> Drop for Apc<P, C> {
    /// Waits for a run that is under way: at Dispatch a misuse, and by the callee itself it would wait for ever.
    fn drop(&mut self) {
        if self.header.runs.is_queued() {
            P::misuse(Misuse::CorruptQueue {
                queue: "a thread's asynchronous procedure calls (one was freed while it was queued)",
                entry: core::ptr::from_ref(self) as usize,
            });
        }
        if self.header.runs.is_running() {
            may_wait::<P>();
            self.header.runs.settle();
        }
    }
}

impl<P: Interrupting, C: Callee> fmt::Debug for Apc<P, C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Apc({:p}, {:?}, queued: {})", self, self.header.kind, self.is_queued())
    }
}

/// Runs the callee of a call.
///
/// # Safety
/// The header is the beginning of an `Apc<P, C>` that is alive, and the pointer is good for all of it.
unsafe fn run<P: Interrupting, C: Callee>(header: NonNull<Header<P>>, occasion: Occasion) {
    // SAFETY: the caller promises it; the header is the first field, of `repr(C)`.
    unsafe { header.cast::<Apc<P, C>>().as_ref() }.callee.call(occasion);
}
