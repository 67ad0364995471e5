//! Blocks of whole pages: large ones, and those of the special pool.
//!
//! Each has a header in the books, which the records of all its pages name.
#![allow(unsafe_code, reason = "headers are reached through units of the books")]

mod large;
pub(crate) mod special;

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

use crate::machine::{Machine, Pin};
use crate::pool::Pool;
use crate::pool::books::{Links, UNIT_BYTES, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::Tag;
use crate::pool::tags::Place;

/// What the books know about a block of whole pages.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Whole {
    /// Its place in the quarantine of the special pool; must come first.
    pub(crate) links: Links,
    block: AtomicUsize,
    size: AtomicUsize,
    /// The first page, guard pages included.
    first: AtomicUsize,
    pages: AtomicUsize,
    /// Guard pages in front of the block, and behind it.
    guards: [AtomicU32; 2],
    place: AtomicU32,
    is_live: AtomicU32,
}

/// Units that a header takes.
pub(crate) const UNITS: u32 = size_of::<Whole>().div_ceil(UNIT_BYTES) as u32;

/// What a header is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Where the block starts.
    pub(crate) block: usize,
    /// How many bytes were asked for.
    pub(crate) size: usize,
    /// All pages.
    pub(crate) pages: VirtRange,
    /// Guard pages in front.
    pub(crate) before: u32,
    /// Guard pages behind.
    pub(crate) after: u32,
    /// The tag's place.
    pub(crate) place: Place,
}

impl Shape {
    /// Returns the pages that have memory.
    pub(crate) fn data(&self) -> VirtRange {
        let start = VirtAddr::new(self.pages.start().get() + u64::from(self.before) * PAGE_BYTES);
        let guards = u64::from(self.before + self.after) * PAGE_BYTES;
        VirtRange::saturating(start, self.pages.bytes().saturating_sub(guards))
    }

    /// Returns how many bytes there are from the block's start to the end of its pages.
    pub(crate) fn room(&self) -> usize {
        // The pages were allocated, so their length fits.
        (self.data().end().get() - self.block as u64) as usize
    }

    /// Returns the block's address.
    pub(crate) fn address(&self) -> VirtAddr {
        VirtAddr::new(self.block as u64)
    }
}

impl Whole {
    fn write(&self, shape: &Shape) {
        let [before, after] = &self.guards;
        self.block.store(shape.block, Ordering::Relaxed);
        self.size.store(shape.size, Ordering::Relaxed);
        // Pages are where pointers can reach, so both numbers fit.
        self.first.store(shape.pages.start().get() as usize, Ordering::Relaxed);
        self.pages.store((shape.pages.bytes() / PAGE_BYTES) as usize, Ordering::Relaxed);
        before.store(shape.before, Ordering::Relaxed);
        after.store(shape.after, Ordering::Relaxed);
        self.place.store(shape.place.to_record(), Ordering::Relaxed);
        self.is_live.store(1, Ordering::Release);
    }

    /// Returns what was written.
    pub(crate) fn shape(&self) -> Shape {
        let [before, after] = &self.guards;
        let first = VirtAddr::new(self.first.load(Ordering::Relaxed) as u64);
        let bytes = (self.pages.load(Ordering::Relaxed) as u64).saturating_mul(PAGE_BYTES);
        Shape {
            block: self.block.load(Ordering::Relaxed),
            size: self.size.load(Ordering::Relaxed),
            pages: VirtRange::saturating(first, bytes),
            before: before.load(Ordering::Relaxed),
            after: after.load(Ordering::Relaxed),
            place: Place::from_record(self.place.load(Ordering::Relaxed)).unwrap_or(Place::OVERFLOW),
        }
    }

    /// Tells whether the block is allocated.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live.load(Ordering::Acquire) != 0
    }

    /// Makes the block free. Returns false when it is already: of several that free it, one succeeds.
    fn retire(&self) -> bool {
        self.is_live.swap(0, Ordering::AcqRel) != 0
    }
}

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Returns the header of a block of whole pages.
    pub(crate) fn whole(&self, unit: Unit) -> &Whole {
        // SAFETY: only headers' units are in the records of such pages and in the quarantine.
        unsafe { self.books.get(unit) }
    }

    fn check_tag(&self, shape: &Shape, tag: Option<Tag>) -> Result<(), Crime> {
        match tag {
            Some(given) if self.tags.tag(shape.place) != given.get() => {
                self.accuse_wrong_tag(shape.address(), shape.place, given)
            }
            _ => Ok(()),
        }
    }

    /// Counts a block of whole pages as allocated.
    fn count_in(&self, pin: &M::Pin, shape: &Shape) {
        if let Some(counters) = self.caches.get(pin.cpu().get()).and_then(|cache| cache.counters(shape.place))
        {
            counters.allocated(shape.data().bytes() as usize);
        }
        self.whole_blocks.fetch_add(1, Ordering::Relaxed);
        self.whole_pages.fetch_add((shape.data().bytes() / PAGE_BYTES) as usize, Ordering::Relaxed);
    }

    /// Counts it as freed.
    fn count_out(&self, pin: &M::Pin, shape: &Shape) {
        if let Some(counters) = self.caches.get(pin.cpu().get()).and_then(|cache| cache.counters(shape.place))
        {
            counters.freed(shape.data().bytes() as usize);
        }
        self.whole_blocks.fetch_sub(1, Ordering::Relaxed);
        self.whole_pages.fetch_sub((shape.data().bytes() / PAGE_BYTES) as usize, Ordering::Relaxed);
    }
}
