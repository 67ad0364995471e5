//! The registers by number: one numbering for both languages.
//!
//! Source: SDM volume 3A, tables 11-1 (memory map) and 11-6 (model-specific registers).

use crate::Vector;

/// A register of 32 bits. An xAPIC has it at 16 times the number, an x2APIC as model-specific register 0x800 plus it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Register(u8);

impl Register {
    /// Identification.
    pub const ID: Self = Self(0x02);
    /// Version, and the number of local vectors.
    pub const VERSION: Self = Self(0x03);
    /// Task priority.
    pub const TASK_PRIORITY: Self = Self(0x08);
    /// End of interrupt; written with 0.
    pub const END_OF_INTERRUPT: Self = Self(0x0B);
    /// Spurious-interrupt vector, and the switch of the APIC.
    pub const SPURIOUS_VECTOR: Self = Self(0x0F);
    /// Errors; written before it is read.
    pub const ERROR_STATUS: Self = Self(0x28);
    /// Local vector of corrected machine checks.
    pub const LVT_CORRECTED_ERRORS: Self = Self(0x2F);
    /// The command register's lower half; an x2APIC has all 64 bits here.
    pub const COMMAND: Self = Self(0x30);
    /// The command register's upper half, of an xAPIC only.
    pub const COMMAND_HIGH: Self = Self(0x31);
    /// Local vector of the timer.
    pub const LVT_TIMER: Self = Self(0x32);
    /// Local vector of the thermal sensor.
    pub const LVT_THERMAL: Self = Self(0x33);
    /// Local vector of the performance counters.
    pub const LVT_PERFORMANCE: Self = Self(0x34);
    /// Local vector of pin LINT0.
    pub const LVT_LINT0: Self = Self(0x35);
    /// Local vector of pin LINT1.
    pub const LVT_LINT1: Self = Self(0x36);
    /// Local vector of errors.
    pub const LVT_ERROR: Self = Self(0x37);
    /// What the timer starts from.
    pub const TIMER_INITIAL: Self = Self(0x38);
    /// Where the timer is.
    pub const TIMER_CURRENT: Self = Self(0x39);
    /// The timer's divider.
    pub const TIMER_DIVIDE: Self = Self(0x3E);
    /// Interrupts the own processor; an x2APIC's only.
    pub const SELF_IPI: Self = Self(0x3F);

    /// Returns the register of the in-service bank that has the vector's bit, and the bit.
    #[must_use]
    pub const fn in_service(vector: Vector) -> (Self, u32) {
        Self::bank(0x10, vector)
    }

    /// Returns the register of the request bank that has the vector's bit, and the bit: set while an interrupt waits.
    #[must_use]
    pub const fn requested(vector: Vector) -> (Self, u32) {
        Self::bank(0x20, vector)
    }

    const fn bank(first: u8, vector: Vector) -> (Self, u32) {
        let number = vector.number();
        (Self(first + number / 32), 1 << (number % 32))
    }

    /// Returns the distance in bytes from the xAPIC's base: a multiple of 16 below 1024.
    #[must_use]
    pub const fn offset(self) -> u32 {
        (self.0 as u32) << 4
    }

    /// Returns the number of the x2APIC's model-specific register.
    #[must_use]
    pub const fn msr(self) -> u32 {
        0x800 + self.0 as u32
    }
}
