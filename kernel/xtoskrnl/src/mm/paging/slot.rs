//! The transient slot: one virtual page through which any frame can be reached for a moment.
//!
//! The slot's entry is written through the self-map, past the address space's bookkeeping: pointing a slot elsewhere
//! neither maps nor unmaps anything that lasts. Its bits that belong to the table's occupancy stay.
#![allow(unsafe_code, reason = "the slot's page shows frames that no Rust object describes")]

use core::mem::size_of;

use xtcore::{Frame, Level, PAGE_BYTES, VirtAddr};
use xtpaging::entry::{Format, occupancy};
use xtpaging::{Attributes, Scope, SelfMap};

use super::word::Word;
use crate::ar::control::invalidate_page;
use crate::ar::words;

/// A page of the kernel's address space whose frame can be chosen at will.
#[derive(Debug)]
pub(in crate::mm) struct Slot {
    page: VirtAddr,
    entry: Word,
    format: Format,
    shows: Option<Frame>,
}

/// Machine words in a page.
const WORDS: usize = PAGE_BYTES as usize / size_of::<usize>();

impl Slot {
    /// Makes the slot at `page`, or returns `None` when the self-map does not show its entry.
    ///
    /// # Safety
    /// The page table of `page` must exist and be reachable through the active `self_map`, and nobody else may use the
    /// page: no reference leads there, no mapping is kept there.
    pub(in crate::mm) unsafe fn new(page: VirtAddr, self_map: &SelfMap, format: Format) -> Option<Self> {
        let address = self_map.entry_address(Level::PT, page)?;
        // SAFETY: the caller says that the page table exists and that the self-map is active, so the entry is mapped.
        let entry = unsafe { Word::new(address, format.geometry().entry_bytes()) };
        Some(Self { page, entry, format, shows: None })
    }

    /// Shows `frame` and returns the address of its first byte, valid until the slot shows another.
    pub(super) fn show(&mut self, frame: Frame) -> *mut usize {
        if self.shows != Some(frame) {
            let attributes = Attributes::KERNEL_DATA.with_scope(Scope::Local);
            let value = self.format.page(Level::PT, frame, attributes);
            let kept = self.entry.load() & occupancy::MASK;
            self.entry.exchange(value & !occupancy::MASK | kept);
            invalidate_page(self.page);
            self.shows = Some(frame);
        }
        // The cast keeps every bit that an address of this architecture has.
        core::ptr::with_exposed_provenance_mut(self.page.get() as usize)
    }

    /// Fills a frame with a machine word.
    pub(super) fn fill(&mut self, frame: Frame, word: usize) {
        let start = self.show(frame);
        // SAFETY: the slot maps a whole page, writable, at an aligned address, and this borrow is exclusive.
        unsafe { words::fill(start, WORDS, word) };
    }

    /// Returns how many machine words of a frame differ from `word`.
    pub(super) fn count_unlike(&mut self, frame: Frame, word: usize) -> usize {
        let start = self.show(frame);
        // SAFETY: the slot maps a whole page at an aligned address; nothing writes to it while this borrow lives.
        unsafe { words::count_unlike(start, WORDS, word) }
    }

    /// Writes an entry of a frame that is to become a table.
    pub(super) fn write_entry(&mut self, frame: Frame, index: usize, value: u64) {
        let bytes = self.format.geometry().entry_bytes();
        let first = VirtAddr::new(self.show(frame).expose_provenance() as u64);
        let address = VirtAddr::new(first.get() + index as u64 * bytes);
        // SAFETY: the slot shows the whole table, and the index is one of its entries.
        let entry = unsafe { Word::new(address, bytes) };
        entry.exchange(value);
    }

    /// Copies bytes of a frame from `offset` on; returns how many lay inside the page.
    pub(super) fn copy(&mut self, frame: Frame, offset: usize, into: &mut [u8]) -> usize {
        let count = into.len().min((PAGE_BYTES as usize).saturating_sub(offset));
        let first = self.show(frame).cast::<u8>();
        for (index, byte) in into.iter_mut().take(count).enumerate() {
            // SAFETY: offset plus index is below the size of the page, which is mapped.
            let place = unsafe { first.add(offset + index) };
            // SAFETY: a mapped byte; it may be device or firmware memory, hence volatile.
            *byte = unsafe { place.read_volatile() };
        }
        count
    }

    /// Shows nothing any more: the entry becomes absent.
    pub(in crate::mm) fn close(mut self) {
        let kept = self.entry.load() & occupancy::MASK;
        self.entry.exchange(kept);
        invalidate_page(self.page);
        self.shows = None;
    }
}
