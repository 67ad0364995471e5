//! Blocks of up to 8 KiB: places in slabs.
//!
//! ```text
//!   magazine (processor)  <-- batches -->  depot (class)  <-- places -->  slabs (class)  <-- pages -->  region
//!   no lock                                class's lock                   class's lock
//! ```
//!
//! This file has the two operations that run for every block; [`exchange`] has what happens when a magazine is empty or
//! full, [`build`] the making and unmaking of slabs.
#![allow(unsafe_code, reason = "records are reached through page records")]

mod build;
pub(crate) mod cache;
pub(crate) mod class;
mod exchange;
pub(crate) mod shelf;
pub(crate) mod slab;

use core::ptr::NonNull;

use xtcore::VirtAddr;

use crate::machine::{Machine, Pin};
use crate::pool::Pool;
use crate::pool::books::{Content, PageRecord, Record};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolError, Tag};
use crate::pool::small::cache::{CpuCache, Magazine, Vacancy};
use crate::pool::small::class::ClassIndex;
use crate::pool::tags::Place;

/// A block in a slab, as the books describe it.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) block: NonNull<u8>,
    pub(crate) class: ClassIndex,
    pub(crate) record: &'a Record,
    pub(crate) content: Content,
    pub(crate) place: Place,
}

impl Held<'_> {
    /// Returns the place, as magazines name it.
    #[inline]
    pub(crate) fn vacancy(&self) -> Vacancy {
        Vacancy { block: self.block, record: NonNull::from(self.record) }
    }

    /// Returns how many bytes the block's place has.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.class.class().size as usize
    }

    /// Returns how many bytes were asked for.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.room().saturating_sub(self.content.slack())
    }
}

/// A place that was free a moment ago, and what its record said then.
pub(crate) struct Taken {
    pub(crate) block: NonNull<u8>,
    pub(crate) was: Content,
}

/// Marks a place used and counts it.
#[inline]
fn occupy(cache: &CpuCache, record: &Record, class: ClassIndex, place: Place, size: usize) {
    let room = class.class().size as usize;
    record.write(Content::used(place, room.saturating_sub(size)));
    if let Some(counters) = cache.counters(place) {
        counters.allocated(room);
    }
}

/// Marks a place free and counts it.
#[inline]
fn vacate(cache: &CpuCache, held: &Held<'_>, content: Content) {
    held.record.write(content);
    if let Some(counters) = cache.counters(held.place) {
        counters.freed(held.room());
    }
}

impl<'m, M: Machine, P: Pages, R: PageRanges> Pool<'m, M, P, R> {
    /// Takes a place of a class for a block of `size` bytes, if the magazine has one.
    #[inline]
    pub(crate) fn take_cached(&self, class: ClassIndex, place: Place, size: usize) -> Option<NonNull<u8>> {
        let pin = self.machine.pin();
        let (cache, magazine) = self.magazine(&pin, class)?;
        let vacancy = magazine.pop_if(|vacancy| vacancy.record().read() == Content::FREE)?;
        occupy(cache, vacancy.record(), class, place, size);
        Some(vacancy.block)
    }

    /// Takes a place of a class for a block of `size` bytes.
    ///
    /// # Errors
    /// There is no memory; or [`Crime::FreeListCorrupt`].
    pub(crate) fn take_place(
        &self,
        class: ClassIndex,
        place: Place,
        size: usize,
    ) -> Result<Taken, PoolError> {
        let pin = self.machine.pin();
        let Some((cache, magazine)) = self.magazine(&pin, class) else { return Err(Self::no_cache()) };
        let vacancy = match magazine.pop() {
            Some(vacancy) => vacancy,
            None => self.refill(&pin, class, magazine)?,
        };
        let was = vacancy.record().read();
        if !was.is_free() {
            let block = VirtAddr::new(vacancy.block.addr().get() as u64);
            return Err(Crime::FreeListCorrupt { block, record: was.raw() }.into());
        }
        occupy(cache, vacancy.record(), class, place, size);
        Ok(Taken { block: vacancy.block, was })
    }

    /// Gives a place back to the magazine, if there is room; its canary will be checked there. Returns false, and has done nothing, if there is none, or if
    /// the record has changed since it was looked at.
    #[inline]
    pub(crate) fn give_cached(&self, held: &Held<'_>) -> bool {
        let pin = self.machine.pin();
        let Some((cache, magazine)) = self.magazine(&pin, held.class) else { return false };
        if held.record.read() != held.content {
            return false;
        }
        if magazine.push(held.vacancy()).is_err() {
            return false;
        }
        vacate(cache, held, held.content.freed());
        true
    }

    /// Gives a place back, with `content` in its record. The block has passed its checks.
    ///
    /// # Errors
    /// [`Crime::DoubleFree`] when the record has changed since it was looked at.
    pub(crate) fn give_place(&self, held: &Held<'_>, content: Content) -> Result<(), Crime> {
        let pin = self.machine.pin();
        let Some((cache, magazine)) = self.magazine(&pin, held.class) else { return Ok(()) };
        self.retire(cache, held, content)?;
        match magazine.push(held.vacancy()) {
            Ok(()) => Ok(()),
            Err(vacancy) => self.flush(&pin, held.class, magazine, vacancy),
        }
    }

    /// Marks a place free and counts it.
    pub(crate) fn retire(&self, cache: &CpuCache, held: &Held<'_>, content: Content) -> Result<(), Crime> {
        let now = held.record.read();
        if now != held.content {
            return Err(Self::double_free(held.block, now));
        }
        vacate(cache, held, content);
        Ok(())
    }

    /// Finds the block that starts at an address in a slab's page, and checks who frees it.
    #[inline]
    pub(crate) fn find_held(
        &self,
        block: NonNull<u8>,
        page: PageRecord,
        tag: Option<Tag>,
    ) -> Result<Held<'_>, Crime> {
        let address = block.addr().get();
        let class = page.class();
        let (number, inside) = class.locate(page.offset(address));
        if inside != 0 || number >= u32::from(class.places) {
            return Err(Self::interior(address, inside));
        }
        // SAFETY: the page record names a slab's unit, and the number is below that of the places.
        let record = unsafe { self.books.record(page.unit_index(), number) };
        let content = record.read();
        let Some(place) = content.place() else { return Err(Self::double_free(block, content)) };
        if let Some(given) = tag
            && self.tags.tag(place) != given.get()
        {
            self.accuse_wrong_tag(VirtAddr::new(address as u64), place, given)?;
        }
        Ok(Held { block, class: page.class_index(), record, content, place })
    }

    #[cold]
    fn interior(address: usize, inside: u32) -> Crime {
        let address = VirtAddr::new(address as u64);
        Crime::Interior { address, block: VirtAddr::new(address.get().saturating_sub(inside.into())) }
    }

    #[cold]
    fn double_free(block: NonNull<u8>, content: Content) -> Crime {
        Crime::DoubleFree { block: VirtAddr::new(block.addr().get() as u64), record: content.raw() }
    }

    /// Tells whether a tag that doesn't belong to a place is wrong: tags that share a place cannot be told apart, and
    /// whoever has no place of its own is one of them.
    #[cold]
    pub(crate) fn accuse_wrong_tag(&self, block: VirtAddr, place: Place, given: Tag) -> Result<(), Crime> {
        if place == Place::OVERFLOW && self.tags.find(given.get()).is_none() {
            return Ok(());
        }
        Err(Crime::WrongTag { block, tag: self.tag_of(place), given })
    }

    #[inline]
    fn magazine(&self, pin: &M::Pin, class: ClassIndex) -> Option<(&'m CpuCache, &'m Magazine)> {
        let cache = self.caches.get(pin.cpu().get())?;
        Some((cache, cache.magazine(class)?))
    }

    /// A processor that the pool was not told of has no cache.
    #[cold]
    pub(crate) fn no_cache() -> PoolError {
        PoolError::OutOfMemory(crate::inject::Site::PoolBlock)
    }
}
