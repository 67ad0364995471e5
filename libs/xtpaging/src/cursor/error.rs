//! Why a change is refused. Whatever is refused has changed nothing.

use core::fmt;

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

/// Why a streak does not map a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreakError {
    /// The frame is beyond what an entry can name on this processor in this mode.
    FrameTooHigh {
        /// The frame.
        frame: Frame,
        /// The first frame that cannot be named.
        limit: Frame,
    },
    /// All pages of the range are mapped.
    Done {
        /// Where the range ends.
        end: VirtAddr,
    },
    /// The reservation gave fewer frames than were planned: a fault of its implementation, or of who reserved them.
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

impl fmt::Display for CursorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty { at } => write!(out, "the range at {at:#x} holds no page"),
            Self::NotPages { pages } => write!(out, "the range {pages:?} does not consist of pages"),
            Self::NotCanonical { pages } => write!(out, "the mode cannot translate all of {pages:?}"),
            Self::SelfMap { pages } => write!(out, "the range {pages:?} touches the self-map"),
        }
    }
}

impl core::error::Error for CursorError {}

impl fmt::Display for MapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(error) => error.fmt(out),
            Self::AlreadyMapped { at } => write!(out, "the page at {at:#x} is mapped already"),
            Self::NotMapped { at } => write!(out, "the page at {at:#x} is not mapped"),
            Self::FrameTooHigh { end, limit } => {
                write!(out, "an entry cannot name frames from {limit:#x} on, the mapping ends at {end:#x}")
            }
            Self::OutOfFrames(short) => {
                let (wanted, available) = (short.wanted.get(), short.available.get());
                write!(out, "{wanted} frames are needed for page tables, there are {available}")
            }
            Self::RootTooHigh { root } => write!(out, "CR3 cannot name the root table in frame {root:#x}"),
            Self::MissingDirectory { index } => {
                write!(out, "page-directory-pointer entry {index} is not present")
            }
            Self::Unsorted { at } => write!(out, "the mapping at {at:#x} begins before its predecessor ends"),
            Self::UserInKernelHalf { at } => {
                write!(out, "the page at {at:#x} is the kernel's and cannot be a user's")
            }
            Self::ReservationShort => out.write_str("a reservation gave fewer frames than it promised"),
        }
    }
}

impl core::error::Error for MapError {}

impl fmt::Display for StreakError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameTooHigh { frame, limit } => {
                write!(out, "an entry cannot name frames from {limit:#x} on, and not {frame:#x}")
            }
            Self::Done { end } => write!(out, "all pages up to {end:#x} are mapped"),
            Self::ReservationShort => out.write_str("a reservation gave fewer frames than were planned"),
        }
    }
}

impl core::error::Error for StreakError {}
