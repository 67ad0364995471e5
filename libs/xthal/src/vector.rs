//! Interrupt vectors, and what each is for.
//!
//! The upper four bits of a vector are its priority class: the local APIC holds an interrupt back while one of the same
//! or a higher class is in service (SDM volume 3A, section 11.8.3). So the class, and nothing else, decides how urgent a
//! vector is, and the hardware's order is the kernel's order:
//!
//! ```text
//!   00 - 1F   exceptions of the processor
//!   20 - 2F   the two PICs, which are masked: only spurious interrupts come from there
//!   30 - BF   devices
//!   C0 - CF   not given out
//!   D0        the clock
//!   E0        there is something in the processor's inbox      E1  the processor is to stop
//!   FE        the local APIC has seen an error                 FF  its spurious interrupt
//! ```

use core::fmt;

/// The number of an interrupt's gate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct Vector(u8);

/// What a vector is for, by its priority class; least urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// An exception: it belongs to what the processor was doing, whatever that was.
    Exception,
    /// A PIC.
    Pic,
    /// A device.
    Device,
    /// The clock.
    Clock,
    /// Another processor.
    Processor,
    /// The local APIC itself.
    Controller,
}

impl Vector {
    /// The first vector of the PICs: interrupt request 0.
    pub const PICS: Self = Self(0x20);
    /// The first vector that a device may get.
    pub const FIRST_DEVICE: Self = Self(0x30);
    /// The last vector that a device may get.
    pub const LAST_DEVICE: Self = Self(0xBF);
    /// The clock interrupt, whatever raises it.
    pub const CLOCK: Self = Self(0xD0);
    /// Another processor has left something to do.
    pub const INBOX: Self = Self(0xE0);
    /// Another processor wants this one to stop.
    pub const STOP: Self = Self(0xE1);
    /// The local APIC has recorded an error.
    pub const APIC_ERROR: Self = Self(0xFE);
    /// The local APIC withdrew an interrupt on its way. The low four bits are ones, as old ones demand
    /// (SDM volume 3A, section 11.9).
    pub const SPURIOUS: Self = Self(0xFF);

    /// Wraps a number.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Returns what the vector is for.
    #[must_use]
    pub const fn class(self) -> Class {
        match self.0 >> 4 {
            0x0 | 0x1 => Class::Exception,
            0x2 => Class::Pic,
            0x3..=0xC => Class::Device,
            0xD => Class::Clock,
            0xE => Class::Processor,
            _ => Class::Controller,
        }
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#04x}", self.0)
    }
}

#[cfg(test)]
mod tests;
