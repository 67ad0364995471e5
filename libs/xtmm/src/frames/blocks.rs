//! What the first use of a block asks of the surroundings, and the frames that they may take for it.

use xtcore::{Frame, FrameCount, FrameRange};

use crate::OutOfFrames;

/// Makes blocks usable when they are first used.
///
/// # Safety
/// After [`Blocks::open`] has succeeded, or [`Blocks::open_run`] has counted a block, the block's record
/// ([`super::Records::back`]) has memory, which was zero when it was given and stays.
#[allow(unsafe_code, reason = "records are read because an implementation says that they are there")]
pub unsafe trait Blocks: Sync {
    /// Makes usable what describes `block`: its record, its PFN entries, its place in the window if it has one.
    /// Called once for each block, under the allocator's lock; it may take the page-table lock and never calls
    /// the allocator.
    ///
    /// The frames that it needs come from `donors`. They are RAM that nobody uses, with any content, not always
    /// of this block.
    ///
    /// # Errors
    /// [`OutOfFrames`] when there are not enough donors; then no donor is kept. What was made usable may stay so.
    fn open(&self, block: FrameRange, donors: &mut Donors) -> Result<(), OutOfFrames>;

    /// Does what [`Blocks::open`] does for blocks that follow each other, from the first on as long as there are donors.
    /// Returns how many it was; `block` is the number of frames of each.
    fn open_run(&self, blocks: FrameRange, block: FrameCount, donors: &mut Donors) -> usize {
        let mut opened = 0;
        let mut next = FrameRange::with_count(blocks.start(), block);
        while blocks.encloses(next) && self.open(next, donors).is_ok() {
            opened += 1;
            next = FrameRange::with_count(next.end(), block);
        }
        opened
    }

    /// Notes a word about a frame of an opened block that is in nobody's use: the allocator chains frames with it.
    fn set_link(&self, frame: Frame, next: Option<Frame>);

    /// Returns what [`Blocks::set_link`] noted last.
    fn link(&self, frame: Frame) -> Option<Frame>;
}

/// Frames for the books about a block: consecutive, taken from the low end.
#[derive(Debug)]
pub struct Donors {
    left: FrameRange,
}

impl Donors {
    pub(crate) const fn new(frames: FrameRange) -> Self {
        Self { left: frames }
    }

    /// Returns how many frames may still be taken.
    #[must_use]
    pub const fn left(&self) -> FrameCount {
        self.left.count()
    }

    /// Returns the frames that may still be taken.
    #[must_use]
    pub const fn rest(&self) -> FrameRange {
        self.left
    }

    /// Takes a frame.
    pub fn take(&mut self) -> Option<Frame> {
        self.take_run(FrameCount::ONE).map(FrameRange::start)
    }

    /// Takes `count` consecutive frames, or none.
    pub fn take_run(&mut self, count: FrameCount) -> Option<FrameRange> {
        let next = self.left.start().checked_add(count)?;
        let taken = FrameRange::new(self.left.start(), next)?;
        self.left = FrameRange::new(next, self.left.end())?;
        Some(taken)
    }
}
