//! Blocks of up to 8 KiB: places in slabs.
//!
//! ```text
//!   magazine (processor)  <-- halves -->  depot (class)  <-- places -->  slabs (class)  <-- pages -->  region
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

use core::ptr::{self, NonNull};

use xtcore::{PAGE_SHIFT, VirtAddr};

use crate::machine::{CpuIndex, Machine, Pin};
use crate::pool::Pool;
use crate::pool::books::{Content, PageRecord, Record, RecordIndex, Slack};
use crate::pool::check::canary::{self, Value};
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
    pub(crate) vacancy: Vacancy,
    pub(crate) record: &'a Record,
    pub(crate) content: Content,
    pub(crate) place: Place,
}

impl Held<'_> {
    /// Returns how many bytes the block's place has.
    pub(crate) fn room(&self) -> usize {
        self.class.class().size as usize
    }
}

/// A place that was free a moment ago, and what its record said then.
pub(crate) struct Taken {
    pub(crate) block: NonNull<u8>,
    /// What its record said.
    pub(crate) was: Content,
}

/// Marks a place used and counts it.
#[inline]
fn occupy(cache: &CpuCache, record: &Record, place: Place, room: usize, slack: Slack) {
    record.write(Content::used(place, slack));
    if let Some(counters) = cache.counters(place) {
        counters.allocated(room);
    }
}

/// Marks a place free and counts it.
#[inline]
fn vacate(cache: &CpuCache, record: &Record, place: Place, room: usize, content: Content) {
    record.write(content);
    if let Some(counters) = cache.counters(place) {
        counters.freed(room);
    }
}

impl<'m, M: Machine, P: Pages, R: PageRanges> Pool<'m, M, P, R> {
    /// Takes a place of a class for a block of `size` bytes, which fit, and lays a canary behind the block; if the magazine
    /// has a place.
    #[inline]
    pub(crate) fn take_cached(
        &self,
        cpu: CpuIndex,
        class: ClassIndex,
        place: Place,
        size: usize,
    ) -> Option<NonNull<u8>> {
        let (cache, magazine) = self.magazine(cpu, class)?;
        let vacancy = magazine.peek()?;
        let (block, record) = (self.block_at(vacancy), self.record_at(vacancy.record));
        let (was, room) = (record.read(), magazine.room());
        let value = Value::of(block, self.key);
        // SAFETY: the place is the pool's, of `room` bytes, and not a pageable one.
        if !unsafe { canary::is_intact(block, was.as_slack(), room, value) } {
            return None;
        }
        magazine.take();
        // SAFETY: the place is the caller's now, and as large as the class says, which was chosen for the size.
        let slack = unsafe { canary::write(block, size, room, value) };
        occupy(cache, record, place, room, slack);
        Some(block)
    }

    /// Tells whether the canary of the block that a free place was is as it should be. The place has memory: it is no pageable
    /// one, or has a canary.
    #[inline]
    pub(crate) fn is_intact(&self, block: NonNull<u8>, slack: Slack, room: usize) -> bool {
        // SAFETY: the place is the pool's, and its record was written together with its canary.
        unsafe { canary::is_intact(block, slack, room, Value::of(block, self.key)) }
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
        let Some((cache, magazine)) = self.magazine(pin.cpu(), class) else { return Err(Self::no_cache()) };
        let vacancy = match magazine.pop() {
            Some(vacancy) => vacancy,
            None => self.refill(&pin, class, magazine)?,
        };
        let (block, record) = (self.block_at(vacancy), self.record_at(vacancy.record));
        let was = record.read();
        if !was.is_free() {
            let block = VirtAddr::new(block.addr().get() as u64);
            return Err(Crime::FreeListCorrupt { block, record: was.raw() }.into());
        }
        if let Some(slack) = was.before_freed() {
            self.verify_place(block, slack, class.class().size as usize)?;
        }
        let room = class.class().size as usize;
        // The class was chosen for the size.
        occupy(cache, record, place, room, Slack::of(room.wrapping_sub(size)));
        Ok(Taken { block, was })
    }

    /// Takes back a block if nothing is wrong with it that can be seen without looking at it, and the magazine has room; the
    /// canary will be checked there. Returns `None`, and has done nothing, otherwise.
    #[inline]
    pub(crate) fn give_cached(&self, cpu: CpuIndex, block: NonNull<u8>, tag: Option<Tag>) -> Option<()> {
        let offset = block.addr().get().wrapping_sub(self.base);
        let page = self.records.find(offset >> PAGE_SHIFT)?;
        let (cache, magazine) = self.magazine(cpu, page.class_index())?;
        // The region starts with a page, so what lies inside a page is the same for offsets as for addresses. What is no
        // slab's page has the magazine of no class, which divides nothing.
        let number = magazine.reciprocal().starting_at(page.offset(offset))?;
        let index = page.record(number);
        let (record, room) = (self.record_at(index), magazine.room());
        let content = record.read();
        let (place, freed) = match tag {
            // A free place is not the tag's, nor anybody's.
            Some(given) => {
                let place = self.tags.find_at_home(given.get())?;
                (place, content.freed_by(place)?)
            }
            None => (content.place()?, content.freed()),
        };
        magazine.push(Vacancy::new(offset, index)).ok()?;
        vacate(cache, record, place, room, freed);
        // Most probably this place is the next of its class to be given out: its canary will be looked at, and its new
        // owner will write to it.
        self.machine.prefetch(block.as_ptr());
        self.machine.prefetch(block.as_ptr().wrapping_add(room.wrapping_sub(1)));
        Some(())
    }

    /// Gives a place back, with `content` in its record. The block has passed its checks.
    ///
    /// # Errors
    /// [`Crime::DoubleFree`] when the record has changed since it was looked at.
    pub(crate) fn give_place(&self, held: &Held<'_>, content: Content) -> Result<(), Crime> {
        let pin = self.machine.pin();
        let Some((cache, magazine)) = self.magazine(pin.cpu(), held.class) else { return Ok(()) };
        self.retire(cache, held, content)?;
        match magazine.push(held.vacancy) {
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
        vacate(cache, held.record, held.place, held.room(), content);
        Ok(())
    }

    /// Finds the block that starts at an address in a slab's page, and checks who frees it.
    ///
    /// # Errors
    /// An interior pointer, a double free, a wrong tag.
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
        let index = page.record(number);
        let record = self.record_at(index);
        let content = record.read();
        let Some(place) = content.place() else { return Err(Self::double_free(block, content)) };
        if let Some(given) = tag
            && self.tags.tag(place) != given.get()
        {
            self.accuse_wrong_tag(VirtAddr::new(address as u64), place, given)?;
        }
        let vacancy = Vacancy::new(address.wrapping_sub(self.base), index);
        Ok(Held { block, class: page.class_index(), vacancy, record, content, place })
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

    /// Returns a record of a slab that exists: one that a vacancy names, or that of a place in a page whose record
    /// says that it is a slab's.
    #[inline]
    pub(crate) fn record_at(&self, index: RecordIndex) -> &Record {
        // SAFETY: vacancies name records of slabs that exist, and so do page records; a slab has a record for every
        // number that one of its addresses can lead to.
        unsafe { self.books.record(index) }
    }

    /// Returns a free place.
    #[inline]
    pub(crate) fn block_at(&self, vacancy: Vacancy) -> NonNull<u8> {
        let block = ptr::with_exposed_provenance_mut(self.base.wrapping_add(vacancy.offset()));
        // SAFETY: the region neither starts at address zero nor wraps, and the place lies in it.
        unsafe { NonNull::new_unchecked(block) }
    }

    #[inline]
    fn magazine(&self, cpu: CpuIndex, class: ClassIndex) -> Option<(&'m CpuCache, &'m Magazine)> {
        let cache = self.caches.get(cpu.get())?;
        Some((cache, cache.magazine(class)?))
    }

    /// A processor that the pool was not told of has no cache.
    #[cold]
    pub(crate) fn no_cache() -> PoolError {
        PoolError::OutOfMemory(crate::inject::Site::PoolBlock)
    }
}
