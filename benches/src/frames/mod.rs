//! Frame allocators over frame numbers: no memory stands behind the frames, only the allocators' own books exist.
//!
//! "GiB worth" is the number of frames; a live frame is a number in an array. The peers that have no lock of their own
//! appear without one where one thread uses them, and behind a spin lock everywhere.

mod ours;
mod peers;
mod setup;
mod single;
mod threads;

use xtcore::Frame;

use crate::harness::{Plan, notice};

/// An allocator as one thread sees it.
pub(super) trait FrameSource {
    /// Takes one frame.
    fn allocate(&mut self) -> Option<Frame>;

    /// Gives one frame back.
    fn free(&mut self, frame: Frame);

    /// Takes 2 MiB, aligned.
    fn allocate_large(&mut self) -> Option<Frame>;

    /// Gives 2 MiB back.
    fn free_large(&mut self, first: Frame);
}

/// An allocator that several threads may use at once.
pub(super) trait Shared: Sync {
    /// Returns the allocator as one thread sees it.
    fn source(&self) -> impl FrameSource + Send;
}

/// Frames in a GiB.
const GIB: usize = 1 << 18;

/// Frames in 2 MiB.
const LARGE: usize = 512;

/// The size of most tests, in GiB.
const USUAL: usize = 16;

/// The sizes over which growth is looked at, in GiB.
const SIZES: [usize; 4] = [1, 4, 16, 64];

/// Adds the suite to the plan.
pub(crate) fn add(plan: &mut Plan) {
    single::add(plan);
    if crate::harness::clock::processors() >= 2 {
        threads::add(plan);
    } else {
        notice("frames with two threads are left out: there is one processor");
    }
    setup::add(plan);
}
