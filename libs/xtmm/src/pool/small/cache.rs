//! What a processor keeps for itself: a magazine of free places per class, and its counts per tag.
//!
//! ```text
//!   magazine, in the books                                             batch, in the depot
//!   |   | place, record | .. | place, record | .. | place, record |    | header | place, record | .. |
//!     0          1                 batch                2 batches           0            1
//!       <------- the older half ------->              <--push, pop-->
//! ```
//!
//! A free place is named here, in eight bytes, by its distance from the region's start and by its record; nothing is ever
//! stored in the place itself, so a write after free cannot lead the allocator astray, and pageable places are not touched.
//!
//! What is freed last is given out first: its record, its canary and its first bytes are the likeliest to be in the
//! processor's caches. A canary is looked at when its place is given out again, or when the older half of a full magazine leaves the
//! processor; then all of that half's are looked at in one go, so that the processor waits for their cache lines together.
//!
//! Only the processor itself uses its cache, pinned; batches change hands under the class's lock.
#![allow(unsafe_code, reason = "batches are reached through their addresses")]

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::pool::books::{Links, RecordIndex, UNIT_BYTES};
use crate::pool::small::class::{self, Class, ClassIndex, GRAIN, Reciprocal};
use crate::pool::tags::{Counters, PLACES, Place};

/// A free place of a slab that exists: the slab goes only when all its places are back in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Vacancy {
    /// Grains between the region's start and the place.
    grains: u32,
    /// Its record.
    pub(crate) record: RecordIndex,
}

impl Vacancy {
    /// How far into its region a pool has slabs, in bytes.
    pub(crate) const REACH: u64 = (GRAIN as u64) << u32::BITS;

    /// Names the place at `offset` bytes from the region's start, which are less than [`Vacancy::REACH`].
    #[inline]
    pub(crate) const fn new(offset: usize, record: RecordIndex) -> Self {
        Self { grains: (offset / GRAIN) as u32, record }
    }

    /// Returns how many bytes there are from the region's start to the place.
    #[inline]
    pub(crate) const fn offset(self) -> usize {
        self.grains as usize * GRAIN
    }
}

/// An entry of a batch, entry 0 of which is the [`BatchHeader`].
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry {
    grains: AtomicU32,
    record: AtomicU32,
}

/// The start of a batch.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct BatchHeader {
    /// The next batch where batches are chained.
    pub(crate) links: Links,
}

const _: () =
    assert!(size_of::<BatchHeader>() <= size_of::<Entry>(), "the header takes the place of an entry");

/// A batch, or a magazine's room: a header and the entries behind it. It lies in the books, and whoever holds the pointer owns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Batch(NonNull<Entry>);

impl Batch {
    /// Returns how many units a batch of `entries` takes.
    pub(crate) const fn units(entries: u8) -> u32 {
        ((entries as usize + 1) * size_of::<Entry>()).div_ceil(UNIT_BYTES) as u32
    }

    /// Wraps what a unit of the books holds.
    pub(crate) const fn new(start: NonNull<Entry>) -> Self {
        Self(start)
    }

    /// Returns where the batch starts.
    pub(crate) const fn as_ptr(self) -> *const Entry {
        self.0.as_ptr()
    }

    /// Returns entry `number`, from 1 on.
    ///
    /// # Safety
    /// The batch is in use, and that entry has been written.
    #[inline]
    pub(crate) unsafe fn read(self, number: u32) -> Vacancy {
        // SAFETY: the caller says that the entry exists.
        let entry = unsafe { self.entry(number) };
        let (grains, record) = (entry.grains.load(Ordering::Relaxed), entry.record.load(Ordering::Relaxed));
        Vacancy { grains, record: RecordIndex::new(record) }
    }

    /// Writes entry `number`, from 1 on.
    ///
    /// # Safety
    /// The batch is in use and has that many entries.
    #[inline]
    pub(crate) unsafe fn write(self, number: u32, vacancy: Vacancy) {
        // SAFETY: the caller says that the entry exists.
        let entry = unsafe { self.entry(number) };
        entry.grains.store(vacancy.grains, Ordering::Relaxed);
        entry.record.store(vacancy.record.raw(), Ordering::Relaxed);
    }

    #[inline]
    unsafe fn entry<'a>(self, number: u32) -> &'a Entry {
        // SAFETY: the caller says that the entry exists.
        let entry = unsafe { self.0.add(number as usize) };
        // SAFETY: batches lie in the books, which have memory while they are in use; entries are atomics.
        unsafe { entry.as_ref() }
    }
}

/// A processor's free places of one class, and what the short way needs to know of the class: half a cache line.
///
/// A magazine has room for two batches. One that is full gives its older half away, one that is empty gets half of what it has
/// room for, so the processor can go that far in either direction before it needs the depot again.
#[derive(Debug)]
#[repr(C, align(32))]
pub(crate) struct Magazine {
    /// Null as long as there is no room.
    places: AtomicPtr<Entry>,
    /// How many of the entries, counted from the first, hold a place. Blocks are given out from the last one and come back
    /// behind it.
    count: AtomicU32,
    /// Entries that there are; zero when there is no room.
    limit: AtomicU32,
    /// Bytes of a place.
    room: AtomicU32,
    /// Divides by it; zero, which sends every free the careful way, until [`Magazine::shorten`].
    reciprocal: AtomicU32,
}

impl Magazine {
    const fn new() -> Self {
        Self {
            places: AtomicPtr::new(ptr::null_mut()),
            count: AtomicU32::new(0),
            limit: AtomicU32::new(0),
            room: AtomicU32::new(0),
            reciprocal: AtomicU32::new(0),
        }
    }

    /// Returns how many places fit the magazine of a class: two batches.
    pub(crate) const fn capacity(class: &Class) -> u8 {
        2 * class.batch
    }

    /// Gives the magazine room for as many places as [`Magazine::capacity`] says.
    pub(crate) fn open(&self, room: Batch, class: &Class) {
        self.places.store(room.0.as_ptr(), Ordering::Relaxed);
        self.limit.store(Self::capacity(class).into(), Ordering::Relaxed);
    }

    /// Takes the room away. Returns it, and how many places are in it.
    pub(crate) fn close(&self) -> Option<(Batch, u32)> {
        let room = Batch(NonNull::new(self.places.load(Ordering::Relaxed))?);
        let count = self.held();
        self.places.store(ptr::null_mut(), Ordering::Relaxed);
        self.count.store(0, Ordering::Relaxed);
        self.limit.store(0, Ordering::Relaxed);
        Some((room, count))
    }

    /// Tells whether there is room, be it taken or not.
    pub(crate) fn is_open(&self) -> bool {
        !self.places.load(Ordering::Relaxed).is_null()
    }

    /// Opens the short way for a class.
    pub(crate) fn shorten(&self, class: &Class) {
        self.room.store(class.size, Ordering::Relaxed);
        self.reciprocal.store(class.reciprocal.to_raw(), Ordering::Relaxed);
    }

    /// Returns how many bytes a place has; once the short way is open.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.room.load(Ordering::Relaxed) as usize
    }

    /// Returns what divides by the size of a place; once the short way is open, and what divides nothing before.
    #[inline]
    pub(crate) fn reciprocal(&self) -> Reciprocal {
        Reciprocal::from_raw(self.reciprocal.load(Ordering::Relaxed))
    }

    /// Returns how many places there are.
    #[inline]
    pub(crate) fn held(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns the room; only whoever has seen a count or a limit above zero asks.
    ///
    /// # Safety
    /// The magazine is open.
    #[inline]
    unsafe fn places(&self) -> Batch {
        // SAFETY: the caller says that it is not null.
        Batch(unsafe { NonNull::new_unchecked(self.places.load(Ordering::Relaxed)) })
    }

    /// Returns the place that is given out next: the one that was freed last.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Vacancy> {
        let count = self.held();
        if count == 0 {
            return None;
        }
        // SAFETY: a magazine that holds something is open.
        let places = unsafe { self.places() };
        // SAFETY: a magazine owns its room, and the first `count` entries have been written.
        Some(unsafe { places.read(count) })
    }

    /// Takes out the place that [`Magazine::peek`] has returned.
    #[inline]
    pub(crate) fn take(&self) {
        self.count.store(self.held().wrapping_sub(1), Ordering::Relaxed);
    }

    /// Takes out the place that is given out next.
    pub(crate) fn pop(&self) -> Option<Vacancy> {
        let last = self.peek()?;
        self.take();
        Some(last)
    }

    /// Puts in a place, unless there is no room.
    #[inline]
    pub(crate) fn push(&self, vacancy: Vacancy) -> Result<(), Vacancy> {
        let count = self.held();
        if count == self.limit.load(Ordering::Relaxed) {
            return Err(vacancy);
        }
        let count = count.wrapping_add(1);
        self.count.store(count, Ordering::Relaxed);
        // SAFETY: a magazine whose limit is above the count is open.
        let places = unsafe { self.places() };
        // SAFETY: a magazine owns its room, and the count was below the number of entries.
        unsafe { places.write(count, vacancy) };
        Ok(())
    }

    /// Returns the first `count` places, those that have been here longest; fewer if there are not so many.
    pub(crate) fn oldest(&self, count: u32) -> impl Iterator<Item = Vacancy> {
        let end = if self.is_open() { count.min(self.held()) } else { 0 };
        (1..=end).map(|number| {
            // SAFETY: there are entries, so the magazine is open.
            let places = unsafe { self.places() };
            // SAFETY: a magazine owns its room, and as many entries as it counts have been written.
            unsafe { places.read(number) }
        })
    }

    /// Forgets the places from entry `first` on, `count` of them; those behind them move up.
    pub(crate) fn forget(&self, first: u32, count: u32) {
        let held = self.held();
        for number in first..(held + 1).saturating_sub(count) {
            // SAFETY: there are entries, so the magazine is open.
            let places = unsafe { self.places() };
            // SAFETY: the entry that moves is one of the `held` ones, which have been written.
            let moved = unsafe { places.read(number + count) };
            // SAFETY: so is the one that it moves to.
            unsafe { places.write(number, moved) };
        }
        self.count.store(held.saturating_sub(count), Ordering::Relaxed);
    }
}

/// What one processor keeps. All zeros when new. Nothing of it shares a cache line with another processor's.
#[repr(C, align(64))]
pub struct CpuCache {
    /// As many as a page record can name, so that the compiler sees that no check is needed. Those of no class stay empty.
    magazines: [Magazine; class::NAMES],
    tags: [Counters; PLACES + 1],
}

impl core::fmt::Debug for CpuCache {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let held: u32 = self.magazines.iter().map(Magazine::held).sum();
        write!(out, "CpuCache({held} free places)")
    }
}

impl CpuCache {
    /// Returns an empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            magazines: [const { Magazine::new() }; class::NAMES],
            tags: [const { Counters::new() }; PLACES + 1],
        }
    }

    /// Returns the magazine of a class.
    #[inline]
    pub(crate) fn magazine(&self, class: ClassIndex) -> Option<&Magazine> {
        self.magazines.get(class.get())
    }

    /// Returns the counters of a tag.
    #[inline]
    pub(crate) fn counters(&self, place: Place) -> Option<&Counters> {
        self.tags.get(place.get())
    }
}

impl Default for CpuCache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
