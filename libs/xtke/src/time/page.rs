//! The page that shows the time to everybody: written by one processor, read by all without a lock.
//!
//! Its fields stand where NT's `KUSER_SHARED_DATA` has them, so that what reads NT's page reads this one:
//!
//! ```text
//!   0x000  low half of the tick count      0x008  interrupt time (12 bytes)      0x320  tick count (12 bytes)
//!   0x004  tick multiplier                 0x014  system time (12 bytes)
//! ```
//!
//! # Protocol
//! A time is 64 bits in three words, [`SharedTime`]; 32-bit processors read it, too. The writer writes `high2`,
//! `low`, `high1`; a reader reads `high1`, `low`, `high2`, and begins again if the highs differ. Each word is stored
//! with Release and loaded with Acquire, so `low` is not older than `high1`, and `high2` is not older than `low`.
//! **The time never goes back**, so equal highs mean that it had this high in between, too: `low` belongs to it. A
//! reader begins again only when the high half changes under it, which happens every seven minutes.

#[cfg(not(loom))]
use core::mem::offset_of;

use super::{Instant, Interval, SystemTime, TickCount};
use crate::sync::{AtomicU32, Ordering, constructors};

/// A time that one processor writes and anybody reads. NT's `KSYSTEM_TIME`.
#[repr(C)]
#[derive(Debug)]
pub struct SharedTime {
    pub(super) low: AtomicU32,
    pub(super) high1: AtomicU32,
    pub(super) high2: AtomicU32,
}

impl SharedTime {
    constructors! {
        /// Returns the time zero.
        pub fn new() -> Self {
            Self { low: AtomicU32::new(0), high1: AtomicU32::new(0), high2: AtomicU32::new(0) }
        }
    }

    /// Returns the time. Highest level: any. Cost: three loads, and three more each time the high half changes
    /// meanwhile.
    pub fn read(&self) -> u64 {
        loop {
            let high = self.high1.load(Ordering::Acquire);
            let low = self.low.load(Ordering::Acquire);
            if self.high2.load(Ordering::Acquire) == high {
                return u64::from(high) << 32 | u64::from(low);
            }
            core::hint::spin_loop();
            #[cfg(loom)]
            loom::thread::yield_now();
        }
    }

    /// Writes a time that is not before the last one. One processor does that.
    pub(super) fn write(&self, time: u64) {
        // The halves of 64 bits.
        let (high, low) = ((time >> 32) as u32, time as u32);
        self.high2.store(high, Ordering::Release);
        self.low.store(low, Ordering::Release);
        self.high1.store(high, Ordering::Release);
    }
}

#[cfg(not(loom))]
impl Default for SharedTime {
    fn default() -> Self {
        Self::new()
    }
}

/// The shared page, see the module.
#[repr(C)]
#[derive(Debug)]
pub struct SharedPage {
    tick_count_low: AtomicU32,
    tick_multiplier: AtomicU32,
    interrupt_time: SharedTime,
    system_time: SharedTime,
    not_used: [u8; 0x300],
    tick_count: SharedTime,
}

#[cfg(not(loom))]
const _: () = {
    assert!(offset_of!(SharedPage, tick_multiplier) == 0x004);
    assert!(offset_of!(SharedPage, interrupt_time) == 0x008);
    assert!(offset_of!(SharedPage, system_time) == 0x014);
    assert!(offset_of!(SharedPage, tick_count) == 0x320);
    assert!(size_of::<SharedPage>() <= 0x1000);
};

impl SharedPage {
    constructors! {
        /// Returns a page at the start of the machine, before anybody keeps the time.
        pub fn new() -> Self {
            Self {
                tick_count_low: AtomicU32::new(0),
                tick_multiplier: AtomicU32::new(0),
                interrupt_time: SharedTime::new(),
                system_time: SharedTime::new(),
                not_used: [0; 0x300],
                tick_count: SharedTime::new(),
            }
        }
    }

    /// Returns the time since the start of the machine, as of the last tick. Highest level: any, and so for the rest.
    pub fn interrupt_time(&self) -> Instant {
        Instant::new(self.interrupt_time.read())
    }

    /// Returns the date and time of day, as of the last tick.
    pub fn system_time(&self) -> SystemTime {
        SystemTime::new(self.system_time.read())
    }

    /// Returns the number of clock ticks since the start.
    pub fn tick_count(&self) -> TickCount {
        TickCount::new(self.tick_count.read())
    }

    /// Returns the low half of the tick count, in one load. It wraps, see [`TickCount::low_since`].
    pub fn tick_count_low(&self) -> u32 {
        self.tick_count_low.load(Ordering::Relaxed)
    }

    /// Returns the length of a tick in milliseconds, as a fraction of 2^24: so `tick count * multiplier >> 24` are
    /// milliseconds, as NT's `GetTickCount` counts them.
    pub fn tick_multiplier(&self) -> u32 {
        self.tick_multiplier.load(Ordering::Relaxed)
    }

    /// Says how long a tick is.
    pub(super) fn set_tick(&self, tick: Interval) {
        // 10,000 units are a millisecond. A tick of more than 256 ms would not fit, and is shown as that.
        let multiplier = tick.units().saturating_mul(1 << 24) / 10_000;
        self.tick_multiplier.store(u32::try_from(multiplier).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Shows times that are not before the last ones. One processor does that.
    pub(super) fn show(&self, now: Instant, system: SystemTime, ticks: TickCount) {
        self.interrupt_time.write(now.units());
        self.system_time.write(system.units());
        self.tick_count.write(ticks.get());
        self.tick_count_low.store(ticks.low(), Ordering::Relaxed);
    }
}

#[cfg(not(loom))]
impl Default for SharedPage {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
