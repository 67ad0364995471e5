//! Frames before there is a frame allocator: the page-table space.
//!
//! [`EarlyFrames::finish`] consumes the allocator and tells what it handed out. Nothing can be taken from it afterwards,
//! because nobody has it any more (regression 33: early memory was handed out twice).

use arrayvec::ArrayVec;
use xtboot::space::{PageTableSpace, SpaceError};
use xtcore::{Frame, FrameCount, FrameRange};
use xtpaging::{Frames, OutOfFrames, Reservation};

/// How many tables of the loader can be on their way back at most.
///
/// Its hand-over pages are a few neighbours at low addresses: a page table or two, and the tables above them.
const RETURNED: usize = 16;

/// The page-table space as the engine's source of frames.
#[derive(Debug)]
pub(super) struct EarlyFrames {
    space: PageTableSpace,
    returned: ArrayVec<Frame, RETURNED>,
}

/// What the early allocator leaves to its successor.
#[derive(Debug)]
pub(super) struct Inheritance {
    /// What was handed out.
    pub(super) taken: FrameRange,
    /// Tables of the loader that nothing refers to any more.
    pub(super) returned: ArrayVec<Frame, RETURNED>,
}

impl EarlyFrames {
    pub(super) const fn new(space: PageTableSpace) -> Self {
        Self { space, returned: ArrayVec::new_const() }
    }

    /// Takes frames for something else than tables.
    pub(super) fn allocate(&mut self, count: FrameCount) -> Result<FrameRange, SpaceError> {
        self.space.allocate(count, FrameCount::ONE)
    }

    /// Remembers a table of the loader's that is no longer used. One too many stays in use, as it was.
    pub(super) fn note_returned(&mut self, table: Frame) {
        let _ = self.returned.try_push(table);
    }

    /// Ends early allocation.
    pub(super) fn finish(self) -> Inheritance {
        Inheritance { taken: self.space.taken(), returned: self.returned }
    }
}

/// Frames set aside: a piece of the space, used from its start.
#[derive(Debug)]
pub(super) struct EarlyReservation(FrameRange);

impl Reservation for EarlyReservation {
    fn take(&mut self) -> Option<Frame> {
        if self.0.is_empty() {
            return None;
        }
        let frame = self.0.start();
        self.0 = FrameRange::new(frame.saturating_add(FrameCount::ONE), self.0.end())?;
        Some(frame)
    }
}

impl Frames for EarlyFrames {
    type Reservation = EarlyReservation;

    fn reserve(&mut self, count: FrameCount) -> Result<EarlyReservation, OutOfFrames> {
        if count == FrameCount::ZERO {
            return Ok(EarlyReservation(FrameRange::default()));
        }
        let available = self.space.left();
        self.space
            .allocate(count, FrameCount::ONE)
            .map(EarlyReservation)
            .map_err(|_| OutOfFrames { wanted: count, available })
    }
}
