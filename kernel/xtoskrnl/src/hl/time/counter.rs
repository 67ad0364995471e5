//! A counter: what it counts, how fast, and its value with 64 bits that never wrap.
//!
//! May be read on any processor and at any run level. The narrow ones must be read at least once every half of their
//! period, or they lose it; the clock interrupt, which comes every few milliseconds, sees to that.
//!
//! ```text
//!   HPET 32 bits   a period of 43 s at 100 MHz        PM 24 bits   4.7 s       PIT   55 ms
//! ```

use xthal::time::{Extender, Frequency, Scale, Width};

use super::hpet::Hpet;
use super::pm::PmTimer;
use super::{pit, tsc};
use crate::ar::control::pause;

/// Which counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The time stamp counter.
    Tsc,
    /// The high precision event timer.
    Hpet,
    /// The ACPI PM timer.
    Pm,
    /// The programmable interval timer, channel 2.
    Pit,
}

impl Kind {
    /// Returns the name that logs and reports use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tsc => "TSC",
            Self::Hpet => "HPET",
            Self::Pm => "PM",
            Self::Pit => "PIT",
        }
    }

    /// Reads a value of the parameter `TIMER`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let names = [
            ("TSC", Self::Tsc),
            ("HPET", Self::Hpet),
            ("ACPI", Self::Pm),
            ("PM", Self::Pm),
            ("PIT", Self::Pit),
        ];
        names.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| kind)
    }
}

#[derive(Debug)]
enum Source {
    Tsc,
    Hpet(Hpet),
    Pm(PmTimer),
    Pit,
}

impl Source {
    #[inline]
    fn read(&self) -> u64 {
        match self {
            Self::Tsc => tsc::read(),
            Self::Hpet(hpet) => hpet.count(),
            Self::Pm(timer) => timer.count(),
            Self::Pit => pit::count().into(),
        }
    }
}

/// A counter.
#[derive(Debug)]
pub(crate) struct Counter {
    source: Source,
    frequency: Frequency,
    width: Width,
    extender: Extender,
    per_microsecond: Scale,
}

impl Counter {
    fn new(source: Source, frequency: Frequency, width: Width) -> Self {
        let extender = Extender::new(width, source.read());
        let per_microsecond = Scale::new(Frequency::MICROSECONDS, frequency);
        Self { source, frequency, width, extender, per_microsecond }
    }

    /// The time stamp counter, which has that frequency.
    pub(super) fn tsc(frequency: Frequency) -> Self {
        Self::new(Source::Tsc, frequency, Width::BITS_64)
    }

    /// The counter of the event timer.
    pub(super) fn hpet(hpet: Hpet) -> Self {
        Self::new(Source::Hpet(hpet), hpet.frequency(), hpet.width())
    }

    /// ACPI's timer.
    pub(super) fn pm(timer: PmTimer) -> Self {
        Self::new(Source::Pm(timer), Frequency::PM_TIMER, timer.width)
    }

    /// Channel 2 of the interval timer, which this starts.
    pub(super) fn pit() -> Self {
        pit::start_counter();
        Self::new(Source::Pit, Frequency::PIT, Width::BITS_16)
    }

    /// Returns which one it is.
    pub(crate) const fn kind(&self) -> Kind {
        match self.source {
            Source::Tsc => Kind::Tsc,
            Source::Hpet(_) => Kind::Hpet,
            Source::Pm(_) => Kind::Pm,
            Source::Pit => Kind::Pit,
        }
    }

    /// Returns how fast it counts.
    pub(crate) const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Returns how wide the hardware's counter is.
    pub(crate) const fn width(&self) -> Width {
        self.width
    }

    /// Returns the ticks since some moment before the kernel.
    #[inline]
    pub(crate) fn read(&self) -> u64 {
        self.extender.read(|| self.source.read())
    }

    /// Returns what the hardware shows, which wraps, and has no meaning beyond the counter's width.
    pub(super) fn shown(&self) -> u64 {
        self.source.read()
    }

    /// Waits, busily, for at least that many microseconds.
    pub(crate) fn stall(&self, microseconds: u64) {
        let start = self.read();
        // One more than that: the first tick has begun before, and the scale rounds down.
        let ticks = self.per_microsecond.apply(microseconds).saturating_add(2);
        while self.read().saturating_sub(start) < ticks {
            pause();
        }
    }
}
