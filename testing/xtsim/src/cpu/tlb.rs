//! The translation caches: pages, and the tables on the way to them.

use std::collections::BTreeMap;

use xtcore::VirtAddr;

use crate::walk::{Cursor, Facts, PageSizes, Table, Translation};

/// Tables that a paging-structure cache can lead to, deepest first (SDM volume 3A, section 4.10.3).
///
/// The root is not among them, nor, in PAE paging, are the directories: PDPTE registers lead to those.
const CACHED_TABLES: [Table; 4] = [Table::Pt, Table::Pd, Table::Pdpt, Table::Pml4];

/// Everything that a processor remembers. Ordered maps make stale reports come out in the same order every time.
#[derive(Clone, Debug, Default)]
pub(super) struct Tlb {
    /// Pages by size and first address.
    pages: BTreeMap<(u64, VirtAddr), Translation>,
    /// Tables by kind and the first address that they serve.
    tables: BTreeMap<(Table, VirtAddr), Cursor>,
}

impl Tlb {
    /// Returns the smallest cached page that contains `va`, translated for `va` itself.
    pub(super) fn page(&self, facts: &Facts, va: VirtAddr) -> Option<Translation> {
        PageSizes::of(facts.mode)
            .iter()
            .find_map(|&bytes| self.pages.get(&(bytes, va.align_down(bytes))))
            .map(|page| page.at(va))
    }

    pub(super) fn insert_page(&mut self, translation: Translation) {
        let start = translation.page_start();
        self.pages.insert((translation.page_bytes, start), translation.at(start));
    }

    pub(super) fn deepest_table(&self, facts: &Facts, va: VirtAddr) -> Option<Cursor> {
        CACHED_TABLES.iter().find_map(|&table| self.tables.get(&key(facts, table, va))).copied()
    }

    pub(super) fn insert_table(&mut self, facts: &Facts, va: VirtAddr, cursor: Cursor) {
        self.tables.insert(key(facts, cursor.table(), va), cursor);
    }

    pub(super) fn invlpg(&mut self, facts: &Facts, va: VirtAddr) {
        self.forget_pages(facts, va);
        self.tables.clear();
    }

    /// Section 4.10.4.1, "page faults": what serves the address goes, the rest of the caches stays.
    pub(super) fn forget_for_fault(&mut self, facts: &Facts, va: VirtAddr) {
        self.forget_pages(facts, va);
        for table in CACHED_TABLES {
            self.tables.remove(&key(facts, table, va));
        }
    }

    pub(super) fn forget_local(&mut self) {
        self.pages.retain(|_, page| page.global);
        self.tables.clear();
    }

    pub(super) fn forget_all(&mut self) {
        self.pages.clear();
        self.tables.clear();
    }

    pub(super) fn page_count(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn pages(&self) -> impl Iterator<Item = &Translation> {
        self.pages.values()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = (VirtAddr, &Cursor)> {
        self.tables.iter().map(|((_, covers), cursor)| (*covers, cursor))
    }

    fn forget_pages(&mut self, facts: &Facts, va: VirtAddr) {
        for &bytes in PageSizes::of(facts.mode) {
            self.pages.remove(&(bytes, va.align_down(bytes)));
        }
    }
}

/// A table serves what one entry of the table above it covers.
fn key(facts: &Facts, table: Table, va: VirtAddr) -> (Table, VirtAddr) {
    let covered = table.covers(facts.mode);
    (table, va.align_down(covered))
}
