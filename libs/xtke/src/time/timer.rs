//! Timers: something that is done at a moment, once or again and again.
//!
//! # What holds
//! * **A timer is done at its moment or after, never before**; those of one processor in the order of their moments,
//!   and of one moment in the order in which they were armed. The clock's ticks decide how long after; nothing else
//!   is added.
//! * **After [`Timer::cancel`] returned true the action does not begin any more for what was armed**; after
//!   [`Timer::cancel_and_wait`] it does not run either.
//! * **Periods do not drift**: the next moment is counted from the last one, not from when that was noticed. Moments
//!   that have passed unnoticed are done once, together; the phase stays.
//! * **No timer is freed while something knows it**: it is pinned while armed, and dropping it cancels and waits. An
//!   action that borrows from a function's frame is armed by [`during`] only, which does not return before.
//!
//! # Who may touch what
//! The links of a timer belong to the queue named by `home`, under that queue's lock. `home` changes under the lock
//! of the queue that it named before, and not while that queue runs the timer's action. So who has locked a queue and
//! finds that `home` still names it has the timer.
#![allow(unsafe_code, reason = "timers stand in queues by their addresses")]

use core::fmt;
use core::marker::{PhantomData, PhantomPinned};
use core::pin::{Pin, pin};
use core::ptr::NonNull;

use xtcore::{CpuIndex, RunLevel};

use super::queue::{Guard, TimerQueue, Timing};
use super::wheel::Entry;
use super::{Instant, Interval};
use crate::levels::at_most;
use crate::misuse::Misuse;
use crate::sync::{AtomicUsize, Ordering, constructors};

/// What a timer is for.
///
/// It is called at Dispatch, on the processor that armed the timer, with no lock held. It may arm and cancel timers,
/// its own included.
pub trait Action: Sync {
    /// Does it.
    fn due(&self, expiry: Expiry);
}

impl<F: Fn(Expiry) + Sync> Action for F {
    fn due(&self, expiry: Expiry) {
        self(expiry);
    }
}

/// Why an action is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expiry {
    /// The moment for which the timer was armed.
    pub due: Instant,
    /// The moment when that was noticed. A periodic timer's moments in between are not made up for.
    pub now: Instant,
}

/// When a timer is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// At a moment; at once if that has passed, and never at [`Instant::NEVER`].
    At(Instant),
    /// So long from now.
    After(Interval),
}

/// The time from one moment of a periodic timer to the next. It is not zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period(Interval);

impl Period {
    /// Wraps an interval, unless that is zero.
    #[must_use]
    pub const fn new(interval: Interval) -> Option<Self> {
        if interval.units() == 0 { None } else { Some(Self(interval)) }
    }

    /// Returns the interval.
    #[must_use]
    pub const fn interval(self) -> Interval {
        self.0
    }
}

/// Whether a timer is due again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// It is not.
    Once,
    /// It is, so long after each moment.
    Every(Period),
}

/// What all timers have, whatever they are for. The first field of a [`Timer`] of `repr(C)`.
#[repr(C)]
pub(super) struct Node<P: Timing> {
    entry: Entry,
    home: AtomicUsize,
    /// Calls the action of the timer that the node begins.
    ///
    /// Its safety: the node is the beginning of a timer of the type that the function was made for, and that is alive.
    run: unsafe fn(NonNull<Entry>, Expiry),
    platform: PhantomData<fn() -> P>,
}

/// Where a timer is at home that was never armed.
const NOWHERE: usize = usize::MAX;

/// Something that is done at a moment, see the module. Arming and cancelling cost a lock and a constant number of
/// steps.
///
/// ```text
/// static TIMER: Timer<Machine, SetsEvent> = Timer::new(SetsEvent(&EVENT));
/// Pin::static_ref(&TIMER).arm(Due::After(Interval::from_millis(5)), Repeat::Once);
/// ```
#[repr(C)]
pub struct Timer<P: Timing, A: Action> {
    node: Node<P>,
    action: A,
    pinned: PhantomPinned,
}

// SAFETY: what is in the entry is touched under the lock of the queue that is the timer's home; the action is `Sync`.
unsafe impl<P: Timing, A: Action> Sync for Timer<P, A> {}
// SAFETY: a queue finds the timer by its address, whoever owns it; the action goes with it.
unsafe impl<P: Timing, A: Action + Send> Send for Timer<P, A> {}

impl<P: Timing, A: Action> Timer<P, A> {
    constructors! {
        /// Returns a timer that is not armed.
        pub fn new(action: A) -> Self {
            Self {
                node: Node {
                    entry: Entry::new(),
                    home: AtomicUsize::new(NOWHERE),
                    run: run::<P, A>,
                    platform: PhantomData,
                },
                action,
                pinned: PhantomPinned,
            }
        }
    }

    /// Arms the timer on the caller's processor, and tells whether it was armed before. An armed timer is cancelled,
    /// then armed again.
    ///
    /// Highest level: Dispatch. Cost: one lock; two where the timer comes from another processor.
    pub fn arm(self: Pin<&Self>, due: Due, repeat: Repeat) -> bool
    where
        A: 'static,
    {
        // SAFETY: the action borrows nothing that could end before the timer.
        unsafe { self.arm_borrowed(due, repeat) }
    }

    /// Arms the timer.
    ///
    /// # Safety
    /// What the action borrows lives until the timer is dropped, or cancelled and waited for.
    unsafe fn arm_borrowed(self: Pin<&Self>, due: Due, repeat: Repeat) -> bool {
        at_most::<P>(RunLevel::Dispatch, "Timer::arm");
        let _raised = P::raise(RunLevel::Dispatch);
        let due = match due {
            Due::At(moment) => moment,
            Due::After(interval) => P::now() + interval,
        };
        let period = match repeat {
            Repeat::Once => Interval::ZERO,
            Repeat::Every(Period(interval)) => interval,
        };
        let here = P::cpu().get();
        let home = &self.node.home;
        // A failure means that the timer has a home.
        let _ = home.compare_exchange(NOWHERE, here, Ordering::Relaxed, Ordering::Relaxed);
        let mut was = false;
        while let Some((queue, mut state)) = self.lock() {
            was |= queue.remove(&mut state, self.entry());
            if queue.cpu().get() == here || state.runs(self.entry()) {
                self.node.entry.period.set(period);
                // SAFETY: it was taken out if it was in; it is pinned, and its drop takes it out again.
                unsafe { queue.insert(&mut state, self.entry(), due) };
                break;
            }
            home.store(here, Ordering::Release);
        }
        was
    }

    /// Disarms the timer, and tells whether it was armed: if so, what it was armed for does not begin. If not, it was
    /// done or is being done, maybe on another processor; that of a periodic timer may be under way in either case.
    ///
    /// Highest level: Dispatch. Cost: one lock.
    pub fn cancel(&self) -> bool {
        at_most::<P>(RunLevel::Dispatch, "Timer::cancel");
        self.lock().is_some_and(|(queue, mut state)| queue.remove(&mut state, self.entry()))
    }

    /// Disarms the timer as often as its action arms it again, and waits until that does not run; tells whether it was
    /// armed. From the action itself, and from what that calls, it does not wait.
    ///
    /// Highest level: Dispatch, with no lock held that the action takes. Cost: the time that the action takes.
    pub fn cancel_and_wait(&self) -> bool {
        at_most::<P>(RunLevel::Dispatch, "Timer::cancel_and_wait");
        let mut was = false;
        while let Some((queue, mut state)) = self.lock() {
            was |= queue.remove(&mut state, self.entry());
            // The level is Dispatch: an action of this processor's queue that runs is below on this very stack.
            if !state.runs(self.entry()) || queue.cpu() == P::cpu() {
                break;
            }
            drop(state);
            P::relax();
        }
        was
    }

    /// Returns when the timer is due, if it is armed. Highest level: Dispatch. Cost: one lock.
    pub fn due(&self) -> Option<Instant> {
        at_most::<P>(RunLevel::Dispatch, "Timer::due");
        let (_, state) = self.lock()?;
        let entry = &self.node.entry;
        let due = entry.is_linked().then(|| entry.due());
        drop(state);
        due
    }

    /// Locks the queue that is the timer's home, if it was ever armed.
    fn lock(&self) -> Option<(&'static TimerQueue<P>, Guard<'static, P>)> {
        loop {
            let home = self.node.home.load(Ordering::Acquire);
            if home == NOWHERE {
                return None;
            }
            let queue = P::timers(CpuIndex::new(home));
            let state = queue.lock();
            if self.node.home.load(Ordering::Relaxed) == home {
                return Some((queue, state));
            }
        }
    }

    /// Returns the timer as queues know it, fit for reaching all of it.
    fn entry(&self) -> NonNull<Entry> {
        NonNull::from(self).cast()
    }
}

impl<P: Timing, A: Action> Drop for Timer<P, A> {
    /// Cancels and waits. A timer that is dropped by its own action is a misuse: the action would go on in what is
    /// freed.
    fn drop(&mut self) {
        self.cancel_and_wait();
        let runs = self.lock().is_some_and(|(_, state)| state.runs(self.entry()));
        if runs {
            P::misuse(Misuse::CorruptQueue {
                queue: "timers (one was freed by its own action)",
                entry: core::ptr::from_ref(self) as usize,
            });
        }
    }
}

impl<P: Timing, A: Action> fmt::Debug for Timer<P, A> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Timer({:p})", self)
    }
}

/// Calls the action of a timer.
///
/// # Safety
/// The entry is the beginning of a `Timer<P, A>` that is alive, and the pointer is good for all of it.
unsafe fn run<P: Timing, A: Action>(entry: NonNull<Entry>, expiry: Expiry) {
    // SAFETY: the caller promises it; the entry is the first field of the first field, both of `repr(C)`.
    let timer = unsafe { entry.cast::<Timer<P, A>>().as_ref() };
    timer.action.due(expiry);
}

/// Calls the action of whatever timer an entry begins.
///
/// # Safety
/// The entry is the beginning of a timer of this platform that is alive, and the pointer is good for all of it.
pub(super) unsafe fn call<P: Timing>(entry: NonNull<Entry>, expiry: Expiry) {
    // SAFETY: every timer begins with a node.
    let run = unsafe { entry.cast::<Node<P>>().as_ref() }.run;
    // SAFETY: the function was put there for this timer's type when the timer was made.
    unsafe { run(entry, expiry) };
}

/// Runs `body`, and calls `action` if it is still running at a moment. When this returns, the action neither runs nor
/// will.
///
/// Both may borrow from the caller's frame, so this is what a wait with a time-out is made of. Highest level: Dispatch.
/// Cost: arming and cancelling a timer.
pub fn during<P: Timing, A: Action, R>(due: Due, action: A, body: impl FnOnce() -> R) -> R {
    let timer = pin!(Timer::<P, A>::new(action));
    // SAFETY: the timer owns the action and is dropped when this function is left, also by unwinding; what the action
    // borrows lives longer than the call.
    unsafe { timer.as_ref().arm_borrowed(due, Repeat::Once) };
    body()
}
