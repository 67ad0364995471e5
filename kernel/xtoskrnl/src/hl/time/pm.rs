//! The ACPI PM timer: one register, in a port or in memory (ACPI 6.5, section 4.8.3.3).
#![allow(unsafe_code, reason = "naming an I/O port")]

use xthal::time::Width;

use crate::ar::port::Port;
use crate::hl::registers::Registers;

/// A register of 32 bits in a window of its own.
pub(crate) type Window = Registers<8>;

#[derive(Clone, Copy, Debug)]
enum Place {
    Port(Port),
    Memory(Window),
}

/// The timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PmTimer {
    place: Place,
    /// 24 or 32 bits.
    pub(super) width: Width,
}

impl PmTimer {
    /// Names the timer's port.
    ///
    /// # Safety
    /// The port must be the one that the fixed description table names; reading any other may do anything.
    pub(crate) const unsafe fn at_port(port: u16, width: Width) -> Self {
        // SAFETY: the caller says that the port is the timer's, which only counts.
        let port = unsafe { Port::new(port) };
        Self { place: Place::Port(port), width }
    }

    /// Names the timer's register in memory.
    pub(crate) const fn in_memory(window: Window, width: Width) -> Self {
        Self { place: Place::Memory(window), width }
    }

    /// Reads the counter. Bits beyond its width are of no meaning.
    #[inline]
    pub(super) fn count(&self) -> u64 {
        match self.place {
            Place::Port(port) => port.read_long().into(),
            Place::Memory(window) => window.read(0).into(),
        }
    }
}
