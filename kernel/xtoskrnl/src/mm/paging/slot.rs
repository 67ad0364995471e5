//! The transient slot: one virtual page through which any frame can be reached for a moment.
//!
//! The slot's entry is written through the self-map, past the address space's bookkeeping: pointing a slot elsewhere
//! neither maps nor unmaps anything that lasts. Its bits that belong to the table's occupancy stay.
//!
//! # Several processors
//! * One user at a time: a slot is behind `&mut`, that is behind the lock of the page tables (the slot for fresh tables) or
//!   behind a lock of its own (a processor's). Whoever holds either is pinned.
//! * Entry: only the slot's user writes it, so the load and the exchange of [`Slot::set`] need no common lock. The table's
//!   other entries are those of other slots, which have theirs. The engine would write lent bits if it mapped or unmapped a
//!   page of that table; it does so only when slots are made, at the start, on one processor: no two regions share a table,
//!   and the pages of this region stay mapped for good. Accessed and dirty bits that a processor sets in between are lost,
//!   and nobody asks for them.
//! * TLB: an entry is forgotten by the processor that changes it and by no other one. So a slot remembers for which
//!   processor it shows its frame, and is shown anew for another: what that one still knows is never used.
#![allow(unsafe_code, reason = "the slot's page shows frames that no Rust object describes")]

use core::mem::size_of;

use xtcore::{Frame, Level, PAGE_BYTES, VirtAddr};
use xtmm::machine::CpuIndex;
use xtpaging::entry::{Format, occupancy};
use xtpaging::{Attributes, Protection, Scope, SelfMap};

use super::word::Word;
use crate::ar::control::invalidate_page;
use crate::ar::words;
use crate::ke::processor;

/// A page of the kernel's address space whose frame can be chosen at will.
#[derive(Debug)]
pub(in crate::mm) struct Slot {
    page: VirtAddr,
    entry: Word,
    format: Format,
    /// What the slot shows when nobody uses it: a frame of its own, or nothing.
    rest: Option<Frame>,
    /// What is shown now, and the processor that has forgotten everything else.
    shows: Option<(Frame, Protection, CpuIndex)>,
}

/// Machine words in a page.
const WORDS: usize = PAGE_BYTES as usize / size_of::<usize>();

impl Slot {
    /// Makes the slot at `page`, which shows `rest` now, or returns `None` when the self-map does not show its entry.
    ///
    /// # Safety
    /// The page table of `page` must exist and be reachable through the active `self_map`, and nobody else may use the
    /// page: no reference leads there, no mapping is kept there.
    pub(in crate::mm) unsafe fn new(
        page: VirtAddr,
        rest: Option<Frame>,
        self_map: &SelfMap,
        format: Format,
    ) -> Option<Self> {
        let address = self_map.entry_address(Level::PT, page)?;
        // SAFETY: the caller says that the page table exists and that the self-map is active, so the entry is mapped.
        let entry = unsafe { Word::new(address, format.geometry().entry_bytes()) };
        Some(Self { page, entry, format, rest, shows: None })
    }

    /// Shows `frame` and returns the address of its first byte, valid until the slot shows another.
    fn show(&mut self, frame: Frame, protection: Protection) -> *mut usize {
        let shown = Some((frame, protection, processor::current()));
        if self.shows != shown {
            let attributes = Attributes::KERNEL_DATA.with_protection(protection).with_scope(Scope::Local);
            self.set(self.format.page(Level::PT, frame, attributes));
            self.shows = shown;
        }
        // The cast keeps every bit that an address of this architecture has.
        core::ptr::with_exposed_provenance_mut(self.page.get() as usize)
    }

    fn set(&mut self, value: u64) {
        let kept = self.entry.load() & occupancy::MASK;
        self.entry.exchange(value & !occupancy::MASK | kept);
        invalidate_page(self.page);
    }

    /// Fills a frame with a machine word.
    ///
    /// # Safety
    /// The frame must be RAM that nobody else uses.
    pub(in crate::mm) unsafe fn fill(&mut self, frame: Frame, word: usize) {
        let start = self.show(frame, Protection::ReadWrite);
        // SAFETY: the slot maps a whole page, writable, at an aligned address; the caller owns the frame behind it.
        unsafe { words::fill(start, WORDS, word) };
    }

    /// Returns how many machine words of a frame differ from `word`.
    ///
    /// # Safety
    /// The frame must be RAM that nobody writes meanwhile.
    pub(in crate::mm) unsafe fn count_unlike(&mut self, frame: Frame, word: usize) -> usize {
        let start = self.show(frame, Protection::Read);
        // SAFETY: the slot maps a whole page at an aligned address; the caller says that nothing writes to the frame.
        unsafe { words::count_unlike(start, WORDS, word) }
    }

    /// Writes an entry of a frame that is to become a table.
    pub(super) fn write_entry(&mut self, frame: Frame, index: usize, value: u64) {
        // SAFETY: the slot shows the whole table, and the engine names an index inside it.
        unsafe { self.entry_of(frame, index) }.exchange(value);
    }

    /// Reads an entry of a frame that is a table.
    pub(super) fn read_entry(&mut self, frame: Frame, index: usize) -> u64 {
        // SAFETY: the slot shows the whole table, and callers read entries that a table of the mode has.
        unsafe { self.entry_of(frame, index) }.load()
    }

    /// Returns an entry of a table that the slot now shows: writable, because on a 32-bit processor even the load of
    /// eight bytes is a CMPXCHG8B.
    ///
    /// # Safety
    /// `index` must be one of the table's entries, and the result must not be used after the slot shows something else.
    unsafe fn entry_of(&mut self, frame: Frame, index: usize) -> Word {
        let bytes = self.format.geometry().entry_bytes();
        let first = VirtAddr::new(self.show(frame, Protection::ReadWrite).expose_provenance() as u64);
        // SAFETY: the entry lies in the page that the slot shows, aligned to its size, as the caller says.
        unsafe { Word::new(VirtAddr::new(first.get() + index as u64 * bytes), bytes) }
    }

    /// Copies bytes of a frame from `offset` on, through a read-only mapping; returns how many lay inside the page.
    pub(in crate::mm) fn copy(&mut self, frame: Frame, offset: usize, into: &mut [u8]) -> usize {
        let count = into.len().min((PAGE_BYTES as usize).saturating_sub(offset));
        let first = self.show(frame, Protection::Read).cast::<u8>();
        for (index, byte) in into.iter_mut().take(count).enumerate() {
            // SAFETY: offset plus index is below the size of the page, which is mapped.
            let place = unsafe { first.add(offset + index) };
            // SAFETY: a mapped byte; firmware may change it, hence volatile.
            *byte = unsafe { place.read_volatile() };
        }
        count
    }

    /// Goes back to what the slot shows when nobody uses it.
    pub(in crate::mm) fn leave(&mut self) {
        if self.shows.take().is_some() {
            let value = match self.rest {
                Some(frame) => {
                    self.format.page(Level::PT, frame, Attributes::KERNEL_DATA.with_scope(Scope::Local))
                }
                None => 0,
            };
            self.set(value);
        }
    }
}
