//! What a processor still believes that memory no longer says.

use xtcore::{PhysAddr, VirtAddr};

use super::Cpu;
use crate::memory::PhysicalMemory;
use crate::walk::{Cursor, Facts, Fault, Rights, Table, Translation, descend_to, load_pdptes, translate};

/// A cached item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cached {
    /// A page.
    Page(Translation),
    /// A table, by way of a paging-structure cache.
    Table {
        /// What the cached entry leads to.
        table: Table,
        /// Where that table was.
        base: PhysAddr,
        /// The first address it served.
        covers: VirtAddr,
        /// The rights that the entries above it left.
        rights: Rights,
    },
    /// A PDPTE register of PAE paging.
    Pdpte {
        /// Its number, 0 to 3.
        index: usize,
        /// Its value.
        value: u64,
    },
}

/// How memory differs from it. The first that applies, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Memory no longer translates the address.
    Gone(Fault),
    /// The entry that led to the table now leads nowhere, or is a large page.
    TableGone,
    /// The address leads elsewhere, or the table lies elsewhere.
    Moved(PhysAddr),
    /// Memory permits less.
    RightsLost(Rights),
    /// Another memory type.
    PatIndex(u8),
    /// The G flag differs.
    Global,
    /// The same translation, but from a page of this size: what a split or a merge leaves behind.
    PageBytes(u64),
    /// Memory permits more. Harmless: the processor faults once, forgets, and looks again.
    RightsGained(Rights),
    /// The PDPTE in memory differs.
    Pdpte(u64),
}

impl Change {
    /// Tells whether a processor that acts on the old state does nothing worse than fault once in vain
    /// (SDM volume 3A, section 4.10.4.3).
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::RightsGained(_))
    }
}

/// A cached item that memory contradicts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stale {
    /// The first address for which they differ.
    pub va: VirtAddr,
    /// What the processor holds.
    pub cached: Cached,
    /// What memory says.
    pub change: Change,
}

impl Cpu {
    /// Compares the cached page that `va` would hit, if any, with a fresh walk of its whole extent.
    ///
    /// Accessed and dirty flags are not compared: the processor's copy may lawfully differ.
    pub fn stale<M: PhysicalMemory + ?Sized>(&self, memory: &M, va: VirtAddr) -> Option<Stale> {
        let page = self.tlb.page(&self.facts, va)?;
        compare_page(memory, &self.facts, page.at(page.page_start()))
    }

    /// Compares everything cached with memory: pages, tables, and the PDPTE registers.
    ///
    /// One fresh walk per item; for a cached large page that memory now maps by smaller ones, one per smaller page
    /// up to the first difference.
    pub fn stale_entries<M: PhysicalMemory + ?Sized>(&self, memory: &M) -> Vec<Stale> {
        let pages = self.tlb.pages().filter_map(|page| compare_page(memory, &self.facts, *page));
        let tables = self.tlb.tables().filter_map(|(covers, cursor)| {
            let fresh = descend_to(memory, &self.facts, covers, cursor.table());
            compare_table(covers, *cursor, fresh)
        });
        let mut found: Vec<_> = pages.chain(tables).collect();
        if self.is_pae() {
            self.compare_pdptes(memory, &mut found);
        }
        found
    }

    fn compare_pdptes<M: PhysicalMemory + ?Sized>(&self, memory: &M, found: &mut Vec<Stale>) {
        let fresh = load_pdptes(memory, &self.facts);
        for (index, value) in self.pdptes.into_iter().enumerate() {
            let change = match fresh {
                Ok(fresh) if fresh[index] == value => continue,
                Ok(fresh) => Change::Pdpte(fresh[index]),
                Err(fault) => Change::Gone(fault),
            };
            let va = VirtAddr::new((index as u64) << 30);
            found.push(Stale { va, cached: Cached::Pdpte { index, value }, change });
        }
    }
}

fn compare_page<M: PhysicalMemory + ?Sized>(memory: &M, facts: &Facts, cached: Translation) -> Option<Stale> {
    let start = cached.page_start();
    let mut offset = 0;
    let mut milder = None;
    while offset < cached.page_bytes {
        let va = VirtAddr::new(start.get() + offset);
        let fresh = match translate(memory, facts, va) {
            Ok(fresh) => fresh,
            Err(fault) => return Some(stale_page(va, cached, Change::Gone(fault))),
        };
        match difference(&cached.at(va), &fresh) {
            None => {}
            // A worse one may follow in another part of the page.
            Some(change @ (Change::PageBytes(_) | Change::RightsGained(_))) => {
                milder.get_or_insert(stale_page(va, cached, change));
            }
            Some(change) => return Some(stale_page(va, cached, change)),
        }
        offset += fresh.page_bytes;
    }
    milder
}

fn stale_page(va: VirtAddr, cached: Translation, change: Change) -> Stale {
    Stale { va, cached: Cached::Page(cached), change }
}

fn difference(cached: &Translation, fresh: &Translation) -> Option<Change> {
    if fresh.physical != cached.physical {
        Some(Change::Moved(fresh.physical))
    } else if !cached.rights.is_within(fresh.rights) {
        Some(Change::RightsLost(fresh.rights))
    } else if fresh.pat_index != cached.pat_index {
        Some(Change::PatIndex(fresh.pat_index))
    } else if fresh.global != cached.global {
        Some(Change::Global)
    } else if fresh.page_bytes != cached.page_bytes {
        Some(Change::PageBytes(fresh.page_bytes))
    } else if fresh.rights != cached.rights {
        Some(Change::RightsGained(fresh.rights))
    } else {
        None
    }
}

fn compare_table(covers: VirtAddr, cached: Cursor, fresh: Option<Cursor>) -> Option<Stale> {
    let rights = cached.denials().rights();
    let change = match fresh.map(|fresh| (fresh.base(), fresh.denials().rights())) {
        None => Change::TableGone,
        Some((base, _)) if base != cached.base() => Change::Moved(base),
        Some((_, fresh)) if !rights.is_within(fresh) => Change::RightsLost(fresh),
        Some((_, fresh)) if fresh != rights => Change::RightsGained(fresh),
        Some(_) => return None,
    };
    let cached = Cached::Table { table: cached.table(), base: cached.base(), covers, rights };
    Some(Stale { va: covers, cached, change })
}
