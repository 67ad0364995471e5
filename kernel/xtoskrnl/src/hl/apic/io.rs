//! An I/O APIC: where interrupts of devices go.
//!
//! Its entries are reached through an index and a window, so each access is two, and they belong together: behind a lock
//! that is held with interrupts off, for a few accesses at a time. No other lock is taken under it.

use core::fmt;

use spin::Mutex;
use xtcore::ApicId;
use xtcore::interrupt::Gsi;
use xthal::ioapic::{self, Entry, Mask, Route};

use crate::ar::control::without_interrupts;
use crate::hl::registers::Registers;

const INDEX: u32 = 0x00;
const WINDOW: u32 = 0x10;

/// The registers of an I/O APIC.
pub(crate) type IoRegisters = Registers<32>;

/// An I/O APIC.
#[derive(Debug)]
pub(crate) struct IoApic {
    registers: Mutex<IoRegisters>,
    first: Gsi,
    entries: u32,
}

/// Why an interrupt cannot be routed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RouteError {
    /// The I/O APIC does not have it.
    NotHere(Gsi),
    /// Entries name processors by eight bits.
    IdTooWide(ApicId),
}

impl fmt::Display for RouteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHere(gsi) => write!(out, "interrupt {gsi} is not at this I/O APIC"),
            Self::IdTooWide(id) => write!(out, "an I/O APIC cannot name processor {id}"),
        }
    }
}

/// Two accesses that belong together.
fn read(registers: IoRegisters, index: u32) -> u32 {
    registers.write(INDEX, index);
    registers.read(WINDOW)
}

fn write(registers: IoRegisters, index: u32, value: u32) {
    registers.write(INDEX, index);
    registers.write(WINDOW, value);
}

impl IoApic {
    /// Takes over the I/O APIC whose first interrupt is `first`, and masks all of it.
    pub(crate) fn open(registers: IoRegisters, first: Gsi) -> Self {
        let entries = ioapic::entries(read(registers, ioapic::VERSION));
        let apic = Self { registers: Mutex::new(registers), first, entries };
        for number in 0..entries {
            apic.change(number, |_| Entry::NOTHING);
        }
        apic
    }

    /// Returns the number of its interrupts.
    pub(crate) const fn entries(&self) -> u32 {
        self.entries
    }

    /// Returns its first interrupt.
    pub(crate) const fn first(&self) -> Gsi {
        self.first
    }

    /// Tells whether an interrupt is one of its own.
    pub(crate) fn has(&self, gsi: Gsi) -> bool {
        self.number_of(gsi).is_ok()
    }

    /// Returns the number of its version.
    pub(crate) fn version(&self) -> u8 {
        ioapic::version(self.with(|registers| read(registers, ioapic::VERSION)))
    }

    /// Routes an interrupt; it is delivered from then on, unless `mask` says otherwise.
    ///
    /// # Errors
    /// All of [`RouteError`]; nothing has changed then.
    pub(crate) fn route(&self, gsi: Gsi, route: Route, mask: Mask) -> Result<(), RouteError> {
        let number = self.number_of(gsi)?;
        let entry = Entry::of(route, mask).ok_or(RouteError::IdTooWide(route.destination))?;
        self.change(number, |_| entry);
        Ok(())
    }

    /// Has an interrupt lead nowhere again.
    ///
    /// # Errors
    /// [`RouteError::NotHere`].
    pub(crate) fn reset(&self, gsi: Gsi) -> Result<(), RouteError> {
        let number = self.number_of(gsi)?;
        self.change(number, |_| Entry::NOTHING);
        Ok(())
    }

    /// Masks or unmasks an interrupt.
    ///
    /// # Errors
    /// [`RouteError::NotHere`].
    pub(crate) fn set_mask(&self, gsi: Gsi, mask: Mask) -> Result<(), RouteError> {
        let number = self.number_of(gsi)?;
        self.change(number, |entry| entry.with(mask));
        Ok(())
    }

    /// Reads an interrupt's entry back.
    ///
    /// # Errors
    /// [`RouteError::NotHere`].
    pub(crate) fn entry(&self, gsi: Gsi) -> Result<Entry, RouteError> {
        let number = self.number_of(gsi)?;
        Ok(self.with(|registers| read_entry(registers, number)))
    }

    fn number_of(&self, gsi: Gsi) -> Result<u32, RouteError> {
        let number = gsi.get().checked_sub(self.first.get()).filter(|number| *number < self.entries);
        number.ok_or(RouteError::NotHere(gsi))
    }

    /// Changes an entry. It is masked while its two halves do not belong together.
    fn change(&self, number: u32, change: impl FnOnce(Entry) -> Entry) {
        self.with(|registers| {
            let (low, high) = (ioapic::entry_index(number), ioapic::entry_index(number) + 1);
            let before = read_entry(registers, number);
            let after = change(before);
            if before.high() != after.high() {
                write(registers, low, before.with(Mask::Masked).low());
                write(registers, high, after.high());
            }
            write(registers, low, after.low());
        });
    }

    fn with<R>(&self, act: impl FnOnce(IoRegisters) -> R) -> R {
        without_interrupts(|| act(*self.registers.lock()))
    }
}

fn read_entry(registers: IoRegisters, number: u32) -> Entry {
    let low = ioapic::entry_index(number);
    Entry::new(read(registers, low), read(registers, low + 1))
}
