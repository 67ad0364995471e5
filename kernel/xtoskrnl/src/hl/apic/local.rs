//! The local APIC of the processor that uses it: switching it on, and ending interrupts.
//!
//! One value serves all processors: an xAPIC's registers are at the same address for each, and an x2APIC's are
//! its own by nature. It holds facts only; every state is the hardware's.
#![allow(unsafe_code, reason = "IA32_APIC_BASE decides where the registers are")]

use xtacpi::{Lint, Processor};
use xtcore::interrupt::Polarity;
use xtcore::{ApicId, PhysAddr};
use xthal::Vector;
use xthal::apic::{Errors, LocalVector, Mode, Register, SOFTWARE_ENABLE};

use super::access::{self, Access};

/// The local APIC.
#[derive(Debug)]
pub(crate) struct LocalApic {
    pub(super) access: Access,
    address: PhysAddr,
}

/// Where the machine's non-maskable interrupts arrive at a local APIC. ACPI's MADT names it for each processor; a PC has it at
/// LINT1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NmiPin {
    /// The pin.
    pub(crate) pin: Pin,
    /// Its active state.
    pub(crate) polarity: Polarity,
}

impl NmiPin {
    /// Where a PC has it.
    pub(crate) const PC: Self = Self { pin: Pin::Lint1, polarity: Polarity::ActiveHigh };

    /// Returns where the tables say that a processor has it, if they do.
    pub(crate) fn of(processor: &Processor) -> Option<Self> {
        [(Lint::Zero, Pin::Lint0), (Lint::One, Pin::Lint1)].into_iter().find_map(|(lint, pin)| {
            processor.nmi_on(lint).map(|signal| Self { pin, polarity: signal.polarity })
        })
    }
}

/// A pin of a local APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pin {
    /// LINT0.
    Lint0,
    /// LINT1.
    Lint1,
}

impl Pin {
    const fn register(self) -> Register {
        match self {
            Self::Lint0 => Register::LVT_LINT0,
            Self::Lint1 => Register::LVT_LINT1,
        }
    }
}

impl LocalApic {
    pub(super) const fn new(access: Access, address: PhysAddr) -> Self {
        Self { access, address }
    }

    /// Returns the language.
    pub(crate) const fn mode(&self) -> Mode {
        self.access.mode()
    }

    /// Switches this processor's local APIC on, with interrupts off: errors are reported by an interrupt, the machine's
    /// non-maskable interrupts come in at `nmi`, and everything else of its own is masked. Interrupts that
    /// firmware has left in service are ended; what has been requested stays requested, because nothing but taking an interrupt
    /// clears it.
    pub(crate) fn enable(&self, nmi: Option<NmiPin>) {
        let base = access::base().at(self.address);
        for step in base.way_to(self.mode()).into_iter().flatten() {
            // SAFETY: the steps follow the manual's figure; the address is the one that firmware gave the first
            // processor's registers, and the window that was mapped shows it.
            unsafe { access::set_base(step) };
        }
        let Self { access, .. } = *self;
        access.write(Register::SPURIOUS_VECTOR, SOFTWARE_ENABLE);
        access.write(Register::TASK_PRIORITY, 0);
        // As many local vectors as the version register tells, in the order in which they were invented.
        let highest = access.read(Register::VERSION) >> 16 & 0xFF;
        let vectors = [
            (Register::LVT_TIMER, 0),
            (Register::LVT_PERFORMANCE, 4),
            (Register::LVT_THERMAL, 5),
            (Register::LVT_CORRECTED_ERRORS, 6),
        ];
        for (register, _) in vectors.into_iter().filter(|&(_, needed)| highest >= needed) {
            access.write(register, LocalVector::masked().bits());
        }
        for pin in [Pin::Lint0, Pin::Lint1] {
            let entry = match nmi.filter(|nmi| nmi.pin == pin) {
                Some(nmi) => LocalVector::non_maskable(nmi.polarity),
                None => LocalVector::masked(),
            };
            access.write(pin.register(), entry.bits());
        }
        let _stale = self.errors();
        access.write(Register::LVT_ERROR, LocalVector::fixed(Vector::APIC_ERROR).bits());
        self.end_what_is_in_service();
    }

    /// Ends every interrupt in service: at most one of each vector.
    fn end_what_is_in_service(&self) {
        for number in 0..=u8::MAX {
            let (register, bit) = Register::in_service(Vector::new(number));
            if self.access.read(register) & bit != 0 {
                self.end_of_interrupt();
            }
        }
    }

    /// Returns the identifier of this processor.
    pub(crate) fn id(&self) -> ApicId {
        self.mode().id_in(self.access.read(Register::ID))
    }

    /// Tells the local APIC that the handler of the most urgent interrupt in service is done. Not for spurious ones.
    ///
    /// A test of a constant and a store.
    #[inline]
    pub(crate) fn end_of_interrupt(&self) {
        self.access.write(Register::END_OF_INTERRUPT, 0);
    }

    /// Returns what went wrong since the last call, and forgets it.
    pub(crate) fn errors(&self) -> Errors {
        // The register collects in the background; a write brings what there is to the front.
        self.access.write(Register::ERROR_STATUS, 0);
        Errors::from_bits_truncate(self.access.read(Register::ERROR_STATUS))
    }

    /// Tells whether an interrupt with that vector waits until the processor takes it.
    pub(crate) fn is_requested(&self, vector: Vector) -> bool {
        let (register, bit) = Register::requested(vector);
        self.access.read(register) & bit != 0
    }
}
