//! Why the memory manager cannot stand, in words and as parameters of a bug check.

use core::fmt;

use xtboot::space::{NoSpace, SpaceError};
use xtcore::VirtRange;
use xtlayout::{LayoutError, RegionKind};
use xtmm::frames::AdoptError;
use xtmm::pfn::PfnCrime;
use xtpaging::{CursorError, MapError};

/// Why the memory manager cannot stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The regions do not fit the address space.
    Layout(LayoutError),
    /// There is no free memory below the mode's limit.
    NoSpace(NoSpace),
    /// The page-table space is used up.
    Space(SpaceError),
    /// A mapping was refused.
    Map(MapError),
    /// The plan lacks a region that was asked for.
    Missing(RegionKind),
    /// The loader has placed something elsewhere than the common planner does.
    Misplaced {
        /// What.
        kind: RegionKind,
        /// Where it should be.
        planned: VirtRange,
        /// Where it is.
        found: VirtRange,
    },
    /// The frame allocator refuses what it was given.
    Frames,
    /// Frames in use could not be adopted.
    Adopt(AdoptError),
    /// A frame in use is written down twice.
    Pfn(PfnCrime),
    /// The books of an arena do not fit its region.
    Arena,
    /// The regions of a pool do not fit together.
    Pool,
    /// The usual stack has no size.
    Stacks,
}

/// What an administrator can do about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Remedy {
    /// More memory would help.
    MoreMemory,
    /// Another loader would help.
    OtherLoader,
    /// Nothing: the kernel is at fault.
    None,
}

impl Fault {
    /// Returns what would help.
    pub(crate) const fn remedy(&self) -> Remedy {
        match self {
            Self::NoSpace(_)
            | Self::Space(_)
            | Self::Map(MapError::OutOfFrames(_))
            | Self::Adopt(AdoptError::OutOfFrames(_)) => Remedy::MoreMemory,
            Self::Missing(RegionKind::Window) => Remedy::MoreMemory,
            Self::Misplaced { .. } => Remedy::OtherLoader,
            _ => Remedy::None,
        }
    }

    /// Returns the parameters of the bug check, as `ke::bugcheck::Code` explains them.
    pub(crate) fn parameters(&self) -> [u64; 4] {
        match self {
            Self::NoSpace(NoSpace { limit }) => [1, 0, limit.number(), 0],
            Self::Space(SpaceError::Exhausted { wanted, left }) => [wanted.get(), left.get(), 0, 0],
            Self::Map(MapError::OutOfFrames(short)) => [short.wanted.get(), short.available.get(), 0, 0],
            Self::Space(_) => [0; 4],
            Self::Layout(LayoutError::NoRoom { kind, needed, room }) => [1, *kind as u64, *needed, *room],
            Self::Layout(_) => [1, 0, 0, 0],
            Self::Map(_) => [2, 0, 0, 0],
            Self::Missing(kind) => [3, *kind as u64, 0, 0],
            Self::Misplaced { kind, planned, found } => {
                [0x1004, *kind as u64, planned.start().get(), found.start().get()]
            }
            Self::Frames => [4, 0, 0, 0],
            Self::Adopt(AdoptError::OutOfFrames(short)) => [short.wanted.get(), short.available.get(), 0, 0],
            Self::Adopt(_) => [4, 1, 0, 0],
            Self::Pfn(crime) => [4, 2, crime.frame().number(), 0],
            Self::Arena => [4, 3, 0, 0],
            Self::Pool => [4, 4, 0, 0],
            Self::Stacks => [4, 5, 0, 0],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(out),
            Self::NoSpace(error) => error.fmt(out),
            Self::Space(error) => error.fmt(out),
            Self::Map(error) => error.fmt(out),
            Self::Missing(RegionKind::Window) => {
                out.write_str("there is no usable memory below the mode's limit")
            }
            Self::Missing(kind) => write!(out, "the plan lacks the region for the {}", kind.name()),
            Self::Misplaced { kind, planned, found } => {
                write!(out, "the loader placed the {} at {found:?}, the plan says {planned:?}", kind.name())
            }
            Self::Frames => out.write_str("the frame allocator refuses the memory map"),
            Self::Adopt(error) => write!(out, "frames in use could not be adopted: {error:?}"),
            Self::Pfn(crime) => write!(out, "a frame in use could not be written down: {crime:?}"),
            Self::Arena => out.write_str("the books of an arena do not fit its region"),
            Self::Pool => out.write_str("the regions of a pool do not fit together"),
            Self::Stacks => out.write_str("the usual stack has no size"),
        }
    }
}

impl From<MapError> for Fault {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

impl From<CursorError> for Fault {
    fn from(error: CursorError) -> Self {
        Self::Map(MapError::Range(error))
    }
}

impl From<SpaceError> for Fault {
    fn from(error: SpaceError) -> Self {
        Self::Space(error)
    }
}
