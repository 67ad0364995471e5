//! The timers of one processor.
//!
//! # Protocol
//! The clock interrupt may come while the processor holds the queue's lock, so it does not take it: it compares the
//! time with `next`, which is kept at or before the first moment in the wheel, and asks for Dispatch. Only the
//! processor itself runs its timers, so at most one action of a queue is under way; the queue names it while it runs
//! (`running`), which is what a canceller on another processor waits for. After an action returned its timer is not
//! touched.
#![allow(unsafe_code, reason = "timers are reached by their addresses")]

use core::fmt;
use core::ops::ControlFlow;
use core::ptr::NonNull;

use xtcore::{CpuIndex, RunLevel};

use super::timer::{Expiry, call};
use super::wheel::{Entry, Wheel};
use super::{Instant, Interval};
use crate::levels::at_most;
use crate::lock::{Class, SpinGuard, SpinLock};
use crate::misuse::Misuse;
use crate::platform::Platform;
use crate::sync::{AtomicU64, Ordering, constructors};

const CLASS: Class = Class::new("timer queue");

/// A machine with timers.
pub trait Timing: Platform {
    /// Returns the timers of a processor: always the same queue, made with that processor's number. Highest level: any.
    fn timers(cpu: CpuIndex) -> &'static TimerQueue<Self>;
}

/// A timer that is armed, as a monitor sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Armed {
    /// Where it lies.
    pub address: usize,
    /// When it is due.
    pub due: Instant,
    /// After how long it is due again; zero for one that is due once.
    pub period: Interval,
}

/// The timers of one processor.
pub struct TimerQueue<P: Timing> {
    cpu: CpuIndex,
    next: AtomicU64,
    state: SpinLock<P, State>,
}

/// What the queue's lock protects.
pub(super) struct State {
    wheel: Wheel,
    running: Option<NonNull<Entry>>,
}

// SAFETY: entries are timers, which are `Sync`, and are touched by whoever holds the lock.
unsafe impl Send for State {}

pub(super) type Guard<'a, P> = SpinGuard<'a, P, State>;

impl State {
    /// Tells whether the action of a timer is under way.
    pub(super) fn runs(&self, entry: NonNull<Entry>) -> bool {
        self.running == Some(entry)
    }

    /// Takes a timer that is due out of the wheel, or puts it where it is due again, and returns why it is done.
    fn take_due<P: Platform>(&mut self, now: Instant) -> Option<(NonNull<Entry>, Expiry)> {
        let entry = match self.wheel.pop(now) {
            Ok(entry) => entry?,
            Err(corrupt) => P::misuse(Misuse::corrupt(NAME, corrupt)),
        };
        // SAFETY: the timer stood in the wheel a moment ago, and whoever frees it needs the lock first.
        let fields = unsafe { entry.as_ref() };
        let (due, period) = (fields.due(), fields.period.get());
        if period != Interval::ZERO {
            // SAFETY: it was just taken out, and its owner still counts on its being in.
            unsafe { self.wheel.insert(entry, following(due, period, now)) };
        }
        Some((entry, Expiry { due, now }))
    }
}

/// Returns the time, or the last moment before the one that never comes: that has not come, whatever the clock says.
fn before_never(now: Instant) -> Instant {
    now.min(Instant::new(Instant::NEVER.units() - 1))
}

/// Returns the first moment of a periodic timer after `now`.
fn following(due: Instant, period: Interval, now: Instant) -> Instant {
    let next = due + period;
    if next > now {
        return next;
    }
    // Moments were missed. The division is only paid for then: it is a call of a library on 32-bit machines.
    let missed = now.since(due).units() / period.units();
    due + Interval::new(period.units().saturating_mul(missed)) + period
}

const NAME: &str = "a timer queue";

impl<P: Timing> TimerQueue<P> {
    /// How many actions one call of [`TimerQueue::expire`] runs at most.
    pub const BATCH: usize = 64;

    constructors! {
        /// Returns the queue of a processor, with no timer in it.
        pub fn new(cpu: CpuIndex) -> Self {
            Self {
                cpu,
                next: AtomicU64::new(u64::MAX),
                state: SpinLock::new(CLASS, State { wheel: Wheel::new(), running: None }),
            }
        }
    }

    /// Returns whose timers they are. Highest level: any.
    pub const fn cpu(&self) -> CpuIndex {
        self.cpu
    }

    /// Looks whether something is due, and asks for Dispatch if so. The processor's clock interrupt calls it.
    ///
    /// Highest level: High. Cost: one load, and takes no lock.
    pub fn advance(&self, now: Instant) {
        if before_never(now) >= self.next_due() {
            P::request_dispatch();
        }
    }

    /// Returns a moment up to which nothing is due, for a clock that is set to a single moment; exact where no other
    /// timer is near the first one. [`Instant::NEVER`] if nothing is armed. Highest level: High. Cost: one load.
    pub fn next_due(&self) -> Instant {
        Instant::new(self.next.load(Ordering::Relaxed))
    }

    /// Does what is due. The processor calls it at Dispatch, when it delivers what was asked for there.
    ///
    /// Runs at most [`Self::BATCH`] actions and asks for Dispatch again if more are due, so that a timer which always
    /// arms itself for the past does not keep the processor from everything else. Level: Dispatch, on its own
    /// processor. Cost: one load if nothing is due, else one lock for each action.
    pub fn expire(&self, now: Instant) {
        at_most::<P>(RunLevel::Dispatch, "TimerQueue::expire");
        let now = before_never(now);
        if now < self.next_due() {
            return;
        }
        let mut state = self.state.lock();
        for _ in 0..Self::BATCH {
            let Some((entry, expiry)) = state.take_due::<P>(now) else { break };
            state.running = Some(entry);
            self.publish(&state);
            drop(state);
            // SAFETY: whoever frees the timer waits until `running` does not name it any more. Entries come from
            // timers as pointers to all of them.
            unsafe { call::<P>(entry, expiry) };
            state = self.state.lock();
            state.running = None;
        }
        self.publish(&state);
        drop(state);
        self.advance(now);
    }

    /// Returns how often timers were put into a slot since the start: the work that the wheel did. Highest level:
    /// Dispatch. Cost: one lock.
    pub fn moves(&self) -> u64 {
        self.state.lock().wheel.moves()
    }

    /// Shows the timers that are armed, in no order, if the lock is free: for a monitor. At most so many, and none of which
    /// `is_there` says that its bytes from an address on have no memory; ends when `visit` breaks. Never waits. Highest level:
    /// any.
    pub fn look(
        &self,
        most: usize,
        is_there: &dyn Fn(usize, usize) -> bool,
        visit: &mut dyn FnMut(Armed) -> ControlFlow<()>,
    ) -> Option<()> {
        let state = self.state.try_lock()?;
        let is_there =
            |entry: NonNull<Entry>| entry.is_aligned() && is_there(entry.addr().get(), size_of::<Entry>());
        let mut shown = 0;
        let _: ControlFlow<()> = state.wheel.each(&is_there, &mut |entry| {
            if shown == most {
                return ControlFlow::Break(());
            }
            shown += 1;
            let address = core::ptr::from_ref(entry).addr();
            visit(Armed { address, due: entry.due(), period: entry.period.get() })
        });
        Some(())
    }

    /// Locks the queue.
    pub(super) fn lock(&self) -> Guard<'_, P> {
        self.state.lock()
    }

    /// Puts a timer in.
    ///
    /// # Safety
    /// It stands in no queue, the queue is its home, and it stays alive and where it is until it is taken out. The
    /// pointer may be used for all of the timer.
    pub(super) unsafe fn insert(&self, state: &mut Guard<'_, P>, entry: NonNull<Entry>, due: Instant) {
        // SAFETY: this is the only wheel of the queue that is the entry's home, so the entry stands in none; and it
        // stays where it is until it is taken out of this one.
        unsafe { state.wheel.insert(entry, due) };
        self.publish(state);
        // No other processor than this one needs to be told: a timer is put elsewhere only while that processor runs
        // its action, and looks again when the action returns.
    }

    /// Takes a timer out whose home the queue is, and tells whether it was in.
    pub(super) fn remove(&self, state: &mut Guard<'_, P>, entry: NonNull<Entry>) -> bool {
        // SAFETY: the caller holds the lock of the timer's home, so it stands there or nowhere; and it has the timer.
        let removed = unsafe { state.wheel.remove(entry) };
        match removed {
            Ok(was) => {
                if was {
                    self.publish(state);
                }
                was
            }
            Err(corrupt) => P::misuse(Misuse::corrupt(NAME, corrupt)),
        }
    }

    /// Tells the clock interrupt when to look.
    fn publish(&self, state: &Guard<'_, P>) {
        let next = state.wheel.earliest().unwrap_or(Instant::NEVER);
        self.next.store(next.units(), Ordering::Relaxed);
    }
}

impl<P: Timing> fmt::Debug for TimerQueue<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TimerQueue(cpu {}, next {})", self.cpu.get(), self.next_due().units())
    }
}
