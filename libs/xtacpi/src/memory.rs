//! Physical memory, as the consumer can read it.

use core::fmt;

use xtcore::PhysAddr;

/// Reads physical memory.
pub trait ReadPhysical {
    /// Fills `into` with the bytes from `from` on.
    ///
    /// # Errors
    /// [`Unreadable`] when one of the bytes cannot be read; `into` may have been written in part.
    fn read(&mut self, from: PhysAddr, into: &mut [u8]) -> Result<(), Unreadable>;
}

/// Memory that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// A byte that cannot be read.
    pub at: PhysAddr,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "memory at {:#x} cannot be read", self.at)
    }
}

impl core::error::Error for Unreadable {}
