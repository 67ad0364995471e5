//! A slab: a few pages of equal places, and its header in the books.
//!
//! The header takes one unit; the records of the places follow it, and behind them lies one more that is always free: it
//! stands for the bytes that a slab loses behind its last place. Free places that no magazine holds are
//! chained through their records, and places that were never used lie above a watermark, so a new slab costs no walk.
//! All of it belongs to the holder of the class's lock.

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::pool::books::{Links, Record, UNIT_BYTES};
use crate::pool::small::class::Class;

/// How full a slab is. Fuller ones are used up first, so that the others can become empty.
pub(crate) const BUCKETS: usize = 4;

/// The header of a slab.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Slab {
    /// Its place in a list of partly used slabs; must come first.
    pub(crate) links: Links,
    /// The address of its first page.
    start: AtomicUsize,
    /// Free places that no magazine holds.
    free: AtomicU32,
    /// The first place that was never used.
    fresh: AtomicU32,
    /// The first place of the chain, plus one.
    head: AtomicU32,
}

const _: () = assert!(size_of::<Slab>() <= UNIT_BYTES, "records start one unit behind the header");

impl Slab {
    /// Returns how many units a slab's header and records take.
    pub(crate) const fn units(class: &Class) -> u32 {
        let records = Self::records(class) as usize * size_of::<Record>();
        1 + records.div_ceil(UNIT_BYTES) as u32
    }

    /// Returns how many records a slab has.
    pub(crate) const fn records(class: &Class) -> u32 {
        class.places as u32 + 1
    }

    /// Makes all places free and never used. The records are zeroed by the caller.
    pub(crate) fn reset(&self, start: usize, class: &Class) {
        self.start.store(start, Ordering::Relaxed);
        self.free.store(class.places.into(), Ordering::Relaxed);
        self.fresh.store(0, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
    }

    /// Returns the address of the first page.
    pub(crate) fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed)
    }

    /// Returns how many places are free.
    pub(crate) fn free(&self) -> u32 {
        self.free.load(Ordering::Relaxed)
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
        let left = self.free().checked_sub(1)?;
        let place = match self.head.load(Ordering::Relaxed).checked_sub(1) {
            Some(place) => {
                let content = record(place).read();
                self.head.store(content.next().into(), Ordering::Relaxed);
                record(place).write(content.unchained());
                place
            }
            None => {
                let place = self.fresh.load(Ordering::Relaxed);
                self.fresh.store(place + 1, Ordering::Relaxed);
                place
            }
        };
        self.free.store(left, Ordering::Relaxed);
        Some(place)
    }

    /// Puts a free place back.
    pub(crate) fn put(&self, place: u32, record: &Record) {
        let next = self.head.load(Ordering::Relaxed) as u16;
        record.write(record.read().chained(next));
        self.head.store(place + 1, Ordering::Relaxed);
        self.free.store(self.free() + 1, Ordering::Relaxed);
    }

    /// Returns how many places the chain and the watermark hold: what [`Slab::free`] should say. A damaged chain
    /// is followed no further than there are places.
    pub(crate) fn recount<'a>(&self, class: &Class, record: impl Fn(u32) -> &'a Record) -> u32 {
        let places = u32::from(class.places);
        let mut count = places.saturating_sub(self.fresh.load(Ordering::Relaxed));
        let mut at = self.head.load(Ordering::Relaxed);
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
