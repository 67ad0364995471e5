//! Interrupts by number, and how their lines signal: the words that firmware's tables and interrupt controllers share.

use core::fmt;

/// An input of an I/O APIC, counted over all of them: ACPI's *global system interrupt* (ACPI 6.5, section 5.2.13).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Gsi(u32);

impl Gsi {
    /// Wraps a number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Gsi {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// The level of a line that asks for an interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Polarity {
    /// High.
    ActiveHigh,
    /// Low.
    ActiveLow,
}

/// What on a line asks for a further interrupt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trigger {
    /// A change to the active level.
    Edge,
    /// The active level itself, until the device takes it back.
    Level,
}

/// How a line signals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Signal {
    /// Which level is active.
    pub polarity: Polarity,
    /// What asks.
    pub trigger: Trigger,
}

impl Signal {
    /// What the lines of the ISA bus do.
    pub const ISA: Self = Self { polarity: Polarity::ActiveHigh, trigger: Trigger::Edge };
    /// What lines that several devices share do, among them the system control interrupt (ACPI 6.5, section 5.2.9).
    pub const SHARED: Self = Self { polarity: Polarity::ActiveLow, trigger: Trigger::Level };
}

/// An input, and how its line signals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    /// The input.
    pub gsi: Gsi,
    /// How it signals.
    pub signal: Signal,
}
