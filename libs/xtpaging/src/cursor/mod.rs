//! The range cursor: the way to change an address space.
//!
//! ```text
//!   cursor(range) --plan_map--> MapPlan --tables()--> reserve --commit--> mapped
//!                 --plan_streak--> StreakPlan --tables()--> reserve --begin--> Streak, a page at a time
//!                 --unmap-----> TlbObligation, again until the range is done
//!                 --protect---> TlbObligation
//!                 --merge-----> TlbObligation
//! ```
//!
//! A plan looks and counts; it is the only step that can refuse. Table frames are then reserved, exactly as many as the
//! plan counted. The commit writes, and cannot fail: regression "mapping half of a range and running out" has no
//! place to happen.

mod count;
mod edit;
mod error;
mod map;
mod merge;
mod protect;
mod split;
mod unmap;

use xtcore::{Frame, Level, PAGE_BYTES, VirtAddr, VirtRange};

use crate::entry::{Attributes, Privilege};
use crate::memory::Tables;
use crate::space::AddressSpace;
use crate::tlb::Invalidation;

pub use count::tables_needed;
pub use error::{CursorError, MapError, MergeError, StreakError};
pub use map::{MapPlan, Streak, StreakPlan};

/// A range of pages and what is to appear there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapping {
    /// The virtual pages.
    pub pages: VirtRange,
    /// The frame of the first page; the others follow.
    pub first: Frame,
    /// What the mapping allows.
    pub attributes: Attributes,
    /// The level of the largest page that may be used; the processor's own limit applies besides.
    pub largest: Level,
}

/// A position on a range of pages of an address space, with access to its tables.
#[derive(Debug)]
pub struct Cursor<'a, T: Tables> {
    pub(crate) space: &'a AddressSpace,
    pub(crate) tables: &'a mut T,
    /// What is still to be done; [`Cursor::unmap`] moves its start forward.
    pub(crate) pages: VirtRange,
    stage: Stage,
}

/// What a cursor had still to do when it was paused: a way to let go of the tables between two batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rest {
    pages: VirtRange,
    stage: Stage,
}

/// How far a cursor has come with an unmap or protect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nothing has been looked at.
    Fresh,
    /// All pages were found mapped, and no large page reaches over an end.
    Prepared,
}

impl<'a, T: Tables> Cursor<'a, T> {
    pub(crate) fn new(
        space: &'a AddressSpace,
        tables: &'a mut T,
        pages: VirtRange,
    ) -> Result<Self, CursorError> {
        check(space, pages)?;
        Ok(Self { space, tables, pages, stage: Stage::Fresh })
    }

    /// Puts a cursor back to where another one on the same address space was paused. What that one has checked is not
    /// checked again: whoever paused it sees to it that nobody else changes the rest of the range meanwhile.
    pub(crate) const fn resume(space: &'a AddressSpace, tables: &'a mut T, rest: Rest) -> Self {
        Self { space, tables, pages: rest.pages, stage: rest.stage }
    }

    /// Lets go of the tables. Returns what is still to be done, or `None` when nothing is.
    #[must_use]
    pub fn pause(self) -> Option<Rest> {
        let Self { pages, stage, .. } = self;
        if pages.is_empty() { None } else { Some(Rest { pages, stage }) }
    }

    /// Returns the pages that are still to be done.
    #[must_use]
    pub const fn pages(&self) -> VirtRange {
        self.pages
    }

    /// Checks that attributes may appear at the range.
    ///
    /// In the kernel's half the tables say supervisor, but a large page in a top table has no table above it.
    fn check_privilege(&self, attributes: Attributes) -> Result<(), MapError> {
        let at = self.pages.start();
        match (attributes.privilege, self.space.privilege_of(at)) {
            (Privilege::User, Privilege::Supervisor) => Err(MapError::UserInKernelHalf { at }),
            _ => Ok(()),
        }
    }

    /// Returns what must be forgotten when the whole range changes.
    const fn invalidation(&self) -> Invalidation<'a> {
        Invalidation::new(self.pages, self.space.self_map())
    }
}

/// Checks that a range consists of pages that a cursor may stand on.
fn check(space: &AddressSpace, pages: VirtRange) -> Result<(), CursorError> {
    let geometry = space.geometry();
    if pages.is_empty() {
        return Err(CursorError::Empty { at: pages.start() });
    }
    if !pages.is_aligned(PAGE_BYTES) {
        return Err(CursorError::NotPages { pages });
    }
    let last = VirtAddr::new(pages.end().get() - 1);
    // The half is the highest bit that the mode translates, and those above it follow from it: where they are as at the
    // start, the end lies in the same half and is as canonical.
    let is_one_half = (pages.start().get() ^ last.get()) >> (geometry.virtual_bits() - 1) == 0;
    if !geometry.is_canonical(pages.start()) || !is_one_half {
        return Err(CursorError::NotCanonical { pages });
    }
    if space.self_map().region().overlaps(pages) {
        return Err(CursorError::SelfMap { pages });
    }
    Ok(())
}
