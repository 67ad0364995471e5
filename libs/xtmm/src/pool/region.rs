//! Where a pool gets addresses and memory from.
//!
//! The two are apart because they live apart: a guard page has an address and no memory, a pageable block gets its memory
//! at the first touch, and a block of the special pool keeps its addresses long after its memory is gone.
#![allow(unsafe_code, reason = "the traits promise what the pool's unsafe code relies on")]

use xtcore::VirtRange;
use xtpaging::OutOfFrames;

/// Pages are not taken back: whoever keeps account of them disagrees with the pool, which makes a
/// [`Crime::PagesRefused`](crate::pool::Crime::PagesRefused) of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// Gives memory to virtual pages and takes it back.
///
/// # Safety
/// After [`Pages::commit`] has succeeded there is memory behind every page of the range, readable and writable, until
/// [`Pages::decommit`]; nobody else changes it.
pub unsafe trait Pages: Sync {
    /// Puts memory behind every page, with any content. None of the pages has any. Called pinned, at times with a lock
    /// of the pool's books; so it must not use the pool.
    ///
    /// # Errors
    /// [`OutOfFrames`]; nothing has changed.
    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames>;

    /// Takes back whatever memory there is behind the pages. Some, or all, may have none. Called pinned.
    ///
    /// # Errors
    /// [`Refused`]: the pages are not what the pool takes them for.
    fn decommit(&self, pages: VirtRange) -> Result<(), Refused>;
}

/// Gives out ranges of a reserved region of virtual pages.
///
/// Prefers low addresses: a pool's page records are backed up to the highest page that was ever in use.
///
/// # Safety
/// What [`PageRanges::allocate`] returns has the length and alignment that was asked for, lies in the region that
/// the pool was told, and overlaps nothing that was returned earlier and not freed since.
pub unsafe trait PageRanges: Sync {
    /// Takes `pages` pages whose first is a multiple of `alignment` pages, a power of two, counted from address 0.
    /// Returns `None` when there is no such range. Called pinned.
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange>;

    /// Gives back exactly what [`PageRanges::allocate`] returned. Called pinned.
    ///
    /// # Errors
    /// [`Refused`]: the range is not one that is in use.
    fn free(&self, pages: VirtRange) -> Result<(), Refused>;
}

// SAFETY: passes every promise on.
unsafe impl<T: Pages> Pages for &T {
    fn commit(&self, pages: VirtRange) -> Result<(), OutOfFrames> {
        (**self).commit(pages)
    }

    fn decommit(&self, pages: VirtRange) -> Result<(), Refused> {
        (**self).decommit(pages)
    }
}

// SAFETY: passes every promise on.
unsafe impl<T: PageRanges> PageRanges for &T {
    fn allocate(&self, pages: u64, alignment: u64) -> Option<VirtRange> {
        (**self).allocate(pages, alignment)
    }

    fn free(&self, pages: VirtRange) -> Result<(), Refused> {
        (**self).free(pages)
    }
}
