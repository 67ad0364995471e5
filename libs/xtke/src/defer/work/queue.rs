//! The queue that workers take items from.
//!
//! # Protocol
//! Everything is behind the queue's lock. Each submission has a number; a worker, in the frame of its `run_worker`,
//! stands among the idle or the running ones, the latter in the order of the numbers of what they run. So the oldest
//! submission that has not ended is the first item of the queue or that of the first running worker, and a flush
//! waits until that is younger.
//!
//! Who sleeps stands in a ring, and is taken out of it by whoever wakes it, under the lock; that it stands there no
//! more is how it knows, so it is woken once and cannot be gone too early.
#![allow(unsafe_code, reason = "items and sleeping threads are reached by their addresses")]

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{NonNull, from_ref};

use xtrtl::list::{Corrupt, Link, Ring};

use super::Header;
use crate::levels::may_wait;
use crate::lock::{Class, SpinGuard, SpinLock};
use crate::misuse::Misuse;
use crate::platform::{Boost, Parking};
use crate::sleep::Reason;
use crate::sync::constructors;

const CLASS: Class = Class::new("work queue");

/// The queue takes no more work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the work queue is stopped")
    }
}

impl core::error::Error for Stopped {}

/// A thread in one of the queue's functions: a worker, or one who waits for work to end.
#[repr(C)]
struct Sleeper<P: Parking> {
    link: Link,
    /// What a worker runs, or up to where one who flushes waits.
    number: Cell<u64>,
    thread: NonNull<P::Thread>,
}

impl<P: Parking> Sleeper<P> {
    fn new() -> Self {
        Self { link: Link::new(), number: Cell::new(0), thread: P::current() }
    }
}

/// What the lock protects.
struct State<P: Parking> {
    items: Ring,
    /// Workers with nothing to do, workers that run something, those who flush, and those who wait for the last worker.
    idle: Ring,
    running: Ring,
    flushing: Ring,
    stopping: Ring,
    workers: usize,
    submitted: u64,
    stopped: bool,
    platform: PhantomData<fn() -> P>,
}

/// Queued work, and the threads that do it.
pub struct WorkQueue<P: Parking> {
    state: SpinLock<P, State<P>>,
}

type Guard<'a, P> = SpinGuard<'a, P, State<P>>;

/// Goes on, or stops the machine.
fn sound<P: Parking, T>(result: Result<T, Corrupt>) -> T {
    result.unwrap_or_else(|corrupt| P::misuse(Misuse::corrupt("a work queue", corrupt)))
}

/// Takes the last of the threads out that stand in a ring of a queue, and lets it run.
fn wake_last<P: Parking>(ring: &mut Ring) -> bool {
    let Some(link) = sound::<P, _>(ring.pop_last()) else { return false };
    // SAFETY: a sleeper stays where it is until it finds, under the lock, that it stands in no ring.
    let thread = unsafe { link.cast::<Sleeper<P>>().as_ref() }.thread;
    // SAFETY: the thread is in a function of the queue, for the same reason.
    P::unpark(unsafe { thread.as_ref() }, Boost::NONE);
    true
}

impl<P: Parking> State<P> {
    /// Returns the number of the oldest submission that has not ended.
    fn oldest(&self) -> u64 {
        // SAFETY: only items stand there, and each until it is taken out.
        let queued = self.items.first().map(|item| unsafe { item.cast::<Header<P>>().as_ref() }.number.get());
        // SAFETY: only workers stand there, and each until it is taken out.
        let run =
            self.running.first().map(|worker| unsafe { worker.cast::<Sleeper<P>>().as_ref() }.number.get());
        queued.unwrap_or(u64::MAX).min(run.unwrap_or(u64::MAX))
    }

    /// Lets those go who wait for submissions that have all ended.
    fn settle(&mut self) {
        if self.flushing.is_empty() {
            return;
        }
        let oldest = self.oldest();
        let mut waiting = core::mem::replace(&mut self.flushing, Ring::new());
        while let Some(link) = sound::<P, _>(waiting.pop()) {
            // SAFETY: a sleeper stays where it is until it finds, under the lock, that it stands in no ring.
            let sleeper = unsafe { link.cast::<Sleeper<P>>().as_ref() };
            if sleeper.number.get() >= oldest {
                // SAFETY: it was just taken out, and its thread counts on its being in.
                unsafe { self.flushing.push(link) };
            } else {
                // SAFETY: the thread is in `flush`, for the same reason.
                P::unpark(unsafe { sleeper.thread.as_ref() }, Boost::NONE);
            }
        }
    }
}

impl<P: Parking> WorkQueue<P> {
    constructors! {
        /// Returns a queue without work or workers.
        pub fn new() -> Self {
            Self {
                state: SpinLock::new(CLASS, State {
                    items: Ring::new(),
                    idle: Ring::new(),
                    running: Ring::new(),
                    flushing: Ring::new(),
                    stopping: Ring::new(),
                    workers: 0,
                    submitted: 0,
                    stopped: false,
                    platform: PhantomData,
                }),
            }
        }
    }

    /// Makes the calling thread a worker, until the queue is stopped and empty. Items run at the level of the call,
    /// which is Passive.
    pub fn run_worker(&self) {
        may_wait::<P>();
        let worker = Sleeper::<P>::new();
        let link = NonNull::from(&worker).cast::<Link>();
        let mut state = self.state.lock();
        state.workers += 1;
        loop {
            if let Some(item) = sound::<P, _>(state.items.pop()) {
                state = self.run(state, item.cast(), &worker);
            } else if state.stopped {
                break;
            } else {
                // SAFETY: it stands in no ring, and this frame stays until it stands in none again.
                unsafe { state.idle.push(link) };
                state = self.sleep(state, &worker, &Reason::work(from_ref(self).cast()));
            }
        }
        state.workers -= 1;
        if state.workers == 0 {
            while wake_last::<P>(&mut state.stopping) {}
        }
    }

    /// Waits until everything has ended that was submitted before. Highest level: Apc, and from no item of the queue,
    /// which would wait for itself. Cost: one lock, and the time of the items.
    pub fn flush(&self) {
        may_wait::<P>();
        let waiter = Sleeper::<P>::new();
        let mut state = self.state.lock();
        waiter.number.set(state.submitted);
        if state.oldest() <= state.submitted {
            // SAFETY: it stands in no ring, and this frame stays until it stands in none again.
            unsafe { state.flushing.push(NonNull::from(&waiter).cast()) };
            drop(self.sleep(state, &waiter, &Reason::completion(from_ref(self).cast())));
        }
    }

    /// Takes no more work, and waits until the workers have done what was submitted before and have left. Without
    /// workers, what was submitted stays until they come. Highest level: Apc, and from no item of the queue.
    pub fn stop(&self) {
        may_wait::<P>();
        let waiter = Sleeper::<P>::new();
        let mut state = self.state.lock();
        state.stopped = true;
        while wake_last::<P>(&mut state.idle) {}
        if state.workers > 0 {
            // SAFETY: it stands in no ring, and this frame stays until it stands in none again.
            unsafe { state.stopping.push(NonNull::from(&waiter).cast()) };
            drop(self.sleep(state, &waiter, &Reason::completion(from_ref(self).cast())));
        }
    }

    /// Puts an item in and wakes a worker.
    ///
    /// # Errors
    /// [`Stopped`]; the item was not put in.
    ///
    /// # Safety
    /// The item is of this queue and stands in no ring; it stays alive and where it is until it was taken out and its
    /// `runs` say that nobody runs it. The pointer is good for the whole item.
    pub(super) unsafe fn push(&self, item: NonNull<Header<P>>) -> Result<(), Stopped> {
        let mut state = self.state.lock();
        if state.stopped {
            return Err(Stopped);
        }
        state.submitted += 1;
        // SAFETY: the caller promises that the item is alive.
        unsafe { item.as_ref() }.number.set(state.submitted);
        // SAFETY: the caller promises it; the link is the first field.
        unsafe { state.items.push(item.cast()) };
        wake_last::<P>(&mut state.idle);
        Ok(())
    }

    /// Takes an item out, and tells whether it was in.
    ///
    /// # Safety
    /// The item is of this queue, and alive.
    pub(super) unsafe fn remove(&self, item: NonNull<Header<P>>) -> bool {
        let mut state = self.state.lock();
        // SAFETY: the caller promises that the item is alive.
        if !unsafe { item.as_ref() }.link.is_linked() {
            return false;
        }
        // SAFETY: the item is linked, and stands nowhere but in its queue.
        sound::<P, _>(unsafe { state.items.remove(item.cast()) });
        state.settle();
        true
    }

    /// Runs an item that was taken out, without the lock, and takes that again.
    fn run<'a>(
        &'a self,
        mut state: Guard<'a, P>,
        item: NonNull<Header<P>>,
        worker: &Sleeper<P>,
    ) -> Guard<'a, P> {
        let link = NonNull::from(worker).cast::<Link>();
        // SAFETY: an item is alive until nobody runs it, and `begin` says that somebody does.
        let fields = unsafe { item.as_ref() };
        worker.number.set(fields.number.get());
        // SAFETY: a worker stands among the running ones from here to the removal below, in its own frame.
        unsafe { state.running.push(link) };
        fields.runs.begin();
        drop(state);
        // SAFETY: the function was put there for this item's type when it was made.
        unsafe { (fields.run)(item) };
        fields.runs.finish();
        let mut state = self.state.lock();
        // SAFETY: it was pushed above, and nobody else takes it out.
        sound::<P, _>(unsafe { state.running.remove(link) });
        state.settle();
        state
    }

    /// Sleeps for `reason`, without the lock, until somebody took the caller out of the ring that it stands in, and takes
    /// the lock again.
    fn sleep<'a>(&'a self, mut state: Guard<'a, P>, sleeper: &Sleeper<P>, reason: &Reason) -> Guard<'a, P> {
        while sleeper.link.is_linked() {
            drop(state);
            P::park_for(reason);
            state = self.state.lock();
        }
        state
    }
}

#[cfg(not(loom))]
impl<P: Parking> Default for WorkQueue<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Parking> fmt::Debug for WorkQueue<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WorkQueue")
    }
}
