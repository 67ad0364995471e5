//! The page records: what each page of the pool's region is for.
//!
//! ```text
//!   63 (31) ........ 11 | 10 .. 5          | 3        | 2 ..... 0
//!   unit of the header  | class of a slab; | a slab's | page of
//!                       | 62 whole pages   |          | the slab
//!                       | 63 special       |          |
//! ```
//!
//! Zero says that nothing is allocated there. What a free needs to know lies where it costs fewest instructions; that a
//! page is no slab's it learns from the class, which no processor has a magazine of.
//!
//! Records exist up to the highest page that was ever in use, so that looking up any address needs one comparison and
//! no look at the page tables. They stay: a word per page, 0.2 % of the region's high-water mark.
#![allow(unsafe_code, reason = "records are reached through their addresses")]

use core::sync::atomic::{AtomicUsize, Ordering};

use xtcore::{PAGE_BYTES, PAGE_SHIFT, VirtAddr, VirtRange};
use xtpaging::OutOfFrames;

use crate::machine::{LockClass, Machine, SpinLock};
use crate::pool::books::{RecordIndex, Unit};
use crate::pool::region::Pages;
use crate::pool::small::cache::Magazine;
use crate::pool::small::class::{self, Class, ClassIndex};

/// What a page is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct PageRecord(usize);

const RECORD_BYTES: u64 = size_of::<AtomicUsize>() as u64;
const UNIT_SHIFT: u32 = 11;
/// Here the class is the distance of its magazine from the first one, so no shift finds it.
const CLASS_SHIFT: u32 = size_of::<Magazine>().trailing_zeros();
const SLAB: usize = 1 << 3;
/// A slab has eight pages at most.
const PAGES: usize = 7;
const PARTS: usize = 63 << CLASS_SHIFT | SLAB;
const WHOLE: usize = 62 << CLASS_SHIFT;
const SPECIAL: usize = 63 << CLASS_SHIFT;

const _: () = assert!(CLASS_SHIFT > 3 && CLASS_SHIFT + 6 <= UNIT_SHIFT, "the fields don't overlap");
const _: () = assert!(class::COUNT < WHOLE >> CLASS_SHIFT, "no class is taken for pages that are no slab's");

/// What a page that is no slab's is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Of a block of whole pages.
    Whole(Unit),
    /// Of a block of the special pool, its guard page included.
    Special(Unit),
}

impl PageRecord {
    /// The units that a record can name.
    pub(crate) const UNITS: u64 = (usize::MAX >> UNIT_SHIFT) as u64;

    /// Nothing is allocated.
    pub(crate) const NOTHING: Self = Self(0);

    /// Page `page` of the slab that `unit` describes.
    pub(crate) const fn slab(unit: Unit, class: ClassIndex, page: u8) -> Self {
        Self(unit.index() << UNIT_SHIFT | class.get() << CLASS_SHIFT | SLAB | page as usize)
    }

    /// A page of something larger.
    pub(crate) const fn part(part: Part) -> Self {
        match part {
            Part::Whole(unit) => Self(unit.index() << UNIT_SHIFT | WHOLE),
            Part::Special(unit) => Self(unit.index() << UNIT_SHIFT | SPECIAL),
        }
    }

    /// Tells whether the page is part of a slab.
    #[inline]
    pub(crate) const fn is_slab(self) -> bool {
        self.0 & SLAB != 0
    }

    /// Returns the class of a slab's page.
    #[inline]
    pub(crate) fn class(self) -> &'static Class {
        self.class_index().class()
    }

    /// Returns the number of the class of a slab's page; that of no class for any other.
    #[inline]
    pub(crate) fn class_index(self) -> ClassIndex {
        ClassIndex::from_bits(self.0 >> CLASS_SHIFT)
    }

    /// Returns how far into the slab an address lies whose page this is, in bytes.
    #[inline]
    pub(crate) const fn offset(self, address: usize) -> u32 {
        // A page number of three bits and an offset of twelve.
        ((self.0 & PAGES) << PAGE_SHIFT | address & 0xFFF) as u32
    }

    /// Returns where the record of a place of the slab lies, whose page this is.
    #[inline]
    pub(crate) const fn record(self, place: u32) -> RecordIndex {
        // The number of a unit, which fits: see `RecordIndex::UNITS`.
        RecordIndex::of((self.0 >> UNIT_SHIFT) as u32, place)
    }

    /// Returns the unit that describes the page.
    pub(crate) const fn unit(self) -> Option<Unit> {
        // The number was a unit's before it was shifted up, so it fits.
        Unit::from_raw((self.0 >> UNIT_SHIFT) as u32)
    }

    /// Returns what a page that is no slab's is part of.
    pub(crate) fn as_part(self) -> Option<Part> {
        match self.0 & PARTS {
            WHOLE => self.unit().map(Part::Whole),
            SPECIAL => self.unit().map(Part::Special),
            _ => None,
        }
    }
}

/// The records of a region.
pub(crate) struct PageRecords<M: Machine> {
    base: *const AtomicUsize,
    /// Records that have memory; only grows.
    backed: AtomicUsize,
    region: VirtRange,
    records: VirtRange,
    growth: SpinLock<M, ()>,
}

// SAFETY: the records are atomics, and the pointer to them never changes.
unsafe impl<M: Machine> Sync for PageRecords<M> where SpinLock<M, ()>: Sync {}
// SAFETY: nothing here belongs to a thread.
unsafe impl<M: Machine> Send for PageRecords<M> where SpinLock<M, ()>: Send {}

impl<M: Machine> PageRecords<M> {
    /// Makes the records of a region.
    ///
    /// # Safety
    /// `records` is reserved for them, has no memory, and is large enough ([`record_bytes`](crate::pool::record_bytes)).
    pub(crate) unsafe fn new(region: VirtRange, records: VirtRange) -> Self {
        Self {
            base: core::ptr::with_exposed_provenance(records.start().get() as usize),
            backed: AtomicUsize::new(0),
            region,
            records,
            growth: SpinLock::new(LockClass::new("page records of a pool"), ()),
        }
    }

    /// Returns the number of records that have memory.
    pub(crate) fn backed(&self) -> usize {
        self.backed.load(Ordering::Acquire)
    }

    /// Returns the record of a page, counted from the region's start; any number will do.
    pub(crate) fn get(&self, page: usize) -> PageRecord {
        self.find(page).unwrap_or(PageRecord::NOTHING)
    }

    /// The same, if the page has one.
    #[inline]
    pub(crate) fn find(&self, page: usize) -> Option<PageRecord> {
        if page >= self.backed.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: the number is below that of the records that have memory.
        let record = unsafe { self.at(page) };
        Some(PageRecord(record.load(Ordering::Relaxed)))
    }

    /// Says what pages are for; `record` is told the number of the page in the range.
    pub(crate) fn set(&self, pages: VirtRange, record: impl Fn(u64) -> PageRecord) {
        let first = pages.start().get().saturating_sub(self.region.start().get()) >> PAGE_SHIFT;
        let backed = self.backed() as u64;
        for page in 0..pages.bytes() >> PAGE_SHIFT {
            if first + page < backed {
                // SAFETY: the number is below that of the records that have memory, a usize.
                let place = unsafe { self.at((first + page) as usize) };
                place.store(record(page).0, Ordering::Relaxed);
            }
        }
    }

    /// Sees to it that all pages up to the end of `pages` have records.
    ///
    /// # Errors
    /// [`OutOfFrames`]; fewer, or none, have been added.
    pub(crate) fn cover(
        &self,
        pages: VirtRange,
        memory: &impl Pages,
        pin: &M::Pin,
    ) -> Result<(), OutOfFrames> {
        let wanted = pages.end().get().saturating_sub(self.region.start().get()) >> PAGE_SHIFT;
        if wanted <= self.backed() as u64 {
            return Ok(());
        }
        let _growing = self.growth.lock(pin);
        let backed = self.backed() as u64;
        let (from, to) = (backed * RECORD_BYTES, (wanted * RECORD_BYTES).next_multiple_of(PAGE_BYTES));
        if from >= to {
            return Ok(());
        }
        let start = VirtAddr::new(self.records.start().get() + from);
        memory.commit(VirtRange::saturating(start, to - from))?;
        let end = (to / RECORD_BYTES) as usize;
        for page in backed as usize..end {
            // SAFETY: it has had memory since the line before the loop.
            let record = unsafe { self.at(page) };
            record.store(0, Ordering::Relaxed);
        }
        self.backed.store(end, Ordering::Release);
        Ok(())
    }

    /// # Safety
    /// The record has memory.
    #[inline]
    unsafe fn at(&self, page: usize) -> &AtomicUsize {
        // SAFETY: the record lies in the range reserved for records, since it has memory.
        let record = unsafe { self.base.add(page) };
        // SAFETY: the caller says that it has memory, which nobody accesses except through atomics.
        unsafe { &*record }
    }
}
