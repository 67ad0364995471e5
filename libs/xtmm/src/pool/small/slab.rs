//! A slab: a few pages of equal places, and its header in the books.
//!
//! The header takes half a unit, because the records of the places follow it: a free waits for its block's record, and what lies
//! between records makes more cache lines of them. Behind the records lies one more that is always free: it
//! stands for the bytes that a slab loses behind its last place. Free places that no magazine holds are
//! chained through their records, and places that were never used lie above a watermark, so a new slab costs no walk.
//! All of it belongs to the holder of the class's lock.

use core::sync::atomic::{AtomicU32, Ordering};

use xtcore::PAGE_SHIFT;

use crate::pool::books::{Links, Record, RecordIndex, UNIT_BYTES};
use crate::pool::small::class::{self, Class};

/// How full a slab is. Fuller ones are used up first, so that the others can become empty.
pub(crate) const BUCKETS: usize = 4;

/// The header of a slab.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Slab {
    /// Its place in a list of partly used slabs; must come first.
    pub(crate) links: Links,
    /// Pages between the region's start and the first one of the slab.
    page: AtomicU32,
    /// A [`Stock`].
    stock: AtomicU32,
}

const _: () = assert!(size_of::<Slab>() == RecordIndex::HEADER_BYTES, "records start behind the header");

/// What a slab has to give.
#[derive(Clone, Copy)]
struct Stock {
    /// Free places that no magazine holds.
    free: u32,
    /// The first place that was never used.
    fresh: u32,
    /// The first place of the chain, plus one.
    head: u32,
}

impl Stock {
    /// Bits of each of the three numbers.
    const BITS: u32 = 10;

    const fn from_raw(raw: u32) -> Self {
        let mask = (1 << Self::BITS) - 1;
        Self { free: raw & mask, fresh: raw >> Self::BITS & mask, head: raw >> (2 * Self::BITS) & mask }
    }

    const fn to_raw(self) -> u32 {
        self.free | self.fresh << Self::BITS | self.head << (2 * Self::BITS)
    }
}

const _: () = assert!(class::MOST_PLACES < 1 << Stock::BITS, "a number of places fits");

impl Slab {
    /// Returns how many units a slab's header and records take.
    pub(crate) const fn units(class: &Class) -> u32 {
        Self::bytes(class).div_ceil(UNIT_BYTES) as u32
    }

    /// Returns how many bytes of them.
    pub(crate) const fn bytes(class: &Class) -> usize {
        size_of::<Self>() + Self::records(class) as usize * size_of::<Record>()
    }

    /// Returns how many records a slab has.
    pub(crate) const fn records(class: &Class) -> u32 {
        class.places as u32 + 1
    }

    /// Makes all places free and never used, in pages that begin `offset` bytes behind the region's start, which are less than
    /// [`Vacancy::REACH`](super::cache::Vacancy::REACH). The records are zeroed by the caller.
    pub(crate) fn reset(&self, offset: usize, class: &Class) {
        self.page.store((offset >> PAGE_SHIFT) as u32, Ordering::Relaxed);
        self.set(Stock { free: class.places.into(), fresh: 0, head: 0 });
    }

    /// Returns how many bytes lie between the region's start and the first page.
    pub(crate) fn offset(&self) -> usize {
        (self.page.load(Ordering::Relaxed) as usize) << PAGE_SHIFT
    }

    fn stock(&self) -> Stock {
        Stock::from_raw(self.stock.load(Ordering::Relaxed))
    }

    fn set(&self, stock: Stock) {
        self.stock.store(stock.to_raw(), Ordering::Relaxed);
    }

    /// Returns how many places are free.
    pub(crate) fn free(&self) -> u32 {
        self.stock().free
    }

    /// Tells whether no place is in use or in a magazine.
    pub(crate) fn is_empty(&self, class: &Class) -> bool {
        self.free() == u32::from(class.places)
    }

    /// Returns the list that the slab belongs to, fullest first; `None` when it has no free place.
    pub(crate) fn bucket(&self, class: &Class) -> Option<usize> {
        let used_up = self.free().checked_sub(1)?;
        Some((used_up as usize * BUCKETS / usize::from(class.places).max(1)).min(BUCKETS - 1))
    }

    /// Takes a free place out; returns its number. `record` finds the records.
    pub(crate) fn take<'a>(&self, record: impl Fn(u32) -> &'a Record) -> Option<u32> {
        let mut stock = self.stock();
        stock.free = stock.free.checked_sub(1)?;
        let place = match stock.head.checked_sub(1) {
            Some(place) => {
                let content = record(place).read();
                stock.head = content.next().into();
                record(place).write(content.unchained());
                place
            }
            None => {
                stock.fresh += 1;
                stock.fresh - 1
            }
        };
        self.set(stock);
        Some(place)
    }

    /// Puts a free place back.
    pub(crate) fn put(&self, place: u32, record: &Record) {
        let stock = self.stock();
        record.write(record.read().chained(stock.head as u16));
        self.set(Stock { free: stock.free + 1, head: place + 1, ..stock });
    }

    /// Returns how many places the chain and the watermark hold: what [`Slab::free`] should say. A damaged chain
    /// is followed no further than there are places.
    pub(crate) fn recount<'a>(&self, class: &Class, record: impl Fn(u32) -> &'a Record) -> u32 {
        let (places, stock) = (u32::from(class.places), self.stock());
        let mut count = places.saturating_sub(stock.fresh);
        let mut at = stock.head;
        while let Some(place) = at.checked_sub(1)
            && place < places
            && count <= places
            && record(place).read().is_free()
        {
            count += 1;
            at = record(place).read().next().into();
        }
        count
    }
}
