//! What a processor keeps for itself: two batches of free places per class, and its counts per tag.
//!
//! ```text
//!   magazine                    batch, in the books
//!   outgoing --pop-->           | header | place, record | place, record | .. |
//!   incoming <--push--              0           1               2
//! ```
//!
//! A free place is named here, in eight bytes, by its distance from the region's start and by its record; nothing is ever stored in the place itself, so a
//! write after free cannot lead the allocator astray, and pageable places are not touched.
//!
//! What is freed waits in `incoming` until that batch is full or `outgoing` is empty. Then all of its canaries are looked at
//! in one go, so that the processor waits for their cache lines together and not once per free, and the batches change
//! roles. That there are two also keeps a processor that hovers round a boundary from going to the depot each time.
//!
//! Only the processor itself uses its cache, pinned; batches change hands under the class's lock.
#![allow(unsafe_code, reason = "batches are reached through their addresses")]

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::pool::books::{Links, RecordIndex, UNIT_BYTES};
use crate::pool::small::class::{self, Class, ClassIndex, GRAIN};
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
    fn pop_if<T>(&self, accept: impl FnOnce(Vacancy) -> Option<T>) -> Option<T> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // SAFETY: there is a batch, since it holds something.
        let batch = unsafe { self.batch_unchecked() };
        // SAFETY: a magazine owns its batches, and the first `count` entries have been written.
        let vacancy = unsafe { batch.read(count) };
        let accepted = accept(vacancy)?;
        self.count.store(count - 1, Ordering::Relaxed);
        Some(accepted)
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

/// A processor's free places of one class.
#[derive(Debug)]
pub(crate) struct Magazine {
    /// Places that have been checked; blocks are given out from here.
    outgoing: Stock,
    /// Places that have been freed; they are checked together.
    incoming: Stock,
}

impl Magazine {
    const fn new() -> Self {
        Self { outgoing: Stock::new(), incoming: Stock::new() }
    }

    /// Returns how many places there are.
    pub(crate) fn held(&self) -> u32 {
        self.outgoing.count() + self.incoming.count()
    }

    /// Takes out a checked place.
    pub(crate) fn pop(&self) -> Option<Vacancy> {
        self.pop_if(Some)
    }

    /// Takes out a checked place if it is accepted; returns what it is accepted as.
    #[inline]
    pub(crate) fn pop_if<T>(&self, accept: impl FnOnce(Vacancy) -> Option<T>) -> Option<T> {
        self.outgoing.pop_if(accept)
    }

    /// Puts in a place that was freed, unless there is no room.
    #[inline]
    pub(crate) fn push(&self, vacancy: Vacancy) -> Result<(), Vacancy> {
        self.incoming.push(vacancy)
    }

    /// Puts in a checked place, unless there is no room.
    pub(crate) fn stock(&self, vacancy: Vacancy) -> Result<(), Vacancy> {
        self.outgoing.push(vacancy)
    }

    /// Tells whether there is no room for a checked place.
    pub(crate) fn is_stocked(&self) -> bool {
        self.outgoing.is_full()
    }

    /// Tells whether a checked place is there.
    pub(crate) fn has_outgoing(&self) -> bool {
        self.outgoing.count() != 0
    }

    /// Tells whether there is a batch to give out from.
    pub(crate) fn can_stock(&self) -> bool {
        self.outgoing.batch().is_some()
    }

    /// Tells whether there is a batch for what is freed.
    pub(crate) fn can_take(&self) -> bool {
        self.incoming.batch().is_some()
    }

    /// Returns the places that were freed.
    pub(crate) fn incoming(&self) -> impl Iterator<Item = Vacancy> {
        let batch = self.incoming.batch();
        let end = batch.map_or(1, |_| self.incoming.count() + 1);
        // SAFETY: a magazine owns its batches, and as many entries as it counts have been written.
        (1..end).filter_map(move |number| Some(unsafe { batch?.read(number) }))
    }

    /// Forgets a place that was freed.
    pub(crate) fn remove_incoming(&self, place: Vacancy) {
        let count = self.incoming.count();
        let Some(last) = self.incoming.pop_if(Some) else { return };
        let Some(batch) = self.incoming.batch() else { return };
        let at = (1..count).find(|&number| {
            // SAFETY: the entries below the last one have been written.
            unsafe { batch.read(number) == place }
        });
        if let Some(number) = at {
            // SAFETY: that entry exists.
            unsafe { batch.write(number, last) };
        }
    }

    /// Makes the freed places, which have been checked meanwhile, those to give out, and the other way round.
    pub(crate) fn turn(&self, class: &Class) {
        let old = self.outgoing.replace(None, class);
        let freed = self.incoming.replace(old, class);
        self.outgoing.replace(freed, class);
    }

    /// Replaces the batch to give out from. Returns the old one, and how many places it holds.
    pub(crate) fn replace_outgoing(&self, new: Option<(Batch, u32)>, class: &Class) -> Option<(Batch, u32)> {
        self.outgoing.replace(new, class)
    }

    /// Replaces the batch for what is freed. Returns the old one, and how many places it holds.
    pub(crate) fn replace_incoming(&self, new: Option<(Batch, u32)>, class: &Class) -> Option<(Batch, u32)> {
        self.incoming.replace(new, class)
    }
}

/// What one processor keeps. All zeros when new. Nothing of it shares a cache line with another processor's.
#[repr(C, align(64))]
pub struct CpuCache {
    /// As many as a page record can name classes, so that the compiler sees that no check is needed.
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
