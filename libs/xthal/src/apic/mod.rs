//! The local APIC: the part of a processor that takes interrupts in and sends them to other processors.
//!
//! It speaks one of two languages. As an *xAPIC* its registers are memory and an identifier has 8 bits; as an *x2APIC* they
//! are model-specific registers and an identifier has 32. The registers are the same ones ([`Register`]), but for the
//! command register, which [`Command`] knows in both forms.
//!
//! Source: SDM volume 3A, chapter 11 (in older editions chapter 10).

mod base;
mod command;
mod errors;
mod local_vector;
mod register;
#[cfg(test)]
mod tests;
mod timer;

pub use base::{Base, Lock, Wish, X2Apic, choose};
pub use command::{Command, CommandError, Message, StartPage, Target};
pub use errors::Errors;
pub use local_vector::{LocalVector, TimerMode};
pub use register::Register;
pub use timer::{Divide, Setting};

use xtcore::ApicId;

/// The language that a local APIC speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Registers in memory, identifiers of 8 bits.
    XApic,
    /// Registers are model-specific ones, identifiers have 32 bits.
    X2Apic,
}

impl Mode {
    /// Returns the name that logs and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XApic => "xapic",
            Self::X2Apic => "x2apic",
        }
    }

    /// Returns the identifier that the identification register holds: an xAPIC has it in the upper eight bits.
    #[must_use]
    pub const fn id_in(self, contents: u32) -> ApicId {
        match self {
            Self::XApic => ApicId::new(contents >> 24),
            Self::X2Apic => ApicId::new(contents),
        }
    }
}

/// The spurious-interrupt vector register's value that switches the APIC on: bit 8, and the vector.
///
/// Broadcasts of end-of-interrupt stay on (bit 12 clear), which level-triggered entries of an I/O APIC rely on.
pub const SOFTWARE_ENABLE: u32 = 1 << 8 | crate::Vector::SPURIOUS.number() as u32;
