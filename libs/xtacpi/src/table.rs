//! A table in physical memory: identified by its signature, bounded by its length, and summed up.
//!
//! A [`Table`] proves that its length was between a header's and the limit of its kind, and that its bytes added up to
//! zero when they were read. It keeps no bytes: each read asks the memory again, and none goes beyond the length. So a
//! table that changes meanwhile, which only hostile memory does, can give other values but no other bounds.

use core::fmt;

use xtcore::PhysAddr;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::memory::{ReadPhysical, Unreadable};

/// Bytes of the header that all tables but the RSDP begin with (ACPI 6.5, section 5.2.6).
pub(crate) const HEADER: u32 = 36;

/// Bytes that are copied at a time where a table is read from end to end.
pub(crate) const CHUNK: usize = 256;

/// The four characters that a table begins with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 4]);

impl Signature {
    /// The extended root table, whose entries have 64 bits.
    pub const XSDT: Self = Self(*b"XSDT");
    /// The root table, whose entries have 32 bits.
    pub const RSDT: Self = Self(*b"RSDT");
    /// The fixed ACPI description table.
    pub const FADT: Self = Self(*b"FACP");
    /// The multiple APIC description table.
    pub const MADT: Self = Self(*b"APIC");
    /// The description table of the event timer.
    pub const HPET: Self = Self(*b"HPET");
    /// The differentiated system description table.
    pub const DSDT: Self = Self(*b"DSDT");
}

impl fmt::Display for Signature {
    /// Writes the name that the table is known by, which for two of them is not the signature.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FADT => out.write_str("FADT"),
            Self::MADT => out.write_str("MADT"),
            Self(bytes) => write!(out, "{}", bytes.escape_ascii()),
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Why a table is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableFault {
    /// It should lie at address 0.
    NoAddress,
    /// Its memory cannot be read.
    Unreadable(Unreadable),
    /// It has another signature; of the RSDP's, these are the first four bytes.
    Signature(Signature),
    /// Its length is not between its header's and the most that is read of such a table.
    Length {
        /// What its header says.
        bytes: u32,
        /// The most that is read.
        most: u32,
    },
    /// Its bytes do not add up to zero.
    Checksum {
        /// The sum, modulo 256.
        sum: u8,
    },
    /// Several others of its kind were faulty, so it was not looked at.
    GivenUp,
}

impl From<Unreadable> for TableFault {
    fn from(fault: Unreadable) -> Self {
        Self::Unreadable(fault)
    }
}

impl fmt::Display for TableFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => out.write_str("it has no address"),
            Self::Unreadable(fault) => fault.fmt(out),
            Self::Signature(found) => write!(out, "its signature is '{}'", found.0.escape_ascii()),
            Self::Length { bytes, most } => write!(out, "a length of {bytes} is not from {HEADER} to {most}"),
            Self::GivenUp => out.write_str("too many others were faulty"),
            Self::Checksum { sum } => write!(out, "its bytes add up to {sum:#04x} instead of 0"),
        }
    }
}

/// The beginning of a table.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Header {
    signature: [u8; 4],
    bytes: U32,
    revision: u8,
    checksum: u8,
    oem: [u8; 6],
    oem_table: [u8; 8],
    oem_revision: U32,
    creator: U32,
    creator_revision: U32,
}

impl Header {
    /// Reads the header of the table at `at`.
    pub(crate) fn read(memory: &mut impl ReadPhysical, at: PhysAddr) -> Result<Self, TableFault> {
        if at == PhysAddr::ZERO {
            return Err(TableFault::NoAddress);
        }
        let mut header = Self::new_zeroed();
        memory.read(at, header.as_mut_bytes())?;
        Ok(header)
    }

    /// Returns the revision of the table's layout.
    pub(crate) const fn revision(&self) -> u8 {
        self.revision
    }

    /// Returns the length that the table says it has, in bytes.
    pub(crate) const fn bytes(&self) -> u32 {
        self.bytes.get()
    }

    /// Returns the signature.
    pub(crate) const fn signature(&self) -> Signature {
        Signature(self.signature)
    }
}

/// A table that was checked, by its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    base: PhysAddr,
    bytes: u32,
}

impl Table {
    /// Opens the table at `at` if it has the signature, at most `most` bytes, and a checksum that fits.
    pub(crate) fn open(
        memory: &mut impl ReadPhysical,
        at: PhysAddr,
        signature: Signature,
        most: u32,
    ) -> Result<Self, TableFault> {
        let header = Header::read(memory, at)?;
        if header.signature() != signature {
            return Err(TableFault::Signature(header.signature()));
        }
        Self::accept(memory, at, &header, most)
    }

    /// Opens the table at `at`, whose header was read and has the right signature. Reads all of it once.
    pub(crate) fn accept(
        memory: &mut impl ReadPhysical,
        at: PhysAddr,
        header: &Header,
        most: u32,
    ) -> Result<Self, TableFault> {
        let bytes = header.bytes.get();
        if !(HEADER..=most).contains(&bytes) {
            return Err(TableFault::Length { bytes, most });
        }
        add_up(memory, at, bytes)?;
        Ok(Self { base: at, bytes })
    }

    /// Returns the address.
    pub(crate) const fn base(&self) -> PhysAddr {
        self.base
    }

    /// Returns the length in bytes, the header's included.
    pub(crate) const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Fills as much of `buffer` as the table has from `offset` on, and returns that part.
    pub(crate) fn read<'b>(
        &self,
        memory: &mut impl ReadPhysical,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Unreadable> {
        read_part(memory, self.base, self.bytes, offset, buffer)
    }

    /// Returns the beginning of the table as a `T`. What the table is too short for stays zero, which in the tables of
    /// ACPI means "not there".
    pub(crate) fn beginning<T: FromBytes + IntoBytes>(
        &self,
        memory: &mut impl ReadPhysical,
    ) -> Result<T, Unreadable> {
        let mut value = T::new_zeroed();
        self.read(memory, 0, value.as_mut_bytes())?;
        Ok(value)
    }
}

/// Checks that `bytes` bytes from `base` on add up to zero.
pub(crate) fn add_up(memory: &mut impl ReadPhysical, base: PhysAddr, bytes: u32) -> Result<(), TableFault> {
    let mut sum = 0_u8;
    let mut chunk = [0; CHUNK];
    for offset in (0..bytes).step_by(CHUNK) {
        let part = read_part(memory, base, bytes, offset, &mut chunk)?;
        sum = part.iter().fold(sum, |sum, byte| sum.wrapping_add(*byte));
    }
    if sum == 0 { Ok(()) } else { Err(TableFault::Checksum { sum }) }
}

/// Fills as much of `buffer` as lies between `offset` and `bytes`, both counted from `base`, and returns that part.
fn read_part<'b>(
    memory: &mut impl ReadPhysical,
    base: PhysAddr,
    bytes: u32,
    offset: u32,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Unreadable> {
    let left = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
    let length = left.min(buffer.len());
    let part = buffer.get_mut(..length).unwrap_or_default();
    if !part.is_empty() {
        let from = base.checked_add(offset.into()).ok_or(Unreadable { at: base })?;
        memory.read(from, part)?;
    }
    Ok(part)
}
