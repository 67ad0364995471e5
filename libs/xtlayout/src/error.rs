//! Why there is no layout. Each refusal says what would have been needed.

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
