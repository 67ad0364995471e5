//! Looking without touching: how much there is, and where a frame is.

use xtcore::{Frame, FrameCount};

use super::FrameAllocator;
use crate::frames::blocks::Blocks;
use crate::frames::cache::Kind;
use crate::frames::cache::depot::Depot;
use crate::frames::rows::Rows;
use crate::frames::units::Pfn;
use crate::machine::Machine;

/// How many frames there are, by place. Exact when no other processor allocates or frees.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Frames that the allocator governs.
    pub known: FrameCount,
    /// Never touched, or free as part of a giant that was handed out without further books.
    pub fresh: FrameCount,
    /// Those of the fresh ones that no single allocation will get: pieces too small to pay for their books.
    pub unusable: FrameCount,
    /// Free in the rows.
    pub free: FrameCount,
    /// Free in the processors' caches, with any content; blocks too.
    pub cached: FrameCount,
    /// Zeroed, in the processors' caches.
    pub zeroed: FrameCount,
    /// In the depot, with any content.
    pub depot: FrameCount,
    /// In the depot, zeroed.
    pub depot_zeroed: FrameCount,
    /// Handed out, adopted, or gone into books.
    pub taken: FrameCount,
    /// Those of the taken ones that went into the books of blocks.
    pub books: FrameCount,
}

impl Counts {
    fn add_depot(&mut self, depot: &Depot<'_>) {
        let in_depot = |zeroed: fn(Kind) -> bool| {
            let kinds = Kind::ALL.into_iter().filter(|kind| zeroed(*kind));
            FrameCount::new(kinds.map(|kind| depot.count(kind) as u64).sum())
        };
        self.depot = in_depot(|kind| !kind.is_zeroed());
        self.depot_zeroed = in_depot(Kind::is_zeroed);
    }

    /// Returns the number of frames that are free, wherever.
    #[must_use]
    pub fn available(&self) -> FrameCount {
        let cached = self.cached.saturating_add(self.zeroed);
        let depot = self.depot.saturating_add(self.depot_zeroed);
        self.fresh.saturating_add(self.free).saturating_add(cached).saturating_add(depot)
    }
}

/// Where a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Never touched, or free as part of a giant; nothing describes it.
    Fresh,
    /// Free in the rows.
    Free,
    /// Free, in a processor's cache or in the depot.
    Cached,
    /// Handed out, adopted, or gone into books.
    Taken,
    /// None of the allocator's.
    Unknown,
}

impl<M: Machine, B: Blocks> FrameAllocator<'_, M, B> {
    /// Counts. Cost: proportional to the fresh ranges and the processors. Highest level: Dispatch.
    pub fn counts(&self) -> Counts {
        let pin = self.machine.pin();
        let mut counts = Counts::default();
        counts.add_depot(&self.depot.lock(&pin));
        self.add_rows(&mut counts, &self.rows.lock(&pin));
        counts
    }

    /// As [`FrameAllocator::counts`], if the locks are free; for a monitor: never waits. Highest level: any.
    #[inline(never)]
    pub fn try_counts(&self, pin: &M::Pin) -> Option<Counts> {
        let mut counts = Counts::default();
        counts.add_depot(&*self.depot.try_lock(pin)?);
        self.add_rows(&mut counts, &*self.rows.try_lock(pin)?);
        Some(counts)
    }

    /// Adds what the rows and the processors have. Under the lock of the rows no processor moves frames from one of its magazines
    /// to another.
    fn add_rows(&self, counts: &mut Counts, rows: &Rows<'_>) {
        for cache in self.caches.iter() {
            let frames = cache.count(|kind| !kind.is_zeroed()) + cache.blocks.count() * self.size().frames();
            counts.cached = counts.cached.saturating_add(FrameCount::new(frames as u64));
            let zeroed = FrameCount::new(cache.count(Kind::is_zeroed) as u64);
            counts.zeroed = counts.zeroed.saturating_add(zeroed);
        }
        counts.known = rows.known().total();
        counts.fresh = rows.untouched();
        counts.unusable = rows.unusable();
        counts.free = rows.free();
        counts.books = rows.books();
        counts.taken = counts.known.checked_sub(counts.available()).unwrap_or(FrameCount::ZERO);
    }

    /// Returns where a frame is; exact when no other processor allocates or frees. Cost: a look through all caches
    /// and the depot, unless the rows know: for an audit, best after [`FrameAllocator::trim`].
    /// Highest level: Dispatch.
    pub fn place_of(&self, frame: Frame) -> Place {
        let pin = self.machine.pin();
        let Some(pfn) = Pfn::of(frame) else { return Place::Unknown };
        let place = self.place_in_rows(&mut self.rows.lock(&pin), pfn);
        place.unwrap_or_else(|| place_in_depot(&self.depot.lock(&pin), pfn))
    }

    /// As [`FrameAllocator::place_of`], if the locks are free; for a monitor: never waits. Highest level: any.
    #[inline(never)]
    pub fn try_place_of(&self, pin: &M::Pin, frame: Frame) -> Option<Place> {
        let Some(pfn) = Pfn::of(frame) else { return Some(Place::Unknown) };
        let place = self.place_in_rows(&mut *self.rows.try_lock(pin)?, pfn);
        place.or_else(|| self.depot.try_lock(pin).map(|depot| place_in_depot(&depot, pfn)))
    }

    /// Returns where a frame is, if the depot need not be asked.
    fn place_in_rows(&self, rows: &mut Rows<'_>, pfn: Pfn) -> Option<Place> {
        if rows.known().containing(pfn.frame()).is_none() {
            return Some(Place::Unknown);
        }
        if rows.is_untouched(pfn) {
            return Some(Place::Fresh);
        }
        if rows.is_free(pfn) == Ok(true) {
            return Some(Place::Free);
        }
        let is_cached = rows.is_cached(pfn) == Ok(true) || self.caches.iter().any(|cache| cache.holds(pfn));
        is_cached.then_some(Place::Cached)
    }
}

fn place_in_depot(depot: &Depot<'_>, pfn: Pfn) -> Place {
    if depot.holds(pfn) { Place::Cached } else { Place::Taken }
}
