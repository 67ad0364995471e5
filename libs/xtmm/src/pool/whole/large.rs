//! Blocks larger than 8 KiB, or aligned to more than a page.
#![allow(unsafe_code, reason = "fills blocks")]

use core::ptr::{self, NonNull};

use xtcore::{PAGE_BYTES, VirtAddr};

use crate::inject::Site;
use crate::machine::Machine;
use crate::pool::Pool;
use crate::pool::books::{PageRecord, Part, Unit};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolError, Request, Tag};
use crate::pool::tags::Place;
use crate::pool::whole::{self, Shape};

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Gives out a block of whole pages.
    ///
    /// # Errors
    /// The site that has run out, a size that no region holds, a quota; nothing is lost.
    pub(crate) fn allocate_pages(&self, request: &Request, place: Place) -> Result<NonNull<u8>, PoolError> {
        let too_large = PoolError::TooLarge(request.size.max(request.alignment));
        let Some(size) = (request.size as u64).checked_add(self.checks.red_zone() as u64) else {
            return Err(too_large);
        };
        if size > self.region.bytes() || request.alignment as u64 > self.region.bytes() {
            return Err(too_large);
        }
        let count = size.div_ceil(PAGE_BYTES);
        let alignment = (request.alignment as u64).div_ceil(PAGE_BYTES);
        self.admit(place, count * PAGE_BYTES, Site::PoolPages)?;

        let shape = {
            let pin = self.machine.pin();
            let unit = self.books.allocate(&self.memory, &pin, whole::UNITS)?;
            let pages = match self.take_pages(&pin, count, alignment, self.kind) {
                Ok(pages) => pages,
                Err(error) => {
                    self.books.free(&self.memory, &pin, unit, whole::UNITS)?;
                    return Err(error);
                }
            };
            // Pages lie where pointers can reach.
            let block = pages.start().get() as usize;
            let shape = Shape { block, size: request.size, pages, before: 0, after: 0, place };
            self.whole(unit).write(&shape);
            self.records.set(pages, |_| PageRecord::part(Part::Whole(unit)));
            self.count_in(&pin, &shape);
            shape
        };
        let Some(block) = NonNull::new(ptr::with_exposed_provenance_mut::<u8>(shape.block)) else {
            return Err(too_large);
        };
        self.mark_slack(block, shape.size, shape.room());
        Ok(block)
    }

    /// Takes a block of whole pages back.
    pub(crate) fn free_pages(&self, block: NonNull<u8>, unit: Unit, tag: Option<Tag>) -> Result<(), Crime> {
        let shape = self.find_pages(block, unit, tag)?;
        self.verify_slack(block, shape.size, shape.room())?;
        let pin = self.machine.pin();
        if !self.whole(unit).retire() {
            return Err(self.not_here(shape.address()));
        }
        self.count_out(&pin, &shape);
        self.give_pages(shape.pages)?;
        self.books.free(&self.memory, &pin, unit, whole::UNITS)
    }

    /// Changes the size of a block of whole pages where it lies, if its pages hold it and none is wasted.
    pub(crate) fn resize_pages(
        &self,
        block: NonNull<u8>,
        unit: Unit,
        size: usize,
        tag: Option<Tag>,
    ) -> Result<bool, Crime> {
        let shape = self.find_pages(block, unit, tag)?;
        self.verify_slack(block, shape.size, shape.room())?;
        let room = shape.room();
        if size > room - self.checks.red_zone() || size < room / 2 {
            return Ok(false);
        }
        self.whole(unit).write(&Shape { size, ..shape });
        self.mark_slack(block, size, room);
        Ok(true)
    }

    fn find_pages(&self, block: NonNull<u8>, unit: Unit, tag: Option<Tag>) -> Result<Shape, Crime> {
        let shape = self.whole(unit).shape();
        let address = VirtAddr::new(block.addr().get() as u64);
        if address != shape.address() {
            return Err(Crime::Interior { address, block: shape.address() });
        }
        self.check_tag(&shape, tag)?;
        Ok(shape)
    }
}
