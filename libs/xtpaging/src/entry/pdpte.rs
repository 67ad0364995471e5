//! The four page-directory-pointer entries of PAE paging, which have a format of their own.
//!
//! The processor reads all four when CR3 is loaded and keeps them in registers, so a change in memory has no effect
//! until the next load. RW, US, NX and A do not exist: those bits are reserved, and a set one makes the load of CR3
//! fault. Source: Intel SDM volume 3A, section 4.4.1 and table 4-8.

use xtcore::{Frame, PhysAddr};

/// A page-directory-pointer entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Pdpte(u64);

impl Pdpte {
    /// The number of entries; the table is 32 bytes and lies below 4 GiB, aligned to 32 bytes.
    pub const COUNT: usize = 4;

    const PRESENT: u64 = 1;
    /// Bits 2, 1 (RW and US elsewhere) and 8 to 5 are reserved.
    const RESERVED_LOW: u64 = 0b1_1110_0110;
    const ADDRESS: u64 = ((1 << 52) - 1) & !0xFFF;

    /// Encodes a present entry that refers to the page directory in `directory`.
    #[must_use]
    pub const fn new(directory: Frame) -> Self {
        Self(directory.address().get() & Self::ADDRESS | Self::PRESENT)
    }

    /// Wraps a raw entry.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Returns the raw entry.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// Returns the frame of the page directory, or `None` when the entry is not present.
    #[must_use]
    pub const fn directory(self) -> Option<Frame> {
        if self.0 & Self::PRESENT == 0 {
            return None;
        }
        Some(PhysAddr::new(self.0 & Self::ADDRESS).frame())
    }

    /// Returns the reserved bits that are set in a present entry, on a processor with that MAXPHYADDR.
    #[must_use]
    pub const fn reserved(self, physical_bits: u32) -> u64 {
        if self.0 & Self::PRESENT == 0 {
            return 0;
        }
        self.0 & (Self::RESERVED_LOW | !((1 << physical_bits) - 1))
    }
}
