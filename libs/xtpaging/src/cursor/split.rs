//! Splitting large pages at the ends of a range, so that the range can be changed apart from its surroundings.

use core::ops::ControlFlow;

use xtcore::{FrameCount, Geometry, Level, VirtAddr};

use super::edit::{for_each_top, pieces, replace};
use super::{Cursor, MapError};
use crate::entry::{Bits, Decoded, occupancy};
use crate::memory::{EntryRun, Frames, Reservation, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;
use crate::tlb::{Invalidation, TlbObligation};
use crate::walk::find;

/// The levels of the pages at the ends of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    first: Level,
    last: Level,
}

impl Ends {
    /// Notes a page that comes after all that were noted before.
    fn note(ends: &mut Option<Self>, level: Level) {
        let first = ends.map_or(level, |known| known.first);
        *ends = Some(Self { first, last: level });
    }
}

impl<'a, T: Tables> Cursor<'a, T> {
    /// Splits the large pages that reach over an end of the range. Returns `None` when there are none.
    ///
    /// # Errors
    /// [`MapError::OutOfFrames`] and [`MapError::NotMapped`]; nothing has changed then.
    pub fn split_ends<F: Frames>(
        &mut self,
        frames: &mut F,
    ) -> Result<Option<TlbObligation<'a, 'static>>, MapError> {
        let last = VirtAddr::new(self.pages.end().get() - 1);
        let ends = Ends { first: self.page_level(self.pages.start())?, last: self.page_level(last)? };
        self.split(ends, frames)
    }

    /// As [`Cursor::split_ends`], for who knows already what pages lie at the ends.
    pub(super) fn split<F: Frames>(
        &mut self,
        ends: Ends,
        frames: &mut F,
    ) -> Result<Option<TlbObligation<'a, 'static>>, MapError> {
        let needed = self.plan_split(ends);
        if needed == FrameCount::ZERO {
            return Ok(None);
        }
        let mut reservation = frames.reserve(needed).map_err(MapError::OutOfFrames)?;
        let mut invalidation = self.invalidation();
        let (start, end) = (self.pages.start(), self.pages.end());
        let last = VirtAddr::new(end.get() - 1);
        let Self { space, tables, .. } = self;
        with_shape!(space.mode(), T::MODES, S => {
            split_at::<S, T>(space, tables, start, start, &mut reservation, &mut invalidation)?;
            split_at::<S, T>(space, tables, last, end, &mut reservation, &mut invalidation)?;
        });
        Ok(Some(TlbObligation::new(invalidation)))
    }

    /// Counts the tables that [`Cursor::split`] will take.
    fn plan_split(&self, ends: Ends) -> FrameCount {
        let geometry = self.space.geometry();
        let (start, end) = (self.pages.start(), self.pages.end());
        let last = VirtAddr::new(end.get() - 1);
        let at_start = misaligned(geometry, ends.first, start).count();
        // Where both ends lie in the same page, one split serves both.
        let at_end = misaligned(geometry, ends.last, end)
            .filter(|level| {
                let same = start.get() >> geometry.shift(*level) == last.get() >> geometry.shift(*level);
                let split_already = *level <= ends.first && !start.is_aligned(geometry.page_bytes(*level));
                !(same && split_already)
            })
            .count();
        FrameCount::new((at_start + at_end) as u64)
    }

    /// Returns the level of the page that contains `at`.
    fn page_level(&self, at: VirtAddr) -> Result<Level, MapError> {
        match find(self.space, self.tables, at) {
            Ok(found) => Ok(found.level),
            Err(_) => Err(MapError::NotMapped { at }),
        }
    }

    /// Checks that each page of the range is mapped. Returns what pages lie at its ends.
    pub(super) fn check_mapped(&self) -> Result<Ends, MapError> {
        let mut ends = None;
        let outcome = with_shape!(self.space.mode(), T::MODES, S => {
            for_each_top::<S, _>(self.space, self.pages, |top, part| {
                first_absent::<S, T>(self.space, self.tables, top, part, &mut ends)
            })
        });
        match (outcome, ends) {
            (ControlFlow::Continue(()), Some(ends)) => Ok(ends),
            (ControlFlow::Break(at), _) => Err(MapError::NotMapped { at }),
            (ControlFlow::Continue(()), None) => Err(MapError::NotMapped { at: self.pages.start() }),
        }
    }
}

/// Returns the levels, from `page` down, whose pages reach over the boundary `at`.
fn misaligned(geometry: &'static Geometry, page: Level, at: VirtAddr) -> impl Iterator<Item = Level> {
    (1..=page.number())
        .filter_map(Level::new)
        .filter(move |level| !at.is_aligned(geometry.page_bytes(*level)))
}

fn first_absent<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    place: TablePlace,
    pages: xtcore::VirtRange,
    ends: &mut Option<Ends>,
) -> ControlFlow<VirtAddr> {
    let geometry = S::GEOMETRY;
    if place.level == Level::PT {
        Ends::note(ends, Level::PT);
        return first_absent_page::<S, T>(tables, place, pages);
    }
    for part in pieces(pages, geometry.page_bytes(place.level)) {
        let raw = tables.load(place, geometry.index(place.level, part.start()));
        match (space.format().decode_in(geometry, place.level, raw), place.level.below()) {
            (Decoded::Page(_), _) => Ends::note(ends, place.level),
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place.level, below, frame, part.start());
                first_absent::<S, T>(space, tables, child, part, ends)?;
            }
            (Decoded::Absent | Decoded::Table(_), _) => return ControlFlow::Break(part.start()),
        }
    }
    ControlFlow::Continue(())
}

/// As `first_absent`, in a page table. A full one says so itself.
pub(super) fn first_absent_page<S: Shape, T: Tables>(
    tables: &T,
    place: TablePlace,
    pages: xtcore::VirtRange,
) -> ControlFlow<VirtAddr> {
    let geometry = S::GEOMETRY;
    let page = geometry.page_bytes(Level::PT);
    let first = geometry.index(Level::PT, pages.start());
    let count = (pages.bytes() / page) as usize;
    if count == geometry.entries(Level::PT) && occupancy::is(tables, place, count) {
        return ControlFlow::Continue(());
    }
    let is_absent = |index: &usize| tables.load(place, *index) & Bits::PRESENT.bits() == 0;
    match (first..first + count).find(is_absent) {
        Some(index) => ControlFlow::Break(VirtAddr::new(pages.start().get() + (index - first) as u64 * page)),
        None => ControlFlow::Continue(()),
    }
}

/// Splits the page that contains `inside` until none reaches over `boundary`.
fn split_at<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    inside: VirtAddr,
    boundary: VirtAddr,
    reservation: &mut dyn Reservation,
    invalidation: &mut Invalidation<'_>,
) -> Result<(), MapError> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let mut place = space.top_in::<S>(inside);
    while let Some(below) = place.level.below() {
        let raw = tables.load(place, geometry.index(place.level, inside));
        let frame = match format.decode(place.level, raw) {
            Decoded::Absent => return Err(MapError::NotMapped { at: inside }),
            Decoded::Table(frame) => frame,
            Decoded::Page(_) if boundary.is_aligned(geometry.page_bytes(place.level)) => return Ok(()),
            Decoded::Page(_) => {
                let frame = reservation.take().ok_or(MapError::ReservationShort)?;
                let run = EntryRun {
                    index: 0,
                    count: geometry.entries(below),
                    first: format.split_first(place.level, raw),
                    step: geometry.page_bytes(below),
                };
                occupancy::initialise_all(tables, frame, run);
                // The table is complete before it is linked, so no walker ever misses a translation.
                let index = geometry.index(place.level, inside);
                let entry = format.table(frame, space.privilege_of(inside));
                replace(tables, place, index, entry);
                tables.linked(AddressSpace::child::<S>(place.level, below, frame, inside));
                // A processor may hold the page in fragments, so all of it is to be forgotten, not the range only.
                let bytes = geometry.page_bytes(place.level);
                invalidation.cover(inside.align_down(bytes), bytes);
                invalidation.note_table(below);
                invalidation.note_page(below, geometry.page_bytes(below));
                frame
            }
        };
        place = AddressSpace::child::<S>(place.level, below, frame, inside);
    }
    Ok(())
}
