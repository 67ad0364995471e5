//! When nothing is there to be given out, or there is no room for what is freed: canaries are checked, batches go to and
//! from the depot, places to and from the slabs.
//!
//! Whatever goes wrong with the memory of magazines and batches, blocks are not affected: without it a place goes straight to or
//! from its slab.
#![allow(unsafe_code, reason = "batches, slabs and records are reached through units of the books")]

use xtcore::VirtAddr;

use crate::inject::Site;
use crate::machine::{Machine, RunLevel};
use crate::pool::Pool;
use crate::pool::books::{Head, Record, RecordIndex, Stranger, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::PoolError;
use crate::pool::small::cache::{Batch, BatchHeader, Magazine, Vacancy};
use crate::pool::small::class::ClassIndex;
use crate::pool::small::shelf::{Chain, EMPTY_BATCHES, Shelf};
use crate::pool::small::slab::{BUCKETS, Slab};

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Returns a free place when none is ready to be given out, and fills the magazine.
    ///
    /// # Errors
    /// No memory for a slab; or a crime: the level is above Dispatch, where a processor's cache may be half changed, or
    /// an overflow of a block that has been freed.
    #[cold]
    #[inline(never)]
    pub(crate) fn refill(
        &self,
        pin: &M::Pin,
        index: ClassIndex,
        magazine: &Magazine,
    ) -> Result<Vacancy, PoolError> {
        let class = index.class();
        let level = self.machine.run_level();
        if level > RunLevel::Dispatch {
            return Err(Crime::AllocateLevel { level, kind: self.kind, size: class.size.into() }.into());
        }
        if !magazine.is_open() {
            self.open(pin, index, magazine)?;
        }
        if let Some(vacancy) = self.refill_from_shelf(pin, index, magazine)? {
            return Ok(vacancy);
        }
        let slab = self.build_slab(pin, index)?;
        let Some(shelf) = self.shelves.get(index.get()) else {
            return Err(PoolError::OutOfMemory(Site::PoolSlab));
        };
        let mut shelf = shelf.lock(pin);
        shelf.slabs += 1;
        shelf.idle += 1;
        self.list_slab(&mut shelf, index, slab);
        match self.take_from_slabs(&mut shelf, index, magazine)? {
            Some(vacancy) => Ok(vacancy),
            None => Err(PoolError::OutOfMemory(Site::PoolSlab)),
        }
    }

    /// Gives a magazine room, if there is memory for it.
    fn open(&self, pin: &M::Pin, index: ClassIndex, magazine: &Magazine) -> Result<(), Crime> {
        let class = index.class();
        if let Some(room) = self.new_batch(pin, Magazine::capacity(class))? {
            magazine.open(room, class);
        }
        if self.has_short_way() {
            magazine.shorten(class);
        }
        Ok(())
    }

    /// Checks the canaries of the `count` places that have been in a magazine longest, all together: nothing in the loop waits
    /// for what it reads, so the processor waits for all of the cache lines at one time.
    ///
    /// # Errors
    /// The first [`Crime::Overflow`]; damaged places have left the magazine and are never given out again.
    pub(crate) fn inspect(&self, index: ClassIndex, magazine: &Magazine, count: u32) -> Result<(), Crime> {
        let room = index.class().size as usize;
        let mut is_intact = true;
        for vacancy in magazine.oldest(count) {
            // A place without a canary to check may be a pageable one, which is not to be touched here.
            if let Some(slack) = self.record_at(vacancy.record).read().before_freed() {
                is_intact &= self.is_intact(self.block_at(vacancy), slack, room);
            }
        }
        if is_intact { Ok(()) } else { self.accuse(index, magazine, count) }
    }

    /// Finds the blocks whose canaries have changed, and takes their places out of the magazine.
    #[cold]
    #[inline(never)]
    fn accuse(&self, index: ClassIndex, magazine: &Magazine, mut count: u32) -> Result<(), Crime> {
        let mut verdict = Ok(());
        while let Some((number, crime)) = (1..).zip(magazine.oldest(count)).find_map(|(number, vacancy)| {
            let slack = self.record_at(vacancy.record).read().before_freed()?;
            let found = self.verify_place(self.block_at(vacancy), slack, index.class().size as usize);
            Some((number, found.err()?))
        }) {
            verdict = verdict.and(Err(crime));
            magazine.forget(number, 1);
            count -= 1;
        }
        verdict
    }

    fn refill_from_shelf(
        &self,
        pin: &M::Pin,
        index: ClassIndex,
        magazine: &Magazine,
    ) -> Result<Option<Vacancy>, Crime> {
        let Some(shelf) = self.shelves.get(index.get()) else { return Ok(None) };
        let batch = {
            let mut shelf = shelf.lock(pin);
            match self.unchain(&mut shelf.full) {
                Some(batch) => batch,
                None => return self.take_from_slabs(&mut shelf, index, magazine),
            }
        };
        let mut places = Self::places_of(batch, index.class().batch.into());
        let first = places.next();
        for place in places {
            if let Err(place) = magazine.push(place) {
                // There is no memory for the magazine.
                self.put_back(pin, index, core::iter::once(place))?;
            }
        }
        self.store_empty(pin, index, batch)?;
        Ok(first)
    }

    /// Takes places out of slabs, fullest slabs first: one for the caller, the others for half of the magazine.
    fn take_from_slabs(
        &self,
        shelf: &mut Shelf,
        index: ClassIndex,
        magazine: &Magazine,
    ) -> Result<Option<Vacancy>, Crime> {
        let half = u32::from(index.class().batch);
        let wants_more = || magazine.is_open() && magazine.held() < half;
        let mut first = None;
        while first.is_none() || wants_more() {
            let fullest = shelf.partial.iter().enumerate();
            let Some((bucket, unit)) =
                fullest.filter_map(|(bucket, head)| Some((bucket, head.first()?))).next()
            else {
                break;
            };
            let slab = self.slab(unit);
            if slab.is_empty(index.class()) {
                shelf.idle = shelf.idle.saturating_sub(1);
            }
            while (first.is_none() || wants_more())
                && let Some(vacancy) = self.take_from_slab(slab, unit, index)
            {
                match first {
                    None => first = Some(vacancy),
                    Some(_) => drop(magazine.push(vacancy)),
                }
            }
            self.relist_slab(shelf, index, unit, Some(bucket))?;
        }
        Ok(first)
    }

    /// Takes care of a free place when there is no room for what is freed.
    ///
    /// # Errors
    /// An overflow of a block that was freed earlier; this place has been taken care of.
    #[cold]
    #[inline(never)]
    pub(crate) fn flush(
        &self,
        pin: &M::Pin,
        index: ClassIndex,
        magazine: &Magazine,
        vacancy: Vacancy,
    ) -> Result<(), Crime> {
        let mut verdict = Ok(());
        let made_room = if magazine.is_open() {
            let (half, held) = (u32::from(index.class().batch), magazine.held());
            verdict = self.inspect(index, magazine, half);
            // As many as have been found intact; those that were not are gone.
            self.store_oldest(pin, index, magazine, half + magazine.held() - held)
        } else {
            self.open(pin, index, magazine)
        };
        // Whatever went wrong with the others, this place is kept.
        let kept = match magazine.push(vacancy) {
            Ok(()) => Ok(()),
            Err(vacancy) => self.put_back(pin, index, core::iter::once(vacancy)),
        };
        made_room.and(kept).and(verdict)
    }

    /// Gets rid of the first `count` places of a magazine, which have been checked: a batch of them goes to the depot, or
    /// they go to their slabs.
    fn store_oldest(
        &self,
        pin: &M::Pin,
        index: ClassIndex,
        magazine: &Magazine,
        count: u32,
    ) -> Result<(), Crime> {
        let class = index.class();
        let Some(shelf) = self.shelves.get(index.get()) else { return Ok(()) };
        let (mut batch, has_room) = {
            let mut shelf = shelf.lock(pin);
            let has_room = count == u32::from(class.batch) && shelf.wants_full(class);
            (if has_room { self.unchain(&mut shelf.empty) } else { None }, has_room)
        };
        if has_room && batch.is_none() {
            batch = self.new_batch(pin, class.batch)?;
        }
        let verdict = match batch {
            Some(batch) => {
                for (number, place) in (1..).zip(magazine.oldest(count)) {
                    // SAFETY: the batch is nobody's yet, and has an entry for each of the places.
                    unsafe { batch.write(number, place) };
                }
                self.chain(&mut shelf.lock(pin).full, batch);
                Ok(())
            }
            None => self.put_back(pin, index, magazine.oldest(count)),
        };
        magazine.forget(1, count);
        verdict
    }

    /// Puts places back into their slabs, and slabs that are empty then into the region.
    pub(crate) fn put_back(
        &self,
        pin: &M::Pin,
        index: ClassIndex,
        vacancies: impl Iterator<Item = Vacancy>,
    ) -> Result<(), Crime> {
        let Some(shelf) = self.shelves.get(index.get()) else { return Ok(()) };
        let mut empty: Option<Unit> = None;
        {
            let mut shelf = shelf.lock(pin);
            for vacancy in vacancies {
                let Some(unit) = self.page_at(vacancy.offset()).unit() else { continue };
                let slab = self.slab(unit);
                let before = slab.bucket(index.class());
                self.put_into_slab(slab, unit, index, vacancy);
                if !slab.is_empty(index.class()) {
                    self.relist_slab(&mut shelf, index, unit, before)?;
                } else if shelf.wants_idle() {
                    shelf.idle += 1;
                    self.relist_slab(&mut shelf, index, unit, before)?;
                } else {
                    self.unlist_slab(&mut shelf, unit, before)?;
                    shelf.slabs -= 1;
                    slab.links.chain(empty);
                    empty = Some(unit);
                }
            }
        }
        self.demolish_slabs(pin, index, empty)
    }

    /// Puts slabs without blocks back into the region. Cost: a look at every nearly empty slab.
    pub(crate) fn drop_idle(&self, pin: &M::Pin, index: ClassIndex) -> Result<(), Crime> {
        let Some(shelf) = self.shelves.get(index.get()) else { return Ok(()) };
        let mut empty = None;
        {
            let mut shelf = shelf.lock(pin);
            for bucket in 0..BUCKETS {
                let mut next = shelf.partial.get(bucket).and_then(Head::first);
                while let Some(unit) = next {
                    let slab = self.slab(unit);
                    next = slab.links.next();
                    if slab.is_empty(index.class()) {
                        self.unlist_slab(&mut shelf, unit, Some(bucket))?;
                        shelf.slabs -= 1;
                        slab.links.chain(empty);
                        empty = Some(unit);
                    }
                }
            }
            shelf.idle = 0;
        }
        self.demolish_slabs(pin, index, empty)
    }

    fn demolish_slabs(&self, pin: &M::Pin, index: ClassIndex, mut first: Option<Unit>) -> Result<(), Crime> {
        while let Some(unit) = first {
            first = self.slab(unit).links.next();
            self.demolish_slab(pin, index, unit)?;
        }
        Ok(())
    }

    /// Returns the places that the first `count` entries of a batch name.
    pub(crate) fn places_of(batch: Batch, count: u32) -> impl Iterator<Item = Vacancy> {
        // SAFETY: the caller owns the batch, and `count` is what its magazine or depot said.
        (1..=count).map(move |number| unsafe { batch.read(number) })
    }

    fn take_from_slab(&self, slab: &Slab, unit: Unit, index: ClassIndex) -> Option<Vacancy> {
        let number = slab.take(|number| self.record_of(unit, number))?;
        let offset = slab.offset() + number as usize * index.class().size as usize;
        Some(Vacancy::new(offset, RecordIndex::of(unit.get(), number)))
    }

    fn put_into_slab(&self, slab: &Slab, unit: Unit, index: ClassIndex, vacancy: Vacancy) {
        let inside = vacancy.offset().wrapping_sub(slab.offset());
        let (number, _) = index.class().locate(inside as u32);
        slab.put(number, self.record_of(unit, number));
    }

    /// Returns the header of a slab.
    pub(crate) fn slab(&self, unit: Unit) -> &Slab {
        // SAFETY: only slabs' units are in lists of slabs and in page records of slabs.
        unsafe { self.books.get(unit) }
    }

    /// Returns the address of a slab's first page.
    pub(crate) fn slab_start(&self, unit: Unit) -> VirtAddr {
        VirtAddr::new(self.base.wrapping_add(self.slab(unit).offset()) as u64)
    }

    /// Returns a record of a slab.
    pub(crate) fn record_of(&self, unit: Unit, number: u32) -> &Record {
        self.record_at(RecordIndex::of(unit.get(), number))
    }

    fn list_slab(&self, shelf: &mut Shelf, index: ClassIndex, unit: Unit) {
        let bucket = self.slab(unit).bucket(index.class());
        if let Some(head) = bucket.and_then(|bucket| shelf.partial.get_mut(bucket)) {
            head.push(unit, |unit| &self.slab(unit).links);
        }
    }

    fn unlist_slab(&self, shelf: &mut Shelf, unit: Unit, bucket: Option<usize>) -> Result<(), Crime> {
        let Some(head) = bucket.and_then(|bucket| shelf.partial.get_mut(bucket)) else { return Ok(()) };
        head.remove(unit, |unit| &self.slab(unit).links).map_err(|Stranger(neighbour)| Crime::LinkCorrupt {
            entry: self.books.address_of(unit),
            neighbour: self.books.address_of(neighbour),
        })
    }

    fn relist_slab(
        &self,
        shelf: &mut Shelf,
        index: ClassIndex,
        unit: Unit,
        before: Option<usize>,
    ) -> Result<(), Crime> {
        if self.slab(unit).bucket(index.class()) != before {
            self.unlist_slab(shelf, unit, before)?;
            self.list_slab(shelf, index, unit);
        }
        Ok(())
    }

    /// Returns a new batch, or a magazine's room; `None` when there is no memory for one.
    fn new_batch(&self, pin: &M::Pin, entries: u8) -> Result<Option<Batch>, Crime> {
        match self.books.allocate(&self.memory, pin, Batch::units(entries)) {
            Ok(unit) => Ok(Some(self.batch(unit))),
            Err(PoolError::Crime(crime)) => Err(crime),
            // Places can do without.
            Err(_) => Ok(None),
        }
    }

    fn batch(&self, unit: Unit) -> Batch {
        Batch::new(self.books.pointer(unit))
    }

    fn batch_header(&self, unit: Unit) -> &BatchHeader {
        // SAFETY: only batches' units are chained in depots, and a new one is about to become one.
        unsafe { self.books.get(unit) }
    }

    fn chain(&self, chain: &mut Chain, batch: Batch) {
        if let Some(unit) = self.books.unit_of(batch.as_ptr()) {
            self.batch_header(unit).links.chain(chain.first);
            chain.first = Some(unit);
            chain.length += 1;
        }
    }

    /// Takes a batch off a chain.
    pub(crate) fn unchain(&self, chain: &mut Chain) -> Option<Batch> {
        let unit = chain.first?;
        chain.first = self.batch_header(unit).links.next();
        chain.length = chain.length.saturating_sub(1);
        Some(self.batch(unit))
    }

    /// Keeps an empty batch, or gives its memory back when there are enough.
    fn store_empty(&self, pin: &M::Pin, index: ClassIndex, batch: Batch) -> Result<(), Crime> {
        if let Some(shelf) = self.shelves.get(index.get()) {
            let mut shelf = shelf.lock(pin);
            if shelf.empty.length < EMPTY_BATCHES {
                self.chain(&mut shelf.empty, batch);
                return Ok(());
            }
        }
        self.discard_batch(pin, batch, index.class().batch)
    }

    /// Gives the memory of a batch, or of a magazine's room, with so many entries back.
    pub(crate) fn discard_batch(&self, pin: &M::Pin, batch: Batch, entries: u8) -> Result<(), Crime> {
        match self.books.unit_of(batch.as_ptr()) {
            Some(unit) => self.books.free(&self.memory, pin, unit, Batch::units(entries)),
            None => Ok(()),
        }
    }
}
