//! How interrupts reach processors.

use arrayvec::ArrayVec;
use xtcore::PhysAddr;
use xtcore::interrupt::{Gsi, Line, Signal};

use crate::interrupt::IsaWiring;

/// What the tables tell of interrupt controllers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InterruptModel {
    /// Nothing: no MADT was found. Assume the processor that runs to be the only one, and the two interrupt controllers
    /// of a PC, which pass the sixteen lines of the ISA bus on by their numbers.
    #[default]
    Pic,
    /// There is a MADT: [`Interrupts`] holds what it says.
    Apic,
}

/// Whether a machine has the two interrupt controllers of a PC, which then must be silenced before I/O APICs are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LegacyPics {
    /// It has.
    #[default]
    Present,
    /// It has not.
    Absent,
}

/// An I/O APIC. How many inputs it has is in its version register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IoApic {
    /// Its APIC id.
    pub id: u8,
    /// Its registers.
    pub address: PhysAddr,
    /// Its first input.
    pub first: Gsi,
}

/// One of the two interrupt inputs of a local APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lint {
    /// LINT0.
    Zero,
    /// LINT1.
    One,
}

impl Lint {
    /// Both inputs.
    pub const BOTH: [Self; 2] = [Self::Zero, Self::One];
}

/// How interrupts reach processors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interrupts {
    /// What the tables tell at all.
    pub model: InterruptModel,
    /// The registers of local APICs, the same for each processor, unless it is moved.
    pub local_apic: PhysAddr,
    /// Whether the interrupt controllers of a PC are there.
    pub legacy_pics: LegacyPics,
    /// Where the lines of the ISA bus end.
    pub isa: IsaWiring,
    io_apics: ArrayVec<IoApic, { Self::MOST_IO_APICS }>,
    nmi_sources: ArrayVec<Line, { Self::MOST_NMI_SOURCES }>,
    /// I/O APICs that did not fit the list.
    pub io_apics_beyond: u32,
    /// NMI sources that did not fit the list.
    pub nmi_sources_beyond: u32,
}

impl Interrupts {
    /// I/O APICs that are kept.
    pub const MOST_IO_APICS: usize = 16;
    /// NMI sources that are kept.
    pub const MOST_NMI_SOURCES: usize = 8;
    /// Where local APICs are after a reset (SDM volume 3, section 11.4.1).
    pub const LOCAL_APIC: PhysAddr = PhysAddr::new(0xFEE0_0000);

    /// Returns the I/O APICs, in the order of firmware. No two have the same first input.
    #[must_use]
    pub fn io_apics(&self) -> &[IoApic] {
        &self.io_apics
    }

    /// Returns the inputs of I/O APICs that are NMIs, in the order of firmware.
    #[must_use]
    pub fn nmi_sources(&self) -> &[Line] {
        &self.nmi_sources
    }

    /// Returns the only I/O APIC that can have an input, and which of its inputs that would be. Only its version
    /// register tells whether it has so many.
    #[must_use]
    pub fn io_apic_of(&self, gsi: Gsi) -> Option<(IoApic, u32)> {
        let below = self.io_apics.iter().filter(|io_apic| io_apic.first <= gsi);
        let nearest = below.max_by_key(|io_apic| io_apic.first)?;
        Some((*nearest, gsi.get() - nearest.first.get()))
    }

    /// Adds an I/O APIC or counts it; returns the one that has its first input already.
    pub(super) fn add_io_apic(&mut self, io_apic: IoApic) -> Option<IoApic> {
        let twin = self.io_apics.iter().find(|other| other.first == io_apic.first).copied();
        if twin.is_none() && self.io_apics.try_push(io_apic).is_err() {
            self.io_apics_beyond += 1;
        }
        twin
    }

    /// Adds an NMI source or counts it.
    pub(super) fn add_nmi_source(&mut self, gsi: Gsi, signal: Signal) {
        if self.nmi_sources.try_push(Line { gsi, signal }).is_err() {
            self.nmi_sources_beyond += 1;
        }
    }
}

impl Default for Interrupts {
    /// What to assume without tables.
    fn default() -> Self {
        Self {
            model: InterruptModel::default(),
            local_apic: Self::LOCAL_APIC,
            legacy_pics: LegacyPics::default(),
            isa: IsaWiring::default(),
            io_apics: ArrayVec::new(),
            nmi_sources: ArrayVec::new(),
            io_apics_beyond: 0,
            nmi_sources_beyond: 0,
        }
    }
}
