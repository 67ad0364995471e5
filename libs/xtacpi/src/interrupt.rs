//! The sixteen interrupts of the ISA bus, and what tables leave unsaid of how a line signals.
//!
//! ACPI counts interrupt inputs over all I/O APICs: the *global system interrupt* of an input is the number of its I/O
//! APIC's first input plus its own (ACPI 6.5, section 5.2.13). The sixteen lines of the ISA bus are wired to the inputs
//! with their own numbers, active high and edge-triggered, unless an override says otherwise (section 5.2.12.5).

use xtcore::interrupt::{Gsi, Line, Polarity, Signal, Trigger};

/// One of the sixteen interrupt lines of the ISA bus.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IsaIrq(u8);

impl IsaIrq {
    /// The interval timer.
    pub const TIMER: Self = Self(0);
    /// The keyboard.
    pub const KEYBOARD: Self = Self(1);
    /// The line through which the second interrupt controller reaches the first: no device has it.
    pub const CASCADE: Self = Self(2);
    /// The real-time clock.
    pub const CLOCK: Self = Self(8);

    /// Lines.
    pub const COUNT: usize = 16;

    /// Returns the line `number`, or `None` from 16 on.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Returns the number of the line, 0 to 15.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns every line, 0 first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }
}

/// How a line signals, as far as a table says: `None` means "as its bus does".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wiring {
    /// Which level is active.
    pub polarity: Option<Polarity>,
    /// What is counted.
    pub trigger: Option<Trigger>,
}

impl Wiring {
    /// Completes what is not said by what the bus does.
    #[must_use]
    pub fn on(self, bus: Signal) -> Signal {
        Signal {
            polarity: self.polarity.unwrap_or(bus.polarity),
            trigger: self.trigger.unwrap_or(bus.trigger),
        }
    }

    /// Decodes MPS INTI flags (ACPI 6.5, table 5.26), and tells whether one of them has a reserved value. That part
    /// counts as not said.
    pub(crate) const fn decode(flags: u16) -> (Self, Flags) {
        let (polarity, first) = match flags & 3 {
            0 => (None, Flags::Defined),
            1 => (Some(Polarity::ActiveHigh), Flags::Defined),
            3 => (Some(Polarity::ActiveLow), Flags::Defined),
            _ => (None, Flags::Reserved),
        };
        let (trigger, second) = match flags >> 2 & 3 {
            0 => (None, Flags::Defined),
            1 => (Some(Trigger::Edge), Flags::Defined),
            3 => (Some(Trigger::Level), Flags::Defined),
            _ => (None, Flags::Reserved),
        };
        let flags = if matches!((first, second), (Flags::Defined, Flags::Defined)) {
            Flags::Defined
        } else {
            Flags::Reserved
        };
        (Self { polarity, trigger }, flags)
    }
}

/// Whether flags have values with a meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flags {
    Defined,
    Reserved,
}

/// Where the lines of the ISA bus end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IsaWiring {
    overrides: [Option<(Gsi, Wiring)>; IsaIrq::COUNT],
}

impl IsaWiring {
    /// Returns the override of a line, if it has one.
    #[must_use]
    pub fn overridden(&self, irq: IsaIrq) -> Option<(Gsi, Wiring)> {
        self.overrides.get(usize::from(irq.0)).copied().flatten()
    }

    /// Returns the input where a line ends and how it signals; without an override that is the input with its number.
    ///
    /// An override may lead another line to that input. Then nothing is connected to this one, as on most machines to
    /// the cascade, whose input the interval timer has.
    #[must_use]
    pub fn of(&self, irq: IsaIrq) -> Line {
        let (gsi, wiring) = self.overridden(irq).unwrap_or((Gsi::new(irq.0.into()), Wiring::default()));
        Line { gsi, signal: wiring.on(Signal::ISA) }
    }

    /// Records the override of a line. The first one counts: returns it if there is one.
    pub(crate) fn record(&mut self, irq: IsaIrq, gsi: Gsi, wiring: Wiring) -> Option<(Gsi, Wiring)> {
        let place = self.overrides.get_mut(usize::from(irq.0))?;
        let before = *place;
        place.get_or_insert((gsi, wiring));
        before
    }
}
