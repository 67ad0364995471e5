//! Given frames at given pages, with table frames from the frame allocator.
#![allow(unsafe_code, reason = "whoever makes a mapper vouches for the pages that it is told to change")]

use core::fmt;

use xtcore::{Frame, FrameCount, FrameRange, Level, VirtAddr, VirtRange};
use xtpaging::{AddressSpace, Attributes, Frames as _, Limbo, MapError, Mapping, Tables, Tlb};

use super::alias::{self, Alias};
use super::error::SpaceError;
use super::frames::{Prepared, TableFrames};
use super::kernel::{KernelSpace, WindowRange};
use crate::machine::Machine;

/// The way to change mappings for everybody who does not hold the frame allocator's lock.
pub struct Mapper<'m, M: Machine, T, L, F> {
    pub(super) kernel: &'m KernelSpace<'m, M, T, L>,
    pub(super) frames: &'m F,
}

impl<M: Machine, T, L, F> Clone for Mapper<'_, M, T, L, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Machine, T, L, F> Copy for Mapper<'_, M, T, L, F> {}

impl<M: Machine, T, L, F> fmt::Debug for Mapper<'_, M, T, L, F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Mapper({:?})", self.kernel)
    }
}

/// The frames that were set aside for an attempt.
pub(super) type Source<'s, 'm, F> = &'s Prepared<<F as TableFrames>::Reservation<'m>>;

impl<'m, M: Machine, T: Tables, L: Tlb, F: TableFrames> Mapper<'m, M, T, L, F> {
    /// Joins an address space and the source of its table frames.
    ///
    /// # Safety
    /// A mapper believes whoever uses it that the pages which it maps, protects and unmaps are the user's, that the frames
    /// which it maps may appear there, and that nothing refers to what it unmaps. It is a plain value; so whoever makes
    /// one answers for all who get it or what is made of it, a [`Committer`](super::Committer) for instance.
    /// [`SystemPtes`](super::SystemPtes) and [`Devices`](super::Devices) keep theirs to themselves.
    #[must_use]
    pub const unsafe fn new(kernel: &'m KernelSpace<'m, M, T, L>, frames: &'m F) -> Self {
        Self { kernel, frames }
    }

    /// Returns the address space.
    #[must_use]
    pub const fn kernel(&self) -> &'m KernelSpace<'m, M, T, L> {
        self.kernel
    }

    /// Maps a range of pages to consecutive frames, with the largest pages that fit. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`SpaceError::CacheConflict`]; those of [`AddressSpace::map`]. Nothing has changed then.
    pub fn map_run(&self, mapping: &Mapping) -> Result<(), SpaceError> {
        let frames = FrameRange::with_count(mapping.first, FrameCount::holding(mapping.pages.bytes()));
        let window = self.kernel.window();
        self.attempt(|space, tables, _tlb, source| {
            alias::check(space, tables, window, frames, mapping.attributes.cache)?;
            Ok(space.map(tables, &mut { source }, mapping)?)
        })
    }

    /// Maps pages from `start` on to the frames of a list, one page each. Cost: one look and one store a page.
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// As for [`Mapper::map_run`]; nothing has changed then.
    pub fn map_frames(
        &self,
        start: VirtAddr,
        frames: &[Frame],
        attributes: Attributes,
    ) -> Result<(), SpaceError> {
        self.map_list(start, frames, attributes, Alias::Compare)
    }

    /// [`Mapper::map_frames`] for frames of which the memory type in the window may be known.
    pub(super) fn map_list(
        &self,
        start: VirtAddr,
        frames: &[Frame],
        attributes: Attributes,
        known: Alias,
    ) -> Result<(), SpaceError> {
        let pages = VirtRange::saturating(start, FrameCount::new(frames.len() as u64).bytes());
        let window = self.kernel.window();
        self.attempt(|space, tables, _tlb, mut source| {
            let limit = space.format().frame_limit();
            if let Some(frame) = frames.iter().find(|frame| **frame >= limit) {
                let end = frame.saturating_add(FrameCount::ONE);
                return Err(MapError::FrameTooHigh { end, limit }.into());
            }
            if known == Alias::Compare {
                alias::check_list(space, tables, window, frames, attributes.cache)?;
            }
            let mut cursor = space.cursor(tables, pages)?;
            let plan = cursor.plan_streak(attributes)?;
            let mut tables = source.reserve(plan.tables()).map_err(MapError::OutOfFrames)?;
            let mut streak = plan.begin(&mut tables);
            // Nothing refuses after the first: the limit was compared with all of them, there are as many pages, and the
            // frames for the tables are at hand.
            frames
                .iter()
                .try_for_each(|frame| streak.map(*frame))
                .map_err(|_| MapError::ReservationShort.into())
        })
    }

    /// Unmaps a range, all of which is mapped, and hands the frames to `freed`: after every processor has forgotten
    /// them, and with no lock held. Nobody else may change the range meanwhile. Cost: an entry a page, and a TLB
    /// invalidation for every 32 runs of frames. Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// [`MapError::NotMapped`]; [`MapError::OutOfFrames`] when a large page reaches over an end of the range and there is
    /// no frame to split it with. Nothing has changed then.
    pub fn unmap(&self, pages: VirtRange, mut freed: impl FnMut(FrameRange)) -> Result<(), SpaceError> {
        let (mut rest, mut wanted, mut limbo) = (None, FrameCount::ZERO, Limbo::new());
        loop {
            let limbo = &mut limbo;
            let batch = self.attempt_once(&mut wanted, |space, tables, tlb, source| {
                let mut cursor = match rest {
                    Some(rest) => space.resume(tables, rest),
                    None => space.cursor(tables, pages)?,
                };
                let obligation = cursor.unmap(&mut { source }, limbo)?;
                Ok(obligation.map(|obligation| (obligation.discharge(tlb), cursor.pause())))
            })?;
            let (reclaimed, next) = match batch {
                Attempt::Done(Some(batch)) => batch,
                Attempt::Done(None) => return Ok(()),
                Attempt::Short => continue,
            };
            reclaimed.tables().iter().for_each(|table| self.frames.free(*table));
            reclaimed.frames().iter().copied().for_each(&mut freed);
            rest = match next {
                Some(next) => Some(next),
                None => return Ok(()),
            };
        }
    }

    /// Gives all pages of a range other attributes. Returns when no processor uses the old ones any more.
    /// Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// [`SpaceError::CacheConflict`] when the frames have another memory type in the window than the one wanted; those
    /// of [`Cursor::protect`](xtpaging::Cursor::protect). Nothing has changed then.
    pub fn protect(&self, pages: VirtRange, attributes: Attributes) -> Result<(), SpaceError> {
        let window = *self.kernel.window();
        self.attempt(|space, tables, tlb, source| {
            alias::check_pages(space, tables, &window, pages, attributes.cache)?;
            let obligation = space.cursor(tables, pages)?.protect(&mut { source }, attributes)?;
            // Only attributes changed: nothing comes back.
            let _nothing = obligation.discharge(tlb);
            Ok(())
        })
    }

    /// Changes the tables under the lock. When table frames are missing, sets them aside without it and tries again.
    ///
    /// A `change` asks `source` for all that it will need before it changes anything.
    pub(super) fn attempt<R>(
        &self,
        mut change: impl FnMut(&AddressSpace, &mut T, &mut L, Source<'_, 'm, F>) -> Result<R, SpaceError>,
    ) -> Result<R, SpaceError> {
        let mut wanted = FrameCount::ZERO;
        loop {
            if let Attempt::Done(result) = self.attempt_once(&mut wanted, &mut change)? {
                return Ok(result);
            }
        }
    }

    /// Changes the tables under the lock, with `wanted` table frames at hand. If those are too few, it is told how many
    /// would not be, and nothing has changed.
    fn attempt_once<R>(
        &self,
        wanted: &mut FrameCount,
        change: impl FnOnce(&AddressSpace, &mut T, &mut L, Source<'_, 'm, F>) -> Result<R, SpaceError>,
    ) -> Result<Attempt<R>, SpaceError> {
        let prepared = match *wanted {
            FrameCount::ZERO => Prepared::nothing(),
            count => Prepared::new(self.frames.reserve(count).map_err(MapError::OutOfFrames)?, count),
        };
        let result = self.kernel.lend(|space, tables, tlb| change(space, tables, tlb, &prepared));
        match prepared.shortfall() {
            Some(shortfall) => {
                *wanted = shortfall;
                Ok(Attempt::Short)
            }
            None => result.map(Attempt::Done),
        }
    }
}

/// How an attempt ended that has not failed for good.
enum Attempt<R> {
    /// With the change.
    Done(R),
    /// For the lack of table frames.
    Short,
}

/// Returns the most tables that mapping `pages` can take, whatever is mapped around it.
///
/// With `largest` above [`Level::PT`], pages of that size are used wherever one fits, and the frames are aligned as the
/// pages are: then only what is left at the two ends needs tables for smaller ones.
#[must_use]
pub fn tables_bound(space: &AddressSpace, pages: VirtRange, largest: Level) -> FrameCount {
    let span = space.geometry().page_bytes(largest);
    let inner = pages.start().align_up(span).zip(Some(pages.end().align_down(span)));
    match inner.and_then(|(start, end)| VirtRange::new(start, end)).filter(|inner| !inner.is_empty()) {
        Some(inner) if largest > Level::PT => {
            let head = VirtRange::new(pages.start(), inner.start()).unwrap_or_default();
            let tail = VirtRange::new(inner.end(), pages.end()).unwrap_or_default();
            let ends =
                tables_over(space, head, Level::PT).saturating_add(tables_over(space, tail, Level::PT));
            // A table above that two of the parts share is counted for each of them.
            ends.saturating_add(tables_over(space, inner, largest))
        }
        _ => tables_over(space, pages, Level::PT),
    }
}

/// Returns how many tables lie over `pages` that have no page larger than one of level `largest`, without those in which
/// walks begin.
fn tables_over(space: &AddressSpace, pages: VirtRange, largest: Level) -> FrameCount {
    let geometry = space.geometry();
    let top = space.top(pages.start()).level;
    let Some(last) = pages.end().get().checked_sub(1).filter(|last| *last >= pages.start().get()) else {
        return FrameCount::ZERO;
    };
    let tables = (largest.number()..top.number()).filter_map(Level::new).map(|level| {
        let shift = geometry.shift(level) + geometry.index_bits(level);
        (last >> shift) - (pages.start().get() >> shift) + 1
    });
    FrameCount::new(tables.sum())
}

impl WindowRange {
    /// Returns the pages that show `frames`, as far as they lie within the window.
    pub(super) fn pages_of(&self, frames: FrameRange) -> Option<VirtRange> {
        let start = self.address_of(frames.start())?;
        let bytes = self.end().bytes_since(start)?.min(frames.count().bytes());
        VirtRange::with_length(start, bytes)
    }
}
