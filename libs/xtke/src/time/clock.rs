//! The clock: what a tick does to the time, and to the accounts of a processor.
//!
//! # What holds
//! * The time that is shown never goes back, whatever the time source does.
//! * Ticks that came late or not at all are made up for: the tick count is the time divided by the length of a tick.
//! * The accounts of a processor add up to the time since it was first charged: a tick charges all the time since the
//!   last charge to what it interrupted. So they are exact where the machine also charges at a change of activity,
//!   and sampled where it does not.

use core::fmt;
use core::marker::PhantomData;

use xtcore::CpuIndex;

use super::{Instant, Interval, Period, SharedPage, SystemTime};
use crate::platform::Platform;
use crate::sync::{AtomicU64, Ordering, constructors};

/// A number of clock ticks since the start of the machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TickCount(u64);

impl TickCount {
    /// Wraps a number of ticks.
    #[must_use]
    pub const fn new(ticks: u64) -> Self {
        Self(ticks)
    }

    /// Returns the number of ticks.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the low half, which wraps after 2^32 ticks: 776 days of ticks of 15.625 ms.
    #[must_use]
    pub const fn low(self) -> u32 {
        // The low half is what is asked for.
        self.0 as u32
    }

    /// Returns how many ticks passed between two low halves; right if those are less than 2^32 ticks, also across a
    /// wrap.
    #[must_use]
    pub const fn low_since(low: u32, earlier: u32) -> u32 {
        low.wrapping_sub(earlier)
    }
}

/// The clock of the machine. One processor, its keeper, moves it; the page shows it.
pub struct Clock<P: Platform> {
    page: &'static SharedPage,
    keeper: CpuIndex,
    started: SystemTime,
    tick: Interval,
    /// Only the keeper writes these two, in its clock interrupt.
    shown: AtomicU64,
    ticks: AtomicU64,
    platform: PhantomData<fn() -> P>,
}

impl<P: Platform> Clock<P> {
    /// Returns a clock of the machine that started at `started` of the world's time, whose ticks come once in `tick`.
    pub fn new(page: &'static SharedPage, keeper: CpuIndex, started: SystemTime, tick: Period) -> Self {
        let tick = tick.interval();
        page.set_tick(tick);
        page.show(Instant::START, started, TickCount::new(0));
        Self {
            page,
            keeper,
            started,
            tick,
            shown: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            platform: PhantomData,
        }
    }

    /// Moves the clock to `now`. Each processor's clock interrupt may call it; it does something on the keeper only.
    ///
    /// Level: Clock, or with the keeper's clock interrupt held back in another way. Cost: constant, takes no lock; a
    /// division where ticks were missed.
    pub fn tick(&self, now: Instant) {
        let shown = self.shown.load(Ordering::Relaxed);
        if P::cpu() != self.keeper || now.units() < shown {
            return;
        }
        self.shown.store(now.units(), Ordering::Relaxed);
        let (ticks, length) = (self.ticks.load(Ordering::Relaxed), self.tick.units());
        let late = now.units().saturating_sub(ticks.saturating_mul(length));
        let passed = match late {
            late if late < length => 0,
            late if late < length.saturating_mul(2) => 1,
            late => late / length,
        };
        let ticks = ticks.saturating_add(passed);
        self.ticks.store(ticks, Ordering::Relaxed);
        self.page.show(now, self.started + now.since(Instant::START), TickCount::new(ticks));
    }

    /// Returns the world's time at a moment, exact to the unit, where the page is exact to the tick. Highest level:
    /// any.
    pub fn system_time_at(&self, moment: Instant) -> SystemTime {
        self.started + moment.since(Instant::START)
    }

    /// Returns the page that shows the time.
    pub const fn page(&self) -> &'static SharedPage {
        self.page
    }
}

impl<P: Platform> fmt::Debug for Clock<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Clock(kept by cpu {}, tick {})", self.keeper.get(), self.tick.units())
    }
}

/// What a processor spends its time on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Activity {
    /// A thread, in user mode.
    User,
    /// A thread, in the kernel.
    Kernel,
    /// Nothing.
    Idle,
    /// Deferred procedure calls and timers.
    Dpc,
    /// Interrupts.
    Interrupt,
}

impl Activity {
    const COUNT: usize = 5;
}

/// What a processor spent its time on since it was first charged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Times([Interval; Activity::COUNT]);

impl Times {
    /// Returns the time spent on something.
    #[must_use]
    pub fn on(&self, activity: Activity) -> Interval {
        self.0.get(activity as usize).copied().unwrap_or_default()
    }

    /// Returns the sum.
    #[must_use]
    pub fn total(&self) -> Interval {
        self.0.iter().fold(Interval::ZERO, |sum, part| sum + *part)
    }
}

/// The accounts of one processor. It writes them, anybody reads them.
pub struct CpuTimes {
    until: AtomicU64,
    spent: [AtomicU64; Activity::COUNT],
}

impl CpuTimes {
    constructors! {
        /// Returns the accounts of a processor that joins at a moment.
        pub fn new(joined: Instant) -> Self {
            Self {
                until: AtomicU64::new(joined.units()),
                spent: [
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                    AtomicU64::new(0),
                ],
            }
        }
    }

    /// Charges the time since the last charge. The processor calls it with what a clock interrupt interrupted, and
    /// with what it did until now when it goes over to something else.
    ///
    /// Highest level: any, on its own processor: an interrupt between the two steps charges its part, and none is
    /// charged twice. Cost: two atomic steps.
    pub fn charge(&self, activity: Activity, now: Instant) {
        let until = self.until.fetch_max(now.units(), Ordering::Relaxed);
        if let Some(account) = self.spent.get(activity as usize) {
            account.fetch_add(now.units().saturating_sub(until), Ordering::Relaxed);
        }
    }

    /// Returns the accounts. Highest level: any. They are read one after the other, so the sum may lag behind by a
    /// charge.
    pub fn times(&self) -> Times {
        let mut times = Times::default();
        for (time, account) in times.0.iter_mut().zip(&self.spent) {
            *time = Interval::new(account.load(Ordering::Relaxed));
        }
        times
    }
}

impl fmt::Debug for CpuTimes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.times(), out)
    }
}
