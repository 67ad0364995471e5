//! The pool's books: everything it knows about its blocks, away from the blocks.
//!
//! Books lie in a region of their own, cut into units of 32 bytes. A page of books has a mask of its units; its unit 0 holds
//! that mask, so no unit that is handed out has a number that is a multiple of 128, and zero means "none":
//!
//! ```text
//!   unit   0          1 .. 5                 6 .. 13            14 .. 127
//!         | mask     | slab header and its  | a magazine, or a | free
//!         | links    | records              | batch for one    |
//! ```
//!
//! Pages are listed by the longest run of free units that they have, so a run is found without a search. A page whose
//! units are all free goes back at once.
//!
//! # Invariant
//! A [`Unit`] that a page record, a list, a magazine or a depot names starts a run that has been allocated and not been
//! freed, so it has memory. All of that memory is accessed through atomics.
//!
//! # Locks
//! The lock of the lists is innermost in the pool. Memory is committed and decommitted without it.
#![allow(unsafe_code, reason = "books are reached through their addresses")]

mod list;
mod pages;
mod record;

use core::num::NonZeroU32;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

pub(crate) use list::{Head, Links, Stranger};
pub(crate) use pages::{PageRecord, PageRecords, Part};
pub(crate) use record::{Content, Record, RecordIndex, Slack};

use crate::inject::Site;
use crate::machine::{LockClass, Machine, SpinLock};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::PoolError;

/// Bytes of a unit.
pub(crate) const UNIT_BYTES: usize = 32;

const UNITS_PER_PAGE: u32 = (PAGE_BYTES / UNIT_BYTES as u64) as u32;

/// Lists of pages: for longest runs of 1, 2, 4, 8, 16, 32, 64 and more units.
const LISTS: usize = 7;

/// Pages of a list that are tried when their runs may be just too short.
const TRIES: usize = 4;

/// The number of a unit, counted from the start of the books.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub(crate) struct Unit(NonZeroU32);

impl Unit {
    /// Wraps a number; zero is none.
    pub(crate) const fn from_raw(raw: u32) -> Option<Self> {
        match NonZeroU32::new(raw) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the number, or zero for none.
    pub(crate) const fn to_raw(unit: Option<Self>) -> u32 {
        match unit {
            Some(unit) => unit.0.get(),
            None => 0,
        }
    }

    /// Returns the number.
    #[inline]
    pub(crate) const fn get(self) -> u32 {
        self.0.get()
    }

    /// Returns the number as an index.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        // u32 fits usize on every target that pages exist on.
        self.0.get() as usize
    }
}

/// Unit 0 of a page of books.
#[repr(C)]
struct PageHeader {
    links: Links,
    /// A bit per unit, 1 for used, lowest units first.
    mask: [AtomicU32; 4],
}

impl PageHeader {
    fn mask(&self) -> u128 {
        let parts = self.mask.iter().rev();
        parts.fold(0, |mask, part| mask << u32::BITS | u128::from(part.load(Ordering::Relaxed)))
    }

    fn set_mask(&self, mask: u128) {
        for (number, part) in self.mask.iter().enumerate() {
            part.store((mask >> (number as u32 * u32::BITS)) as u32, Ordering::Relaxed);
        }
    }
}

const _: () = assert!(size_of::<PageHeader>() <= UNIT_BYTES, "the header takes one unit");

const EMPTY: u128 = 1;

/// Returns `count` one bits from bit `first` on; both together are at most 128, and `count` is at most 127.
const fn run(count: u32, first: u32) -> u128 {
    ((1 << count) - 1) << first
}

/// Returns the first of `count` neighbouring zero bits, `count` from 1 to 127.
const fn find_run(mask: u128, count: u32) -> Option<u32> {
    let mut starts = !mask;
    let mut have = 1;
    while have < count {
        let step = if have < count - have { have } else { count - have };
        starts &= starts >> step;
        have += step;
    }
    if starts == 0 { None } else { Some(starts.trailing_zeros()) }
}

/// Returns the number of the list for a page with this mask; `None` when it is full.
const fn list_of(mask: u128) -> Option<usize> {
    let mut list = LISTS;
    while list > 0 {
        list -= 1;
        if find_run(mask, 1 << list).is_some() {
            return Some(list);
        }
    }
    None
}

struct Lists {
    heads: [Head; LISTS],
    pages: u64,
}

/// The books of a pool.
pub(crate) struct Books<M: Machine, R> {
    base: *mut u8,
    range: VirtRange,
    ranges: R,
    lists: SpinLock<M, Lists>,
}

// SAFETY: the memory behind the pointer is accessed through atomics and the lists behind their lock.
unsafe impl<M: Machine, R: Sync> Sync for Books<M, R> where SpinLock<M, Lists>: Sync {}
// SAFETY: nothing here belongs to a thread.
unsafe impl<M: Machine, R: Send> Send for Books<M, R> where SpinLock<M, Lists>: Send {}

impl<M: Machine, R: PageRanges> Books<M, R> {
    /// Makes empty books.
    ///
    /// # Safety
    /// `ranges` gives out pages of `range`, to these books only.
    pub(crate) unsafe fn new(range: VirtRange, ranges: R) -> Self {
        Self {
            base: core::ptr::with_exposed_provenance_mut(range.start().get() as usize),
            range,
            ranges,
            lists: SpinLock::new(
                LockClass::new("books of a pool"),
                Lists { heads: [const { Head::EMPTY }; LISTS], pages: 0 },
            ),
        }
    }

    /// Returns how many pages of books have memory.
    pub(crate) fn pages(&self, pin: &M::Pin) -> u64 {
        self.lists.lock(pin).pages
    }

    /// The same, if the lock is free.
    pub(crate) fn try_pages(&self, pin: &M::Pin) -> Option<u64> {
        self.lists.try_lock(pin).map(|lists| lists.pages)
    }

    /// Takes `count` neighbouring units, from 1 to 127, with any content.
    ///
    /// # Errors
    /// The site that has run out; or [`Crime::PagesRefused`].
    pub(crate) fn allocate(&self, memory: &impl Pages, pin: &M::Pin, count: u32) -> Result<Unit, PoolError> {
        let out_of_addresses = PoolError::OutOfMemory(Site::VirtualPages);
        {
            let mut lists = self.lists.lock(pin);
            if let Some(unit) = self.take(&mut lists, count) {
                return Ok(unit);
            }
        }
        let page = self.ranges.allocate(1, 1).ok_or(out_of_addresses)?;
        if memory.commit(page).is_err() {
            self.ranges.free(page).map_err(|_| Crime::refused(page))?;
            return Err(PoolError::OutOfMemory(Site::Backing));
        }
        let number = (page.start().get().saturating_sub(self.range.start().get()) / UNIT_BYTES as u64) as u32;
        let header = self.header(number);
        header.set_mask(EMPTY | run(count, 1));
        let mut lists = self.lists.lock(pin);
        lists.pages += 1;
        self.list(&mut lists, number, header);
        Unit::from_raw(number + 1).ok_or(out_of_addresses)
    }

    /// Gives units back.
    ///
    /// # Errors
    /// [`Crime::LinkCorrupt`] when a list of pages has been overwritten; the units stay taken. [`Crime::PagesRefused`].
    pub(crate) fn free(
        &self,
        memory: &impl Pages,
        pin: &M::Pin,
        unit: Unit,
        count: u32,
    ) -> Result<(), Crime> {
        let number = unit.0.get();
        let page = number & !(UNITS_PER_PAGE - 1);
        let header = self.header(page);
        {
            let mut lists = self.lists.lock(pin);
            let mask = header.mask();
            self.unlist(&mut lists, page, mask)?;
            header.set_mask(mask & !run(count, number - page));
            if header.mask() != EMPTY {
                self.list(&mut lists, page, header);
                return Ok(());
            }
            lists.pages -= 1;
        }
        let range = VirtRange::saturating(self.address(page), PAGE_BYTES);
        let returned = memory.decommit(range).and_then(|()| self.ranges.free(range));
        returned.map_err(|_| Crime::refused(range))
    }

    fn take(&self, lists: &mut Lists, count: u32) -> Option<Unit> {
        let exact = count.ilog2() as usize;
        // A page of the list that `count` belongs to may or may not do, one of a higher list always does.
        let mut candidate = lists.heads.get(exact)?.first();
        for _ in 0..TRIES {
            let Some(page) = candidate else { break };
            if let Some(unit) = self.take_from(lists, page, count) {
                return Some(unit);
            }
            candidate = self.header(untagged(page)).links.next();
        }
        let page = lists.heads.iter().skip(exact + 1).find_map(Head::first)?;
        self.take_from(lists, page, count)
    }

    fn take_from(&self, lists: &mut Lists, page: Unit, count: u32) -> Option<Unit> {
        let number = untagged(page);
        let header = self.header(number);
        let mask = header.mask();
        let first = find_run(mask, count)?;
        // A page whose links are damaged is not used any further; whoever frees one of its units reports it.
        self.unlist(lists, number, mask).ok()?;
        header.set_mask(mask | run(count, first));
        self.list(lists, number, header);
        Unit::from_raw(number + first)
    }

    fn list(&self, lists: &mut Lists, page: u32, header: &PageHeader) {
        if let Some(list) = list_of(header.mask())
            && let Some(head) = lists.heads.get_mut(list)
            && let Some(entry) = tagged(page)
        {
            head.push(entry, |entry| &self.header(untagged(entry)).links);
        }
    }

    fn unlist(&self, lists: &mut Lists, page: u32, mask: u128) -> Result<(), Crime> {
        if let Some(list) = list_of(mask)
            && let Some(head) = lists.heads.get_mut(list)
            && let Some(entry) = tagged(page)
        {
            head.remove(entry, |entry| &self.header(untagged(entry)).links).map_err(
                |Stranger(neighbour)| Crime::LinkCorrupt {
                    entry: self.address(page),
                    neighbour: self.address(untagged(neighbour)),
                },
            )?;
        }
        Ok(())
    }

    fn address(&self, number: u32) -> VirtAddr {
        VirtAddr::new(self.range.start().get() + u64::from(number) * UNIT_BYTES as u64)
    }

    /// Returns the address of a unit, for reports.
    pub(crate) fn address_of(&self, unit: Unit) -> VirtAddr {
        self.address(unit.0.get())
    }

    /// Tells whether a stretch of addresses lies in the books, for whoever believes no unit.
    pub(crate) fn holds(&self, range: VirtRange) -> bool {
        self.range.start() <= range.start() && range.end() <= self.range.end()
    }

    fn header(&self, page: u32) -> &PageHeader {
        // SAFETY: pages are named by lists and units that are in use; such a page has memory and starts with its header.
        unsafe { self.at(page as usize * UNIT_BYTES) }
    }

    /// Returns what a unit holds.
    ///
    /// # Safety
    /// The unit is in use (the module's invariant) as a `T`, which consists of atomics only and fits the units taken.
    #[inline]
    pub(crate) unsafe fn get<T>(&self, unit: Unit) -> &T {
        // SAFETY: the caller says what the unit holds.
        unsafe { self.at(unit.index() * UNIT_BYTES) }
    }

    /// Returns where a unit in use starts; the pointer reaches all of its run.
    pub(crate) fn pointer<T>(&self, unit: Unit) -> NonNull<T> {
        let pointer = self.base.wrapping_add(unit.index() * UNIT_BYTES);
        // The books don't start at address zero and don't wrap.
        NonNull::new(pointer.cast()).unwrap_or(NonNull::dangling())
    }

    /// Returns a record.
    ///
    /// # Safety
    /// It is one of a slab that exists.
    #[inline]
    pub(crate) unsafe fn record(&self, index: RecordIndex) -> &Record {
        // SAFETY: the caller says that it is there.
        unsafe { self.at(index.get() * size_of::<Record>()) }
    }

    /// Returns the unit that starts where a pointer into the books points.
    pub(crate) fn unit_of<T>(&self, pointer: *const T) -> Option<Unit> {
        let offset = pointer.addr().wrapping_sub(self.base.addr());
        Unit::from_raw((offset / UNIT_BYTES) as u32)
    }

    /// # Safety
    /// A `T` that consists of atomics lies at `offset`, and has memory.
    #[inline]
    unsafe fn at<T>(&self, offset: usize) -> &T {
        // SAFETY: the offset has memory, so it lies in the books' range.
        let pointer = unsafe { self.base.add(offset) };
        // SAFETY: the caller says what is there; units are aligned to 32 bytes, records to their size.
        unsafe { &*pointer.cast::<T>() }
    }
}

/// Returns a page's number as a list entry: its number plus one, because the first page's is zero.
const fn tagged(page: u32) -> Option<Unit> {
    Unit::from_raw(page + 1)
}

/// Returns the page of a list entry.
const fn untagged(entry: Unit) -> u32 {
    entry.0.get() - 1
}

#[cfg(test)]
mod tests;
