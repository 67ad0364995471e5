//! What is checked besides the default.
//!
//! | | default | full | special pool |
//! |---|---|---|---|
//! | double free, wrong tag, wrong pointer | found | found | found |
//! | write up to the end of the place, behind the block | found before the place is used again | found at the free | found at the free |
//! | write further behind | missed | found up to 16 bytes beyond the place's end | page fault |
//! | write after free | missed | found until the block is given out again | page fault until the pages are |
//! | read behind or after free | missed | missed | page fault |
//!
//! Full checking is for every block, the special pool for the blocks of one tag or of all.

pub(crate) mod canary;
mod full;
pub(crate) mod pattern;
pub(crate) mod quarantine;

use crate::pool::request::Tag;

/// Bytes that full checking lays behind every block.
const RED_ZONE: usize = 16;

/// How much is checked for every block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checking {
    /// Tags, double frees, pointers, a canary.
    #[default]
    Default,
    /// Besides: a pattern in all bytes behind a block, of which there are 16 at least, and in free blocks, which wait in a
    /// quarantine before they are used again.
    Full {
        /// How many bytes wait.
        quarantine: usize,
    },
}

/// Whose blocks come from the special pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Coverage {
    /// Nobody's.
    #[default]
    Nothing,
    /// One tag's.
    Tag(Tag),
    /// All.
    Everything,
}

/// Where a block of the special pool has its guard page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Side {
    /// Behind the block, which ends as close to it as its alignment allows.
    #[default]
    After,
    /// In front of the block.
    Before,
}

/// The special pool: blocks on pages of their own, next to a page without memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SpecialPool {
    /// Whose blocks.
    pub coverage: Coverage,
    /// Which side is guarded.
    pub side: Side,
    /// How many pages of addresses wait, without memory, after their block has been freed.
    pub quarantine_pages: usize,
}

/// What is checked besides the default; chosen once, at boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checks {
    /// For every block.
    pub checking: Checking,
    /// For some.
    pub special: SpecialPool,
}

impl Checks {
    /// Tells whether there is anything but the default.
    pub(crate) fn are_extra(&self) -> bool {
        self.checking != Checking::Default || self.special.coverage != Coverage::Nothing
    }

    /// Returns how many bytes at least lie behind a block, whatever its size.
    pub(crate) const fn red_zone(&self) -> usize {
        match self.checking {
            Checking::Default => 0,
            Checking::Full { .. } => RED_ZONE,
        }
    }

    /// Tells whether a block with this tag comes from the special pool.
    pub(crate) fn is_special(&self, tag: Tag) -> bool {
        match self.special.coverage {
            Coverage::Nothing => false,
            Coverage::Tag(chosen) => chosen == tag,
            Coverage::Everything => true,
        }
    }
}
