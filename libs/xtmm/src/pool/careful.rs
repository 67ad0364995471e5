//! The way of every block that is not an ordinary one: large or strangely aligned, from a paged pool, of a new tag, checked more
//! than usual, asked for at a raised level, or while allocations are made to fail.
#![allow(unsafe_code, reason = "gives out memory")]

use core::ptr::NonNull;

use xtcore::{VirtAddr, VirtRange};

use crate::inject::Site;
use crate::machine::{Machine, Pin, RunLevel};
use crate::pool::books::{self, Part, Slack};
use crate::pool::check::Checking;
use crate::pool::check::canary::{self, Value};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{Content, PoolError, PoolKind, Request, Tag};
use crate::pool::small::class;
use crate::pool::tags::{Place, TagUse};
use crate::pool::{PAGE_BYTES, PAGE_SHIFT, Pool};

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Gives out any block, with any content: who wants zeros writes them. What is asked for comes in registers: the short way must not put it into memory.
    #[cold]
    #[inline(never)]
    pub(super) fn allocate_carefully(
        &self,
        size: usize,
        alignment: usize,
        tag: Tag,
    ) -> Result<NonNull<u8>, PoolError> {
        if !alignment.is_power_of_two() {
            return Err(PoolError::BadAlignment(alignment));
        }
        let (size, alignment) = (size.max(1), alignment.max(class::GRAIN));
        let request = Request { size, alignment, tag, content: Content::Any };
        if let Some(level) = self.forbidden_level() {
            return Err(Crime::AllocateLevel { level, kind: self.kind, size: request.size as u64 }.into());
        }
        if let Some(block) = self.allocate_raised(&request) {
            return Ok(block);
        }
        let tag = request.tag.get();
        let place = self.tags.find(tag).unwrap_or_else(|| self.tags.insert(tag));
        if self.checks.is_special(request.tag) {
            return self.allocate_special(&request, place);
        }
        let red_zone = self.checks.red_zone();
        let class = request.size.checked_add(red_zone).and_then(|size| match request.alignment {
            class::GRAIN => class::for_size(size),
            alignment => class::for_aligned(size, alignment),
        });
        match class {
            None => self.allocate_pages(&request, place),
            Some(class) if red_zone == 0 => {
                self.admit(place, u64::from(class.class().size), Site::PoolBlock)?;
                self.allocate_fresh(&request, class, place)
            }
            Some(class) => self.allocate_patterned(&request, class, place),
        }
    }

    /// Gives out a block that the processor has in store, to who comes from a raised level, up to Dispatch: the machine may offer
    /// the short way to Passive only.
    fn allocate_raised(&self, request: &Request) -> Option<NonNull<u8>> {
        if self.machine.run_level() == RunLevel::Passive {
            return None;
        }
        let (class, place) = self.short_way(request.size, request.alignment, request.tag)?;
        let pin = self.machine.pin();
        self.take_cached(pin.cpu(), class, place, request.size)
    }

    /// Gives out a place of a class that the processor's magazine may not have, with a canary behind the block.
    fn allocate_fresh(
        &self,
        request: &Request,
        class: class::ClassIndex,
        place: Place,
    ) -> Result<NonNull<u8>, PoolError> {
        let block = self.take_place(class, place, request.size)?.block;
        let room = class.class().size as usize;
        if request.size != room {
            // SAFETY: the place is the caller's, and as large as the class says.
            unsafe { canary::write(block, request.size, room, Value::of(block, self.key)) };
        }
        Ok(block)
    }

    /// Takes any block back.
    #[cold]
    #[inline(never)]
    pub(super) fn free_carefully(&self, block: NonNull<u8>, tag: Option<Tag>) -> Result<(), Crime> {
        let page = self.page_of(block.addr().get());
        let address = VirtAddr::new(block.addr().get() as u64);
        if let Some(level) = self.forbidden_level() {
            return Err(Crime::FreeLevel { level, kind: self.kind, block: address });
        }
        if self.has_short_way() && self.machine.run_level() != RunLevel::Passive {
            // The machine may offer the short way to Passive only.
            let pin = self.machine.pin();
            if self.give_cached(pin.cpu(), block, tag).is_some() {
                return Ok(());
            }
        }
        match page.as_part() {
            Some(Part::Whole(unit)) => self.free_pages(block, unit, tag),
            Some(Part::Special(unit)) => self.free_special(block, unit, tag),
            None if page.is_slab() => {
                let held = self.find_held(block, page, tag)?;
                if matches!(self.checks.checking, Checking::Full { .. }) {
                    return self.free_patterned(&held);
                }
                self.verify_place(block, held.content.slack(), held.room())?;
                self.give_place(&held, books::Content::FREE)
            }
            None => Err(self.not_here(address)),
        }
    }

    /// Returns what is wrong with freeing an address of a page in which nothing is allocated.
    pub(super) fn not_here(&self, address: VirtAddr) -> Crime {
        if !self.region.contains(address) {
            return Crime::Foreign { address };
        }
        let page = address.get().saturating_sub(self.region.start().get()) >> PAGE_SHIFT;
        Crime::NotAllocated { address, kind: self.kind, page, region: self.region.bytes() }
    }

    /// Returns the run level if the pool cannot be used there.
    fn forbidden_level(&self) -> Option<RunLevel> {
        let level = self.machine.run_level();
        let is_allowed = match self.kind {
            PoolKind::NonPaged => level <= RunLevel::Dispatch,
            PoolKind::Paged => level.may_fault(),
        };
        (!is_allowed).then_some(level)
    }

    /// Refuses what would go past a quota. Exact unless several processors allocate for the tag at the same time: each of
    /// them may then go past it by one block.
    #[cold]
    pub(super) fn check_quota(&self, place: Place, quota: usize, bytes: usize) -> Result<(), PoolError> {
        let used = self.tag_use(place).bytes;
        match used.checked_add(bytes) {
            Some(sum) if sum <= quota => Ok(()),
            _ => Err(PoolError::QuotaExceeded { tag: self.tag_of(place), quota }),
        }
    }

    /// Refuses a block of `bytes` bytes that goes past a quota, or is to fail.
    pub(super) fn admit(&self, place: Place, bytes: u64, site: Site) -> Result<(), PoolError> {
        if let Some(quota) = self.tags.quota(place) {
            self.check_quota(place, quota, usize::try_from(bytes).unwrap_or(usize::MAX))?;
        }
        if self.machine.injector().fails(site) { Err(PoolError::OutOfMemory(site)) } else { Ok(()) }
    }

    /// Returns the tag that a place belongs to.
    pub(super) fn tag_of(&self, place: Place) -> Tag {
        match place {
            Place::OVERFLOW => Tag::OVERFLOW,
            place => Tag::from_number(self.tags.tag(place)),
        }
    }

    /// Returns what all processors have counted for a tag in this pool.
    pub(super) fn tag_use(&self, place: Place) -> TagUse {
        let counters = self.caches.iter().filter_map(|cache| cache.counters(place));
        TagUse::sum(self.tag_of(place), self.tags.quota(place), counters)
    }

    /// Changes the size of a block where it lies.
    ///
    /// Returns false when the block must move: its place is too small, or so much too large that a smaller one is worth
    /// it; or it comes from the special pool, whose blocks end where their page ends.
    ///
    /// # Errors
    /// The same crimes as [`Pool::free`] finds.
    ///
    /// # Safety
    /// The caller owns the block.
    pub unsafe fn resize(&self, block: NonNull<u8>, size: usize, tag: Option<Tag>) -> Result<bool, Crime> {
        let page = self.page_of(block.addr().get());
        let size = size.max(1);
        if let Some(level) = self.forbidden_level() {
            let block = VirtAddr::new(block.addr().get() as u64);
            return Err(Crime::FreeLevel { level, kind: self.kind, block });
        }
        match page.as_part() {
            Some(Part::Whole(unit)) => return self.resize_pages(block, unit, size, tag),
            Some(Part::Special(_)) => return Ok(false),
            None if !page.is_slab() => return Err(self.not_here(VirtAddr::new(block.addr().get() as u64))),
            None => {}
        }
        let held = self.find_held(block, page, tag)?;
        self.verify_place(block, held.content.slack(), held.room())?;
        let red_zone = self.checks.red_zone();
        if size > held.room() - red_zone || size < held.room() / 2 {
            return Ok(false);
        }
        held.record.write(books::Content::used(held.place, Slack::of(held.room() - size)));
        self.mark_slack(block, size, held.room());
        Ok(true)
    }

    /// Returns the page that an address lies in.
    pub(super) fn page_around(address: VirtAddr) -> VirtRange {
        VirtRange::saturating(address.align_down(PAGE_BYTES), PAGE_BYTES)
    }
}
