//! Unmapping: in batches, each of which leaves an obligation.

use core::ops::ControlFlow;

use xtcore::{Frame, FrameRange, Level, VirtAddr, VirtRange};

use super::edit::{for_each_top, pieces, replace};
use super::{Cursor, MapError, Stage};
use crate::entry::{Decoded, occupancy};
use crate::memory::{Frames, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;
use crate::tlb::TlbObligation;

impl<T: Tables> Cursor<'_, T> {
    /// Unmaps pages from the front of the cursor's range, as many as one obligation can hold, and moves on. Returns
    /// `None` when the range is done.
    ///
    /// Large pages that reach over an end of the range are split first, with table frames from `frames`; that is a
    /// batch of its own. Tables that become empty are unlinked and come back through the obligation, as the frames do.
    /// Cost: the entries of the range.
    ///
    /// # Errors
    /// [`MapError::NotMapped`] when a page of the range is not mapped; [`MapError::OutOfFrames`] when there are none
    /// for a split. Nothing has changed then. After a first success there are no more errors.
    pub fn unmap<F: Frames>(&mut self, frames: &mut F) -> Result<Option<TlbObligation>, MapError> {
        if self.stage == Stage::Fresh {
            self.check_mapped()?;
            let split = self.split_ends(frames)?;
            self.stage = Stage::Prepared;
            if split.is_some() {
                return Ok(split);
            }
        }
        if self.pages.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch { done: self.pages.start(), obligation: self.obligation() };
        let Self { space, tables, pages, .. } = self;
        // A full batch ends the walk early; what it did is in `batch` either way.
        let _full = with_shape!(space.mode(), S => {
            for_each_top::<S, _>(space, *pages, |top, part| clear::<S, T>(space, tables, top, part, &mut batch))
        });
        let done = VirtRange::new(pages.start(), batch.done).unwrap_or_default();
        batch.obligation.invalidation.narrow(done);
        *pages = VirtRange::new(batch.done, pages.end()).unwrap_or_default();
        Ok(Some(batch.obligation))
    }
}

/// What has been unmapped so far, and what it owes.
struct Batch {
    done: VirtAddr,
    obligation: TlbObligation,
}

impl Batch {
    /// Adds the frames of `[start, next)`, of which there may be none.
    fn collect(&mut self, start: Frame, next: Frame) {
        let run = FrameRange::new(start, next).unwrap_or_default();
        if !run.is_empty() {
            self.obligation.add_frames(run.start(), run.count());
        }
    }
}

/// The batch can hold no more.
struct Full;

/// Unmaps what lies below a table that is no page table.
fn clear<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    place: TablePlace,
    pages: VirtRange,
    batch: &mut Batch,
) -> ControlFlow<Full> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let mut removed = 0;
    let mut outcome = ControlFlow::Continue(());
    for part in pieces(pages, geometry.page_bytes(place.level)) {
        if !batch.obligation.has_room(usize::from(S::TOP.number())) {
            outcome = ControlFlow::Break(Full);
            break;
        }
        let index = geometry.index(place.level, part.start());
        match (format.decode_in(geometry, place.level, tables.load(place, index)), place.level.below()) {
            (Decoded::Page(frame), _) => {
                replace(tables, place, index, 0);
                batch.obligation.add_frames(frame, geometry.page_frames(place.level));
                batch.obligation.invalidation.note_page(place.level, geometry.page_bytes(place.level));
                batch.done = part.end();
                removed += 1;
            }
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place, below, frame, part.start());
                let emptied = if below == Level::PT {
                    clear_pages::<S, T>(space, tables, child, part, batch)
                } else {
                    match clear::<S, T>(space, tables, child, part, batch) {
                        ControlFlow::Break(full) => ControlFlow::Break(full),
                        ControlFlow::Continue(()) if occupancy::read(tables, child) == 0 => {
                            ControlFlow::Continue(Left::Nothing)
                        }
                        ControlFlow::Continue(()) => ControlFlow::Continue(Left::Something),
                    }
                };
                match emptied {
                    ControlFlow::Break(full) => {
                        outcome = ControlFlow::Break(full);
                        break;
                    }
                    ControlFlow::Continue(Left::Something) => {}
                    ControlFlow::Continue(Left::Nothing) => {
                        replace(tables, place, index, 0);
                        batch.obligation.add_table(below, frame);
                        removed += 1;
                    }
                }
            }
            (Decoded::Absent | Decoded::Table(_), _) => batch.done = part.end(),
        }
    }
    if removed > 0 {
        let before = occupancy::read(tables, place);
        occupancy::write(tables, place, before.saturating_sub(removed));
    }
    outcome
}

/// What a table still maps.
enum Left {
    /// Nothing: the caller unlinks it.
    Nothing,
    /// Something.
    Something,
}

/// Unmaps pages of one page table.
///
/// First their frames are collected. If the table has no other pages, its entries need not be touched: it is unlinked
/// as a whole, and what processors still remember of it is forgotten with the obligation, before table and frames can
/// be used again.
fn clear_pages<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    place: TablePlace,
    pages: VirtRange,
    batch: &mut Batch,
) -> ControlFlow<Full, Left> {
    let geometry = S::GEOMETRY;
    let page = geometry.page_bytes(Level::PT);
    let first = geometry.index(Level::PT, pages.start());
    let count = (pages.bytes() / page) as usize;
    let (mut collected, mut seen) = (0, 0);
    // Frames `[start, next)` belong together and are not in the obligation yet; while there are some, it has room.
    let (mut start, mut next) = (Frame::new(0), Frame::new(0));
    for index in first..first + count {
        if let Decoded::Page(frame) = space.format().decode_in(geometry, Level::PT, tables.load(place, index))
        {
            if frame != next {
                batch.collect(start, next);
                (start, next) = (frame, frame);
                if !batch.obligation.has_room(0) {
                    break;
                }
            }
            // An entry cannot name the last frame that a `Frame` can.
            next = Frame::new(next.number() + 1);
            collected += 1;
        }
        seen += 1;
    }
    batch.collect(start, next);
    batch.done = VirtAddr::new(pages.start().get() + seen as u64 * page);
    if collected > 0 {
        batch.obligation.invalidation.note_page(Level::PT, page);
    }
    let before = occupancy::read(tables, place);
    if collected == before {
        return ControlFlow::Continue(Left::Nothing);
    }
    for index in first..first + seen {
        if index < occupancy::LENDERS {
            replace(tables, place, index, 0);
        } else {
            tables.withdraw(place, index);
        }
    }
    occupancy::write(tables, place, before.saturating_sub(collected));
    if seen < count { ControlFlow::Break(Full) } else { ControlFlow::Continue(Left::Something) }
}
