//! What a processor keeps for itself: two batches of free places per class, and its counts per tag.
//!
//! ```text
//!   magazine                    batch, in the books
//!   current <--push, pop-->     | header | place, record | place, record | .. |
//!   spare                            0           1               2
//! ```
//!
//! A free place is named here, in eight bytes, by its distance from the region's start and by its record; nothing is ever
//! stored in the place itself, so a write after free cannot lead the allocator astray, and pageable places are not touched.
//!
//! What is freed last is given out first: its record, its canary and its first bytes are the likeliest to be in the
//! processor's caches. A canary is looked at when its place is given out again, or when the spare batch leaves the
//! processor; then all of the batch's are looked at in one go, so that the processor waits for their cache lines together.
//! That there are two batches keeps a processor that hovers round a boundary from going to the depot each time.
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

/// A batch: a header and the entries behind it. It lies in the books, and whoever holds the pointer owns it.
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

/// A batch and how many of its entries, counted from the first, hold a place.
#[derive(Debug)]
struct Stock {
    batch: AtomicPtr<Entry>,
    count: AtomicU32,
    /// Entries that there are; zero when there is no batch.
    limit: AtomicU32,
}

impl Stock {
    const fn new() -> Self {
        Self { batch: AtomicPtr::new(ptr::null_mut()), count: AtomicU32::new(0), limit: AtomicU32::new(0) }
    }

    fn batch(&self) -> Option<Batch> {
        NonNull::new(self.batch.load(Ordering::Relaxed)).map(Batch)
    }

    #[inline]
    fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.count() == self.limit.load(Ordering::Relaxed)
    }

    /// # Safety
    /// There is a batch.
    #[inline]
    unsafe fn batch_unchecked(&self) -> Batch {
        // SAFETY: the caller says that it is not null.
        Batch(unsafe { NonNull::new_unchecked(self.batch.load(Ordering::Relaxed)) })
    }

    #[inline]
    fn peek(&self) -> Option<Vacancy> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // SAFETY: there is a batch, since it holds something.
        let batch = unsafe { self.batch_unchecked() };
        // SAFETY: a magazine owns its batches, and the first `count` entries have been written.
        Some(unsafe { batch.read(count) })
    }

    #[inline]
    fn drop_last(&self) {
        self.count.store(self.count().wrapping_sub(1), Ordering::Relaxed);
    }

    fn pop(&self) -> Option<Vacancy> {
        let last = self.peek()?;
        self.drop_last();
        Some(last)
    }

    #[inline]
    fn swap(&self, other: &Self) {
        let (batch, count, limit) = (&self.batch, &self.count, &self.limit);
        let mine = (batch.load(Ordering::Relaxed), self.count(), limit.load(Ordering::Relaxed));
        batch.store(other.batch.load(Ordering::Relaxed), Ordering::Relaxed);
        count.store(other.count(), Ordering::Relaxed);
        limit.store(other.limit.load(Ordering::Relaxed), Ordering::Relaxed);
        other.batch.store(mine.0, Ordering::Relaxed);
        other.count.store(mine.1, Ordering::Relaxed);
        other.limit.store(mine.2, Ordering::Relaxed);
    }

    #[inline]
    fn push(&self, vacancy: Vacancy) -> Result<(), Vacancy> {
        let count = self.count();
        if count == self.limit.load(Ordering::Relaxed) {
            return Err(vacancy);
        }
        let count = count.wrapping_add(1);
        self.count.store(count, Ordering::Relaxed);
        // SAFETY: there is a batch, since its limit is above the count.
        let batch = unsafe { self.batch_unchecked() };
        // SAFETY: a magazine owns its batches, and the count was below the number of entries.
        unsafe { batch.write(count, vacancy) };
        Ok(())
    }

    fn replace(&self, new: Option<(Batch, u32)>, class: &Class) -> Option<(Batch, u32)> {
        let old = self.batch().map(|batch| (batch, self.count()));
        self.batch.store(new.map_or(ptr::null_mut(), |(batch, _)| batch.0.as_ptr()), Ordering::Relaxed);
        self.count.store(new.map_or(0, |(_, count)| count), Ordering::Relaxed);
        self.limit.store(new.map_or(0, |_| class.batch.into()), Ordering::Relaxed);
        old
    }
}

/// A processor's free places of one class, and what the short way needs to know of the class: all of it in one cache line.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Magazine {
    /// Blocks are given out from here and come back to here.
    current: Stock,
    /// Changes places with `current` where that is empty or full.
    spare: Stock,
    /// Bytes of a place.
    room: AtomicU32,
    /// Divides by it; zero, which sends every free the careful way, until [`Magazine::open`].
    reciprocal: AtomicU32,
}

impl Magazine {
    const fn new() -> Self {
        Self {
            current: Stock::new(),
            spare: Stock::new(),
            room: AtomicU32::new(0),
            reciprocal: AtomicU32::new(0),
        }
    }

    /// Opens the short way for a class.
    pub(crate) fn open(&self, class: &Class) {
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
    pub(crate) fn held(&self) -> u32 {
        self.current.count() + self.spare.count()
    }

    /// Returns the place of the current batch that is given out next: the one that was freed last.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Vacancy> {
        self.current.peek()
    }

    /// Takes out the place that [`Magazine::peek`] has returned.
    #[inline]
    pub(crate) fn take(&self) {
        self.current.drop_last();
    }

    /// Takes out the place that is given out next, from the spare batch when the current one is empty.
    pub(crate) fn pop(&self) -> Option<Vacancy> {
        if self.current.count() == 0 {
            self.turn();
        }
        self.current.pop()
    }

    /// Puts in a place, unless the current batch has no room.
    #[inline]
    pub(crate) fn push(&self, vacancy: Vacancy) -> Result<(), Vacancy> {
        self.current.push(vacancy)
    }

    /// Tells whether the current batch has no room.
    pub(crate) fn is_full(&self) -> bool {
        self.current.is_full()
    }

    /// Tells whether there is a current batch.
    pub(crate) fn has_current(&self) -> bool {
        self.current.batch().is_some()
    }

    /// Tells whether there is a spare batch.
    pub(crate) fn has_spare(&self) -> bool {
        self.spare.batch().is_some()
    }

    /// Returns the places in the spare batch.
    pub(crate) fn spares(&self) -> impl Iterator<Item = Vacancy> {
        let batch = self.spare.batch();
        let end = batch.map_or(1, |_| self.spare.count() + 1);
        // SAFETY: a magazine owns its batches, and as many entries as it counts have been written.
        (1..end).filter_map(move |number| Some(unsafe { batch?.read(number) }))
    }

    /// Forgets a place in the spare batch.
    pub(crate) fn forget_spare(&self, place: Vacancy) {
        let count = self.spare.count();
        let Some(last) = self.spare.pop() else { return };
        let Some(batch) = self.spare.batch() else { return };
        let at = (1..count).find(|&number| {
            // SAFETY: the entries below the last one have been written.
            unsafe { batch.read(number) == place }
        });
        if let Some(number) = at {
            // SAFETY: that entry exists.
            unsafe { batch.write(number, last) };
        }
    }

    /// Makes the spare batch the current one, and the other way round.
    #[inline]
    pub(crate) fn turn(&self) {
        self.current.swap(&self.spare);
    }

    /// Replaces the current batch. Returns the old one, and how many places it holds.
    pub(crate) fn replace_current(&self, new: Option<(Batch, u32)>, class: &Class) -> Option<(Batch, u32)> {
        self.current.replace(new, class)
    }

    /// Replaces the spare batch. Returns the old one, and how many places it holds.
    pub(crate) fn replace_spare(&self, new: Option<(Batch, u32)>, class: &Class) -> Option<(Batch, u32)> {
        self.spare.replace(new, class)
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
