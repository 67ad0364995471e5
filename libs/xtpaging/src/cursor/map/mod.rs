//! Mapping: plan, then commit.
//!
//! A plan finds the deepest table that holds the whole range, and the commit begins there: for a range within one page
//! table the way down is gone once. Each table's count is written once, whatever the number of pages.

mod streak;

use core::ops::ControlFlow;

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, VirtAddr, VirtRange};

use super::Cursor;
use super::count::{TableCounter, page_level};
use super::edit::{clip, for_each_top, narrow, pieces};
use super::error::MapError;
use crate::entry::{Attributes, Bits, Decoded, occupancy};
use crate::memory::{EntryRun, Reservation, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;

pub use streak::{Streak, StreakPlan};

/// A mapping that has been found possible.
#[must_use = "a plan changes nothing until it is committed"]
#[derive(Debug)]
pub struct MapPlan<'c, 'a, T: Tables> {
    cursor: &'c mut Cursor<'a, T>,
    job: Job,
    start: Start,
    tables: FrameCount,
}

/// Where the tables of a range begin.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// In the deepest table that holds all of it.
    At(TablePlace),
    /// In several tables at the top, side by side (PML3).
    Tops,
}

/// What is to be mapped where.
#[derive(Clone, Copy, Debug)]
struct Job {
    pages: VirtRange,
    first: Frame,
    attributes: Attributes,
    largest: Level,
}

impl Job {
    fn frame_at(&self, address: VirtAddr) -> Frame {
        let bytes = address.get().wrapping_sub(self.pages.start().get());
        self.first.saturating_add(FrameCount::new(bytes / PAGE_BYTES))
    }
}

impl<'a, T: Tables> Cursor<'a, T> {
    /// Plans to map the cursor's range to `first` and its successors, with the largest pages that alignment, `largest`
    /// and the processor allow. Changes nothing. Cost: the tables of the range.
    ///
    /// # Errors
    /// [`MapError::UserInKernelHalf`], [`MapError::FrameTooHigh`] and [`MapError::AlreadyMapped`].
    pub fn plan_map<'c>(
        &'c mut self,
        first: Frame,
        attributes: Attributes,
        largest: Level,
    ) -> Result<MapPlan<'c, 'a, T>, MapError> {
        self.check_privilege(attributes)?;
        let format = self.space.format();
        let job = Job { pages: self.pages, first, attributes, largest: largest.min(format.largest_page()) };
        let end = first.saturating_add(FrameCount::holding(self.pages.bytes()));
        let limit = format.frame_limit();
        if end > limit {
            return Err(MapError::FrameTooHigh { end, limit });
        }
        let (start, tables) = look(self.space, self.tables, &job)?;
        Ok(MapPlan { cursor: self, job, start, tables })
    }
}

impl<T: Tables> MapPlan<'_, '_, T> {
    /// Returns the number of table frames that the commit will take.
    #[must_use]
    pub const fn tables(&self) -> FrameCount {
        self.tables
    }

    /// Maps. Takes exactly [`MapPlan::tables`] frames.
    ///
    /// # Errors
    /// [`MapError::ReservationShort`] when `reservation` breaks its promise, and for no other reason.
    pub fn commit<R: Reservation>(self, mut reservation: R) -> Result<(), MapError> {
        self.commit_with(&mut reservation)
    }

    /// One body for all sources of frames: a table is taken once for hundreds of pages.
    fn commit_with(self, reservation: &mut dyn Reservation) -> Result<(), MapError> {
        let Cursor { space, tables, .. } = self.cursor;
        let job = self.job;
        let outcome = with_shape!(space.mode(), T::MODES, S => match self.start {
            Start::At(place) => commit::<S, T>(space, tables, &job, place, job.pages, reservation),
            Start::Tops => for_each_top::<S, _>(space, job.pages, |top, part| {
                commit::<S, T>(space, tables, &job, top, part, reservation)
            }),
        });
        match outcome {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(()),
        }
    }
}

/// Finds out where the tables of a range begin, that none of its pages is mapped, and how many tables are missing.
fn look<T: Tables>(space: &AddressSpace, tables: &T, job: &Job) -> Result<(Start, FrameCount), MapError> {
    let mut counter = TableCounter::default();
    let mut start = Start::Tops;
    let outcome = with_shape!(space.mode(), T::MODES, S => {
        let pages = job.pages;
        let last = VirtAddr::new(pages.end().get() - 1);
        if S::TOP_TABLES == 1 || space.top_in::<S>(pages.start()) == space.top_in::<S>(last) {
            let place = narrow::<S, T>(space, tables, pages.start(), last);
            start = Start::At(place);
            plan::<S, T>(space, tables, job, place, pages, &mut counter)
        } else {
            for_each_top::<S, _>(space, pages, |top, part| {
                plan::<S, T>(space, tables, job, top, part, &mut counter)
            })
        }
    });
    match outcome {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok((start, counter.count())),
    }
}

fn plan<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    job: &Job,
    place: TablePlace,
    pages: VirtRange,
    counter: &mut TableCounter,
) -> ControlFlow<MapError> {
    let geometry = S::GEOMETRY;
    if place.level == Level::PT {
        return match first_present::<S, T>(tables, place, pages) {
            Some(at) => ControlFlow::Break(MapError::AlreadyMapped { at }),
            None => ControlFlow::Continue(()),
        };
    }
    for part in pieces(pages, geometry.page_bytes(place.level)) {
        let raw = tables.load(place, geometry.index(place.level, part.start()));
        match (space.format().decode_in(geometry, place.level, raw), place.level.below()) {
            (Decoded::Absent, _) => {
                let first = job.frame_at(part.start());
                counter.add::<S>(place.level, job.largest, (part.start(), part.end()), first);
            }
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place.level, below, frame, part.start());
                plan::<S, T>(space, tables, job, child, part, counter)?;
            }
            (Decoded::Page(_) | Decoded::Table(_), _) => {
                return ControlFlow::Break(MapError::AlreadyMapped { at: part.start() });
            }
        }
    }
    ControlFlow::Continue(())
}

/// Returns the first page of the range that is mapped in a page table.
fn first_present<S: Shape, T: Tables>(tables: &T, place: TablePlace, pages: VirtRange) -> Option<VirtAddr> {
    let geometry = S::GEOMETRY;
    let page = geometry.page_bytes(Level::PT);
    let first = geometry.index(Level::PT, pages.start());
    let count = (pages.bytes() / page) as usize;
    let index =
        (first..first + count).find(|index| tables.load(place, *index) & Bits::PRESENT.bits() != 0)?;
    Some(VirtAddr::new(pages.start().get() + (index - first) as u64 * page))
}

fn commit<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    job: &Job,
    place: TablePlace,
    pages: VirtRange,
    reservation: &mut dyn Reservation,
) -> ControlFlow<MapError> {
    let geometry = S::GEOMETRY;
    let span = geometry.page_bytes(place.level);
    let format = space.format();
    let mut added = 0;
    let mut outcome = ControlFlow::Continue(());
    let mut at = pages.start();
    while at < pages.end() {
        let index = geometry.index(place.level, at);
        let left = pages.end().get() - at.get();
        let frame = job.frame_at(at);
        if place.level == Level::PT {
            // The plan found every page of the range absent, and the part ends with this table: one run.
            let count = (left / span) as usize;
            let run =
                EntryRun { index, count, first: format.page(Level::PT, frame, job.attributes), step: span };
            publish_run(tables, place, run);
            added += count;
            break;
        }
        let part = clip(at, pages.end(), span);
        let Some(below) = place.level.below() else { break };
        let child = match format.decode_in(geometry, place.level, tables.load(place, index)) {
            Decoded::Table(frame) => AddressSpace::child::<S>(place.level, below, frame, at),
            Decoded::Absent | Decoded::Page(_) => {
                added += 1;
                if page_level(geometry, job.largest.min(place.level), at, frame, left) == place.level {
                    let entry = format.page(place.level, frame, job.attributes);
                    tables.publish(place, index, occupancy::keep(tables, place, index, entry));
                    at = part.end();
                    continue;
                }
                let Some(table) = reservation.take() else {
                    added -= 1;
                    outcome = ControlFlow::Break(MapError::ReservationShort);
                    break;
                };
                // Complete before it is linked: a walker must never see what the frame held before (regression 13).
                let full = below == Level::PT && part.bytes() == span;
                if full {
                    let step = geometry.page_bytes(Level::PT);
                    let (first, count) =
                        (format.page(Level::PT, frame, job.attributes), geometry.entries(below));
                    occupancy::initialise_all(tables, table, EntryRun { index: 0, count, first, step });
                } else {
                    tables.zero(table);
                }
                let entry = format.table(table, space.privilege_of(at));
                tables.publish(place, index, occupancy::keep(tables, place, index, entry));
                if full {
                    at = part.end();
                    continue;
                }
                AddressSpace::child::<S>(place.level, below, table, at)
            }
        };
        outcome = commit::<S, T>(space, tables, job, child, part, reservation);
        if outcome.is_break() {
            break;
        }
        at = part.end();
    }
    occupancy::add(tables, place, added);
    outcome
}

/// Publishes a run of pages, keeping the occupancy bits of the entries that lend them.
fn publish_run<T: Tables>(tables: &mut T, place: TablePlace, run: EntryRun) {
    debug_assert!(run.first & Bits::PRESENT.bits() != 0, "only present entries are published");
    let lenders = occupancy::LENDERS.saturating_sub(run.index).min(run.count);
    let mut value = run.first;
    for index in run.index..run.index + lenders {
        tables.publish(place, index, occupancy::keep(tables, place, index, value));
        value = value.wrapping_add(run.step);
    }
    if run.count > lenders {
        let rest =
            EntryRun { index: run.index + lenders, count: run.count - lenders, first: value, step: run.step };
        tables.publish_run(place, rest);
    }
}
