//! What a pool can tell about itself, and the page-fault handler's question.
#![allow(unsafe_code, reason = "verifies blocks that are in use")]

use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};

use crate::machine::{Machine, Pin};
use crate::pool::Pool;
use crate::pool::books::{PageRecord, Part, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolKind, Tag};
use crate::pool::small::cache::Magazine;
use crate::pool::small::class::ClassIndex;
use crate::pool::tags::{Place, TagUse};

/// What a pool holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Pages of slabs. In a paged pool they need not have memory.
    pub slab_pages: u64,
    /// Blocks of whole pages, those of the special pool included.
    pub whole_blocks: u64,
    /// Their pages, without guards. In a paged pool they need not have memory.
    pub whole_pages: u64,
    /// Pages of books.
    pub book_pages: u64,
    /// Pages of page records; they stay.
    pub record_pages: u64,
    /// Free places in the processors' magazines.
    pub cached: u64,
}

/// What a page fault in a pool's region is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultAnswer {
    /// The address is not in the pool's region.
    Elsewhere,
    /// The page is part of a paged block or of places for such: it is to get memory, and the access to be repeated.
    Commit(VirtRange),
    /// Nothing is allocated there: bug check 0x50, PAGE_FAULT_IN_NONPAGED_AREA.
    NotAllocated,
    /// The guard of a block of the special pool: bug check 0xCD, PAGE_FAULT_BEYOND_END_OF_ALLOCATION.
    Guard {
        /// The block.
        block: VirtAddr,
        /// Its size.
        size: u64,
    },
    /// A block of the special pool that has been freed: bug check 0xCC, PAGE_FAULT_IN_FREED_SPECIAL_POOL.
    Freed {
        /// The block.
        block: VirtAddr,
        /// The size that it had.
        size: u64,
    },
    /// There should be memory: the fault is about something else, or page tables and pool disagree.
    Present,
}

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Tells what a page fault is about. Takes no lock; may be asked at any level.
    #[must_use]
    pub fn fault(&self, address: VirtAddr) -> FaultAnswer {
        if !self.region.contains(address) {
            return FaultAnswer::Elsewhere;
        }
        // The region lies where pointers can reach, so an address in it fits.
        let record = self.page_of(address.get() as usize);
        match (record.as_part(), self.kind) {
            (Some(Part::Special(unit)), _) => self.special_fault(unit, address),
            (None, _) if !record.is_slab() => FaultAnswer::NotAllocated,
            (_, PoolKind::Paged) => FaultAnswer::Commit(Self::page_around(address)),
            (_, PoolKind::NonPaged) => FaultAnswer::Present,
        }
    }

    fn special_fault(&self, unit: Unit, address: VirtAddr) -> FaultAnswer {
        let header = self.whole(unit);
        let shape = header.shape();
        let (block, size) = (shape.address(), shape.size as u64);
        if !header.is_live() {
            FaultAnswer::Freed { block, size }
        } else if shape.data().contains(address) {
            FaultAnswer::Present
        } else {
            FaultAnswer::Guard { block, size }
        }
    }

    /// Gives back what the calling processor has in store, and the depots and quarantines. When every processor has
    /// done so and no block is allocated, no page of blocks or books is left.
    /// Highest level: Dispatch, with interrupts on.
    ///
    /// A paged pool is trimmed where a page fault can be resolved if full checking is on.
    ///
    /// # Errors
    /// [`Crime`]: what was found in doing so.
    pub fn trim(&self) -> Result<(), Crime> {
        self.shrink_quarantine(0)?;
        self.shrink_waiting(0)?;
        let mut verdict = Ok(());
        for index in ClassIndex::all() {
            // What is wrong with one class keeps nobody from trimming the others.
            verdict = verdict.and(self.trim_class(index));
        }
        verdict
    }

    fn trim_class(&self, index: ClassIndex) -> Result<(), Crime> {
        let pin = self.machine.pin();
        let mut verdict = Ok(());
        if let Some(magazine) = self.caches.get(pin.cpu().get()).and_then(|cache| cache.magazine(index)) {
            verdict = self.inspect(index, magazine, magazine.held());
            if let Some((room, count)) = magazine.close() {
                self.put_back(&pin, index, Self::places_of(room, count))?;
                self.discard_batch(&pin, room, Magazine::capacity(index.class()))?;
            }
        }
        let Some(shelf) = self.shelves.get(index.get()) else { return verdict };
        loop {
            let (full, empty) = {
                let mut shelf = shelf.lock(&pin);
                (self.unchain(&mut shelf.full), self.unchain(&mut shelf.empty))
            };
            if let Some(batch) = full {
                self.put_back(&pin, index, Self::places_of(batch, index.class().batch.into()))?;
            }
            if full.is_none() && empty.is_none() {
                return self.drop_idle(&pin, index).and(verdict);
            }
            for batch in [full, empty].into_iter().flatten() {
                self.discard_batch(&pin, batch, index.class().batch)?;
            }
        }
    }

    /// Returns what the pool holds. Exact when nobody uses it meanwhile. Highest level: Dispatch.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let pin = self.machine.pin();
        self.count(self.books.pages(&pin))
    }

    /// As [`Pool::counts`], if the lock is free; for a monitor: never waits. Highest level: any.
    pub fn try_counts(&self, pin: &M::Pin) -> Option<Counts> {
        self.books.try_pages(pin).map(|pages| self.count(pages))
    }

    fn count(&self, book_pages: u64) -> Counts {
        let magazines =
            self.caches.iter().flat_map(|cache| ClassIndex::all().filter_map(|index| cache.magazine(index)));
        Counts {
            slab_pages: self.slab_pages.load(Ordering::Relaxed) as u64,
            whole_blocks: self.whole_blocks.load(Ordering::Relaxed) as u64,
            whole_pages: self.whole_pages.load(Ordering::Relaxed) as u64,
            book_pages,
            record_pages: (self.records.backed() * size_of::<usize>()) as u64 / PAGE_BYTES,
            cached: magazines.map(|magazine| u64::from(magazine.held())).sum(),
        }
    }

    /// Returns what is counted for each tag that this pool has served, in no particular order.
    /// Highest level: Dispatch.
    pub fn tags(&self) -> impl Iterator<Item = TagUse> {
        Place::all().map(|place| self.tag_use(place)).filter(|tag| tag.allocations != 0)
    }

    /// Returns what is counted for a tag.
    #[must_use]
    pub fn tag(&self, tag: Tag) -> TagUse {
        let nothing = TagUse { tag, allocations: 0, frees: 0, bytes: 0, quota: None };
        self.tags.find(tag.get()).map_or(nothing, |place| self.tag_use(place))
    }

    /// Limits how many bytes a tag may hold in each of the pools that share its table, or removes the limit. What it holds
    /// already stays. A tag without a place of its own shares the limit of the others. Highest level: Dispatch.
    pub fn set_quota(&self, tag: Tag, bytes: Option<usize>) {
        self.tags.set_quota(self.tags.insert(tag.get()), bytes);
    }

    /// Checks all there is: counts and chains of slabs, and what lies behind each block in use and in each filled free
    /// place. Nobody uses the pool meanwhile; in a paged pool, page faults can be resolved. Cost: a look at every page
    /// and at the end of every block. Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// The first crime.
    pub fn verify(&self) -> Result<(), Crime> {
        for page in 0..self.records.backed() {
            let record = self.records.get(page);
            let address = VirtAddr::new(self.region.start().get() + page as u64 * PAGE_BYTES);
            match record.as_part() {
                Some(Part::Whole(unit)) => {
                    let shape = self.whole(unit).shape();
                    if let Some(block) = pointer(shape.block).filter(|_| shape.pages.start() == address) {
                        self.verify_slack(block, shape.size, shape.room())?;
                    }
                }
                Some(Part::Special(unit)) => {
                    let (header, shape) = (self.whole(unit), self.whole(unit).shape());
                    if header.is_live() && shape.pages.start() == address {
                        self.verify_special(&shape)?;
                    }
                }
                // The first page of a slab stands for all of them.
                None if record.is_slab() && record.offset(0) == 0 => self.verify_slab(record)?,
                None => {}
            }
        }
        Ok(())
    }

    fn verify_slab(&self, record: PageRecord) -> Result<(), Crime> {
        let Some(unit) = record.unit() else { return Ok(()) };
        let (class, slab) = (record.class(), self.slab(unit));
        let (start, room) = (self.slab_start(unit).get() as usize, class.size as usize);
        if slab.recount(class, |number| self.record_of(unit, number)) != slab.free() {
            let entry = self.books.address_of(unit);
            return Err(Crime::LinkCorrupt { entry, neighbour: entry });
        }
        for number in 0..u32::from(class.places) {
            let content = self.record_of(unit, number).read();
            let Some(block) = pointer(start + number as usize * room) else { continue };
            let slack = if content.is_free() { content.before_freed() } else { Some(content.slack()) };
            if let Some(slack) = slack {
                self.verify_place(block, slack, room)?;
            } else if content.is_filled() {
                self.verify_free(block, room)?;
            }
        }
        Ok(())
    }
}

fn pointer(address: usize) -> Option<NonNull<u8>> {
    NonNull::new(ptr::with_exposed_provenance_mut(address))
}
