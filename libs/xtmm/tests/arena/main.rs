//! Arenas against a model, over memory that traps whoever touches books that were never backed.

#![allow(unsafe_code, reason = "books lie in reserved memory")]

mod corruption;
mod crimes;
mod exhaustion;
mod model;
mod reserved;
mod shapes;
#[path = "../support/told.rs"]
mod told;

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::arena::{Arena, Record};
use xtmm::backing::Sparse;
use xtmm::inject::Injector;

use reserved::Reserved;

/// Books for a region, and what makes them fail.
pub(crate) struct Bench {
    pub(crate) memory: Reserved,
    pub(crate) injector: Injector,
    region: VirtRange,
}

impl Bench {
    pub(crate) fn new(start: u64, pages: u64) -> Self {
        let region = VirtRange::with_length(VirtAddr::new(start), pages * PAGE_BYTES).expect("below 2^64");
        let records = usize::try_from(pages).expect("a count of records");
        Self { memory: Reserved::new(records * size_of::<Record>()), injector: Injector::new(), region }
    }

    pub(crate) fn arena(&self) -> Arena<'_, Reserved> {
        let count = usize::try_from(self.region.bytes() / PAGE_BYTES).expect("a count of records");
        // SAFETY: the memory is reserved for these records, zero when it appears, and aligned to a page.
        let books = unsafe { Sparse::new(self.memory.base().cast(), count) };
        Arena::new(self.region, books, &self.memory, &self.injector).expect("books for the region")
    }
}

/// Returns the pages of a region from page `first` on.
pub(crate) fn pages(arena: &Arena<'_, Reserved>, first: u64, count: u64) -> VirtRange {
    let start = VirtAddr::new(arena.region().start().get() + first * PAGE_BYTES);
    VirtRange::with_length(start, count * PAGE_BYTES).expect("below 2^64")
}
