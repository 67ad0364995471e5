//! Every page that an address space maps, in ascending order of address.
//!
//! The self-map needs no special treatment: it is a table that serves as data and as a table of a lower kind, and the
//! enumeration takes it for what the processor takes it for. It ends because each step goes down one level. Whoever
//! wants to see only the rest leaves its range out with [`Leaves::skipping`], which prunes whole subtrees.

#[cfg(test)]
mod tests;

use std::iter::FusedIterator;

use xtcore::{Frame, VirtAddr, VirtRange};

use crate::memory::{FRAME_BYTES, PhysicalMemory};
use crate::walk::{
    Access, Cursor, Entry, Facts, Fault, Next, Pdptes, Table, Translation, canonical, decode, enter,
    entry_bytes, entry_count, load_pdptes,
};

/// Enumerates the leaf mappings of the whole address space.
///
/// Each item is the [`Translation`] of a page's first address. An entry with reserved bits, and a table that lies
/// where no memory is, yield an error in their place, and the enumeration goes on after them. Absent entries are
/// passed over in silence; so is the hole of addresses that are not canonical.
///
/// One [`PhysicalMemory::read_frame`] per table; at most five tables are held at a time.
pub fn leaves<'m, M: PhysicalMemory + ?Sized>(memory: &'m M, facts: &Facts) -> Leaves<'m, M> {
    let mut leaves = Leaves { memory, facts: *facts, path: Vec::new(), pending: None, skip: None };
    match load_pdptes(memory, facts) {
        Ok(pdptes) => leaves.start(&pdptes),
        Err(fault) => leaves.pending = Some(fault),
    }
    leaves
}

/// Enumerates the tables of an address space, the root first, each before those that it refers to.
///
/// A table that is reached several times is reported each time. In PAE paging the page-directory-pointer table
/// is reported with the frame that holds it.
pub fn tables<M: PhysicalMemory + ?Sized>(
    memory: &M,
    facts: &Facts,
    skip: Option<VirtRange>,
) -> Vec<TableFrame> {
    let mut found = Vec::new();
    let mut leaves = leaves(memory, facts);
    leaves.skip = skip;
    found.extend(leaves.path.first().map(Page::describe));
    while let Some(step) = leaves.advance() {
        if let Step::Entered(table) = step {
            found.push(table);
        }
    }
    found
}

/// A frame that serves as a paging structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableFrame {
    /// What it serves as.
    pub table: Table,
    /// Where it is.
    pub frame: Frame,
    /// The first address that it translates.
    pub covers: VirtAddr,
}

/// The iterator of [`leaves`].
pub struct Leaves<'m, M: ?Sized> {
    memory: &'m M,
    facts: Facts,
    path: Vec<Page>,
    pending: Option<Fault>,
    skip: Option<VirtRange>,
}

/// A table on the way down, as read.
struct Page {
    cursor: Cursor,
    /// The first address that the table translates.
    base: VirtAddr,
    next: u64,
    count: u64,
    entries: Box<[u8; FRAME_BYTES]>,
}

impl Page {
    fn describe(&self) -> TableFrame {
        TableFrame { table: self.cursor.table(), frame: self.cursor.base().frame(), covers: self.base }
    }

    fn entry(&self, index: u64, bytes: u64) -> u64 {
        // The PAE page-directory-pointer table need not start its frame; every other table does.
        let start = (self.cursor.base().page_offset() + index * bytes) as usize;
        let mut raw = [0; 8];
        raw[..bytes as usize].copy_from_slice(&self.entries[start..start + bytes as usize]);
        u64::from_le_bytes(raw)
    }
}

/// What became of one entry that was not absent.
enum Step {
    Leaf(Translation),
    Broken(Fault),
    Entered(TableFrame),
}

impl<M: PhysicalMemory + ?Sized> Leaves<'_, M> {
    /// Leaves out every entry whose addresses all lie in `range`, for instance the self-map.
    #[must_use]
    pub fn skipping(mut self, range: VirtRange) -> Self {
        self.skip = Some(range);
        self
    }

    fn start(&mut self, pdptes: &Pdptes) {
        match Cursor::root(&self.facts) {
            Ok(root) if root.table() == Table::Pdpt && self.facts.mode.levels() == 3 => {
                // The processor walks the registers, not the table: fill the page from them.
                let mut entries = Box::new([0; FRAME_BYTES]);
                let first = root.base().page_offset() as usize;
                for (slot, pdpte) in entries[first..].chunks_exact_mut(8).zip(pdptes) {
                    slot.copy_from_slice(&pdpte.to_le_bytes());
                }
                self.push(root, VirtAddr::ZERO, entries);
            }
            Ok(root) => {
                if let Err(fault) = self.open(root, VirtAddr::ZERO) {
                    self.pending = Some(fault);
                }
            }
            Err(fault) => self.pending = Some(fault),
        }
    }

    /// Reads a table and makes it the innermost one.
    fn open(&mut self, cursor: Cursor, base: VirtAddr) -> Result<(), Fault> {
        let mut entries = Box::new([0; FRAME_BYTES]);
        self.memory
            .read_frame(cursor.base().frame(), &mut entries)
            .ok_or(Fault::NoMemory { table: Some(cursor.table()), at: cursor.base() })?;
        self.push(cursor, base, entries);
        Ok(())
    }

    fn push(&mut self, cursor: Cursor, base: VirtAddr, entries: Box<[u8; FRAME_BYTES]>) {
        let count = entry_count(self.facts.mode, cursor.table());
        self.path.push(Page { cursor, base, next: 0, count, entries });
    }

    fn advance(&mut self) -> Option<Step> {
        if let Some(fault) = self.pending.take() {
            return Some(Step::Broken(fault));
        }
        loop {
            let page = self.path.last_mut()?;
            if page.next == page.count {
                self.path.pop();
                continue;
            }
            let index = page.next;
            page.next += 1;
            let raw = page.entry(index, entry_bytes(self.facts.mode));
            let cursor = page.cursor;
            let table = cursor.table();
            if decode(&self.facts, table, raw) == Entry::Absent {
                continue;
            }
            let bytes = 1 << table.shift(self.facts.mode);
            let va = canonical(self.facts.mode, page.base.get() + index * bytes);
            if self.skips(va, bytes) {
                continue;
            }
            return Some(self.take(cursor, va, raw));
        }
    }

    fn take(&mut self, cursor: Cursor, va: VirtAddr, raw: u64) -> Step {
        let access = Access::SUPERVISOR_READ;
        let next = if self.facts.mode.levels() == 3 && cursor.table() == Table::Pdpt {
            enter(&self.facts, &[raw; 4], va, access).map(Next::Table)
        } else {
            cursor.step(&self.facts, va, access, raw)
        };
        match next {
            Ok(Next::Page(translation)) => Step::Leaf(translation),
            Ok(Next::Table(below)) => match self.open(below, va) {
                Ok(()) => Step::Entered(TableFrame {
                    table: below.table(),
                    frame: below.base().frame(),
                    covers: va,
                }),
                Err(fault) => Step::Broken(fault),
            },
            Err(fault) => Step::Broken(fault),
        }
    }

    fn skips(&self, va: VirtAddr, bytes: u64) -> bool {
        let last = VirtAddr::new(va.get() | (bytes - 1));
        self.skip.is_some_and(|range| range.contains(va) && range.contains(last))
    }
}

impl<M: PhysicalMemory + ?Sized> Iterator for Leaves<'_, M> {
    type Item = Result<Translation, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.advance()? {
                Step::Leaf(translation) => return Some(Ok(translation)),
                Step::Broken(fault) => return Some(Err(fault)),
                Step::Entered(_) => {}
            }
        }
    }
}

impl<M: PhysicalMemory + ?Sized> FusedIterator for Leaves<'_, M> {}
