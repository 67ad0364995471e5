//! Changing the attributes of pages that are mapped.

use core::ops::ControlFlow;

use xtcore::VirtRange;

use super::edit::{for_each_top, pieces};
use super::{Cursor, MapError, Stage};
use crate::entry::{Attributes, Decoded};
use crate::memory::{Frames, TablePlace, Tables};
use crate::shape::{Shape, with_shape};
use crate::space::AddressSpace;
use crate::tlb::{Invalidation, TlbObligation};

impl<'a, T: Tables> Cursor<'a, T> {
    /// Gives all pages of the range other attributes; their frames, accessed and dirty bits stay.
    ///
    /// Large pages that reach over an end of the range are split first, with table frames from `frames`. Cost: the
    /// entries of the range, one locked access each.
    ///
    /// # Errors
    /// [`MapError::UserInKernelHalf`], [`MapError::NotMapped`] and [`MapError::OutOfFrames`]; nothing has changed then.
    pub fn protect<F: Frames>(
        &mut self,
        frames: &mut F,
        attributes: Attributes,
    ) -> Result<TlbObligation<'a, 'static>, MapError> {
        self.check_privilege(attributes)?;
        let split = match self.stage {
            Stage::Fresh => {
                let ends = self.check_mapped()?;
                self.split(ends, frames)?
            }
            Stage::Prepared => None,
        };
        let mut obligation = match split {
            Some(split) => split,
            None => TlbObligation::new(self.invalidation()),
        };
        self.stage = Stage::Prepared;
        let Self { space, tables, pages, .. } = self;
        let invalidation = &mut obligation.invalidation;
        let _done: ControlFlow<()> = with_shape!(space.mode(), T::MODES, S => {
            for_each_top::<S, _>(space, *pages, |top, part| {
                rewrite::<S, T>(space, tables, top, part, attributes, invalidation);
                ControlFlow::Continue(())
            })
        });
        Ok(obligation)
    }
}

fn rewrite<S: Shape, T: Tables>(
    space: &AddressSpace,
    tables: &mut T,
    place: TablePlace,
    pages: VirtRange,
    attributes: Attributes,
    invalidation: &mut Invalidation<'_>,
) {
    let geometry = S::GEOMETRY;
    let format = space.format();
    for part in pieces(pages, geometry.page_bytes(place.level)) {
        let index = geometry.index(place.level, part.start());
        let mut raw = tables.load(place, index);
        match (format.decode(place.level, raw), place.level.below()) {
            (Decoded::Page(_), _) => {
                // The processor may set A or D between the look and the change: then look again.
                while let Err(now) =
                    tables.compare_exchange(place, index, raw, format.with_attributes(raw, attributes))
                {
                    raw = now;
                }
                invalidation.note_page(place.level, geometry.page_bytes(place.level));
            }
            (Decoded::Table(frame), Some(below)) => {
                let child = AddressSpace::child::<S>(place.level, below, frame, part.start());
                rewrite::<S, T>(space, tables, child, part, attributes, invalidation);
            }
            (Decoded::Absent | Decoded::Table(_), _) => {}
        }
    }
}
