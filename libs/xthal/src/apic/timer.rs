//! The local APIC's timer: from a period to what is written (SDM volume 3A, section 11.5.4).

use crate::time::{Frequency, Interval};

/// By how much the timer's input is divided.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Divide(u8);

impl Divide {
    /// Not at all.
    pub const NONE: Self = Self(0);

    /// All dividers, smallest first: 1, 2, 4, up to 128.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=7).map(Self)
    }

    /// Returns the divider.
    #[must_use]
    pub const fn get(self) -> u32 {
        1 << self.0
    }

    /// Returns what is written: bits 0, 1 and 3, counting from "by two", with "by one" as the last.
    #[must_use]
    pub const fn bits(self) -> u32 {
        let code = (self.0 as u32).wrapping_sub(1) & 7;
        code & 3 | (code & 4) << 1
    }
}

/// A setting of the timer for a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The divider.
    pub divide: Divide,
    /// What the timer counts down from, never 0: that would stop it.
    pub count: u32,
    /// The period that this really is.
    pub period: Interval,
}

impl Setting {
    /// Returns the setting that comes closest to `period` when the timer's undivided input has `input`; `None` when the
    /// period is shorter than a tick, or longer than the largest divider can count.
    #[must_use]
    pub fn for_period(input: Frequency, period: Interval) -> Option<Self> {
        let ticks = input.ticks_in(period)?;
        Divide::all().find_map(|divide| {
            let divided = ticks.checked_add(u64::from(divide.get() / 2))? / u64::from(divide.get());
            let count = u32::try_from(divided).ok().filter(|count| *count > 0)?;
            let period = input.interval_of(u64::from(count) * u64::from(divide.get()))?;
            Some(Self { divide, count, period })
        })
    }
}
