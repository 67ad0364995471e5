//! The formats of paging-structure entries, transcribed from the Intel SDM, volume 3A, chapter 4.
//!
//! | entry | 32-bit | PAE | 4-level, 5-level |
//! |-------|--------|-----|------------------|
//! | CR3 | table 4-3 | table 4-7 | table 4-12 |
//! | PML5E | | | table 4-14 |
//! | PML4E | | | table 4-15 |
//! | PDPTE, 1 GiB page | | | table 4-16 |
//! | PDPTE, directory | | table 4-8 | table 4-17 |
//! | PDE, large page | table 4-4 | table 4-9 | table 4-18 |
//! | PDE, page table | table 4-5 | table 4-10 | table 4-19 |
//! | PTE | table 4-6 | table 4-11 | table 4-20 |
//!
//! Which bits of a linear address select which entry: figures 4-2 to 4-4 (32-bit), 4-5 to 4-7 (PAE), 4-8 to 4-10.
//!
//! Two differences that are easily overlooked: bits 62:M are reserved in PAE paging, bits 62:52 ignored in the
//! modes above it; and a PAE PDPTE has neither rights nor an accessed flag: those bits are reserved.

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use super::facts::Facts;

const PRESENT: u64 = 1 << 0;
pub(super) const READ_WRITE: u64 = 1 << 1;
pub(super) const USER_SUPERVISOR: u64 = 1 << 2;
pub(super) const WRITE_THROUGH: u64 = 1 << 3;
pub(super) const CACHE_DISABLE: u64 = 1 << 4;
/// Accessed flag, in every entry but a PAE PDPTE.
pub(crate) const ACCESSED: u64 = 1 << 5;
/// Dirty flag, in entries that map a page.
pub(crate) const DIRTY: u64 = 1 << 6;
/// Page size, in PDEs and (above PAE) PDPTEs.
const PAGE_SIZE: u64 = 1 << 7;
/// PAT in a PTE: where other entries have PS.
const PAT_4K: u64 = 1 << 7;
/// PAT in an entry that maps a large page.
const PAT_LARGE: u64 = 1 << 12;
pub(super) const GLOBAL: u64 = 1 << 8;
pub(super) const EXECUTE_DISABLE: u64 = 1 << 63;

/// A kind of paging structure, by the manual's names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Table {
    /// Page table.
    Pt = 1,
    /// Page directory.
    Pd = 2,
    /// Page-directory-pointer table.
    Pdpt = 3,
    /// PML4 table.
    Pml4 = 4,
    /// PML5 table.
    Pml5 = 5,
}

impl Table {
    /// Returns the level counted from the leaf: 1 for a page table, 5 for a PML5 table.
    #[must_use]
    pub const fn level(self) -> u8 {
        self as u8
    }

    pub(crate) const fn below(self) -> Option<Self> {
        match self {
            Self::Pt => None,
            Self::Pd => Some(Self::Pt),
            Self::Pdpt => Some(Self::Pd),
            Self::Pml4 => Some(Self::Pdpt),
            Self::Pml5 => Some(Self::Pml4),
        }
    }

    pub(crate) const fn root(mode: PagingMode) -> Self {
        match mode {
            PagingMode::Pml2 => Self::Pd,
            PagingMode::Pml3 => Self::Pdpt,
            PagingMode::Pml4 => Self::Pml4,
            PagingMode::Pml5 => Self::Pml5,
        }
    }

    /// Returns the lowest linear-address bit that selects an entry of this table.
    pub(crate) const fn shift(self, mode: PagingMode) -> u32 {
        match (self, mode) {
            (Self::Pt, _) => 12,
            (Self::Pd, PagingMode::Pml2) => 22,
            (Self::Pd, _) => 21,
            (Self::Pdpt, _) => 30,
            (Self::Pml4, _) => 39,
            (Self::Pml5, _) => 48,
        }
    }

    /// Returns how many bytes of linear addresses a whole table translates: what one entry above it covers.
    pub(crate) const fn covers(self, mode: PagingMode) -> u64 {
        entry_count(mode, self) << self.shift(mode)
    }

    pub(crate) const fn index(self, mode: PagingMode, va: VirtAddr) -> u64 {
        (va.get() >> self.shift(mode)) & (entry_count(mode, self) - 1)
    }
}

/// Returns how many entries a table has.
pub(crate) const fn entry_count(mode: PagingMode, table: Table) -> u64 {
    match (mode, table) {
        (PagingMode::Pml2, _) => 1024,
        (PagingMode::Pml3, Table::Pdpt) => 4,
        _ => 512,
    }
}

/// Returns the size of an entry in bytes.
pub(crate) const fn entry_bytes(mode: PagingMode) -> u64 {
    match mode {
        PagingMode::Pml2 => 4,
        _ => 8,
    }
}

/// The page sizes of a mode in bytes, smallest first.
pub(crate) struct PageSizes;

impl PageSizes {
    pub(crate) const fn of(mode: PagingMode) -> &'static [u64] {
        const KIB: u64 = 1 << 10;
        const MIB: u64 = 1 << 20;
        match mode {
            PagingMode::Pml2 => &[4 * KIB, 4 * MIB],
            PagingMode::Pml3 => &[4 * KIB, 2 * MIB],
            PagingMode::Pml4 | PagingMode::Pml5 => &[4 * KIB, 2 * MIB, 1024 * MIB],
        }
    }
}

/// Tells whether `va` is an address of this mode (section 4.5.1; below, linear addresses have 32 bits).
pub(crate) const fn is_canonical(mode: PagingMode, va: VirtAddr) -> bool {
    match mode {
        PagingMode::Pml2 | PagingMode::Pml3 => va.get() >> 32 == 0,
        PagingMode::Pml4 => sign_extend(va.get(), 48) == va.get(),
        PagingMode::Pml5 => sign_extend(va.get(), 57) == va.get(),
    }
}

/// Makes a canonical address of one whose upper bits are zero.
pub(crate) const fn canonical(mode: PagingMode, raw: u64) -> VirtAddr {
    VirtAddr::new(match mode {
        PagingMode::Pml2 | PagingMode::Pml3 => raw,
        PagingMode::Pml4 => sign_extend(raw, 48),
        PagingMode::Pml5 => sign_extend(raw, 57),
    })
}

const fn sign_extend(raw: u64, width: u32) -> u64 {
    let unused = 64 - width;
    ((raw << unused).cast_signed() >> unused).cast_unsigned()
}

/// What an entry says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// P is clear; all other bits are software's.
    Absent,
    /// P is set, and so are these bits, which must not be.
    Reserved(u64),
    /// Refers to the next table.
    Table(PhysAddr),
    /// Maps a page that starts here.
    Page(PhysAddr),
}

/// Reads an entry of a table.
pub(crate) const fn decode(facts: &Facts, table: Table, raw: u64) -> Entry {
    if raw & PRESENT == 0 {
        return Entry::Absent;
    }
    match facts.mode {
        PagingMode::Pml2 => decode_32bit(facts, table, raw),
        PagingMode::Pml3 => decode_pae(facts, table, raw),
        PagingMode::Pml4 | PagingMode::Pml5 => decode_long(facts, table, raw),
    }
}

/// Returns the PAT bit of an entry that maps a page.
pub(super) const fn pat_bit(table: Table, raw: u64) -> bool {
    match table {
        Table::Pt => raw & PAT_4K != 0,
        _ => raw & PAT_LARGE != 0,
    }
}

/// Returns the bits of CR3 that must not be set, and the physical address of the root.
pub(super) const fn decode_cr3(facts: &Facts) -> (u64, PhysAddr) {
    let (reserved, address) = match facts.mode {
        // Tables 4-3 and 4-7: the register has 32 bits in these modes, so nothing above them can have been meant.
        PagingMode::Pml2 => (bits(63, 32), bits(31, 12)),
        PagingMode::Pml3 => (bits(63, 32), bits(31, 5)),
        PagingMode::Pml4 | PagingMode::Pml5 => (bits(63, facts.m()), bits(facts.m() - 1, 12)),
    };
    (facts.cr3 & reserved, PhysAddr::new(facts.cr3 & address))
}

/// Tables 4-4 to 4-6.
const fn decode_32bit(facts: &Facts, table: Table, raw: u64) -> Entry {
    let without_pat = if facts.pat { 0 } else { u64::MAX };
    match table {
        Table::Pd if facts.pse && raw & PAGE_SIZE != 0 => {
            let m = match facts.m() {
                _ if !facts.pse36 => 32,
                m if m > 40 => 40,
                m if m < 32 => 32,
                m => m,
            };
            let reserved = bits(21, m - 19) | (PAT_LARGE & without_pat);
            let high = (raw & bits(m - 20, 13)) >> 13;
            settle(raw, reserved, Entry::Page(PhysAddr::new(high << 32 | raw & bits(31, 22))))
        }
        Table::Pd => Entry::Table(PhysAddr::new(raw & bits(31, 12))),
        _ => settle(raw, PAT_4K & without_pat, Entry::Page(PhysAddr::new(raw & bits(31, 12)))),
    }
}

/// Tables 4-8 to 4-11.
const fn decode_pae(facts: &Facts, table: Table, raw: u64) -> Entry {
    let m = facts.m();
    let without_pat = if facts.pat { 0 } else { u64::MAX };
    let upper = bits(62, m) | if facts.nxe { 0 } else { EXECUTE_DISABLE };
    match table {
        Table::Pt => {
            settle(raw, upper | PAT_4K & without_pat, Entry::Page(PhysAddr::new(raw & bits(m - 1, 12))))
        }
        Table::Pd if raw & PAGE_SIZE != 0 => {
            let reserved = upper | bits(20, 13) | PAT_LARGE & without_pat;
            settle(raw, reserved, Entry::Page(PhysAddr::new(raw & bits(m - 1, 21))))
        }
        Table::Pd => settle(raw, upper, Entry::Table(PhysAddr::new(raw & bits(m - 1, 12)))),
        _ => {
            let reserved = bits(63, m) | bits(8, 5) | bits(2, 1);
            settle(raw, reserved, Entry::Table(PhysAddr::new(raw & bits(m - 1, 12))))
        }
    }
}

/// Tables 4-14 to 4-20.
const fn decode_long(facts: &Facts, table: Table, raw: u64) -> Entry {
    let m = facts.m();
    let upper = bits(51, m) | if facts.nxe { 0 } else { EXECUTE_DISABLE };
    let large = raw & PAGE_SIZE != 0;
    match table {
        Table::Pt => settle(raw, upper, Entry::Page(PhysAddr::new(raw & bits(m - 1, 12)))),
        Table::Pd if large => {
            settle(raw, upper | bits(20, 13), Entry::Page(PhysAddr::new(raw & bits(m - 1, 21))))
        }
        Table::Pdpt if large && facts.page1gb => {
            settle(raw, upper | bits(29, 13), Entry::Page(PhysAddr::new(raw & bits(m - 1, 30))))
        }
        // In a PML4E and a PML5E bit 7 is reserved, and so it is in a PDPTE without 1 GiB pages. A PDE that comes
        // here has it clear.
        _ => settle(raw, upper | PAGE_SIZE, Entry::Table(PhysAddr::new(raw & bits(m - 1, 12)))),
    }
}

const fn settle(raw: u64, reserved: u64, meaning: Entry) -> Entry {
    if raw & reserved != 0 { Entry::Reserved(raw & reserved) } else { meaning }
}

/// Returns the manual's `high:low`, both ends included; nothing where `high` is below `low`.
const fn bits(high: u32, low: u32) -> u64 {
    if high < low {
        return 0;
    }
    (u64::MAX >> (63 - high)) & (u64::MAX << low)
}
