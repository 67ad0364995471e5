//! Why a change is refused. Whatever is refused has changed nothing.

use xtcore::{Frame, VirtAddr, VirtRange};

use crate::memory::OutOfFrames;

/// Why a cursor cannot stand on a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CursorError {
    /// The range holds no page.
    Empty {
        /// Where it begins and ends.
        at: VirtAddr,
    },
    /// An end of the range is no page boundary.
    NotPages {
        /// The range.
        pages: VirtRange,
    },
    /// The range leaves the addresses that the mode can translate, or reaches from the user's half into the kernel's.
    NotCanonical {
        /// The range.
        pages: VirtRange,
    },
    /// The range touches the self-map.
    SelfMap {
        /// The range.
        pages: VirtRange,
    },
}

/// Why a map, unmap or protect is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapError {
    /// The range is no place for a cursor.
    Range(CursorError),
    /// A page of the range is mapped already.
    AlreadyMapped {
        /// The first such page.
        at: VirtAddr,
    },
    /// A page of the range is not mapped.
    NotMapped {
        /// The first such page.
        at: VirtAddr,
    },
    /// A page that user mode may use was wanted in the kernel's half.
    UserInKernelHalf {
        /// Where the range begins.
        at: VirtAddr,
    },
    /// A frame is beyond what an entry can name on this processor in this mode.
    FrameTooHigh {
        /// The frame after the last one wanted.
        end: Frame,
        /// The first frame that cannot be named.
        limit: Frame,
    },
    /// There are not enough frames for the tables.
    OutOfFrames(OutOfFrames),
    /// The root table lies where CR3 cannot name it.
    RootTooHigh {
        /// Its frame.
        root: Frame,
    },
    /// A page-directory-pointer entry of an adopted address space is not present.
    MissingDirectory {
        /// Its index.
        index: usize,
    },
    /// The mappings to be counted are not sorted, or overlap.
    Unsorted {
        /// The first page of the mapping that lies before the end of its predecessor.
        at: VirtAddr,
    },
    /// A reservation gave fewer frames than it promised: a fault of its implementation.
    ReservationShort,
}

/// Why smaller pages cannot become a large one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MergeError {
    /// The mode or the processor has no pages of that size.
    NoSuchPage,
    /// There is no table whose pages could be merged.
    NoTable {
        /// The address that was asked for.
        at: VirtAddr,
    },
    /// A page is absent, not the neighbour of its predecessor, or has other attributes.
    Unlike {
        /// Its address.
        at: VirtAddr,
    },
    /// The first page's frame is not aligned to the large page.
    Unaligned {
        /// The frame.
        frame: Frame,
    },
}
