//! Mapping page after page, each to a frame of its own that is known only when its turn comes.
//!
//! What frames follow is nobody's business here, so a page costs one store. Everything else is done once per page table:
//! the way down to it, its count, and the frame that it may need. All table frames of the range are reserved before the
//! first page is mapped, so running out half-way has no place to happen here either.
//!
//! # The count
//! A table is told of all the pages that will come when the streak enters it. Whoever stops early has the rest taken
//! back by the streak's end. A streak that is forgotten instead leaves a count that is too high, and so a table that
//! is never freed: a leak, never a table that goes away under its pages.

use core::hint::cold_path;

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PAGE_SHIFT, VirtAddr, VirtRange};

use super::{Cursor, Job, Start, look};
use crate::cursor::edit::clip;
use crate::cursor::error::{MapError, StreakError};
use crate::entry::{Attributes, Decoded, occupancy};
use crate::memory::{Reservation, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;

/// Room for pages, found free.
#[must_use = "a plan changes nothing until pages are mapped"]
#[derive(Debug)]
pub struct StreakPlan<'c, 'a, T: Tables> {
    cursor: &'c mut Cursor<'a, T>,
    attributes: Attributes,
    start: Start,
    tables: FrameCount,
}

/// Maps the pages of a range one after the other; see [`Cursor::plan_streak`].
#[derive(Debug)]
pub struct Streak<'s, T: Tables, R: Reservation> {
    space: &'s AddressSpace,
    tables: &'s mut T,
    reservation: &'s mut R,
    /// What an entry says besides its frame.
    attributes: u64,
    /// The first frame that an entry cannot name.
    limit: Frame,
    /// What no window has covered yet.
    rest: VirtRange,
    window: Window,
}

/// The entries of a page table that come next.
#[derive(Clone, Copy, Debug)]
struct Window {
    place: TablePlace,
    /// The next entry.
    index: usize,
    /// The end of those that need no second thought.
    plain: usize,
    /// The end of those that the table has counted already.
    end: usize,
}

impl Window {
    /// `count` entries of a table, from `index` on.
    const fn new(place: TablePlace, index: usize, count: usize) -> Self {
        Self { place, index, plain: index, end: index + count }
    }
}

impl<'a, T: Tables> Cursor<'a, T> {
    /// Plans to map the cursor's range page by page to frames that will be given one at a time. Changes nothing. Cost:
    /// the tables of the range.
    ///
    /// # Errors
    /// [`MapError::UserInKernelHalf`] and [`MapError::AlreadyMapped`].
    pub fn plan_streak<'c>(&'c mut self, attributes: Attributes) -> Result<StreakPlan<'c, 'a, T>, MapError> {
        self.check_privilege(attributes)?;
        // Only large pages depend on the frames.
        let job = Job { pages: self.pages, first: Frame::new(0), attributes, largest: Level::PT };
        let (start, tables) = look(self.space, self.tables, &job)?;
        Ok(StreakPlan { cursor: self, attributes, start, tables })
    }
}

impl<'c, T: Tables> StreakPlan<'c, '_, T> {
    /// Returns the number of table frames that mapping the whole range will take.
    #[must_use]
    pub const fn tables(&self) -> FrameCount {
        self.tables
    }

    /// Begins. Of the frames in `reservation`, each is taken when the streak comes to its table.
    #[inline]
    pub fn begin<'s, R: Reservation>(self, reservation: &'s mut R) -> Streak<'s, T, R>
    where
        'c: 's,
    {
        let Cursor { space, tables, pages, .. } = self.cursor;
        let space: &AddressSpace = space;
        let (window, rest) = match self.start {
            // The whole range lies in one table, to which the plan has found the way.
            Start::At(place) if place.level == Level::PT => {
                let count = (pages.bytes() / PAGE_BYTES) as usize;
                occupancy::add(*tables, place, count);
                let window = Window::new(place, space.geometry().index(Level::PT, pages.start()), count);
                (window, VirtRange::new(pages.end(), pages.end()).unwrap_or_default())
            }
            Start::At(place) => (Window::new(place, 0, 0), *pages),
            Start::Tops => (Window::new(space.top(pages.start()), 0, 0), *pages),
        };
        Streak {
            space,
            tables,
            reservation,
            attributes: space.format().page(Level::PT, Frame::new(0), self.attributes),
            limit: space.format().frame_limit(),
            rest,
            window,
        }
    }
}

impl<T: Tables, R: Reservation> Streak<'_, T, R> {
    /// Maps the next page to `frame`.
    ///
    /// Cost: one store; for the first page of a table also the way down, and the table if there is none.
    ///
    /// # Errors
    /// [`StreakError::FrameTooHigh`] and [`StreakError::Done`]; nothing has changed then.
    /// [`StreakError::ReservationShort`] when the reservation breaks its promise; the page is not mapped then.
    #[inline]
    pub fn map(&mut self, frame: Frame) -> Result<(), StreakError> {
        if frame >= self.limit {
            return Err(StreakError::FrameTooHigh { frame, limit: self.limit });
        }
        // Nothing is shifted out of a frame number below the limit.
        let mut entry = self.attributes | frame.number() << PAGE_SHIFT;
        if self.window.index >= self.window.plain {
            cold_path();
            if self.window.index == self.window.end {
                // By value, so that a caller's loop can keep the window in registers.
                let (window, rest) = advance(self.space, self.tables, self.reservation, self.rest)?;
                (self.window, self.rest) = (window, rest);
            }
            let Window { place, index, end, .. } = self.window;
            entry = occupancy::keep(self.tables, place, index, entry);
            self.window.plain = if index + 1 < occupancy::LENDERS { index + 1 } else { end };
        }
        self.tables.publish(self.window.place, self.window.index, entry);
        self.window.index += 1;
        Ok(())
    }

    /// Returns the pages that are not mapped yet.
    #[must_use]
    pub fn pages(&self) -> VirtRange {
        let counted = (self.window.end - self.window.index) as u64 * PAGE_BYTES;
        let start = VirtAddr::new(self.rest.start().get() - counted);
        VirtRange::new(start, self.rest.end()).unwrap_or_default()
    }
}

impl<T: Tables, R: Reservation> Drop for Streak<'_, T, R> {
    #[inline]
    fn drop(&mut self) {
        let Window { place, index, end, .. } = self.window;
        if index < end {
            // Its count says that these were mapped.
            occupancy::subtract(self.tables, place, end - index);
        }
    }
}

/// Goes on to the page table in which `rest` begins. Returns its entries, and what comes after them.
#[cold]
#[inline(never)]
fn advance<T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    reservation: &mut dyn Reservation,
    rest: VirtRange,
) -> Result<(Window, VirtRange), StreakError> {
    let at = rest.start();
    if rest.is_empty() {
        return Err(StreakError::Done { end: at });
    }
    with_shape!(space.mode(), T::MODES, S => {
        let entries = S::GEOMETRY.entries(Level::PT) as u64;
        let part = clip(at, rest.end(), entries * PAGE_BYTES);
        let window = enter::<S, T>(space, tables, reservation, part)?;
        Ok((window, VirtRange::new(part.end(), rest.end()).unwrap_or_default()))
    })
}

/// Goes down to the page table of `part`, which is not larger than one, making the tables that do not exist.
fn enter<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    reservation: &mut dyn Reservation,
    part: VirtRange,
) -> Result<Window, StreakError> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let at = part.start();
    let count = (part.bytes() / PAGE_BYTES) as usize;
    let mut place = space.top_in::<S>(at);
    while let Some(below) = place.level.below() {
        let index = geometry.index(place.level, at);
        let known = match format.decode_in(geometry, place.level, tables.load(place, index)) {
            Decoded::Table(frame) => Some(frame),
            // The plan found no page here.
            Decoded::Absent | Decoded::Page(_) => None,
        };
        let frame = match known {
            Some(frame) => frame,
            None => {
                let frame = reservation.take().ok_or(StreakError::ReservationShort)?;
                // Zeroed and counted before it is linked (regression 13).
                tables.zero(frame);
                if below == Level::PT {
                    occupancy::announce(tables, frame, count);
                }
                let entry = format.table(frame, space.privilege_of(at));
                tables.publish(place, index, occupancy::keep(tables, place, index, entry));
                occupancy::add(tables, place, 1);
                frame
            }
        };
        place = AddressSpace::child::<S>(place.level, below, frame, at);
        if below == Level::PT && known.is_some() {
            occupancy::add(tables, place, count);
        }
    }
    let index = geometry.index(Level::PT, at);
    Ok(Window::new(place, index, count))
}
