//! A simulated processor whose TLB never forgets by itself.
//!
//! # What it guarantees
//!
//! Every translation that the manual *allows* a processor to keep is kept and used, until software executes what
//! the manual says removes it (SDM volume 3A, section 4.10):
//!
//! | what is cached | section | invlpg | MOV to CR3 | CR4.PGE changed | page fault at the address |
//! |---|---|---|---|---|---|
//! | a page, local | 4.10.2 | where it covers the address | all | all | where it covers the address |
//! | a page, global | 4.10.2.4 | where it covers the address | stays | all | where it covers the address |
//! | PML4E, PDPTE, PDE caches | 4.10.3 | **all** | all | all | those on the way to the address |
//! | the four PDPTE registers of PAE | 4.4.1 | stay | loaded | loaded | stay |
//!
//! A large page is cached whole. Hardware may hold only fragments of it, but one INVLPG removes all fragments, and an
//! address whose fragment is not held would be translated afresh: the whole page is the most stale of the lawful
//! behaviours. On a miss the deepest cached table is used, for the same reason.
//!
//! # Accessed and dirty
//!
//! Set in memory as hardware does (section 4.8): A in each entry that a walk uses (even when a lower one is not
//! present), D by the first write through a cached translation that was not dirty; never for a hit that is.
//! The walk that sets D does not consult the cached page.
//!
//! # What it does not model
//!
//! PCIDs, speculation (nothing is cached that no access asked for), SMEP and SMAP.

mod machine;
mod stale;
mod tlb;

#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tests;

pub use machine::Machine;
pub use stale::{Cached, Change, Stale};

use xtcore::{PagingMode, PhysAddr, VirtAddr};

use crate::memory::PhysicalMemory;
use crate::ram::Ram;
use crate::walk::{
    ACCESSED, Access, AccessKind, DIRTY, Facts, Fault, Next, Pdptes, Privilege, Translation, enter,
    load_pdptes,
};
use tlb::Tlb;

/// A processor. It does not own its memory, so that several can share one.
#[derive(Clone, Debug)]
pub struct Cpu {
    facts: Facts,
    privilege: Privilege,
    pdptes: Pdptes,
    tlb: Tlb,
}

impl Cpu {
    /// Starts a processor with nothing cached; CR3 is loaded from `facts`.
    ///
    /// # Errors
    ///
    /// As [`load_cr3`](Self::load_cr3).
    pub fn start<M: PhysicalMemory + ?Sized>(memory: &M, facts: Facts) -> Result<Self, Fault> {
        let pdptes = load_pdptes(memory, &facts)?;
        Ok(Self { facts, privilege: Privilege::Supervisor, pdptes, tlb: Tlb::default() })
    }

    /// Returns the processor's state as the walker sees it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Makes the following accesses those of user mode, or of the supervisor.
    pub fn set_privilege(&mut self, privilege: Privilege) {
        self.privilege = privilege;
    }

    /// Translates `va` through whatever is cached, and sets accessed and dirty flags.
    ///
    /// The result is a physical address to use with any load or store of [`Ram`]: this is how a test's self-map
    /// reaches its entries by the very path on which a forgotten invalidation shows.
    ///
    /// # Errors
    ///
    /// As [`walk`](crate::walk()). A page fault removes what is cached for the address, as hardware does, so the
    /// next attempt looks at memory.
    pub fn translate(&mut self, ram: &mut Ram, va: VirtAddr, kind: AccessKind) -> Result<PhysAddr, Fault> {
        let access = Access { kind, privilege: self.privilege };
        let result = self.try_translate(ram, va, access);
        if let Err(Fault::Page(_)) = result {
            self.tlb.forget_for_fault(&self.facts, va);
        }
        result.map(|translation| translation.physical)
    }

    /// Reads eight bytes.
    ///
    /// # Errors
    ///
    /// As [`translate`](Self::translate), and [`Fault::NoMemory`] where the page has no memory.
    ///
    /// # Panics
    ///
    /// When the address is not naturally aligned; so do the other accesses.
    pub fn read_u64(&mut self, ram: &mut Ram, va: VirtAddr) -> Result<u64, Fault> {
        let at = self.translate(ram, va, AccessKind::Read)?;
        ram.read_u64(at).ok_or(Fault::NoMemory { table: None, at })
    }

    /// Reads four bytes.
    ///
    /// # Errors
    ///
    /// As [`read_u64`](Self::read_u64).
    pub fn read_u32(&mut self, ram: &mut Ram, va: VirtAddr) -> Result<u32, Fault> {
        let at = self.translate(ram, va, AccessKind::Read)?;
        ram.read_u32(at).ok_or(Fault::NoMemory { table: None, at })
    }

    /// Writes eight bytes, in two halves on a 32-bit machine ([`Ram::store64_plain`]).
    ///
    /// # Errors
    ///
    /// As [`read_u64`](Self::read_u64).
    pub fn write_u64(&mut self, ram: &mut Ram, va: VirtAddr, value: u64) -> Result<(), Fault> {
        let at = self.writable(ram, va)?;
        ram.store64_plain(at, value);
        Ok(())
    }

    /// Writes four bytes.
    ///
    /// # Errors
    ///
    /// As [`read_u64`](Self::read_u64).
    pub fn write_u32(&mut self, ram: &mut Ram, va: VirtAddr, value: u32) -> Result<(), Fault> {
        let at = self.writable(ram, va)?;
        ram.store32(at, value);
        Ok(())
    }

    /// Swaps eight bytes atomically and returns the old ones.
    ///
    /// # Errors
    ///
    /// As [`read_u64`](Self::read_u64).
    pub fn exchange_u64(&mut self, ram: &mut Ram, va: VirtAddr, value: u64) -> Result<u64, Fault> {
        let at = self.writable(ram, va)?;
        Ok(ram.exchange64(at, value))
    }

    /// Swaps four bytes atomically and returns the old ones.
    ///
    /// # Errors
    ///
    /// As [`read_u64`](Self::read_u64).
    pub fn exchange_u32(&mut self, ram: &mut Ram, va: VirtAddr, value: u32) -> Result<u32, Fault> {
        let at = self.writable(ram, va)?;
        Ok(ram.exchange32(at, value))
    }

    /// Fetches an instruction and returns where it came from.
    ///
    /// # Errors
    ///
    /// As [`translate`](Self::translate).
    pub fn fetch(&mut self, ram: &mut Ram, va: VirtAddr) -> Result<PhysAddr, Fault> {
        self.translate(ram, va, AccessKind::Execute)
    }

    /// Executes INVLPG: forgets every page that contains `va`, global or not, and **all** cached tables
    /// (section 4.10.4.1).
    pub fn invlpg(&mut self, va: VirtAddr) {
        self.tlb.invlpg(&self.facts, va);
    }

    /// Executes MOV to CR3: forgets all but global pages, and loads the PDPTEs in PAE paging.
    ///
    /// # Errors
    ///
    /// [`Fault::Root`] for reserved bits, [`Fault::NoMemory`] for a PAE table outside memory. Nothing changes then.
    pub fn load_cr3<M: PhysicalMemory + ?Sized>(&mut self, memory: &M, cr3: u64) -> Result<(), Fault> {
        let facts = Facts { cr3, ..self.facts };
        self.pdptes = load_pdptes(memory, &facts)?;
        self.facts = facts;
        self.tlb.forget_local();
        Ok(())
    }

    /// Toggles CR4.PGE and back: forgets everything, and loads the PDPTEs in PAE paging.
    ///
    /// # Errors
    ///
    /// As [`load_cr3`](Self::load_cr3).
    pub fn flush_all<M: PhysicalMemory + ?Sized>(&mut self, memory: &M) -> Result<(), Fault> {
        self.pdptes = load_pdptes(memory, &self.facts)?;
        self.tlb.forget_all();
        Ok(())
    }

    /// Returns how many pages are cached.
    #[must_use]
    pub fn cached_pages(&self) -> usize {
        self.tlb.page_count()
    }

    /// Translates for a write and makes sure that memory answers, because [`Ram`] panics where it does not.
    fn writable(&mut self, ram: &mut Ram, va: VirtAddr) -> Result<PhysAddr, Fault> {
        let at = self.translate(ram, va, AccessKind::Write)?;
        if ram.is_installed(at.frame()) { Ok(at) } else { Err(Fault::NoMemory { table: None, at }) }
    }

    fn try_translate(&mut self, ram: &mut Ram, va: VirtAddr, access: Access) -> Result<Translation, Fault> {
        if let Some(cached) = self.tlb.page(&self.facts, va) {
            cached.permits(&self.facts, access)?;
            if access.kind != AccessKind::Write || cached.dirty {
                return Ok(cached);
            }
        }
        let translation = self.fill(ram, va, access)?;
        self.tlb.insert_page(translation);
        Ok(translation)
    }

    /// Walks from the deepest cached table, caching the tables it passes.
    fn fill(&mut self, ram: &mut Ram, va: VirtAddr, access: Access) -> Result<Translation, Fault> {
        let mut cursor = match self.tlb.deepest_table(&self.facts, va) {
            Some(cached) => cached,
            None => enter(&self.facts, &self.pdptes, va, access)?,
        };
        loop {
            let raw = cursor.read(ram, &self.facts, va)?;
            let at = cursor.entry_at(&self.facts, va);
            match cursor.step(&self.facts, va, access, raw)? {
                Next::Table(below) => {
                    set_flags(ram, at, raw, ACCESSED);
                    self.tlb.insert_table(&self.facts, va, below);
                    cursor = below;
                }
                Next::Page(mut translation) => {
                    translation.permits(&self.facts, access)?;
                    translation.accessed = true;
                    let mut flags = ACCESSED;
                    if access.kind == AccessKind::Write {
                        translation.dirty = true;
                        flags |= DIRTY;
                    }
                    set_flags(ram, at, raw, flags);
                    return Ok(translation);
                }
            }
        }
    }

    fn is_pae(&self) -> bool {
        self.facts.mode == PagingMode::Pml3
    }
}

/// Sets the flags that are not set yet; both lie in the low byte of an entry.
fn set_flags(ram: &mut Ram, entry_at: PhysAddr, raw: u64, flags: u64) {
    if raw & flags != flags {
        ram.set_flags(entry_at, flags as u8);
    }
}
