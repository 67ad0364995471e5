//! The registers of a high precision event timer.
//!
//! Source: IA-PC HPET specification 1.0a, section 2.3.

use super::{Frequency, Interval, Width};

/// Offsets in bytes.
pub mod offset {
    /// Capabilities; its upper half is the period.
    pub const CAPABILITIES: u32 = 0x000;
    /// The upper half of the capabilities.
    pub const PERIOD: u32 = 0x004;
    /// Configuration.
    pub const CONFIGURATION: u32 = 0x010;
    /// The counter.
    pub const COUNTER: u32 = 0x0F0;
    /// The first comparator's configuration; the others follow every 32 bytes.
    pub const COMPARATOR_CONFIGURATION: u32 = 0x100;
    /// The interrupts of the I/O APIC that the first comparator can raise, as bits.
    pub const COMPARATOR_ROUTES: u32 = 0x104;
    /// The first comparator.
    pub const COMPARATOR: u32 = 0x108;
    /// From one comparator to the next.
    pub const STRIDE: u32 = 0x020;
}

/// Configuration: the counter runs.
pub const ENABLE: u32 = 1 << 0;
/// Configuration: comparators 0 and 1 take the place of the PIT and of the RTC.
pub const LEGACY: u32 = 1 << 1;

/// What a block of timers has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// How fast it counts.
    pub frequency: Frequency,
    /// How wide the counter is.
    pub width: Width,
    /// The number of comparators, 1 to 32.
    pub comparators: u32,
    /// Whether comparators 0 and 1 can take the place of PIT and RTC.
    pub legacy: Legacy,
}

/// Whether a block can take the place of PIT and RTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Legacy {
    /// It cannot.
    Absent,
    /// It can: comparator 0 raises interrupt request 0, by way of input 2 of the I/O APIC.
    Possible,
}

impl Capabilities {
    /// The longest period that the specification allows: 100 ns, in femtoseconds.
    const LONGEST: u32 = 0x05F5_E100;

    /// Decodes the two halves of the register; `None` when the period is none, as it is where no such device answers.
    #[must_use]
    pub fn decode(low: u32, period: u32) -> Option<Self> {
        if !(1..=Self::LONGEST).contains(&period) {
            return None;
        }
        let width = if low & 1 << 13 != 0 { Width::BITS_64 } else { Width::BITS_32 };
        let legacy = if low & 1 << 15 != 0 { Legacy::Possible } else { Legacy::Absent };
        let frequency = Frequency::from_femtoseconds(period.into())?;
        Some(Self { frequency, width, comparators: (low >> 8 & 0x1F) + 1, legacy })
    }
}

/// What the lower half of a comparator's configuration says it can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comparator(u32);

impl Comparator {
    const INTERRUPT: u32 = 1 << 2;
    const PERIODIC: u32 = 1 << 3;
    const CAN_BE_PERIODIC: u32 = 1 << 4;
    const SET_ACCUMULATOR: u32 = 1 << 6;
    const NARROW: u32 = 1 << 8;
    const ROUTE: u32 = 0x1F << 9;
    /// Level-triggered, the interrupt itself, its kind and period, the route, and messages instead of a route.
    const OURS: u32 = 1 << 1
        | Self::INTERRUPT
        | Self::PERIODIC
        | Self::SET_ACCUMULATOR
        | Self::NARROW
        | Self::ROUTE
        | 1 << 14;

    /// Wraps what was read.
    #[must_use]
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }

    /// Tells whether it can interrupt again and again by itself.
    #[must_use]
    pub const fn can_be_periodic(self) -> bool {
        self.0 & Self::CAN_BE_PERIODIC != 0
    }

    /// Returns the value that silences it.
    #[must_use]
    pub const fn silent(self) -> u32 {
        self.0 & !Self::OURS
    }

    /// Returns the two values that make it interrupt periodically on an input of the I/O APIC, edge-triggered.
    ///
    /// The first one lets the next two writes of the comparator set the first moment and the period (section 2.3.9.2.2),
    /// and does not interrupt yet: until then the comparator holds some moment of the past, for which a block may interrupt
    /// at once. The second one follows these writes and lets it interrupt.
    ///
    /// It compares 32 bits: any processor can write these at once, and no period that a clock has is longer.
    #[must_use]
    pub const fn periodic(self, input: u32) -> [u32; 2] {
        let silent = self.silent() | Self::PERIODIC | Self::NARROW | input << 9 & Self::ROUTE;
        [silent | Self::SET_ACCUMULATOR, silent | Self::INTERRUPT]
    }
}

/// Returns a period in ticks and what it really is; `None` when it is shorter than a tick or does not fit 31 bits, half
/// of what the comparator sees.
#[must_use]
pub fn ticks_for(frequency: Frequency, period: Interval) -> Option<(u32, Interval)> {
    let ticks = frequency.ticks_in(period)?;
    let ticks = u32::try_from(ticks).ok().filter(|ticks| (1..1 << 31).contains(ticks))?;
    Some((ticks, frequency.interval_of(ticks.into())?))
}
