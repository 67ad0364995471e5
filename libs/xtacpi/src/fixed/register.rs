//! Where a register is: the generic address structure (ACPI 6.5, section 5.2.3.2).

use xtcore::PhysAddr;
use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::notice::{Notice, RegisterName};

/// A register that software reaches without a driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// In memory.
    Memory(PhysAddr),
    /// At a port.
    Port(u16),
}

/// Returns the port at an address, or `None` where there is none: at 0 and beyond 16 bits.
pub(super) fn port(address: u64) -> Option<u16> {
    u16::try_from(address).ok().filter(|port| *port != 0)
}

/// An address in one of several spaces, as tables hold it.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct GenericAddress {
    space: u8,
    bits: u8,
    first_bit: u8,
    access: u8,
    address: U64,
}

impl GenericAddress {
    /// Tells whether there is no address.
    pub(crate) const fn is_absent(&self) -> bool {
        self.address.get() == 0
    }

    /// Returns the register, unless it begins inside a byte, has no address, or lies in a space that takes a driver to
    /// reach. The width is not believed, because each register has one that its standard fixes, and firmware errs.
    pub(crate) fn register(&self) -> Option<Register> {
        const MEMORY: u8 = 0;
        const PORT: u8 = 1;
        let address = self.address.get();
        match (self.space, self.first_bit) {
            (MEMORY, 0) if address != 0 => Some(Register::Memory(PhysAddr::new(address))),
            (PORT, 0) => port(address).map(Register::Port),
            _ => None,
        }
    }

    /// Returns the notice that says that the register is not used.
    pub(crate) const fn unusable(&self, name: RegisterName) -> Notice {
        Notice::Register { name, space: self.space, address: self.address.get() }
    }
}
