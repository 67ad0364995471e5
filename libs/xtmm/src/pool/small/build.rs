//! Making a slab, and taking it apart.

use core::sync::atomic::Ordering;

use xtcore::{PAGE_BYTES, VirtRange};

use crate::inject::Site;
use crate::machine::Machine;
use crate::pool::Pool;
use crate::pool::books::{Content, PageRecord, RecordIndex, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolError, PoolKind};
use crate::pool::small::cache::Vacancy;
use crate::pool::small::class::ClassIndex;
use crate::pool::small::slab::Slab;

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Makes a slab that is in no list yet. A paged one has no memory; its page records say that it may have.
    ///
    /// # Errors
    /// The site that has run out; nothing is lost.
    pub(crate) fn build_slab(&self, pin: &M::Pin, index: ClassIndex) -> Result<Unit, PoolError> {
        let class = index.class();
        if self.machine.injector().fails(Site::PoolSlab) {
            return Err(PoolError::OutOfMemory(Site::PoolSlab));
        }
        let pages = self.take_pages(pin, u64::from(class.pages), 1, self.kind)?;
        let unit = match self.books.allocate(&self.memory, pin, Slab::units(class)) {
            Ok(unit) if unit.index() < RecordIndex::UNITS && self.can_name(pages) => unit,
            Ok(unit) => {
                self.give_pages(pages)?;
                self.books.free(&self.memory, pin, unit, Slab::units(class))?;
                return Err(PoolError::OutOfMemory(Site::VirtualPages));
            }
            Err(error) => {
                self.give_pages(pages)?;
                return Err(error);
            }
        };
        for number in 0..Slab::records(class) {
            self.record_of(unit, number).write(Content::FREE);
        }
        // Below the reach of a vacancy, and the region lies where pointers can reach.
        self.slab(unit).reset((pages.start().get() as usize).wrapping_sub(self.base), class);
        self.records.set(pages, |page| PageRecord::slab(unit, index, page as u8));
        self.slab_pages.fetch_add(usize::from(class.pages), Ordering::Relaxed);
        Ok(unit)
    }

    /// Tells whether magazines can name places in these pages. Slabs lie in the first 64 GiB of the region; blocks of whole
    /// pages anywhere.
    fn can_name(&self, pages: VirtRange) -> bool {
        let end = pages.end().get().saturating_sub(self.region.start().get());
        end <= Vacancy::REACH
    }

    /// Takes an empty slab apart that is in no list any more.
    ///
    /// # Errors
    /// A damaged list of the books.
    pub(crate) fn demolish_slab(&self, pin: &M::Pin, index: ClassIndex, unit: Unit) -> Result<(), Crime> {
        let class = index.class();
        let start = self.slab_start(unit);
        let pages = VirtRange::saturating(start, u64::from(class.pages) * PAGE_BYTES);
        self.give_pages(pages)?;
        self.slab_pages.fetch_sub(usize::from(class.pages), Ordering::Relaxed);
        self.books.free(&self.memory, pin, unit, Slab::units(class))
    }

    /// Takes pages of the region, with page records and, unless `kind` is paged, with memory.
    ///
    /// # Errors
    /// The site that has run out; nothing is lost.
    pub(crate) fn take_pages(
        &self,
        pin: &M::Pin,
        count: u64,
        alignment: u64,
        kind: PoolKind,
    ) -> Result<VirtRange, PoolError> {
        let out_of = |site| Err(PoolError::OutOfMemory(site));
        let Some(pages) = self.ranges.allocate(count, alignment) else { return out_of(Site::VirtualPages) };
        if self.records.cover(pages, &self.memory, pin).is_err() {
            self.ranges.free(pages).map_err(|_| Crime::refused(pages))?;
            return out_of(Site::Backing);
        }
        if kind == PoolKind::NonPaged && self.memory.commit(pages).is_err() {
            self.ranges.free(pages).map_err(|_| Crime::refused(pages))?;
            return out_of(Site::Commit);
        }
        Ok(pages)
    }

    /// Gives pages back: first nothing is allocated there, then there is no memory, then the addresses are free.
    ///
    /// # Errors
    /// [`Crime::PagesRefused`].
    pub(crate) fn give_pages(&self, pages: VirtRange) -> Result<(), Crime> {
        self.records.set(pages, |_| PageRecord::NOTHING);
        let returned = self.memory.decommit(pages).and_then(|()| self.ranges.free(pages));
        returned.map_err(|_| Crime::refused(pages))
    }
}
