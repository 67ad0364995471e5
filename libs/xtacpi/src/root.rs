//! From the RSDP to the tables that are of interest (ACPI 6.5, sections 5.2.5 to 5.2.8).
//!
//! The extended root table counts if it can be used, else the old one. Of each kind of table the first one counts that
//! can be used.

use xtcore::PhysAddr;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::memory::{ReadPhysical, Unreadable};
use crate::notice::{Notice, Notices};
use crate::table::{HEADER, Header, Signature, Table, TableFault, add_up};

/// Most bytes of the RSDP, of a root table, of the FADT and of an HPET table: an XSDT with 507 entries.
const SMALL: u32 = 4096;
/// Most bytes of a MADT: room for a hundred thousand processors.
const LARGE: u32 = 1 << 20;

/// Most entries of a root table that fits the limit.
pub(crate) const MOST_ENTRIES: u32 = (SMALL - HEADER) / 4;

/// The RSDP of ACPI 1.0, which has a checksum of its own.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
struct OldPointer {
    signature: [u8; 8],
    checksum: u8,
    oem: [u8; 6],
    revision: u8,
    rsdt: U32,
}

/// The RSDP from ACPI 2.0 on, without its last fields.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
struct Pointer {
    old: OldPointer,
    bytes: U32,
    xsdt: U64,
}

/// Bytes of what ACPI 1.0 defines.
const OLD_BYTES: u32 = size_of::<OldPointer>() as u32;
/// Bytes from ACPI 2.0 on.
const NEW_BYTES: u32 = 36;

/// Faulty tables of a kind after which no further one is looked at, so that a root table full of large ones is read
/// in bounded time.
const MOST_FAULTY: u32 = 4;

/// The table of a kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    /// The one that is used.
    pub(crate) table: Option<Table>,
    /// Those that cannot be used.
    pub(crate) faulty: u32,
}

/// The tables that are of interest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tables {
    pub(crate) fadt: Kind,
    pub(crate) madt: Kind,
    pub(crate) hpet: Kind,
}

/// Finds the tables, starting from the RSDP; `None` when there is no root table to use.
pub(crate) fn tables(
    memory: &mut impl ReadPhysical,
    rsdp: PhysAddr,
    notices: &mut Notices,
) -> Option<Tables> {
    let root = find(memory, rsdp, notices)?;
    let mut tables = Tables::default();
    root.list(memory, &mut tables, notices);
    Some(tables)
}

/// Finds the root table; `None` when there is none to use, which then has been said.
pub(crate) fn find(memory: &mut impl ReadPhysical, rsdp: PhysAddr, notices: &mut Notices) -> Option<Root> {
    root(memory, rsdp, notices).unwrap_or_else(|fault| {
        notices.push(Notice::NoRootPointer { at: rsdp, fault });
        None
    })
}

/// Finds the root table; `None` when neither of the two can be used, which then has been said.
///
/// # Errors
/// The RSDP is none.
fn root(
    memory: &mut impl ReadPhysical,
    rsdp: PhysAddr,
    notices: &mut Notices,
) -> Result<Option<Root>, TableFault> {
    if rsdp == PhysAddr::ZERO {
        return Err(TableFault::NoAddress);
    }
    let mut old = OldPointer::new_zeroed();
    memory.read(rsdp, old.as_mut_bytes())?;
    if old.signature != *b"RSD PTR " {
        let [a, b, c, d, ..] = old.signature;
        return Err(TableFault::Signature(Signature([a, b, c, d])));
    }
    add_up(memory, rsdp, OLD_BYTES)?;
    if old.revision >= 2 {
        let root = match extended(memory, rsdp) {
            Ok(wide) => Root::open(memory, wide, Entries::Wide, notices),
            Err(fault) => {
                notices.push(Notice::HalfRootPointer { at: rsdp, fault });
                None
            }
        };
        if root.is_some() {
            return Ok(root);
        }
    }
    Ok(Root::open(memory, PhysAddr::new(old.rsdt.get().into()), Entries::Narrow, notices))
}

/// Returns the address of the XSDT, if the part of the RSDP that ACPI 2.0 added adds up.
fn extended(memory: &mut impl ReadPhysical, rsdp: PhysAddr) -> Result<PhysAddr, TableFault> {
    let mut pointer = Pointer::new_zeroed();
    memory.read(rsdp, pointer.as_mut_bytes())?;
    let bytes = pointer.bytes.get();
    if !(NEW_BYTES..=SMALL).contains(&bytes) {
        return Err(TableFault::Length { bytes, most: SMALL });
    }
    add_up(memory, rsdp, bytes)?;
    Ok(PhysAddr::new(pointer.xsdt.get()))
}

/// How wide the entries of a root table are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Entries {
    /// 32 bits: an RSDT.
    Narrow,
    /// 64 bits: an XSDT.
    Wide,
}

impl Entries {
    const fn signature(self) -> Signature {
        match self {
            Self::Narrow => Signature::RSDT,
            Self::Wide => Signature::XSDT,
        }
    }
}

/// A root table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    table: Table,
    entries: Entries,
}

impl Root {
    /// Opens the root table at `at`, or says why not.
    fn open(
        memory: &mut impl ReadPhysical,
        at: PhysAddr,
        entries: Entries,
        notices: &mut Notices,
    ) -> Option<Self> {
        let signature = entries.signature();
        let opened = Table::open(memory, at, signature, SMALL);
        let table = opened.map_err(|fault| notices.push(Notice::Table { signature, at, fault })).ok()?;
        Some(Self { table, entries })
    }

    /// Returns the table.
    pub(crate) const fn table(&self) -> &Table {
        &self.table
    }

    /// Returns which of the two root tables it is.
    pub(crate) const fn signature(&self) -> Signature {
        self.entries.signature()
    }

    /// Returns the address in the entry `index`, or `None` behind the last one. Part of an entry is none.
    pub(crate) fn entry(
        &self,
        memory: &mut impl ReadPhysical,
        index: u32,
    ) -> Result<Option<PhysAddr>, Unreadable> {
        let (mut narrow, mut wide) = ([0; 4], [0; 8]);
        let (buffer, width): (&mut [u8], u32) = match self.entries {
            Entries::Narrow => (&mut narrow, 4),
            Entries::Wide => (&mut wide, 8),
        };
        let whole = self.table.read(memory, HEADER + index * width, buffer)?.len() == width as usize;
        // The buffer that was not read into is zero.
        let address = u64::from(u32::from_le_bytes(narrow)) | u64::from_le_bytes(wide);
        Ok(whole.then_some(PhysAddr::new(address)))
    }

    /// Looks at every table that is listed and opens those of interest. Linear in the entries, of which there are at
    /// most [`MOST_ENTRIES`], and in the bytes of those tables.
    fn list(&self, memory: &mut impl ReadPhysical, tables: &mut Tables, notices: &mut Notices) {
        for index in 0..MOST_ENTRIES {
            match self.entry(memory, index) {
                Ok(Some(PhysAddr::ZERO)) => {}
                Ok(Some(at)) => match Header::read(memory, at) {
                    Ok(header) => tables.take(memory, at, &header, notices),
                    Err(fault) => notices.push(Notice::ListedTable { index, fault }),
                },
                Ok(None) => break,
                Err(fault) => {
                    notices.push(Notice::RootTable { index, fault });
                    break;
                }
            }
        }
    }
}

impl Tables {
    /// Takes a table that is listed, if it is of interest and the first of its kind that can be used.
    fn take(&mut self, memory: &mut impl ReadPhysical, at: PhysAddr, header: &Header, notices: &mut Notices) {
        let signature = header.signature();
        let (kind, most) = match signature {
            Signature::FADT => (&mut self.fadt, SMALL),
            Signature::MADT => (&mut self.madt, LARGE),
            Signature::HPET => (&mut self.hpet, SMALL),
            _ => return,
        };
        if kind.table.is_some() {
            notices.push(Notice::Repeated { signature, at });
            return;
        }
        let opened = if kind.faulty < MOST_FAULTY {
            Table::accept(memory, at, header, most)
        } else {
            Err(TableFault::GivenUp)
        };
        match opened {
            Ok(table) => kind.table = Some(table),
            Err(fault) => {
                kind.faulty += 1;
                notices.push(Notice::Table { signature, at, fault });
            }
        }
    }
}
