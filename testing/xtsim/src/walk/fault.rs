//! Why a walk ended without a translation.

use core::fmt;

use xtcore::{PhysAddr, VirtAddr};

use super::facts::Facts;
use super::format::Table;
use super::translation::{Access, AccessKind, Privilege};

/// The error code of a page fault (SDM volume 3A, figure 4-12).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(u32);

impl ErrorCode {
    const PRESENT: u32 = 1 << 0;
    const WRITE: u32 = 1 << 1;
    const USER: u32 = 1 << 2;
    const RESERVED: u32 = 1 << 3;
    const FETCH: u32 = 1 << 4;

    /// Returns the code as the processor pushes it.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Tells whether all entries were present, and something else was wrong.
    #[must_use]
    pub const fn present(self) -> bool {
        self.0 & Self::PRESENT != 0
    }

    /// Tells whether the access was a write.
    #[must_use]
    pub const fn write(self) -> bool {
        self.0 & Self::WRITE != 0
    }

    /// Tells whether the access came from user mode.
    #[must_use]
    pub const fn user(self) -> bool {
        self.0 & Self::USER != 0
    }

    /// Tells whether a present entry had a reserved bit set.
    #[must_use]
    pub const fn reserved(self) -> bool {
        self.0 & Self::RESERVED != 0
    }

    /// Tells whether the access was an instruction fetch. Never set where nothing can forbid execution.
    #[must_use]
    pub const fn fetch(self) -> bool {
        self.0 & Self::FETCH != 0
    }

    pub(crate) const fn not_present(facts: &Facts, access: Access) -> Self {
        let mut bits = 0;
        if matches!(access.kind, AccessKind::Write) {
            bits |= Self::WRITE;
        }
        if matches!(access.privilege, Privilege::User) {
            bits |= Self::USER;
        }
        // Section 4.7: the flag needs CR4.PAE = 1 and NXE = 1 (or SMEP, which is off here).
        if matches!(access.kind, AccessKind::Execute) && facts.has_execute_disable() {
            bits |= Self::FETCH;
        }
        Self(bits)
    }

    pub(crate) const fn protection(facts: &Facts, access: Access) -> Self {
        Self(Self::not_present(facts, access).0 | Self::PRESENT)
    }

    pub(crate) const fn reserved_bit(facts: &Facts, access: Access) -> Self {
        Self(Self::protection(facts, access).0 | Self::RESERVED)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#x}", self.0)?;
        for (flag, name) in [
            (Self::PRESENT, " P"),
            (Self::WRITE, " W"),
            (Self::USER, " U"),
            (Self::RESERVED, " RSVD"),
            (Self::FETCH, " I"),
        ] {
            if self.0 & flag != 0 {
                out.write_str(name)?;
            }
        }
        Ok(())
    }
}

/// A page fault, with the entry that caused it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageFault {
    /// The address translated.
    pub va: VirtAddr,
    /// What the processor pushes.
    pub code: ErrorCode,
    /// The table whose entry is to blame; for missing rights the highest one that takes the right away.
    pub table: Table,
    /// The entry's value, as read. For missing rights the value of the leaf.
    pub entry: u64,
    /// The reserved bits that were set in it; 0 unless [`ErrorCode::reserved`].
    pub reserved: u64,
}

/// Why an address was not translated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The address is none of this mode: not canonical (#GP), or above 4 GiB where addresses have 32 bits.
    NotCanonical(VirtAddr),
    /// A root register cannot be loaded (#GP(0) at MOV to CR3): reserved bits in CR3 or in a present PDPTE.
    Root {
        /// The register or, in PAE paging, the page-directory-pointer entry.
        value: u64,
        /// The bits that must not be set in it.
        reserved: u64,
    },
    /// #PF.
    Page(PageFault),
    /// The walk was led to a place without memory. Real machines read all ones there, or stop.
    NoMemory {
        /// The kind of table that should have been there; `None` for the page itself.
        table: Option<Table>,
        /// Where.
        at: PhysAddr,
    },
}

impl Fault {
    /// Returns the page fault, where it is one.
    #[must_use]
    pub const fn page(&self) -> Option<&PageFault> {
        match self {
            Self::Page(fault) => Some(fault),
            _ => None,
        }
    }

    /// Tells whether this is a page fault for an entry that is not present.
    #[must_use]
    pub const fn is_not_present(&self) -> bool {
        matches!(self, Self::Page(fault) if !fault.code.present())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCanonical(va) => write!(out, "{va:#x} is no address of this paging mode"),
            Self::Root { value, reserved } => {
                write!(out, "root value {value:#x} has reserved bits {reserved:#x}")
            }
            Self::Page(fault) => write!(
                out,
                "page fault at {:#x}, code {:?}, {:?} entry {:#x}, reserved bits {:#x}",
                fault.va, fault.code, fault.table, fault.entry, fault.reserved
            ),
            Self::NoMemory { table: Some(table), at } => write!(out, "no memory for a {table:?} at {at:#x}"),
            Self::NoMemory { table: None, at } => write!(out, "no memory at {at:#x}"),
        }
    }
}

impl std::error::Error for Fault {}
