//! Why there is no layout. Each refusal says what would have been needed.

use core::fmt;

use xtcore::VirtRange;

use crate::region::RegionKind;

/// Why a layout cannot be planned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutError {
    /// A region does not fit into the room that the mode has for it.
    NoRoom {
        /// The region.
        kind: RegionKind,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are.
        room: u64,
    },
    /// A region comes closer to another than the guard.
    Collision {
        /// The region that was to be added.
        kind: RegionKind,
        /// Where.
        range: VirtRange,
        /// The region that is there.
        other: RegionKind,
        /// Where.
        at: VirtRange,
    },
    /// The image's address is not a page boundary of the mode's image room.
    ImageBase {
        /// The image.
        image: VirtRange,
        /// The room.
        room: VirtRange,
    },
    /// A size is not a whole number of pages.
    NotPages {
        /// The region.
        kind: RegionKind,
        /// Its size in bytes.
        bytes: u64,
    },
    /// More regions than the list can hold.
    TooManyRegions {
        /// The one too many.
        kind: RegionKind,
    },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { kind, needed, room } => {
                write!(
                    out,
                    "the {} needs {needed:#x} bytes of address space, there are {room:#x}",
                    kind.name()
                )
            }
            Self::Collision { kind, range, other, at } => {
                write!(
                    out,
                    "the {} at {range:?} comes too close to the {} at {at:?}",
                    kind.name(),
                    other.name()
                )
            }
            Self::ImageBase { image, room } => {
                write!(out, "the image at {image:?} is not in its room, {room:?}")
            }
            Self::NotPages { kind, bytes } => {
                write!(out, "the size of the {}, {bytes:#x} bytes, is no number of pages", kind.name())
            }
            Self::TooManyRegions { kind } => write!(out, "the list has no place for the {}", kind.name()),
        }
    }
}

impl core::error::Error for LayoutError {}
