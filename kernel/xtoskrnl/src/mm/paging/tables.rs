//! Page tables through the self-map: the kernel's implementation of the engine's primitives.
#![allow(unsafe_code, reason = "entries are reached through their addresses in the self-map")]

use xtcore::{Frame, VirtAddr};
use xtpaging::{Modes, SelfMap, TablePlace, Tables};

use super::slot::Slot;
use super::word::Word;
use crate::ar::control::invalidate_page;

/// The active page tables, reached through the self-map; fresh frames are reached through a slot.
#[derive(Debug)]
pub(crate) struct SelfMapTables {
    self_map: SelfMap,
    entry_bytes: u64,
    pub(in crate::mm) slot: Slot,
}

impl SelfMapTables {
    /// Wraps the self-map.
    ///
    /// # Safety
    /// The self-map must be the active one, and the result the only way by which its tables are changed.
    pub(super) const unsafe fn new(self_map: SelfMap, entry_bytes: u64, slot: Slot) -> Self {
        Self { self_map, entry_bytes, slot }
    }

    /// Returns an entry of a table, or `None` for PAE's pointer table, which the self-map does not show.
    fn word(&self, place: TablePlace, index: usize) -> Option<Word> {
        let table = self.self_map.table_address(place.level, place.covers)?;
        let address = VirtAddr::new(table.get() + index as u64 * self.entry_bytes);
        // SAFETY: the engine names linked tables and indexes inside them, and every linked table appears in the active
        // self-map, writable.
        Some(unsafe { Word::new(address, self.entry_bytes) })
    }
}

impl Tables for SelfMapTables {
    /// These are the tables that translate the kernel's own pointers.
    const MODES: Modes = Modes::OWN;

    fn load(&self, place: TablePlace, index: usize) -> u64 {
        self.word(place, index).map_or(0, Word::load)
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        if let Some(word) = self.word(place, index) {
            word.store(value);
        }
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        self.word(place, index).map_or(0, |word| word.exchange(value))
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        // The pointer table has no entry that could differ.
        self.word(place, index).map_or(Ok(()), |word| word.compare_exchange(current, new))
    }

    fn linked(&mut self, place: TablePlace) {
        // Below a large page this address showed the page's data; the processor may still remember that.
        if let Some(alias) = self.self_map.table_address(place.level, place.covers) {
            invalidate_page(alias);
        }
    }

    fn zero(&mut self, frame: Frame) {
        // SAFETY: the engine zeroes frames that it has just taken from a reservation, before anybody can reach them.
        unsafe { self.slot.fill(frame, 0) };
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.slot.write_entry(frame, index, value);
    }
}
