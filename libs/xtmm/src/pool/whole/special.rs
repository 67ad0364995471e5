//! The special pool: a block on pages of its own, next to a page without memory.
//!
//! ```text
//!   guard after:    | pattern | block | pattern | guard |     an overflow that leaves the page is a page fault
//!   guard before:   | guard | block | pattern        |        so is an underflow
//! ```
//!
//! The pattern fills what the block leaves of its pages; with the guard after the block it is at most as long as the
//! block's alignment demands. It is checked when the block is freed. Then the pages lose their memory, and their
//! addresses wait in a quarantine, so that a use after free is a page fault too.
//!
//! Blocks have memory from the start, in a paged pool as well. When memory or addresses run out, the request fails; it is not
//! quietly served by the ordinary pool, whose guarantees are weaker.
#![allow(unsafe_code, reason = "fills what blocks leave of their pages")]

use core::ptr::{self, NonNull};

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

use crate::inject::Site;
use crate::machine::Machine;
use crate::pool::Pool;
use crate::pool::books::{PageRecord, Part, Unit};
use crate::pool::check::Side;
use crate::pool::check::pattern::{self, Damage, Purpose};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolError, PoolKind, Request, Tag};
use crate::pool::tags::Place;
use crate::pool::whole::{self, Shape};

/// Freed blocks whose addresses wait, oldest first. Lives behind its lock.
#[derive(Debug)]
pub(crate) struct Waiting {
    oldest: Option<Unit>,
    newest: Option<Unit>,
    pages: usize,
}

impl Waiting {
    /// Nothing waits.
    pub(crate) const EMPTY: Self = Self { oldest: None, newest: None, pages: 0 };
}

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Gives out a block of the special pool.
    ///
    /// # Errors
    /// The site that has run out, a size that no region holds, a quota; nothing is lost.
    pub(crate) fn allocate_special(&self, request: &Request, place: Place) -> Result<NonNull<u8>, PoolError> {
        let too_large = PoolError::TooLarge(request.size.max(request.alignment));
        let most = self.region.bytes();
        let (size, alignment) = (request.size as u64, request.alignment as u64);
        if size > most || alignment > most {
            return Err(too_large);
        }
        let data = size.div_ceil(PAGE_BYTES);
        let step = alignment.div_ceil(PAGE_BYTES);
        let (before, after) = match self.checks.special.side {
            Side::After => (0, 1),
            // As many as keep the block aligned.
            Side::Before => (u32::try_from(step).unwrap_or(u32::MAX), 0),
        };
        self.admit(place, data * PAGE_BYTES, Site::SpecialPool)?;

        let shape = {
            let pin = self.machine.pin();
            let unit = self.books.allocate(&self.memory, &pin, whole::UNITS)?;
            let count = data + u64::from(before) + u64::from(after);
            let pages = match self.take_pages(&pin, count, step, PoolKind::Paged) {
                Ok(pages) => pages,
                Err(error) => {
                    self.books.free(&self.memory, &pin, unit, whole::UNITS)?;
                    return Err(error);
                }
            };
            let mut shape = Shape { block: 0, size: request.size, pages, before, after, place };
            shape.block = match self.checks.special.side {
                // A larger alignment is that of the first page.
                Side::After => {
                    VirtAddr::new(shape.data().end().get() - size).align_down(alignment.min(PAGE_BYTES)).get()
                }
                Side::Before => shape.data().start().get(),
            } as usize;
            if self.memory.commit(shape.data()).is_err() {
                self.ranges.free(pages).map_err(|_| Crime::refused(pages))?;
                self.books.free(&self.memory, &pin, unit, whole::UNITS)?;
                return Err(PoolError::OutOfMemory(Site::Commit));
            }
            self.whole(unit).write(&shape);
            self.records.set(pages, |_| PageRecord::part(Part::Special(unit)));
            self.count_in(&pin, &shape);
            shape
        };
        let Some(block) = pointer(shape.address()) else { return Err(too_large) };
        for (start, length) in Self::slack(&shape) {
            // SAFETY: the bytes are in the new block's pages and not the block's own.
            unsafe { pattern::fill(start, length, Purpose::Slack, self.key) };
        }
        Ok(block)
    }

    /// Takes a block of the special pool back.
    pub(crate) fn free_special(&self, block: NonNull<u8>, unit: Unit, tag: Option<Tag>) -> Result<(), Crime> {
        let header = self.whole(unit);
        let shape = header.shape();
        let address = VirtAddr::new(block.addr().get() as u64);
        if !header.is_live() {
            return Err(Crime::SpecialNotAllocated { address });
        }
        if address != shape.address() {
            return Err(Crime::SpecialInterior { address, block: shape.address() });
        }
        self.check_tag(&shape, tag)?;
        self.verify_special(&shape)?;
        {
            let pin = self.machine.pin();
            if !header.retire() {
                return Err(Crime::SpecialNotAllocated { address });
            }
            self.count_out(&pin, &shape);
            self.memory.decommit(shape.data()).map_err(|_| Crime::refused(shape.data()))?;
            let mut waiting = self.waiting.lock(&pin);
            header.links.chain(None);
            match waiting.newest {
                Some(newest) => self.whole(newest).links.chain(Some(unit)),
                None => waiting.oldest = Some(unit),
            }
            waiting.newest = Some(unit);
            waiting.pages += (shape.pages.bytes() / PAGE_BYTES) as usize;
        }
        self.shrink_waiting(self.checks.special.quarantine_pages)
    }

    /// Lets the oldest addresses go until at most `limit` pages wait.
    pub(crate) fn shrink_waiting(&self, limit: usize) -> Result<(), Crime> {
        let pin = self.machine.pin();
        loop {
            let unit = {
                let mut waiting = self.waiting.lock(&pin);
                let Some(oldest) = waiting.oldest.filter(|_| waiting.pages > limit) else { return Ok(()) };
                let header = self.whole(oldest);
                waiting.oldest = header.links.next();
                if waiting.oldest.is_none() {
                    waiting.newest = None;
                }
                let pages = header.shape().pages.bytes() / PAGE_BYTES;
                waiting.pages = waiting.pages.saturating_sub(pages as usize);
                oldest
            };
            let pages = self.whole(unit).shape().pages;
            self.records.set(pages, |_| PageRecord::NOTHING);
            self.ranges.free(pages).map_err(|_| Crime::refused(pages))?;
            self.books.free(&self.memory, &pin, unit, whole::UNITS)?;
        }
    }

    /// Checks what a block in use leaves of its pages.
    pub(crate) fn verify_special(&self, shape: &Shape) -> Result<(), Crime> {
        for (start, length) in Self::slack(shape) {
            // SAFETY: the bytes are in the block's pages, which have memory, and were filled when it was given out.
            let verdict = unsafe { pattern::verify(start, length, Purpose::Slack, self.key) };
            if let Err(Damage { offset, .. }) = verdict {
                let damaged = VirtAddr::new(start.addr().get() as u64 + offset as u64);
                let (block, size) = (shape.address(), shape.size as u64);
                return Err(if damaged < block {
                    Crime::SpecialUnderflow { block, damaged, size }
                } else {
                    Crime::SpecialOverflow { block, damaged, size }
                });
            }
        }
        Ok(())
    }

    /// Returns what a block leaves of its pages, in front of it and behind it: starts and lengths.
    fn slack(shape: &Shape) -> impl Iterator<Item = (NonNull<u8>, usize)> {
        let end = VirtAddr::new(shape.address().get() + shape.size as u64);
        let ranges =
            [VirtRange::new(shape.data().start(), shape.address()), VirtRange::new(end, shape.data().end())];
        // Parts of pages that were allocated, so their lengths fit.
        ranges
            .into_iter()
            .flatten()
            .filter_map(|range| Some((pointer(range.start())?, range.bytes() as usize)))
    }
}

fn pointer(address: VirtAddr) -> Option<NonNull<u8>> {
    NonNull::new(ptr::with_exposed_provenance_mut(address.get() as usize))
}
