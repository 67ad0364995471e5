//! Where the arrays of a block lie: the arithmetic that the sealing and the verifying side share.

use super::wire::{Header, RunRecord, SectionRecord};

/// The most bytes that a block may have; hundreds of thousands of runs. The kernel believes no larger claim.
pub const MAX_BLOCK_BYTES: usize = 16 << 20;

/// Arrays begin at multiples of this.
pub(super) const ARRAY_ALIGNMENT: usize = 8;

/// The layout of a block with so many runs, sections and bytes of parameters.
///
/// The loader asks for the largest plan it may need before the final memory map exists, allocates
/// [`BlockPlan::bytes`], and seals a block that is at most as large.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockPlan {
    pub(super) runs_offset: usize,
    pub(super) sections_offset: usize,
    pub(super) parameters_offset: usize,
    bytes: usize,
}

impl BlockPlan {
    /// Plans a block, or returns `None` when it would exceed [`MAX_BLOCK_BYTES`].
    #[must_use]
    pub const fn new(runs: usize, sections: usize, parameters_bytes: usize) -> Option<Self> {
        let runs_offset = size_of::<Header>().next_multiple_of(ARRAY_ALIGNMENT);
        let Some(sections_offset) = array_end::<RunRecord>(runs_offset, runs) else {
            return None;
        };
        let Some(parameters_offset) = array_end::<SectionRecord>(sections_offset, sections) else {
            return None;
        };
        match parameters_offset.checked_add(parameters_bytes) {
            Some(bytes) if bytes <= MAX_BLOCK_BYTES => {
                Some(Self { runs_offset, sections_offset, parameters_offset, bytes })
            }
            _ => None,
        }
    }

    /// Returns the bytes of the whole block.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Returns the aligned end of an array of `count` records at `offset`.
const fn array_end<T>(offset: usize, count: usize) -> Option<usize> {
    match count.checked_mul(size_of::<T>()) {
        Some(bytes) => match offset.checked_add(bytes) {
            Some(end) => end.checked_next_multiple_of(ARRAY_ALIGNMENT),
            None => None,
        },
        None => None,
    }
}
