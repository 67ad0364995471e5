//! Why an arena refuses.

use xtcore::{VirtAddr, VirtRange};
use xtpaging::OutOfFrames;

/// A region and its books do not fit together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegionError {
    /// The region is empty or does not consist of pages.
    NotPages {
        /// The region.
        region: VirtRange,
    },
    /// There are more pages than records, or than records can count.
    TooLarge {
        /// The pages of the region.
        pages: u64,
        /// The most that there can be.
        most: u64,
    },
    /// A record would lie in two pages.
    Misaligned {
        /// Where the records begin.
        books: VirtAddr,
    },
}

/// There is no range for an allocation. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoPages {
    /// Nothing was asked for, or more than the whole region.
    Size {
        /// The pages asked for.
        pages: u64,
    },
    /// The alignment is not a power of two, or is more than there are addresses.
    Alignment {
        /// The alignment, in pages.
        alignment: u64,
    },
    /// No free run is long enough, or an injected failure said so.
    Exhausted {
        /// The pages asked for.
        pages: u64,
        /// The free pages, in runs that are too short.
        free: u64,
    },
    /// There is no memory for the books.
    Books(OutOfFrames),
}

/// What was freed is no allocation. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArenaCrime {
    /// The range is empty, does not consist of pages, or is not inside the region.
    Foreign {
        /// The range.
        range: VirtRange,
    },
    /// The range begins in pages that are free: freed before, or never allocated.
    DoubleFree {
        /// The range.
        range: VirtRange,
        /// The free run in which it begins.
        free: VirtRange,
    },
    /// The range begins inside of an allocation.
    Interior {
        /// The range.
        range: VirtRange,
        /// The allocation.
        allocation: VirtRange,
    },
    /// The range begins where an allocation does and ends elsewhere.
    WrongExtent {
        /// The range.
        range: VirtRange,
        /// The allocation.
        allocation: VirtRange,
    },
}

/// The books contradict themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Corruption {
    /// No run begins where the one before ends, or it reaches too far.
    Chain {
        /// Where a run was expected.
        at: VirtAddr,
    },
    /// Two free runs touch, or a free run touches the pages that were never used.
    Unmerged {
        /// Where they touch.
        at: VirtAddr,
    },
    /// The last page of a free run tells another length than the first.
    Tail {
        /// The free run.
        run: VirtRange,
    },
    /// A free run is in no list, or a list has one that is not free, or of another length.
    List {
        /// The run.
        at: VirtAddr,
    },
    /// The counters differ from what there is.
    Counts {
        /// The allocated pages that were found.
        allocated: u64,
        /// The allocated pages that were counted.
        counted: u64,
    },
}
