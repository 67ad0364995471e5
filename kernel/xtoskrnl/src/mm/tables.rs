//! Page tables through the self-map: the kernel's implementation of the engine's primitives.
#![allow(unsafe_code, reason = "entries are reached through their addresses in the self-map")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use xtcore::{Frame, VirtAddr};
use xtpaging::{SelfMap, TablePlace, Tables};

use super::slot::Slot;
use crate::ar::control::invalidate_page;

/// A page-table entry in memory, of 4 or 8 bytes.
///
/// All accesses are single atomic ones: on a 32-bit processor those of 8 bytes become CMPXCHG8B, so no walker ever sees
/// half an entry (design D5b).
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    /// PML2.
    Narrow(&'static AtomicU32),
    /// The other modes.
    Wide(&'static AtomicU64),
}

impl Word {
    /// Names the entry of `bytes` bytes at `address`.
    ///
    /// # Safety
    /// The entry must be mapped, aligned and writable as long as the result is used, and accessed atomically only.
    pub(super) unsafe fn new(address: VirtAddr, bytes: u64) -> Self {
        // The cast keeps every bit that an address of this architecture has.
        let address = address.get() as usize;
        if bytes == 4 {
            // SAFETY: the caller says that four bytes are mapped there, aligned, and shared by atomic accesses only.
            Self::Narrow(unsafe { AtomicU32::from_ptr(core::ptr::with_exposed_provenance_mut(address)) })
        } else {
            // SAFETY: the caller says that eight bytes are mapped there, aligned, and shared by atomic accesses only.
            Self::Wide(unsafe { AtomicU64::from_ptr(core::ptr::with_exposed_provenance_mut(address)) })
        }
    }

    /// Reads the entry.
    pub(super) fn load(self) -> u64 {
        match self {
            Self::Narrow(word) => u64::from(word.load(Ordering::Relaxed)),
            Self::Wide(word) => word.load(Ordering::Relaxed),
        }
    }

    /// Writes the entry; release, so that a walker which sees it also sees the table that it refers to.
    pub(super) fn store(self, value: u64) {
        match self {
            Self::Narrow(word) => word.store(value as u32, Ordering::Release),
            Self::Wide(word) => word.store(value, Ordering::Release),
        }
    }

    /// Swaps the entry.
    pub(super) fn exchange(self, value: u64) -> u64 {
        match self {
            Self::Narrow(word) => u64::from(word.swap(value as u32, Ordering::AcqRel)),
            Self::Wide(word) => word.swap(value, Ordering::AcqRel),
        }
    }

    fn compare_exchange(self, current: u64, new: u64) -> Result<(), u64> {
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        match self {
            Self::Narrow(word) => match word.compare_exchange(current as u32, new as u32, success, failure) {
                Ok(_) => Ok(()),
                Err(now) => Err(u64::from(now)),
            },
            Self::Wide(word) => word.compare_exchange(current, new, success, failure).map(drop),
        }
    }
}

/// The active page tables, reached through the self-map; fresh frames are reached through a slot.
#[derive(Debug)]
pub(crate) struct SelfMapTables {
    self_map: SelfMap,
    entry_bytes: u64,
    pub(super) slot: Slot,
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
        self.slot.fill(frame, 0);
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.slot.write_entry(frame, index, value);
    }
}
