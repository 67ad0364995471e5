//! What a local APIC does with interrupts of its own: entries of the local vector table (SDM volume 3A, section 11.5.1).

use xtcore::interrupt::Polarity;

use crate::Vector;

/// How the timer counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimerMode {
    /// Down to zero, once.
    OneShot,
    /// Down to zero, again and again.
    Periodic,
    /// Until the time stamp counter has reached a value.
    TscDeadline,
}

/// An entry of the local vector table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalVector(u32);

impl LocalVector {
    /// Bit 16: nothing is delivered.
    const MASKED: u32 = 1 << 16;

    /// Delivers nothing. The vector is a legal one, because writing an illegal one is an error even when masked.
    #[must_use]
    pub const fn masked() -> Self {
        Self(Self::MASKED | Vector::SPURIOUS.number() as u32)
    }

    /// Delivers an interrupt.
    #[must_use]
    pub const fn fixed(vector: Vector) -> Self {
        Self(vector.number() as u32)
    }

    /// Delivers a non-maskable interrupt when its pin becomes active. Always by its edge, whatever the entry says.
    #[must_use]
    pub const fn non_maskable(polarity: Polarity) -> Self {
        let polarity = match polarity {
            Polarity::ActiveHigh => 0,
            Polarity::ActiveLow => 1 << 13,
        };
        Self(4 << 8 | polarity)
    }

    /// Has the timer deliver `vector` in a mode.
    #[must_use]
    pub const fn timer(vector: Vector, mode: TimerMode) -> Self {
        let mode = match mode {
            TimerMode::OneShot => 0,
            TimerMode::Periodic => 1,
            TimerMode::TscDeadline => 2,
        };
        Self(vector.number() as u32 | mode << 17)
    }

    /// Returns the same entry, delivering nothing.
    #[must_use]
    pub const fn with_mask(self) -> Self {
        Self(self.0 | Self::MASKED)
    }

    /// Returns what is written.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}
