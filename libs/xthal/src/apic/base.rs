//! Where a local APIC is and which language it speaks: IA32_APIC_BASE, and the choice between the two.
//!
//! ```text
//!   disabled --> xAPIC --> x2APIC
//!      ^-----------+----------+       there is no way from x2APIC to xAPIC but through disabled
//! ```
//!
//! Source: SDM volume 3A, sections 11.4.4 and 11.12.1; figure 11-27 for the transitions.

use xtcore::PhysAddr;

use super::Mode;

/// A value of IA32_APIC_BASE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Base(u64);

const BOOT_PROCESSOR: u64 = 1 << 8;
const X2APIC: u64 = 1 << 10;
const ENABLED: u64 = 1 << 11;
/// Bits 12 to 51, of which a processor has as many as its physical addresses.
const ADDRESS: u64 = 0x000F_FFFF_FFFF_F000;

impl Base {
    /// Wraps what was read.
    #[must_use]
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }

    /// Returns what is written.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Tells whether this is the processor that the firmware started.
    #[must_use]
    pub const fn is_boot_processor(self) -> bool {
        self.0 & BOOT_PROCESSOR != 0
    }

    /// Returns where an xAPIC's registers are.
    #[must_use]
    pub const fn address(self) -> PhysAddr {
        PhysAddr::new(self.0 & ADDRESS)
    }

    /// Returns the language in use; `None` while the APIC is disabled.
    #[must_use]
    pub const fn mode(self) -> Option<Mode> {
        match (self.0 & ENABLED != 0, self.0 & X2APIC != 0) {
            (true, false) => Some(Mode::XApic),
            (true, true) => Some(Mode::X2Apic),
            (false, _) => None,
        }
    }

    /// Returns the same value with the registers at another address.
    #[must_use]
    pub const fn at(self, address: PhysAddr) -> Self {
        Self(self.0 & !ADDRESS | address.get() & ADDRESS)
    }

    /// Returns the values to write one after another to get from here to `mode`: one or two, the last of which has this
    /// address and speaks `mode`.
    #[must_use]
    pub const fn way_to(self, mode: Mode) -> [Option<Self>; 2] {
        let off = Self(self.0 & !(ENABLED | X2APIC));
        let xapic = Self(off.0 | ENABLED);
        let x2apic = Self(xapic.0 | X2APIC);
        match (self.mode(), mode) {
            (Some(Mode::X2Apic), Mode::XApic) => [Some(off), Some(xapic)],
            (None, Mode::X2Apic) => [Some(xapic), Some(x2apic)],
            (Some(Mode::XApic) | None, Mode::XApic) => [Some(xapic), None],
            (Some(_), Mode::X2Apic) => [Some(x2apic), None],
        }
    }
}

/// Whether the processor can speak x2APIC: CPUID.1:ECX, bit 21.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum X2Apic {
    /// It cannot.
    Absent,
    /// It can.
    Present,
}

/// Whether the firmware forbids to leave x2APIC: IA32_XAPIC_DISABLE_STATUS, bit 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lock {
    /// It does not.
    Open,
    /// It does.
    Locked,
}

/// What the user asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wish {
    /// The best there is.
    Best,
    /// No x2APIC (the parameter `NOX2APIC`).
    XApic,
}

/// Chooses the language: x2APIC where the processor has it, unless the user does not want it and the firmware lets go.
#[must_use]
pub const fn choose(base: Base, support: X2Apic, lock: Lock, wish: Wish) -> Mode {
    match (support, base.mode(), lock, wish) {
        (_, Some(Mode::X2Apic), Lock::Locked, _) | (X2Apic::Present, _, _, Wish::Best) => Mode::X2Apic,
        _ => Mode::XApic,
    }
}
