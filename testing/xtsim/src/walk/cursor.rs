//! One step of a walk: from an entry to the next table, to a page, or to a fault.
//!
//! A [`Cursor`] is exactly what the manual lets a paging-structure cache hold (section 4.10.3.1): the address of the
//! next table and the rights gathered on the way to it. So the simulated processor caches cursors.

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use super::facts::Facts;
use super::fault::{ErrorCode, Fault, PageFault};
use super::format::{self, Entry, Table};
use super::translation::{Access, Denials, Translation};
use crate::memory::PhysicalMemory;

/// The four PDPTE registers of PAE paging (section 4.4.1); all zero, and unused, in the other modes.
pub(crate) type Pdptes = [u64; 4];

/// A table on the way down, and the rights that the entries above it left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cursor {
    table: Table,
    base: PhysAddr,
    denials: Denials,
}

/// Where a step leads.
pub(crate) enum Next {
    Table(Cursor),
    Page(Translation),
}

impl Cursor {
    /// Starts at the table that CR3 names.
    pub(crate) const fn root(facts: &Facts) -> Result<Self, Fault> {
        match format::decode_cr3(facts) {
            (0, base) => Ok(Self { table: Table::root(facts.mode), base, denials: Denials::NONE }),
            (reserved, _) => Err(Fault::Root { value: facts.cr3, reserved }),
        }
    }

    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    pub(crate) const fn base(&self) -> PhysAddr {
        self.base
    }

    pub(crate) const fn denials(&self) -> Denials {
        self.denials
    }

    pub(crate) const fn entry_at(&self, facts: &Facts, va: VirtAddr) -> PhysAddr {
        let index = self.table.index(facts.mode, va);
        PhysAddr::new(self.base.get() + index * format::entry_bytes(facts.mode))
    }

    pub(crate) fn read<M: PhysicalMemory + ?Sized>(
        &self,
        memory: &M,
        facts: &Facts,
        va: VirtAddr,
    ) -> Result<u64, Fault> {
        let at = self.entry_at(facts, va);
        let raw = match facts.mode {
            PagingMode::Pml2 => memory.read_u32(at).map(u64::from),
            _ => memory.read_u64(at),
        };
        raw.ok_or(Fault::NoMemory { table: Some(self.table), at })
    }

    /// Takes the entry `raw`, which serves `va` in this table.
    pub(crate) const fn step(
        &self,
        facts: &Facts,
        va: VirtAddr,
        access: Access,
        raw: u64,
    ) -> Result<Next, Fault> {
        let denials = self.denials.with(self.table, raw);
        match (format::decode(facts, self.table, raw), self.table.below()) {
            (Entry::Table(base), Some(table)) => Ok(Next::Table(Self { table, base, denials })),
            (Entry::Page(base), _) => Ok(Next::Page(self.leaf(facts, va, raw, base, denials))),
            (Entry::Reserved(reserved), _) => {
                Err(self.fault(va, ErrorCode::reserved_bit(facts, access), raw, reserved))
            }
            // A page table never refers to a table.
            (Entry::Absent, _) | (Entry::Table(_), None) => {
                Err(self.fault(va, ErrorCode::not_present(facts, access), raw, 0))
            }
        }
    }

    const fn fault(&self, va: VirtAddr, code: ErrorCode, entry: u64, reserved: u64) -> Fault {
        Fault::Page(PageFault { va, code, table: self.table, entry, reserved })
    }

    const fn leaf(
        &self,
        facts: &Facts,
        va: VirtAddr,
        raw: u64,
        base: PhysAddr,
        denials: Denials,
    ) -> Translation {
        let page_bytes = 1 << self.table.shift(facts.mode);
        let mut pat_index = 0;
        if raw & format::WRITE_THROUGH != 0 {
            pat_index |= 1;
        }
        if raw & format::CACHE_DISABLE != 0 {
            pat_index |= 2;
        }
        if format::pat_bit(self.table, raw) {
            pat_index |= 4;
        }
        Translation {
            va,
            physical: PhysAddr::new(base.get() + (va.get() & (page_bytes - 1))),
            page_bytes,
            table: self.table,
            rights: denials.rights(),
            global: facts.pge && raw & format::GLOBAL != 0,
            pat_index,
            accessed: raw & format::ACCESSED != 0,
            dirty: raw & format::DIRTY != 0,
            entry: raw,
            entry_at: self.entry_at(facts, va),
            denials,
        }
    }
}

/// Loads what MOV to CR3 loads and checks what it checks: CR3's reserved bits and, in PAE paging, all four PDPTEs.
pub(crate) fn load_pdptes<M: PhysicalMemory + ?Sized>(memory: &M, facts: &Facts) -> Result<Pdptes, Fault> {
    let root = Cursor::root(facts)?;
    let mut pdptes = Pdptes::default();
    if facts.mode == PagingMode::Pml3 {
        for (index, pdpte) in (0..).zip(&mut pdptes) {
            let at = PhysAddr::new(root.base.get() + index * format::entry_bytes(facts.mode));
            let value = memory.read_u64(at).ok_or(Fault::NoMemory { table: Some(Table::Pdpt), at })?;
            if let Entry::Reserved(reserved) = format::decode(facts, Table::Pdpt, value) {
                return Err(Fault::Root { value, reserved });
            }
            *pdpte = value;
        }
    }
    Ok(pdptes)
}

/// Starts a walk: at the root table, or in PAE paging at the directory that a PDPTE register names.
pub(crate) fn enter(facts: &Facts, pdptes: &Pdptes, va: VirtAddr, access: Access) -> Result<Cursor, Fault> {
    if !format::is_canonical(facts.mode, va) {
        return Err(Fault::NotCanonical(va));
    }
    let root = Cursor::root(facts)?;
    if facts.mode != PagingMode::Pml3 {
        return Ok(root);
    }
    let [p0, p1, p2, p3] = *pdptes;
    let raw = match root.table.index(facts.mode, va) {
        0 => p0,
        1 => p1,
        2 => p2,
        _ => p3,
    };
    match root.step(facts, va, access, raw)? {
        // A PDPTE takes no right away: what are rights elsewhere are reserved bits here.
        Next::Table(directory) => Ok(Cursor { denials: Denials::NONE, ..directory }),
        Next::Page(_) => Err(root.fault(va, ErrorCode::not_present(facts, access), raw, 0)),
    }
}
