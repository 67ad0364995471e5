//! Work items: routines that worker threads run at Passive, one after the other.
//!
//! A queue has as many workers as threads call [`WorkQueue::run_worker`]; they may have any priority. So NT's kinds
//! of work (critical, delayed, hyper-critical) are queues of their own, with workers of their own: a kernel has one
//! of high priority for what somebody waits for, and one of low priority for what takes long; there is nothing that a
//! third would add.
//!
//! # What holds
//! * Items begin in the order of their submission; with several workers they may end in another.
//! * Each submission is run once, or taken back by [`WorkItem::cancel`].
//! * The worker that went idle last works next: its stack is warm.
//! * An item that is dropped is cancelled, and waited for if it runs.
#![allow(unsafe_code, reason = "items stand in queues by their addresses")]

mod queue;

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::NonNull;

use xtcore::RunLevel;
use xtrtl::list::Link;

use super::Routine;
use super::runs::Runs;
use crate::levels::{at_most, may_wait};
use crate::platform::Parking;
use crate::sync::constructors;

pub use queue::{Stopped, WorkQueue};

/// What all items have, whatever they do. The first field of a [`WorkItem`] of `repr(C)`.
#[repr(C)]
struct Header<P: Parking> {
    link: Link,
    /// The number of the submission; like the link, touched under the lock of the queue.
    number: Cell<u64>,
    runs: Runs<P>,
    /// Runs the routine of the item that the header begins.
    ///
    /// Its safety: the header is the beginning of an item of the type that the function was made for, and that is
    /// alive.
    run: unsafe fn(NonNull<Header<P>>),
}

/// Something for the workers of a queue to do. It may sleep.
#[repr(C)]
pub struct WorkItem<P: Parking, R: Routine> {
    header: Header<P>,
    queue: &'static WorkQueue<P>,
    routine: R,
    pinned: PhantomPinned,
}

// SAFETY: the link and the number are touched under the lock of the item's queue; the routine is `Sync`.
unsafe impl<P: Parking, R: Routine> Sync for WorkItem<P, R> {}
// SAFETY: the queue finds the item by its address, whoever owns it; the routine goes with it.
unsafe impl<P: Parking, R: Routine + Send> Send for WorkItem<P, R> {}

impl<P: Parking, R: Routine> WorkItem<P, R> {
    constructors! {
        /// Returns an item for the workers of a queue, that is not queued.
        pub fn new(queue: &'static WorkQueue<P>, routine: R) -> Self {
            Self {
                header: Header {
                    link: Link::new(),
                    number: Cell::new(0),
                    runs: Runs::new(),
                    run: run::<P, R>,
                },
                queue,
                routine,
                pinned: PhantomPinned,
            }
        }
    }

    /// Queues the item, and tells whether it was not queued already. Either way it begins after this.
    ///
    /// Highest level: Dispatch. Cost: one lock, and an unpark if a worker is idle.
    ///
    /// # Errors
    /// [`Stopped`]: the item is not queued.
    pub fn submit(self: Pin<&Self>) -> Result<bool, Stopped>
    where
        R: 'static,
    {
        at_most::<P>(RunLevel::Dispatch, "WorkItem::submit");
        if !self.header.runs.claim() {
            return Ok(false);
        }
        // SAFETY: the claim says that the item stood nowhere. It is pinned, its drop takes it out, and its routine
        // borrows nothing that could end before it.
        let submitted = unsafe { self.queue.push(NonNull::from(&*self).cast()) };
        if submitted.is_err() {
            self.header.runs.unclaim();
        }
        submitted.map(|()| true)
    }

    /// Takes the item out of its queue, and tells whether it was in: if so, it does not run for that submission. It
    /// may be running for an earlier one.
    ///
    /// Highest level: Dispatch. Cost: one lock.
    pub fn cancel(&self) -> bool {
        at_most::<P>(RunLevel::Dispatch, "WorkItem::cancel");
        // SAFETY: the item is alive, and of this queue.
        let was = unsafe { self.queue.remove(NonNull::from(self).cast()) };
        if was {
            self.header.runs.unclaim();
        }
        was
    }
}

impl<P: Parking, R: Routine> Drop for WorkItem<P, R> {
    /// Cancels, and waits for a run that is under way: at Dispatch a misuse, and by the item's own routine it would
    /// wait for ever.
    fn drop(&mut self) {
        if self.header.runs.is_queued() {
            self.cancel();
        }
        if self.header.runs.is_running() {
            may_wait::<P>();
            self.header.runs.settle();
        }
    }
}

impl<P: Parking, R: Routine> fmt::Debug for WorkItem<P, R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WorkItem({:p}, queued: {})", self, self.header.runs.is_queued())
    }
}

/// Runs the routine of an item.
///
/// # Safety
/// The header is the beginning of a `WorkItem<P, R>` that is alive, and the pointer is good for all of it.
unsafe fn run<P: Parking, R: Routine>(header: NonNull<Header<P>>) {
    // SAFETY: the caller promises it; the header is the first field, of `repr(C)`.
    unsafe { header.cast::<WorkItem<P, R>>().as_ref() }.routine.run();
}
