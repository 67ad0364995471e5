//! Merging the pages of one table into a large page.

use xtcore::{Level, VirtAddr, VirtRange};

use super::edit::replace;
use super::{Cursor, MergeError, Stage};
use crate::entry::{Decoded, Format};
use crate::memory::{TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;
use crate::tlb::{Limbo, TlbObligation};

impl<'a, T: Tables> Cursor<'a, T> {
    /// Replaces the table below the first page of the cursor's range by one large page of `level`.
    ///
    /// The range must begin where the large page begins. The table comes back through the obligation; until then it is in
    /// `limbo`. Cost: one look at each entry of the table.
    ///
    /// # Errors
    /// [`MergeError`]; nothing has changed then.
    pub fn merge<'l>(
        &mut self,
        level: Level,
        limbo: &'l mut Limbo,
    ) -> Result<TlbObligation<'a, 'l>, MergeError> {
        if level == Level::PT || level > self.space.format().largest_page() {
            return Err(MergeError::NoSuchPage);
        }
        let at = self.pages.start();
        if !at.is_aligned(self.space.geometry().page_bytes(level)) {
            return Err(MergeError::NoTable { at });
        }
        limbo.clear();
        let mut invalidation = self.invalidation();
        let Self { space, tables, .. } = self;
        with_shape!(space.mode(), T::MODES, S => {
            let (place, table, value) = candidate::<S, T>(space, tables, at, level)?;
            replace(*tables, place, S::GEOMETRY.index(level, at), value);
            let whole = VirtRange::saturating(at, S::GEOMETRY.page_bytes(level));
            invalidation.narrow(whole);
            invalidation.note_page(table.level, S::GEOMETRY.page_bytes(table.level));
            invalidation.note_table(table.level);
            limbo.add_table(table.frame);
        });
        // The large page may reach over the end of the range again.
        self.stage = Stage::Fresh;
        Ok(TlbObligation::holding(invalidation, limbo))
    }
}

/// Returns the table whose entry at `at` would become a large page of `level`, the table below it that would go, and
/// the value of the large page.
fn candidate<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &T,
    at: VirtAddr,
    level: Level,
) -> Result<(TablePlace, TablePlace, u64), MergeError> {
    let geometry = S::GEOMETRY;
    let format = space.format();
    let mut place = space.top_in::<S>(at);
    let mut parent = place;
    while place.level >= level {
        let Some(below) = place.level.below() else { break };
        let raw = tables.load(place, geometry.index(place.level, at));
        let Decoded::Table(frame) = format.decode(place.level, raw) else {
            return Err(MergeError::NoTable { at });
        };
        parent = place;
        place = AddressSpace::child::<S>(place.level, below, frame, at);
    }
    let first = tables.load(place, 0);
    let Decoded::Page(frame) = format.decode(place.level, first) else {
        return Err(MergeError::Unlike { at });
    };
    let value = format.merged(level, first).ok_or(MergeError::Unaligned { frame })?;
    let mut expected = Format::essence(first);
    for index in 0..geometry.entries(place.level) {
        if Format::essence(tables.load(place, index)) != expected {
            let offset = index as u64 * geometry.page_bytes(place.level);
            return Err(MergeError::Unlike { at: VirtAddr::new(at.get() + offset) });
        }
        expected += geometry.page_bytes(place.level);
    }
    Ok((parent, place, value))
}
