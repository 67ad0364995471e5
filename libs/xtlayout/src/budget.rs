//! How large the memory manager's regions are: formulas of the paging mode, of the last frame, and of nothing else.
//!
//! All of these regions are reserved in full and get memory only where they are used, so a size here costs address space
//! and nothing more. Two regimes follow from how much of that there is:
//!
//! * **64-bit modes.** Address space is free. Pools and system PTEs have fixed sizes, so that their addresses are
//!   the same on every machine; only the two regions with a record per frame or block grow with RAM.
//! * **32-bit modes.** The kernel's half is 2 GiB. What describes RAM comes first, because it must be there; what it and
//!   the fixed regions leave of the upper room (C0C00000 to FFC00000) is divided: a quarter
//!   for system PTEs, the rest for the two pools alike, each share including its books. `docs/memory-layout.md` shows
//!   the outcome for each size of RAM.
//!
//! # Books
//! What describes the pages of a pool or of the system PTEs lies outside of them and has a region of its own:
//!
//! ```text
//!   SystemPteBooks                 NonPagedBooks, PagedBooks
//!   +--------------------+         +--------------------+--------------------+--------------------------+
//!   | arena: 16 B a page |         | arena: 16 B a page | pages: a word each | slab headers: 1/8 of     |
//!   +--------------------+         +--------------------+--------------------+ the pool ----------------+
//! ```

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, VirtRange};

use crate::error::LayoutError;
use crate::region::RegionKind;

/// Bytes of an arena's record of one page of virtual addresses, in every mode.
pub const ARENA_RECORD_BYTES: u64 = 16;

/// Bytes of slab headers per page of a pool: an eighth of a page.
pub const SLAB_HEADER_BYTES_PER_PAGE: u64 = PAGE_BYTES / 8;

/// Bytes of the slot of one processor in the region [`RegionKind::PerProcessor`].
pub const PROCESSOR_SLOT_BYTES: u64 = 128 << 10;

/// The least size of the system PTEs and of each pool: below it a kernel could not work.
pub const LEAST_BYTES: u64 = 16 << 20;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Returns the bytes of a machine word of the processors that run a mode.
#[must_use]
pub const fn word_bytes(mode: PagingMode) -> u64 {
    if is_32_bit(mode) { 4 } else { 8 }
}

/// Returns the bytes of a PFN database entry: four machine words.
#[must_use]
pub const fn pfn_entry_bytes(mode: PagingMode) -> u64 {
    4 * word_bytes(mode)
}

/// Returns the bytes of a frame allocator's records of so many blocks: a bit per frame, and behind all of these, in pages of their
/// own, 32 bytes for each block.
///
/// A block is a level-2 page: 512 frames, 1024 in PML2.
#[must_use]
pub const fn frame_record_bytes(mode: PagingMode, blocks: u64) -> u64 {
    let bits = blocks * mode.geometry().page_frames(Level::PD).get() / 8;
    whole_pages(bits) + whole_pages(blocks * 32)
}

/// Returns the bytes of a pool's record of one of its pages: a machine word.
#[must_use]
pub const fn pool_record_bytes(mode: PagingMode) -> u64 {
    word_bytes(mode)
}

/// Returns how many processors have a slot in the region [`RegionKind::PerProcessor`].
#[must_use]
pub const fn processors(mode: PagingMode) -> u64 {
    if is_32_bit(mode) { 32 } else { 64 }
}

/// Returns the frames that the PFN database and the frame records describe: all below `frames_end` and below the mode's
/// limit, in whole blocks.
#[must_use]
pub const fn described_frames(mode: PagingMode, frames_end: Frame) -> FrameCount {
    let geometry = mode.geometry();
    let (end, limit) = (frames_end.number(), geometry.frame_limit().number());
    let end = if end < limit { end } else { limit };
    FrameCount::new(end.next_multiple_of(geometry.page_frames(Level::PD).get()))
}

/// The parts of a pool's books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolBooks {
    /// [`ARENA_RECORD_BYTES`] for each page of the pool.
    pub arena: VirtRange,
    /// [`pool_record_bytes`] for each page of the pool.
    pub pages: VirtRange,
    /// Slab headers, [`SLAB_HEADER_BYTES_PER_PAGE`] for each page of the pool.
    pub slabs: VirtRange,
}

impl PoolBooks {
    /// Divides the region `books` of a pool of `pool_bytes` bytes. Each part begins with a page of its own.
    #[must_use]
    pub const fn divide(mode: PagingMode, pool_bytes: u64, books: VirtRange) -> Self {
        let [arena, pages, slabs] = pool_books(mode, pool_bytes);
        let arena = VirtRange::saturating(books.start(), arena);
        let pages = VirtRange::saturating(arena.end(), pages);
        Self { arena, pages, slabs: VirtRange::saturating(pages.end(), slabs) }
    }
}

/// The sizes of the memory manager's regions, in bytes, all whole pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Budget {
    pub(crate) pfn_database: u64,
    pub(crate) frame_records: u64,
    pub(crate) system_ptes: u64,
    pub(crate) system_pte_books: u64,
    /// Of each of the two pools.
    pub(crate) pool: u64,
    /// Of each of the two pools.
    pub(crate) pool_books: u64,
    pub(crate) per_processor: u64,
    pub(crate) hardware: u64,
}

impl Budget {
    /// Returns the sizes for RAM up to `frames_end` when `room` bytes are there for all regions together, of which each
    /// takes whole multiples of `guard` and a guard.
    ///
    /// # Errors
    /// [`LayoutError::NoRoom`] when a 32-bit mode's room leaves less than [`LEAST_BYTES`] for the system PTEs or a pool.
    pub(crate) fn new(
        mode: PagingMode,
        frames_end: Frame,
        room: u64,
        guard: u64,
    ) -> Result<Self, LayoutError> {
        let frames = described_frames(mode, frames_end).get();
        let blocks = frames / mode.geometry().page_frames(Level::PD).get();
        let pfn_database = whole_pages(frames * pfn_entry_bytes(mode));
        let frame_records = frame_record_bytes(mode, blocks);
        let per_processor = processors(mode) * PROCESSOR_SLOT_BYTES;
        let (hardware, system_ptes, pool) = if is_32_bit(mode) {
            let fixed = [pfn_database, frame_records, per_processor, 32 * MIB];
            let taken: u64 = fixed.iter().map(|bytes| footprint(*bytes, guard)).sum();
            // Six regions share the rest; each loses a guard, and at most another to rounding.
            let rest = room.saturating_sub(taken).saturating_sub(6 * 2 * guard);
            let (quarter, pool_share) = (rest / 4, rest / 8 * 3);
            let system_ptes = with_books(quarter, ARENA_RECORD_BYTES, guard);
            let pool = with_books(pool_share, pool_books_per_page(mode), guard);
            at_least(RegionKind::SystemPtes, system_ptes, quarter)?;
            at_least(RegionKind::NonPagedPool, pool, pool_share)?;
            (32 * MIB, system_ptes, pool)
        } else {
            (GIB, 128 * GIB, 1024 * GIB)
        };
        Ok(Self {
            pfn_database,
            frame_records,
            system_ptes,
            system_pte_books: whole_pages(system_ptes / PAGE_BYTES * ARENA_RECORD_BYTES),
            pool,
            pool_books: pool_books(mode, pool).iter().sum(),
            per_processor,
            hardware,
        })
    }
}

fn at_least(kind: RegionKind, bytes: u64, room: u64) -> Result<(), LayoutError> {
    if bytes < LEAST_BYTES { Err(LayoutError::NoRoom { kind, needed: LEAST_BYTES, room }) } else { Ok(()) }
}

const fn is_32_bit(mode: PagingMode) -> bool {
    mode.geometry().virtual_bits() == 32
}

const fn whole_pages(bytes: u64) -> u64 {
    bytes.next_multiple_of(PAGE_BYTES)
}

/// Returns what a region takes of the room that it is packed into.
const fn footprint(bytes: u64, guard: u64) -> u64 {
    bytes.next_multiple_of(guard) + guard
}

/// Returns the largest multiple of `unit` that fits into `share` together with `per_page` bytes of books for each page.
const fn with_books(share: u64, per_page: u64, unit: u64) -> u64 {
    let bytes = share / (PAGE_BYTES + per_page) * PAGE_BYTES;
    bytes - bytes % unit
}

const fn pool_books_per_page(mode: PagingMode) -> u64 {
    ARENA_RECORD_BYTES + pool_record_bytes(mode) + SLAB_HEADER_BYTES_PER_PAGE
}

/// Returns the sizes of the parts of a pool's books, in the order of [`PoolBooks`].
const fn pool_books(mode: PagingMode, pool_bytes: u64) -> [u64; 3] {
    let pages = pool_bytes / PAGE_BYTES;
    [
        whole_pages(pages * ARENA_RECORD_BYTES),
        whole_pages(pages * pool_record_bytes(mode)),
        whole_pages(pages * SLAB_HEADER_BYTES_PER_PAGE),
    ]
}

#[cfg(test)]
mod tests;
