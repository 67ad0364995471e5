//! Unmapping: in batches, each of which leaves an obligation.

use core::ops::{ControlFlow, Range};

use xtcore::{FrameCount, Level, VirtAddr, VirtRange};

use super::edit::{for_each_top, narrow, pieces, withdraw};
use super::split::first_absent_page;
use super::{Cursor, MapError, Stage};
use crate::entry::{Bits, Decoded, occupancy, page_address};
use crate::memory::{EntryRun, Frames, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;
use crate::tlb::{Invalidation, Limbo, TlbObligation};

impl<'a, T: Tables> Cursor<'a, T> {
    /// Unmaps pages from the front of the cursor's range, as many as `limbo` can hold the frames of, and moves on. Returns
    /// `None` when the range is done.
    ///
    /// Large pages that reach over an end of the range are split first, with table frames from `frames`; that is a
    /// batch of its own. Tables that become empty are unlinked and come back through the obligation, as the frames do.
    /// Cost: the entries of the range.
    ///
    /// # Errors
    /// [`MapError::NotMapped`] when a page of the range is not mapped; [`MapError::OutOfFrames`] when there are none
    /// for a split. Nothing has changed then. After a first success there are no more errors.
    pub fn unmap<'l, F: Frames>(
        &mut self,
        frames: &mut F,
        limbo: &'l mut Limbo,
    ) -> Result<Option<TlbObligation<'a, 'l>>, MapError> {
        let mut batch = Batch::new(self, limbo);
        if self.stage == Stage::Fresh && !self.unmap_in_one_table(&mut batch)? {
            let ends = self.check_mapped()?;
            let split = self.split(ends, frames)?;
            self.stage = Stage::Prepared;
            if split.is_some() {
                return Ok(split);
            }
        }
        if batch.done == self.pages.start() {
            if self.pages.is_empty() {
                return Ok(None);
            }
            self.unmap_batch(&mut batch);
        }
        let Batch { done, limbo, mut invalidation } = batch;
        invalidation.narrow(VirtRange::new(self.pages.start(), done).unwrap_or_default());
        self.pages = VirtRange::new(done, self.pages.end()).unwrap_or_default();
        Ok(Some(TlbObligation::holding(invalidation, limbo)))
    }

    /// The straight way for a range that lies in one page table, which has other pages besides: one walk looks and
    /// changes. Tells whether that was the case; if not, nothing has changed.
    ///
    /// # Errors
    /// [`MapError::NotMapped`]; nothing has changed then.
    fn unmap_in_one_table(&mut self, batch: &mut Batch<'_, '_>) -> Result<bool, MapError> {
        let Self { space, tables, pages, .. } = self;
        let (start, last) = (pages.start(), VirtAddr::new(pages.end().get() - 1));
        let outcome = with_shape!(space.mode(), T::MODES, S => {
            let place = narrow::<S, T>(space, tables, start, last);
            if place.level != Level::PT {
                return Ok(false);
            }
            if let ControlFlow::Break(at) = first_absent_page::<S, T>(tables, place, *pages) {
                return Err(MapError::NotMapped { at });
            }
            clear_pages::<S, T>(space, tables, place, *pages, batch)
        });
        if matches!(outcome, ControlFlow::Continue(Left::Nothing)) {
            // The table goes too. Its entries are as they were: that way begins at the top.
            batch.restart();
            return Ok(false);
        }
        self.stage = Stage::Prepared;
        Ok(true)
    }

    /// Unmaps from the top tables down.
    fn unmap_batch(&mut self, batch: &mut Batch<'_, '_>) {
        let Self { space, tables, pages, .. } = self;
        // A full batch ends the walk early; what it did is in `batch` either way.
        let _full = with_shape!(space.mode(), T::MODES, S => {
            for_each_top::<S, _>(space, *pages, |top, part| clear::<S, T>(space, tables, top, part, batch))
        });
    }
}

/// What has been unmapped so far, and what it owes.
struct Batch<'a, 'l> {
    done: VirtAddr,
    limbo: &'l mut Limbo,
    invalidation: Invalidation<'a>,
}

impl<'a, 'l> Batch<'a, 'l> {
    /// Returns one in which nothing is, before the first page of the cursor's range.
    fn new<T: Tables>(cursor: &Cursor<'a, T>, limbo: &'l mut Limbo) -> Self {
        limbo.clear();
        Self { done: cursor.pages.start(), limbo, invalidation: cursor.invalidation() }
    }

    /// Forgets what has been collected; of the pages nothing was changed. What is known of their size stays true.
    fn restart(&mut self) {
        self.limbo.clear();
        self.done = self.invalidation.range().start();
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
    batch: &mut Batch<'_, '_>,
) -> ControlFlow<Full> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let mut removed = 0;
    let mut outcome = ControlFlow::Continue(());
    for part in pieces(pages, geometry.page_bytes(place.level)) {
        if !batch.limbo.has_room(usize::from(S::TOP.number())) {
            outcome = ControlFlow::Break(Full);
            break;
        }
        let index = geometry.index(place.level, part.start());
        match (format.decode_in(geometry, place.level, tables.load(place, index)), place.level.below()) {
            (Decoded::Page(frame), _) => {
                withdraw(tables, place, index);
                batch.limbo.add_frames(frame, geometry.page_frames(place.level));
                batch.invalidation.note_page(place.level, geometry.page_bytes(place.level));
                batch.done = part.end();
                removed += 1;
            }
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place.level, below, frame, part.start());
                let emptied = if below == Level::PT {
                    clear_pages::<S, T>(space, tables, child, part, batch)
                } else {
                    match clear::<S, T>(space, tables, child, part, batch) {
                        ControlFlow::Break(full) => ControlFlow::Break(full),
                        ControlFlow::Continue(()) if occupancy::is(tables, child, 0) => {
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
                        withdraw(tables, place, index);
                        batch.invalidation.note_table(below);
                        batch.limbo.add_table(frame);
                        removed += 1;
                    }
                }
            }
            (Decoded::Absent | Decoded::Table(_), _) => batch.done = part.end(),
        }
    }
    occupancy::subtract(tables, place, removed);
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
    batch: &mut Batch<'_, '_>,
) -> ControlFlow<Full, Left> {
    let geometry = S::GEOMETRY;
    let page = geometry.page_bytes(Level::PT);
    let first = geometry.index(Level::PT, pages.start());
    let count = (pages.bytes() / page) as usize;
    let (mut collected, mut seen) = (0, 0);
    // The batch had room for a run when this table was begun.
    while seen < count && batch.limbo.has_room(0) {
        let index = first + seen;
        let raw = tables.load(place, index);
        match space.format().decode_in(geometry, Level::PT, raw) {
            Decoded::Page(frame) => {
                // At least one, whatever a processor may have done to the entry meanwhile.
                let run = together::<S, T>(tables, place, index..first + count, raw).max(1);
                batch.limbo.add_frames(frame, FrameCount::new(run as u64));
                collected += run;
                seen += run;
            }
            Decoded::Absent | Decoded::Table(_) => seen += 1,
        }
    }
    batch.done = VirtAddr::new(pages.start().get() + seen as u64 * page);
    if collected > 0 {
        batch.invalidation.note_page(Level::PT, page);
    }
    if collected == geometry.entries(Level::PT) || occupancy::is(tables, place, collected) {
        return ControlFlow::Continue(Left::Nothing);
    }
    for index in first..first + seen {
        withdraw(tables, place, index);
    }
    occupancy::subtract(tables, place, collected);
    if seen < count { ControlFlow::Break(Full) } else { ControlFlow::Continue(Left::Something) }
}

/// Returns how many of the entries at `indexes` belong together: present, each on the frame after its predecessor's. The
/// first of them is `raw`.
fn together<S: Shape, T: Tables>(tables: &T, place: TablePlace, indexes: Range<usize>, raw: u64) -> usize {
    if indexes.len() == 1 {
        return 1;
    }
    let step = S::GEOMETRY.page_bytes(Level::PT);
    let address = page_address(S::GEOMETRY, Level::PT, u64::MAX).get();
    // After the last frame that an entry can name comes none: the sum would begin again at the first.
    let nameable = 1 + (address - (raw & address)) / step;
    let count = nameable.min(indexes.len() as u64) as usize;
    let run = EntryRun { index: indexes.start, count, first: raw, step };
    tables.count_like(place, run, address | Bits::PRESENT.bits())
}
