//! Ranges of virtual pages: who has which.
//!
//! An [`Arena`] hands out ranges of a region by the page, at any alignment, and takes them back. It maps nothing.
//! System PTEs, large pool blocks and stacks live in arenas.
//!
//! # Structure
//! Runs of pages lie end to end. Each page has a [`Record`] in [`Sparse`] books, but only the records at the edges of
//! runs are ever written, the "boundary tags" of Knuth (volume 1, section 2.5): the first page of a run tells its
//! length, the last page of a free one too. So a range that is freed finds both its neighbours at once and joins the
//! free ones. Free runs hang in lists by length, with two levels of bits over them.
//!
//! ```text
//!   region   | used | free  | used      | fresh: never used, in no books          |
//!   records   U      F     T U           .  .  .  (no memory)
//! ```
//!
//! # What it guarantees
//! * Address space that was never used needs no memory for its books, whatever the size of the region.
//! * An allocation backs the records that its own later free will write. So freeing needs no memory and cannot fail
//!   for the lack of it.
//! * Only allocations can be freed, whole and once. Everything else is an [`ArenaCrime`], with certainty: a record
//!   says "used" exactly where an allocation begins.
//! * A refusal means that no free run fits. Before the arena refuses, it looks into each.
//! * An error has changed nothing, except that some books may have memory now.
//!
//! # Invariants
//! No two free runs touch. No free run touches the fresh pages. A record that is not zero is the edge of a run.
//! [`Arena::verify`] checks all of it.
//!
//! # Locks
//! None inside: an arena lies in the lock of its user. Its [`Backing`] is called with that lock held.
#![allow(unsafe_code, reason = "records are reached without asking whether they have memory")]

mod classes;
mod error;
mod record;
mod search;
mod verify;

use xtcore::{PAGE_BYTES, PAGE_SHIFT, VirtAddr, VirtRange};

use crate::backing::{Backing, Sparse};
use crate::inject::{Injector, Site};
use classes::{Class, Classes};
use record::{Edge, Links};
use search::{Fit, Request};

pub use error::{ArenaCrime, Corruption, NoPages, RegionError};
pub use record::{MOST_PAGES, Record};
pub use verify::Use;

/// A region of virtual pages, and which of them are in use.
#[derive(Debug)]
pub struct Arena<'m, B: Backing> {
    books: Sparse<'m, Record>,
    start_of_books: VirtAddr,
    backing: &'m B,
    injector: &'m Injector,
    region: VirtRange,
    /// Pages of the region.
    pages: usize,
    /// The pages from here on have never been used, or all that were have joined them again. They are in no books.
    fresh: usize,
    classes: Classes,
    counts: Live,
}

/// What is allocated.
#[derive(Clone, Copy, Default, Debug)]
struct Live {
    allocations: usize,
    pages: usize,
    free_runs: usize,
}

/// What an arena has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Pages of the region.
    pub pages: u64,
    /// Allocations.
    pub allocations: u64,
    /// Pages of all allocations.
    pub allocated: u64,
    /// Free runs, without the fresh pages.
    pub free_runs: u64,
    /// Pages after the last allocation.
    pub fresh: u64,
}

/// A run of pages, `[start, end)`, by their numbers in the region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    start: usize,
    end: usize,
}

impl Run {
    const fn pages(self) -> usize {
        self.end - self.start
    }
}

impl<'m, B: Backing> Arena<'m, B> {
    /// Makes an arena of a region of which nothing is in use. Touches no memory.
    ///
    /// `books` has a record for each page; whatever of them has memory is zero.
    ///
    /// # Errors
    /// [`RegionError`], when the region and the books do not fit together.
    pub fn new(
        region: VirtRange,
        books: Sparse<'m, Record>,
        backing: &'m B,
        injector: &'m Injector,
    ) -> Result<Self, RegionError> {
        if region.is_empty() || !region.is_aligned(PAGE_BYTES) {
            return Err(RegionError::NotPages { region });
        }
        let count = region.bytes() >> PAGE_SHIFT;
        let most = MOST_PAGES.min(books.count() as u64);
        let pages = usize::try_from(count).ok().filter(|_| count <= most);
        let pages = pages.ok_or(RegionError::TooLarge { pages: count, most })?;
        let start_of_books = books.range_of(0..1).start();
        if !start_of_books.is_aligned(size_of::<Record>() as u64) {
            return Err(RegionError::Misaligned { books: start_of_books });
        }
        let (classes, counts) = (Classes::new(), Live::default());
        Ok(Self { books, start_of_books, backing, injector, region, pages, fresh: 0, classes, counts })
    }

    /// Returns the region.
    #[must_use]
    pub const fn region(&self) -> VirtRange {
        self.region
    }

    /// Returns what there is.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        Counts {
            pages: self.pages as u64,
            allocations: self.counts.allocations as u64,
            allocated: self.counts.pages as u64,
            free_runs: self.counts.free_runs as u64,
            fresh: (self.pages - self.fresh) as u64,
        }
    }

    /// Allocates `pages` pages at an address that is a multiple of `alignment` pages, a power of two.
    ///
    /// Cost: a few records, and a question to the [`Backing`] for each that lies in a page of books where no known
    /// record lies. When only runs of the class of `pages` are left, all of that class are looked at; below 32
    /// pages without alignment that is the first.
    ///
    /// # Errors
    /// [`NoPages`]; a failed call consumes nothing.
    pub fn allocate(&mut self, pages: u64, alignment: u64) -> Result<VirtRange, NoPages> {
        let request = Request::new(self.region, pages, alignment)?;
        let refused = NoPages::Exhausted { pages, free: self.pages.saturating_sub(self.counts.pages) as u64 };
        if self.injector.fails(Site::VirtualPages) {
            return Err(refused);
        }
        let fit = self.find(&request).ok_or(refused)?;
        self.back_edges(fit)?;
        self.carve(fit);
        Ok(self.range(fit.taken))
    }

    /// Takes an allocation back. Cost: a few records and one question to the [`Backing`], whatever the length.
    ///
    /// # Errors
    /// [`ArenaCrime`] when `range` is not exactly an allocation; nothing has changed. Telling which crime it is takes a
    /// walk over all runs.
    pub fn free(&mut self, range: VirtRange) -> Result<(), ArenaCrime> {
        let Some(Run { start, end }) = self.allocated(range) else { return Err(self.explain(range)) };
        self.counts.allocations -= 1;
        self.counts.pages -= end - start;
        self.record(start).set_edge(Edge::None);
        let mut run = Run { start, end };
        if let Some(before) = start.checked_sub(1)
            && let Edge::Free { pages } | Edge::Tail { pages } = self.record(before).edge()
        {
            run.start = start - pages;
            self.unlink(Run { start: run.start, end: start });
        }
        if end == self.fresh {
            self.fresh = run.start;
            return Ok(());
        }
        if let Edge::Free { pages } = self.record(end).edge() {
            run.end = end + pages;
            self.unlink(Run { start: end, end: run.end });
        }
        self.link(run);
        Ok(())
    }

    /// Returns the whole allocation that begins at `address`.
    #[must_use]
    pub fn extent(&self, address: VirtAddr) -> Option<VirtRange> {
        let start = self.page_of(address).filter(|_| address.is_aligned(PAGE_BYTES))?;
        match self.known(start)?.edge() {
            Edge::Used { pages } => Some(self.range(Run { start, end: start + pages })),
            Edge::None | Edge::Free { .. } | Edge::Tail { .. } => None,
        }
    }

    /// Returns the pages of an allocation, or `None` when `range` isn't exactly one.
    fn allocated(&self, range: VirtRange) -> Option<Run> {
        let whole = self.extent(range.start()).filter(|whole| *whole == range)?;
        let start = self.page_of(range.start())?;
        let pages = usize::try_from(whole.bytes() >> PAGE_SHIFT).ok()?;
        Some(Run { start, end: start + pages })
    }

    /// Sees to it that all records have memory that taking this range, and freeing it again, will write.
    fn back_edges(&self, fit: Fit) -> Result<(), NoPages> {
        let Fit { from, taken } = fit;
        // The fresh pages have no edge of their own; the one before them is the end of an allocation.
        let is_fresh = from.start == self.fresh;
        let before = if is_fresh { from.start.checked_sub(1) } else { Some(from.start) };
        let rest = (taken.end < from.end && !is_fresh).then_some(taken.end);
        let last = rest.unwrap_or(taken.end - 1);
        if before.is_some_and(|before| self.page_of_books(before) == self.page_of_books(last)) {
            // All edges lie between the two.
            return Ok(());
        }
        let behind = if is_fresh { before } else { Some(from.end - 1) };
        let known = [before, behind];
        let front = taken.start.checked_sub(1).filter(|last| *last >= from.start);
        let mut last_asked = None;
        for page in
            [Some(from.start), front, Some(taken.start), Some(taken.end - 1), rest].into_iter().flatten()
        {
            let holder = Some(self.page_of_books(page));
            let is_known = known.into_iter().flatten().any(|edge| Some(self.page_of_books(edge)) == holder);
            if !is_known && holder != last_asked {
                self.books.back(self.backing, page..page + 1).map_err(NoPages::Books)?;
                last_asked = holder;
            }
        }
        Ok(())
    }

    /// Takes a range out of the free run that contains it; what remains at either end stays free.
    fn carve(&mut self, fit: Fit) {
        let Fit { from, taken } = fit;
        if from.start == self.fresh {
            self.fresh = taken.end;
        } else {
            self.unlink(from);
            if taken.end < from.end {
                self.link(Run { start: taken.end, end: from.end });
            }
        }
        if from.start < taken.start {
            self.link(Run { start: from.start, end: taken.start });
        }
        self.record(taken.start).set_edge(Edge::Used { pages: taken.pages() });
        self.counts.allocations += 1;
        self.counts.pages += taken.pages();
    }

    /// Writes the records of a free run and puts it first in the list of its class.
    fn link(&mut self, run: Run) {
        let class = Class::of(run.pages());
        let next = self.classes.first(class);
        self.record(run.start).set(Edge::Free { pages: run.pages() }, Links { next, previous: None });
        if run.pages() > 1 {
            self.record(run.end - 1).set_edge(Edge::Tail { pages: run.pages() });
        }
        if let Some(next) = next {
            let old = self.record(next);
            old.set(old.edge(), Links { previous: Some(run.start), ..old.links() });
        }
        self.classes.set_first(class, Some(run.start));
        self.counts.free_runs += 1;
    }

    /// Takes a free run out of its list and clears its records.
    fn unlink(&mut self, run: Run) {
        let links = self.record(run.start).links();
        if let Some(next) = links.next {
            let record = self.record(next);
            record.set(record.edge(), Links { previous: links.previous, ..record.links() });
        }
        match links.previous {
            Some(previous) => {
                let record = self.record(previous);
                record.set(record.edge(), Links { next: links.next, ..record.links() });
            }
            None => self.classes.set_first(Class::of(run.pages()), links.next),
        }
        self.record(run.start).set_edge(Edge::None);
        self.record(run.end - 1).set_edge(Edge::None);
        self.counts.free_runs -= 1;
    }

    /// Returns the record of an edge of a run, or of the page after or before one, below the fresh pages.
    fn record(&self, page: usize) -> &'m Record {
        debug_assert!(page < self.pages, "page {page} of {}", self.pages);
        // SAFETY: callers name pages that they were given by the books, which hold numbers below `fresh` only, or pages
        // of a fit, inside the region; `new` checked that each has a record. Edges were backed by `back_edges` when
        // their run was first made, and joining runs makes no new edge.
        unsafe { self.books.get_unchecked(page) }
    }

    /// Returns the record of any page that was used at some time, or `None` when it has no memory.
    fn known(&self, page: usize) -> Option<&'m Record> {
        // A record lies in one page (checked by `new`), so one question is enough.
        (page < self.fresh && self.backing.is_backed(self.page_of_books(page))).then(|| self.record(page))
    }

    /// Returns the page of the books in which a record lies.
    fn page_of_books(&self, page: usize) -> VirtAddr {
        VirtAddr::new(self.start_of_books.get() + (page * size_of::<Record>()) as u64).align_down(PAGE_BYTES)
    }

    /// Returns the number of the page that contains an address of the region.
    fn page_of(&self, address: VirtAddr) -> Option<usize> {
        let bytes = address.bytes_since(self.region.start())?;
        usize::try_from(bytes >> PAGE_SHIFT).ok().filter(|page| *page < self.pages)
    }

    fn address(&self, page: usize) -> VirtAddr {
        VirtAddr::new(self.region.start().get() + ((page as u64) << PAGE_SHIFT))
    }

    fn range(&self, run: Run) -> VirtRange {
        VirtRange::new(self.address(run.start), self.address(run.end)).unwrap_or_default()
    }
}
