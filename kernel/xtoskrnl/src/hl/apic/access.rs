//! The local APIC's registers in either language.
#![allow(unsafe_code, reason = "an x2APIC's registers are model-specific ones")]

use xthal::apic::{Base, Command, Mode, Register};

use super::LocalRegisters;
use crate::ar::control;

const MSR_APIC_BASE: u32 = 0x1B;
const MSR_ARCH_CAPABILITIES: u32 = 0x10A;
const MSR_XAPIC_DISABLE_STATUS: u32 = 0xBD;

/// Reads IA32_APIC_BASE. For processors with a local APIC: they all have it.
pub(super) fn base() -> Base {
    // SAFETY: CPUID reports a local APIC, which has the register: `start` asks it, and else only the `LocalApic` comes here that
    // `start` makes after that. Reading the register changes nothing.
    Base::new(unsafe { control::read_msr(MSR_APIC_BASE) })
}

/// Writes IA32_APIC_BASE.
///
/// # Safety
/// The value must be one that the processor can go to from the present one, and its address must be no RAM's.
pub(super) unsafe fn set_base(base: Base) {
    // SAFETY: whoever has a step to make has read the register before, so it exists. The processor can go to this value, and
    // the page at which its local APIC then answers hides no RAM.
    unsafe { control::write_msr(MSR_APIC_BASE, base.bits()) };
}

/// Tells whether firmware forbids to leave x2APIC. For processors that have IA32_ARCH_CAPABILITIES.
pub(super) fn is_locked() -> bool {
    const HAS_STATUS: u64 = 1 << 21;
    const LOCKED: u64 = 1 << 0;
    // SAFETY: CPUID reports the register, as `lock` has asked before it comes here, as the only one; reading it changes nothing.
    let capabilities = unsafe { control::read_msr(MSR_ARCH_CAPABILITIES) };
    if capabilities & HAS_STATUS == 0 {
        return false;
    }
    // SAFETY: the capabilities say that this one exists.
    unsafe { control::read_msr(MSR_XAPIC_DISABLE_STATUS) & LOCKED != 0 }
}

/// The way to the registers of whatever processor uses it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    /// An xAPIC's.
    Memory(LocalRegisters),
    /// An x2APIC's.
    Msr,
}

impl Access {
    /// Returns the language.
    pub(super) const fn mode(self) -> Mode {
        match self {
            Self::Memory(_) => Mode::XApic,
            Self::Msr => Mode::X2Apic,
        }
    }

    /// Reads a register.
    #[inline]
    pub(super) fn read(self, register: Register) -> u32 {
        match self {
            Self::Memory(registers) => registers.read(register.offset()),
            // SAFETY: this language is chosen only where CPUID reports it, and every processor switches to it before it
            // uses its local APIC; all of its registers but those that are written only can be read.
            Self::Msr => unsafe { control::read_msr(register.msr()) as u32 },
        }
    }

    /// Writes a register.
    #[inline]
    pub(super) fn write(self, register: Register, value: u32) {
        match self {
            Self::Memory(registers) => registers.write(register.offset(), value),
            // SAFETY: chosen only where CPUID reports it, and every processor switches before it comes here. The register
            // concerns interrupts, which come through gates or wait; it touches no memory.
            Self::Msr => unsafe { control::write_msr(register.msr(), value.into()) },
        }
    }

    /// Writes the command register of an x2APIC, all of it at once.
    ///
    /// Writes of these registers do not wait for stores before them, and what an interrupt is about must be visible when it
    /// arrives (SDM volume 3A, section 11.12.3), so there is a fence.
    pub(super) fn write_command(command: Command) {
        control::fence();
        // SAFETY: `send` comes here for an access that is no xAPIC's, so the processor has switched to x2APIC, which has the
        // register. The command is a checked one: an interrupt or a start, which touches no memory of the sender.
        unsafe { control::write_msr(Register::COMMAND.msr(), command.bits()) };
    }
}
