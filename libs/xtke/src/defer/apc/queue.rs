//! The calls of one thread, and the regions in which it does not want them.
//!
//! # Protocol
//! The lists are behind a lock. The counts of regions are the thread's own: it alone changes them, and it alone looks
//! at them, in [`Queue::deliver`] and where it leaves a region. So no notice is lost: one that comes while a region
//! holds calls back finds nothing to do, and then leaving the region finds what is `left`.
#![allow(unsafe_code, reason = "calls and the current thread are reached by their addresses")]

use core::fmt;
use core::marker::PhantomData;
use core::ptr::{NonNull, from_ref, null_mut};

use xtcore::RunLevel;
use xtrtl::list::{Corrupt, Ring};

use super::{Header, Interrupting, Kind, Occasion};
use crate::levels::at_most;
use crate::lock::{Class, SpinLock};
use crate::misuse::Misuse;
use crate::platform::Boost;
use crate::sync::{AtomicBool, AtomicU32, Ordering, constructors};

const CLASS: Class = Class::new("asynchronous procedure calls");

/// The thread takes no more calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended;

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the thread has ended")
    }
}

impl core::error::Error for Ended {}

/// What the lock protects.
struct Lists {
    special: Ring,
    normal: Ring,
    ended: bool,
}

/// The asynchronous procedure calls of one thread, embedded in it.
pub struct Queue<P: Interrupting> {
    lists: SpinLock<P, Lists>,
    /// How many calls are in the lists; written under the lock, so that who finds none need not take it.
    left: AtomicU32,
    critical: AtomicU32,
    guarded: AtomicU32,
    /// Whether a normal call is under way, which holds back the others.
    busy: AtomicBool,
}

/// Goes on, or stops the machine.
fn sound<P: Interrupting, T>(result: Result<T, Corrupt>) -> T {
    result.unwrap_or_else(|corrupt| {
        P::misuse(Misuse::corrupt("a thread's asynchronous procedure calls", corrupt))
    })
}

impl Lists {
    fn of(&mut self, kind: Kind) -> &mut Ring {
        match kind {
            Kind::Special => &mut self.special,
            Kind::Normal => &mut self.normal,
        }
    }
}

impl<P: Interrupting> Queue<P> {
    constructors! {
        /// Returns the queue of a new thread.
        pub fn new() -> Self {
            Self {
                lists: SpinLock::new(CLASS, Lists { special: Ring::new(), normal: Ring::new(), ended: false }),
                left: AtomicU32::new(0),
                critical: AtomicU32::new(0),
                guarded: AtomicU32::new(0),
                busy: AtomicBool::new(false),
            }
        }
    }

    /// Tells whether a call could be delivered now. Only the thread itself may ask. Highest level: any. Cost: a few
    /// loads.
    pub fn is_deliverable(&self) -> bool {
        self.left.load(Ordering::Acquire) != 0 && self.guarded.load(Ordering::Relaxed) == 0
    }

    /// Delivers the calls of the current thread, `thread`, that nothing holds back. The machine calls it at Apc.
    /// Highest level: Apc.
    ///
    /// A normal call runs at Passive, where this may be called again: special calls come through then. Cost: one load
    /// if there is no call, else a lock for each and the time of the callees.
    pub fn deliver(thread: &P::Thread) {
        at_most::<P>(RunLevel::Apc, "apc::Queue::deliver");
        let queue = P::apcs(thread);
        let mut delivered = false;
        while queue.is_deliverable() {
            let Some((call, kind)) = queue.take() else { break };
            delivered = true;
            match kind {
                // SAFETY: `take` noted that the call runs, which keeps it alive until it ends.
                Kind::Special => unsafe { finish(call, Occasion::Delivery) },
                Kind::Normal => {
                    queue.busy.store(true, Ordering::Relaxed);
                    // SAFETY: `take` noted that the call runs, which keeps it alive until it ends.
                    P::at_passive(|| unsafe { finish(call, Occasion::Delivery) });
                    queue.busy.store(false, Ordering::Relaxed);
                }
            }
        }
        if delivered {
            P::unpark(thread, Boost::NONE);
        }
    }

    /// Takes no more calls, and calls those that are left with [`Occasion::ThreadEnds`]. The ending thread, `thread`,
    /// calls it as one of the last things that it does, at Passive. A thread that ends in a region is a misuse.
    /// Highest level: Apc.
    pub fn run_down(thread: &P::Thread) {
        at_most::<P>(RunLevel::Apc, "apc::Queue::run_down");
        let queue = P::apcs(thread);
        for (count, what) in [(&queue.critical, "a critical region"), (&queue.guarded, "a guarded region")] {
            if count.load(Ordering::Relaxed) != 0 {
                P::misuse(Misuse::EndedWhileHolding { what, thread: from_ref(thread) as usize });
            }
        }
        queue.lists.lock().ended = true;
        queue.busy.store(false, Ordering::Relaxed);
        while let Some((call, _)) = queue.take() {
            // SAFETY: `take` noted that the call runs, which keeps it alive until it ends.
            unsafe { finish(call, Occasion::ThreadEnds) };
        }
    }

    /// Takes the call out that is to run next, if nothing holds it back, and notes that it runs.
    fn take(&self) -> Option<(NonNull<Header<P>>, Kind)> {
        let mut lists = self.lists.lock();
        let kind = if !lists.special.is_empty() {
            Kind::Special
        } else if self.critical.load(Ordering::Relaxed) == 0 && !self.busy.load(Ordering::Relaxed) {
            Kind::Normal
        } else {
            return None;
        };
        let call = sound::<P, _>(lists.of(kind).pop())?.cast::<Header<P>>();
        // SAFETY: the call stood in the list, so it is alive, and `begin` below keeps it so.
        let fields = unsafe { call.as_ref() };
        fields.home.store(null_mut(), Ordering::Relaxed);
        fields.runs.begin();
        self.left.fetch_sub(1, Ordering::Relaxed);
        Some((call, kind))
    }

    /// Puts a call in.
    ///
    /// # Errors
    /// [`Ended`]; the call was not put in.
    ///
    /// # Safety
    /// The call stands in no queue, by a claim of its `runs`; it stays alive and where it is until it was taken out
    /// and nobody runs it. The pointer is good for the whole call.
    pub(super) unsafe fn push(&self, call: NonNull<Header<P>>) -> Result<(), Ended> {
        // SAFETY: the caller promises that the call is alive.
        let fields = unsafe { call.as_ref() };
        let mut lists = self.lists.lock();
        if lists.ended {
            return Err(Ended);
        }
        fields.home.store(from_ref(self).cast_mut(), Ordering::Relaxed);
        // SAFETY: the caller promises it; the link is the first field.
        unsafe { lists.of(fields.kind).push(call.cast()) };
        self.left.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Takes a call out, and tells whether it was in.
    ///
    /// # Safety
    /// The call is alive.
    pub(super) unsafe fn remove(&self, call: NonNull<Header<P>>) -> bool {
        // SAFETY: the caller promises that the call is alive.
        let fields = unsafe { call.as_ref() };
        let mut lists = self.lists.lock();
        if !core::ptr::eq(fields.home.load(Ordering::Relaxed), self) {
            return false;
        }
        // SAFETY: its home says that it stands here, and cannot change without the lock.
        sound::<P, _>(unsafe { lists.of(fields.kind).remove(call.cast()) });
        fields.home.store(null_mut(), Ordering::Relaxed);
        self.left.fetch_sub(1, Ordering::Relaxed);
        true
    }
}

/// Runs a call and notes that it has ended; it may be gone then.
///
/// # Safety
/// The call is alive, and its `runs` say that it runs.
unsafe fn finish<P: Interrupting>(call: NonNull<Header<P>>, occasion: Occasion) {
    // SAFETY: a call is not freed while its `runs` say that it runs, which is until `finish` below.
    let fields = unsafe { call.as_ref() };
    // SAFETY: the function was put there for this call's type when it was made.
    unsafe { (fields.run)(call, occasion) };
    fields.runs.finish();
}

impl<P: Interrupting> Drop for Queue<P> {
    /// A thread that is freed with calls in its queue was not run down: a misuse.
    fn drop(&mut self) {
        let entry = from_ref(self) as usize;
        let lists = self.lists.get_mut();
        if !lists.special.is_empty() || !lists.normal.is_empty() {
            let queue = "a thread's asynchronous procedure calls (it was freed with some left)";
            P::misuse(Misuse::CorruptQueue { queue, entry });
        }
    }
}

#[cfg(not(loom))]
impl<P: Interrupting> Default for Queue<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Interrupting> fmt::Debug for Queue<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Queue(left: {})", self.left.load(Ordering::Relaxed))
    }
}

/// A stretch of a thread's code in which calls are held back. Dropping it leaves the region, and has the calls
/// delivered that came meanwhile. It stays on its thread.
#[must_use = "the region ends where this is dropped"]
pub struct Region<P: Interrupting> {
    thread: NonNull<P::Thread>,
    held: Kind,
    stays: PhantomData<*const ()>,
}

/// Enters a region in which no normal call is delivered. Regions may be nested. Highest level: Dispatch. Cost:
/// constant.
pub fn critical_region<P: Interrupting>() -> Region<P> {
    Region::enter(Kind::Normal)
}

/// Enters a region in which no call is delivered. Regions may be nested. Highest level: Dispatch. Cost: constant.
pub fn guarded_region<P: Interrupting>() -> Region<P> {
    Region::enter(Kind::Special)
}

impl<P: Interrupting> Region<P> {
    fn enter(held: Kind) -> Self {
        let region = Self { thread: P::current(), held, stays: PhantomData };
        region.count().fetch_add(1, Ordering::Relaxed);
        region
    }

    fn thread(&self) -> &P::Thread {
        // SAFETY: the thread is in the function that has the region, which cannot leave the thread; so it is alive.
        unsafe { self.thread.as_ref() }
    }

    fn count(&self) -> &AtomicU32 {
        let queue = P::apcs(self.thread());
        match self.held {
            Kind::Special => &queue.guarded,
            Kind::Normal => &queue.critical,
        }
    }
}

impl<P: Interrupting> Drop for Region<P> {
    fn drop(&mut self) {
        if self.count().fetch_sub(1, Ordering::AcqRel) == 1 && P::apcs(self.thread()).is_deliverable() {
            P::notify(self.thread());
        }
    }
}

impl<P: Interrupting> fmt::Debug for Region<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Region(holds back {:?})", self.held)
    }
}
