//! What is wrong with the tables, one message for each thing.
//!
//! A notice names the place and ends with what follows from it. It is plain data; [`Display`](fmt::Display) makes the
//! sentence.

use core::fmt;

use arrayvec::ArrayVec;
use xtcore::PhysAddr;
use xtcore::interrupt::Gsi;

use crate::memory::Unreadable;
use crate::table::{Signature, TableFault};

/// Something that is wrong with the tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The RSDP cannot be used, and so no table can.
    NoRootPointer {
        /// Where it should be.
        at: PhysAddr,
        /// Why not.
        fault: TableFault,
    },
    /// What ACPI 2.0 added to the RSDP cannot be used; the RSDT is.
    HalfRootPointer {
        /// Where it is.
        at: PhysAddr,
        /// Why not.
        fault: TableFault,
    },
    /// A table cannot be used.
    Table {
        /// Which.
        signature: Signature,
        /// Where it should be.
        at: PhysAddr,
        /// Why not.
        fault: TableFault,
    },
    /// Not even the signature of a table in the root table can be read.
    ListedTable {
        /// Its place in the root table, from 0.
        index: u32,
        /// Why not.
        fault: TableFault,
    },
    /// The rest of the root table cannot be read.
    RootTable {
        /// The entry that cannot be read, from 0.
        index: u32,
        /// Why not.
        fault: Unreadable,
    },
    /// A further table of a kind of which one is used.
    Repeated {
        /// Which.
        signature: Signature,
        /// Where it is.
        at: PhysAddr,
    },
    /// A table that every machine has is not there.
    Absent {
        /// Which.
        signature: Signature,
    },
    /// An entry of the MADT is wrong.
    Entry {
        /// Its place, in bytes from the beginning of the table.
        offset: u32,
        /// The number of its kind.
        kind: u8,
        /// What is wrong.
        fault: EntryFault,
    },
    /// The MADT has no address for local APICs.
    NoLocalApicAddress,
    /// The MADT has no enabled processor.
    NoProcessor,
    /// The MADT has no I/O APIC.
    NoIoApic,
    /// Entries of the MADT are for processors that others were for.
    ProcessorsRepeated {
        /// Such entries.
        count: u32,
    },
    /// There is more than a list can hold.
    Beyond {
        /// Of what.
        what: Listed,
        /// What it holds.
        kept: usize,
        /// What it does not.
        count: u32,
    },
    /// A register cannot be used where the FADT or the HPET table says it is.
    Register {
        /// Which.
        name: RegisterName,
        /// The number of its address space.
        space: u8,
        /// Its address there.
        address: u64,
    },
    /// The DSDT does not define the sleep types of soft-off where a search finds them.
    NoSleepTypes {
        /// The DSDT.
        at: PhysAddr,
    },
}

/// What is wrong with an entry of the MADT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryFault {
    /// It cannot be read. The rest is ignored.
    Unreadable(Unreadable),
    /// Its length is not even that of kind and length. The rest is ignored.
    NoLength {
        /// The length.
        bytes: u8,
    },
    /// It passes the end of the table. The rest is ignored.
    PastEnd {
        /// Its length.
        bytes: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// It is too short for its kind.
    TooShort {
        /// Its length.
        bytes: usize,
        /// The length of its kind.
        needed: usize,
    },
    /// A processor that can be used has the APIC id that addresses all of them.
    EverybodysApicId,
    /// An I/O APIC, or local APICs, should be at address 0.
    NoAddress,
    /// An I/O APIC has the inputs of another.
    SameInputs {
        /// The first of them.
        first: Gsi,
        /// The other one's registers.
        address: PhysAddr,
    },
    /// An override is for a line that the ISA bus does not have, or for another bus.
    NoSuchLine {
        /// The bus; 0 is ISA.
        bus: u8,
        /// The line.
        source: u8,
    },
    /// An override contradicts an earlier one.
    WiredAlready {
        /// The line.
        source: u8,
        /// Where the earlier one leads it.
        gsi: Gsi,
    },
    /// Local APICs have got another address already.
    AddressedAlready {
        /// That one.
        address: PhysAddr,
    },
    /// Polarity or trigger mode have a reserved value. What the bus does is assumed.
    ReservedSignal {
        /// The flags.
        flags: u16,
    },
    /// Local APICs do not have such an input.
    NoSuchInput {
        /// Its number.
        lint: u8,
    },
}

/// What lists of fixed capacity hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {
    /// Processors.
    Processors,
    /// I/O APICs.
    IoApics,
    /// NMI sources.
    NmiSources,
}

impl Listed {
    const fn name(self) -> &'static str {
        match self {
            Self::Processors => "processors",
            Self::IoApics => "I/O APICs",
            Self::NmiSources => "NMI sources",
        }
    }
}

/// Registers that tables tell of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegisterName {
    /// The ACPI PM timer.
    PmTimer,
    /// The reset register.
    Reset,
    /// The registers of the event timer.
    EventTimer,
}

impl RegisterName {
    const fn name(self) -> &'static str {
        match self {
            Self::PmTimer => "PM timer",
            Self::Reset => "reset register",
            Self::EventTimer => "event timer",
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoRootPointer { at, fault } => {
                write!(out, "RSDP at {at:#x}: {fault}: no table can be found")
            }
            Self::HalfRootPointer { at, fault } => write!(out, "RSDP at {at:#x}: {fault}: the RSDT is used"),
            Self::Table { signature, at, fault } => {
                write!(out, "{signature} at {at:#x}: {fault}: the table is ignored")
            }
            Self::ListedTable { index, fault } => {
                write!(out, "table {index} of the root table: {fault}: the table is ignored")
            }
            Self::RootTable { index, fault } => {
                write!(out, "root table from entry {index} on: {fault}: the rest is ignored")
            }
            Self::Repeated { signature, at } => {
                write!(out, "{signature} at {at:#x}: there is one already: this one is ignored")
            }
            Self::Absent { signature } => write!(out, "there is no {signature}"),
            Self::Entry { offset, kind, fault } => {
                write!(out, "MADT entry of type {kind} at offset {offset}: {fault}")
            }
            Self::NoLocalApicAddress => {
                out.write_str("MADT: no address of local APICs: the usual one is assumed")
            }
            Self::NoProcessor => {
                out.write_str("MADT: no enabled processor: the one that runs is taken to be alone")
            }
            Self::NoIoApic => out.write_str("MADT: no I/O APIC"),
            Self::ProcessorsRepeated { count } => {
                write!(out, "MADT: {count} entries for processors that have one already are ignored")
            }
            Self::Beyond { what, kept, count } => {
                write!(out, "MADT: {count} {} beyond the first {kept} are ignored", what.name())
            }
            Self::Register { name, space, address } => {
                write!(out, "{} at {address:#x} in address space {space} is ignored", name.name())
            }
            Self::NoSleepTypes { at } => {
                write!(out, "DSDT at {at:#x}: no definition of _S5_ was found: the machine cannot switch off")
            }
        }
    }
}

impl fmt::Display for EntryFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unreadable(fault) => write!(out, "{fault}: the rest is ignored"),
            Self::NoLength { bytes } => write!(out, "it has a length of {bytes}: the rest is ignored"),
            Self::PastEnd { bytes, left } => {
                write!(out, "its {bytes} bytes pass the end of the table, {left} on: the rest is ignored")
            }
            Self::TooShort { bytes, needed } => {
                write!(out, "{bytes} bytes instead of {needed}: it is ignored")
            }
            Self::EverybodysApicId => out.write_str("a processor with the APIC id of all: it is ignored"),
            Self::NoAddress => out.write_str("it has no address: it is ignored"),
            Self::SameInputs { first, address } => {
                write!(out, "the I/O APIC at {address:#x} begins with input {first} already: it is ignored")
            }
            Self::NoSuchLine { bus, source } => {
                write!(out, "there is no line {source} of bus {bus}: it is ignored")
            }
            Self::WiredAlready { source, gsi } => {
                write!(out, "ISA line {source} is wired to input {gsi} already: it is ignored")
            }
            Self::AddressedAlready { address } => {
                write!(out, "local APICs are at {address:#x} already: it is ignored")
            }
            Self::ReservedSignal { flags } => {
                write!(out, "flags {flags:#06x} have a reserved value: what the bus does is assumed")
            }
            Self::NoSuchInput { lint } => {
                write!(out, "there is no local interrupt input {lint}: it is ignored")
            }
        }
    }
}

/// What is wrong with the tables, in the order in which it was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notices {
    list: ArrayVec<Notice, { Self::MOST }>,
    beyond: u32,
}

impl Notices {
    /// Notices that are kept.
    pub const MOST: usize = 32;

    /// Returns the notices that are kept.
    #[must_use]
    pub fn listed(&self) -> &[Notice] {
        &self.list
    }

    /// Returns how many did not fit the list.
    #[must_use]
    pub const fn beyond(&self) -> u32 {
        self.beyond
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len().saturating_add(self.beyond as usize)
    }

    pub(crate) fn push(&mut self, notice: Notice) {
        if self.list.try_push(notice).is_err() {
            self.beyond = self.beyond.saturating_add(1);
        }
    }
}
