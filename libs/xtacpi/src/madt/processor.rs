//! The processors of a machine, as firmware lists them.

use arrayvec::ArrayVec;
use xtcore::ApicId;
use xtcore::interrupt::Signal;

use super::interrupts::Lint;

/// Whether a processor may be started (ACPI 6.5, table 5.23).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// It is there and can be started.
    Enabled,
    /// It can be started once the machine has brought it online.
    OnlineCapable,
}

/// A processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Processor {
    /// Its local APIC.
    pub apic_id: ApicId,
    /// Its name in the namespace of ACPI.
    pub uid: u32,
    /// Whether it may be started.
    pub readiness: Readiness,
    nmi: [Option<Signal>; 2],
}

impl Processor {
    pub(super) const fn new(apic_id: ApicId, uid: u32, readiness: Readiness) -> Self {
        Self { apic_id, uid, readiness, nmi: [None; 2] }
    }

    /// Returns how the input signals, if an NMI is wired to it.
    #[must_use]
    pub fn nmi_on(&self, lint: Lint) -> Option<Signal> {
        let [zero, one] = self.nmi;
        match lint {
            Lint::Zero => zero,
            Lint::One => one,
        }
    }

    pub(super) fn wire_nmi(&mut self, lint: Lint, signal: Signal) {
        let [zero, one] = &mut self.nmi;
        *match lint {
            Lint::Zero => zero,
            Lint::One => one,
        } = Some(signal);
    }
}

/// The processors of a machine. No APIC id occurs twice.
///
/// An empty list means that firmware tells of none: assume the one that runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Processors {
    list: ArrayVec<Processor, { Self::MOST }>,
    /// Entries for processors that are not there and cannot come.
    pub disabled: u32,
    /// Entries for processors that were in the list already.
    pub repeated: u32,
    /// Processors that did not fit the list.
    pub beyond: u32,
}

impl Processors {
    /// Processors that are kept.
    pub const MOST: usize = 256;

    /// Returns the processors, in the order of firmware.
    #[must_use]
    pub fn listed(&self) -> &[Processor] {
        &self.list
    }

    /// Returns the processors that can be started, in the order of firmware.
    pub fn enabled(&self) -> impl Iterator<Item = &Processor> + Clone {
        self.list.iter().filter(|processor| processor.readiness == Readiness::Enabled)
    }

    pub(super) fn listed_mut(&mut self) -> &mut [Processor] {
        &mut self.list
    }

    /// Adds a processor, or counts why not. Linear in the processors that are kept.
    pub(super) fn add(&mut self, processor: Processor) {
        if self.list.iter().any(|other| other.apic_id == processor.apic_id) {
            self.repeated += 1;
        } else if self.list.try_push(processor).is_err() {
            self.beyond += 1;
        }
    }
}
