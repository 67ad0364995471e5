//! The entries of the MADT: their wire format, and a walk over them that ends.
//!
//! An entry tells its own length, so a wrong one derails all that follow. The walk ends at the first length that is no
//! entry's or that passes the table; an entry that is only too short for its kind is skipped. A step never goes back,
//! and goes on by at least two bytes.

use xtcore::interrupt::Gsi;
use xtcore::{ApicId, PhysAddr};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::memory::{ReadPhysical, Unreadable};
use crate::notice::{EntryFault, Notice};
use crate::table::{HEADER, Table};

/// Bytes between the table's header and the first entry: the local APIC's address and the flags.
const FIXED: u32 = 8;
/// Bytes of kind and length, which all entries begin with.
const LEAST: usize = 2;
/// Bytes of the longest entry that a length byte can tell.
const MOST: usize = 255;
/// Bytes that are read at a time: of the shortest entries hundreds, of the longest four.
const WINDOW: usize = 1024;

/// Type 0 (ACPI 6.5, section 5.2.12.2).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct LocalApic {
    kind_and_length: [u8; 2],
    uid: u8,
    apic_id: u8,
    flags: U32,
}

/// Type 1 (section 5.2.12.3).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct IoApic {
    kind_and_length: [u8; 2],
    id: u8,
    reserved: u8,
    address: U32,
    first: U32,
}

/// Type 2 (section 5.2.12.5).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct Override {
    kind_and_length: [u8; 2],
    bus: u8,
    source: u8,
    gsi: U32,
    flags: U16,
}

/// Type 3 (section 5.2.12.6).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct NmiSource {
    kind_and_length: [u8; 2],
    flags: U16,
    gsi: U32,
}

/// Type 4 (section 5.2.12.7).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct LocalNmi {
    kind_and_length: [u8; 2],
    uid: u8,
    flags: [u8; 2],
    lint: u8,
}

/// Type 5 (section 5.2.12.8).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct LocalApicAddress {
    kind_and_length: [u8; 2],
    reserved: U16,
    address: U64,
}

/// Type 9 (section 5.2.12.12).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct LocalX2Apic {
    kind_and_length: [u8; 2],
    reserved: U16,
    apic_id: U32,
    flags: U32,
    uid: U32,
}

/// Type 10 (section 5.2.12.13).
#[derive(FromBytes, KnownLayout, Immutable)]
#[repr(C)]
struct LocalX2Nmi {
    kind_and_length: [u8; 2],
    flags: U16,
    uid: U32,
    lint: u8,
    reserved: [u8; 3],
}

/// Whose local interrupt input an entry is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// Each processor's.
    All,
    /// That of the processor with this ACPI UID.
    Uid(u32),
}

/// What an entry says. The two widths of processors and of their NMIs are one here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    /// A processor; without an APIC id where the entry has the value that addresses all of them.
    Processor { apic_id: Option<ApicId>, uid: u32, flags: u32 },
    /// An I/O APIC.
    IoApic { id: u8, address: PhysAddr, first: Gsi },
    /// A line that is wired elsewhere.
    Override { bus: u8, source: u8, gsi: Gsi, flags: u16 },
    /// An input of an I/O APIC that is an NMI.
    NmiSource { gsi: Gsi, flags: u16 },
    /// An input of local APICs that is an NMI.
    LocalNmi { target: Target, lint: u8, flags: u16 },
    /// Where local APICs are, in 64 bits.
    LocalApicAddress(PhysAddr),
    /// Something of no interest here.
    Other,
}

impl Entry {
    /// Decodes the bytes of an entry, kind and length included.
    fn decode(bytes: &[u8]) -> Result<Self, EntryFault> {
        let decoded = match kind_of(bytes) {
            0 => {
                let LocalApic { uid, apic_id, flags, .. } = wire(bytes)?;
                let apic_id = (apic_id != u8::MAX).then_some(ApicId::new(apic_id.into()));
                Self::Processor { apic_id, uid: uid.into(), flags: flags.get() }
            }
            1 => {
                let IoApic { id, address, first, .. } = wire(bytes)?;
                let address = PhysAddr::new(address.get().into());
                Self::IoApic { id, address, first: Gsi::new(first.get()) }
            }
            2 => {
                let Override { bus, source, gsi, flags, .. } = wire(bytes)?;
                Self::Override { bus, source, gsi: Gsi::new(gsi.get()), flags: flags.get() }
            }
            3 => {
                let NmiSource { flags, gsi, .. } = wire(bytes)?;
                Self::NmiSource { gsi: Gsi::new(gsi.get()), flags: flags.get() }
            }
            4 => {
                let LocalNmi { uid, flags, lint, .. } = wire(bytes)?;
                let target = if uid == u8::MAX { Target::All } else { Target::Uid(uid.into()) };
                Self::LocalNmi { target, lint, flags: u16::from_le_bytes(flags) }
            }
            5 => {
                let LocalApicAddress { address, .. } = wire(bytes)?;
                Self::LocalApicAddress(PhysAddr::new(address.get()))
            }
            9 => {
                let LocalX2Apic { apic_id, flags, uid, .. } = wire(bytes)?;
                let apic_id = (apic_id.get() != u32::MAX).then_some(ApicId::new(apic_id.get()));
                Self::Processor { apic_id, uid: uid.get(), flags: flags.get() }
            }
            10 => {
                let LocalX2Nmi { flags, uid, lint, .. } = wire(bytes)?;
                let target = if uid.get() == u32::MAX { Target::All } else { Target::Uid(uid.get()) };
                Self::LocalNmi { target, lint, flags: flags.get() }
            }
            _ => Self::Other,
        };
        Ok(decoded)
    }
}

fn kind_of(bytes: &[u8]) -> u8 {
    bytes.first().copied().unwrap_or(u8::MAX)
}

fn wire<T: FromBytes + KnownLayout + Immutable>(bytes: &[u8]) -> Result<T, EntryFault> {
    let short = EntryFault::TooShort { bytes: bytes.len(), needed: size_of::<T>() };
    T::read_from_prefix(bytes).map(|(value, _)| value).map_err(|_| short)
}

/// An entry and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Bytes from the beginning of the table.
    pub(super) offset: u32,
    /// The number of the entry's kind.
    pub(super) kind: u8,
    /// What it says.
    pub(super) entry: Entry,
}

impl Placed {
    /// Returns the notice that says what is wrong with the entry.
    pub(super) const fn notice(&self, fault: EntryFault) -> Notice {
        Notice::Entry { offset: self.offset, kind: self.kind, fault }
    }
}

/// A walk over the entries of a MADT, in their order. Reads each byte once, or twice where windows meet.
pub(super) struct Entries<'m, M> {
    memory: &'m mut M,
    table: Table,
    offset: u32,
    window: [u8; WINDOW],
    /// What the window shows: its first byte's place in the table, and how many there are.
    shown: (u32, usize),
}

impl<'m, M: ReadPhysical> Entries<'m, M> {
    /// Begins at the first entry.
    pub(super) const fn of(table: Table, memory: &'m mut M) -> Self {
        let offset = HEADER + FIXED;
        Self { memory, table, offset, window: [0; WINDOW], shown: (offset, 0) }
    }

    /// Returns the bytes from here on: those of a whole entry, and maybe more, or all that the table has.
    fn ahead(&mut self) -> Result<&[u8], Unreadable> {
        let (first, count) = self.shown;
        let mut behind = (self.offset - first) as usize;
        if behind + MOST > count {
            let part = self.table.read(self.memory, self.offset, &mut self.window)?;
            self.shown = (self.offset, part.len());
            behind = 0;
        }
        Ok(self.window.get(behind..self.shown.1).unwrap_or_default())
    }

    /// Ends the walk: nothing tells where a further entry begins.
    const fn stop(&mut self, kind: u8, fault: EntryFault) -> Notice {
        let offset = self.offset;
        self.offset = self.table.bytes();
        Notice::Entry { offset, kind, fault }
    }
}

impl<M: ReadPhysical> Iterator for Entries<'_, M> {
    type Item = Result<Placed, Notice>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.table.bytes() {
            return None;
        }
        let offset = self.offset;
        let ahead = match self.ahead() {
            Ok(ahead) => ahead,
            Err(fault) => return Some(Err(self.stop(0, EntryFault::Unreadable(fault)))),
        };
        let kind = kind_of(ahead);
        let told = ahead.get(1).copied().unwrap_or(0);
        let (bytes, left) = (usize::from(told), ahead.len());
        if bytes < LEAST {
            return Some(Err(self.stop(kind, EntryFault::NoLength { bytes: told })));
        }
        let Some(decoded) = ahead.get(..bytes).map(Entry::decode) else {
            return Some(Err(self.stop(kind, EntryFault::PastEnd { bytes, left })));
        };
        self.offset += u32::from(told);
        let placed = |entry| Placed { offset, kind, entry };
        Some(decoded.map(placed).map_err(|fault| Notice::Entry { offset, kind, fault }))
    }
}
