//! What the machine's tables say about interrupt controllers and clocks, as far as it is needed here.
#![allow(unsafe_code, reason = "addresses and ports of devices come from the machine's tables")]

use arrayvec::ArrayVec;
use xtacpi::{IsaIrq, Platform, PmTimerWidth, Register};
use xtcore::PhysAddr;
use xtcore::interrupt::{Gsi, Line};
use xthal::time::Width;
use xtmm::space::DeviceMapping;

use crate::hl::apic::{MOST_IO_APICS, NmiPin};
use crate::hl::registers::Registers;
use crate::hl::time::pm::PmTimer;

/// The facts.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Each I/O APIC's address and first interrupt.
    pub(crate) io_apics: ArrayVec<(PhysAddr, Gsi), MOST_IO_APICS>,
    /// Where the PIT's interrupt arrives.
    pub(crate) pit: Line,
    /// Where non-maskable interrupts arrive.
    pub(crate) nmi: Option<NmiPin>,
    /// The high precision event timer.
    pub(crate) hpet: Option<PhysAddr>,
    /// The ACPI PM timer.
    pub(crate) pm: Option<PmFacts>,
    /// The battery-backed clock's register of the century.
    pub(crate) century: Option<u8>,
}

impl Facts {
    /// Picks out of the tables what is needed here.
    ///
    /// The processor that runs is the one that the tables list first (ACPI 6.5, section 5.2.12.1). Where they list none, its
    /// non-maskable interrupts arrive where a PC has them.
    pub(crate) fn of(platform: &Platform) -> Self {
        let listed = platform.interrupts.io_apics().iter();
        let nmi = match platform.processors.listed().first() {
            Some(processor) => NmiPin::of(processor),
            None => Some(NmiPin::PC),
        };
        Self {
            io_apics: listed.map(|io| (io.address, io.first)).take(MOST_IO_APICS).collect(),
            pit: platform.gsi_of(IsaIrq::TIMER),
            nmi,
            hpet: platform.hpet.map(|hpet| hpet.address),
            pm: platform.fixed.pm_timer.map(|timer| PmFacts {
                register: timer.register,
                width: match timer.width {
                    PmTimerWidth::Bits24 => Width::BITS_24,
                    PmTimerWidth::Bits32 => Width::BITS_32,
                },
            }),
            century: platform.fixed.century,
        }
    }
}

/// The ACPI PM timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PmFacts {
    /// Where it is.
    pub(crate) register: Register,
    /// 24 or 32 bits.
    pub(crate) width: Width,
}

/// Returns the registers that a device's mapping shows. The mapping is never released, which takes the value.
pub(super) fn window<const BYTES: usize>(mapping: &DeviceMapping) -> Option<Registers<BYTES>> {
    if mapping.bytes() < Registers::<BYTES>::BYTES {
        return None;
    }
    // SAFETY: that many bytes were mapped, uncached, and the caller drops the only value with which they could be unmapped.
    // They are a timer's or an interrupt controller's, which move no data: RAM would have been refused.
    unsafe { Registers::new(mapping.address()) }
}

/// Returns the PM timer at a port.
pub(super) const fn pm_port(port: u16, width: Width) -> PmTimer {
    // SAFETY: the fixed description table names the port.
    unsafe { PmTimer::at_port(port, width) }
}
