//! Frames for the first tables: the page-table space, until the frame allocator stands.

use xtboot::space::{PageTableSpace, SpaceError};
use xtcore::{Frame, FrameCount, FrameRange};
use xtpaging::{Frames, OutOfFrames, Reservation};

/// The page-table space as the engine's source of frames.
#[derive(Debug)]
pub(super) struct EarlyFrames {
    space: PageTableSpace,
    returned: FrameCount,
}

impl EarlyFrames {
    pub(super) const fn new(space: PageTableSpace) -> Self {
        Self { space, returned: FrameCount::ZERO }
    }

    /// Takes frames for something else than tables.
    pub(super) fn allocate(&mut self, count: FrameCount) -> Result<FrameRange, SpaceError> {
        self.space.allocate(count, FrameCount::ONE)
    }

    /// Records that tables which the loader had built are no longer used.
    pub(super) fn note_returned(&mut self, count: FrameCount) {
        self.returned = self.returned.saturating_add(count);
    }

    /// Returns the frames that were taken.
    pub(super) fn taken(&self) -> FrameRange {
        self.space.taken()
    }

    /// Returns how many frames of the loader's tables are no longer used.
    pub(super) const fn returned(&self) -> FrameCount {
        self.returned
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
