//! Full checking: patterns behind and in blocks, and the quarantine.
#![allow(unsafe_code, reason = "reads and writes the ends of blocks, and free blocks")]

use core::ptr::NonNull;

use xtcore::VirtAddr;

use crate::inject::Site;
use crate::machine::{Machine, Pin};
use crate::pool::Pool;
use crate::pool::books::{self, Slack};
use crate::pool::check::Checking;
use crate::pool::check::canary::{self, Value};
use crate::pool::check::pattern::{self, Damage, Purpose};
use crate::pool::crime::Crime;
use crate::pool::region::{PageRanges, Pages};
use crate::pool::request::{PoolError, Request};
use crate::pool::small::Held;
use crate::pool::small::cache::Vacancy;
use crate::pool::small::class::ClassIndex;
use crate::pool::tags::Place;

/// Places that leave the quarantine together.
const GROUP: usize = 8;

impl<M: Machine, P: Pages, R: PageRanges> Pool<'_, M, P, R> {
    /// Gives out a place of a class, with a pattern behind the block.
    ///
    /// # Errors
    /// Besides the usual ones [`Crime::WriteAfterFree`], when the place has changed while it was free; the place is
    /// never given out again.
    pub(crate) fn allocate_patterned(
        &self,
        request: &Request,
        class: ClassIndex,
        place: Place,
    ) -> Result<NonNull<u8>, PoolError> {
        let room = class.class().size as usize;
        self.admit(place, room as u64, Site::PoolBlock)?;
        let taken = self.take_place(class, place, request.size)?;
        if taken.was.is_filled() {
            self.verify_free(taken.block, room)?;
        }
        self.mark_slack(taken.block, request.size, room);
        Ok(taken.block)
    }

    /// Takes back such a block: it is filled, and waits in the quarantine.
    ///
    /// # Errors
    /// What is wrong with the block, or [`Crime::WriteAfterFree`] for one that leaves the quarantine.
    pub(crate) fn free_patterned(&self, held: &Held<'_>) -> Result<(), Crime> {
        self.verify_place(held.block, held.content.slack(), held.room())?;
        {
            let pin = self.machine.pin();
            if let Some(cache) = self.caches.get(pin.cpu().get()) {
                self.retire(cache, held, books::Content::FREE)?;
            }
        }
        // SAFETY: the place is free and in no list, so nobody else has it.
        unsafe { pattern::fill(held.block, held.room(), Purpose::Free, self.key) };
        held.record.write(books::Content::FREE_FILLED);
        let vacancy = held.vacancy;
        let limit = match self.checks.checking {
            Checking::Full { quarantine } => quarantine,
            Checking::Default => 0,
        };
        let is_waiting = {
            let pin = self.machine.pin();
            self.quarantine.lock(&pin).push(&self.books, &self.memory, &pin, vacancy, held.room())?
        };
        if !is_waiting {
            return self.release(vacancy);
        }
        self.shrink_quarantine(limit)
    }

    /// Lets the oldest places go until at most `limit` bytes wait.
    ///
    /// # Errors
    /// [`Crime::WriteAfterFree`] for one that has changed meanwhile; it is never given out again.
    pub(crate) fn shrink_quarantine(&self, limit: usize) -> Result<(), Crime> {
        let mut verdict = Ok(());
        loop {
            let mut group = [None; GROUP];
            {
                let pin = self.machine.pin();
                let mut quarantine = self.quarantine.lock(&pin);
                for slot in &mut group {
                    if quarantine.bytes() > limit {
                        *slot = quarantine.pop(&self.books, &self.memory, &pin, |vacancy| {
                            self.page_at(vacancy.offset()).class().size as usize
                        })?;
                    }
                }
            }
            if group.iter().all(Option::is_none) {
                return verdict;
            }
            for vacancy in group.into_iter().flatten() {
                verdict = verdict.and(self.release(vacancy));
            }
        }
    }

    /// Makes a filled place available again.
    fn release(&self, vacancy: Vacancy) -> Result<(), Crime> {
        let class = self.page_at(vacancy.offset()).class_index();
        self.verify_free(self.block_at(vacancy), class.class().size as usize)?;
        let pin = self.machine.pin();
        let Some(magazine) = self.caches.get(pin.cpu().get()).and_then(|cache| cache.magazine(class)) else {
            return self.put_back(&pin, class, core::iter::once(vacancy));
        };
        match magazine.push(vacancy) {
            Ok(()) => Ok(()),
            Err(vacancy) => self.flush(&pin, class, magazine, vacancy),
        }
    }

    /// Checks a place that is free and filled.
    pub(crate) fn verify_free(&self, block: NonNull<u8>, room: usize) -> Result<(), Crime> {
        // SAFETY: the place is free, so it is the pool's, and its record says that it has been filled.
        let verdict = unsafe { pattern::verify(block, room, Purpose::Free, self.key) };
        verdict.map_err(|Damage { offset, found }| {
            let start = VirtAddr::new(block.addr().get() as u64);
            let damaged = VirtAddr::new(start.get().saturating_add(offset as u64));
            Crime::WriteAfterFree { block: start, damaged, found }
        })
    }

    /// Returns how many bytes were asked for of a place with `room` bytes.
    ///
    /// # Errors
    /// [`Crime::Overflow`] when something has written to where it is noted.
    fn size_of(&self, block: NonNull<u8>, slack: Slack, room: usize) -> Result<usize, Crime> {
        // SAFETY: the place is the pool's, and its record was written together with its canary.
        let size = unsafe { canary::size(block, slack, room, self.key) };
        // It is not known any more how large the block was, only how large at most.
        size.ok_or_else(|| Self::overflow(block, room.saturating_sub(slack.least()), 0))
    }

    /// Checks what lies behind a block in a place with `room` bytes.
    ///
    /// # Errors
    /// [`Crime::Overflow`].
    #[inline(never)]
    pub(crate) fn verify_place(&self, block: NonNull<u8>, slack: Slack, room: usize) -> Result<(), Crime> {
        if slack.is_none() {
            // A pageable block that fills its place may have no memory.
            return Ok(());
        }
        let size = self.size_of(block, slack, room)?;
        self.verify_slack(block, size, room)
    }

    /// Prepares the bytes behind a block of `size` bytes, up to `room`. The block's content stays.
    pub(crate) fn mark_slack(&self, block: NonNull<u8>, size: usize, room: usize) {
        if self.checks.red_zone() == 0 {
            // SAFETY: `room` bytes are the block's, and at least sixteen; memory that was committed has some content.
            return unsafe { canary::move_to(block, size, room, self.key) };
        }
        // SAFETY: the block is shorter than its room.
        let slack = unsafe { block.add(size) };
        // SAFETY: the bytes up to `room` are the block's.
        unsafe { pattern::fill(slack, room - size, Purpose::Slack, self.key) };
        // SAFETY: the bytes up to `room` are the block's, more than eight, and the block is shorter.
        unsafe { canary::write_trailer(block, size, room, Value::of(block, self.key)) };
    }

    /// Checks the bytes that [`Pool::mark_slack`] has prepared.
    ///
    /// # Errors
    /// [`Crime::Overflow`].
    pub(crate) fn verify_slack(&self, block: NonNull<u8>, size: usize, room: usize) -> Result<(), Crime> {
        if self.checks.red_zone() == 0 {
            // SAFETY: the books know the sizes that the canary was written with.
            let verdict = unsafe { canary::verify(block, size, room, self.key) };
            return verdict.map_err(|found| Self::overflow(block, size, found));
        }
        let trailer = if room - size >= Slack::LONG { canary::TRAILER } else { 0 };
        let length = room - size - trailer;
        // SAFETY: the block is shorter than its room.
        let slack = unsafe { block.add(size) };
        // SAFETY: the bytes up to `room` are the pool's, and were filled when the block was given out.
        let verdict = unsafe { pattern::verify(slack, length, Purpose::Slack, self.key) };
        verdict.map_err(|damage| Self::overflow(block, size, damage.found.into()))?;
        match self.size_of(block, Slack::of(room - size), room) {
            Ok(noted) if noted == size => Ok(()),
            _ => Err(Self::overflow(block, size, 0)),
        }
    }
}
