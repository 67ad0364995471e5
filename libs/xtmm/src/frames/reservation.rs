//! Frames set aside: taken now, consumed later without failing.

use core::fmt;

use arrayvec::ArrayVec;
use xtcore::{Frame, FrameCount};

use super::allocator::FrameAllocator;
use super::blocks::Blocks;
use super::zones::Zone;
use crate::OutOfFrames;
use crate::inject::Site;
use crate::machine::Machine;

/// Frames that a reservation holds without touching their PFN entries: most need no more.
const INLINE: usize = 8;

/// From here on it is worth counting first whether there are so many.
const MANY: FrameCount = FrameCount::new(256);

/// Frames that were set aside. What is not taken goes back when it is dropped.
#[must_use = "a reservation that is dropped gives its frames back"]
pub struct Reservation<'a, 'm, M: Machine, B: Blocks> {
    allocator: &'a FrameAllocator<'m, M, B>,
    few: ArrayVec<Frame, INLINE>,
    /// The others, each linked to the next.
    chain: Option<Frame>,
    left: u64,
}

impl<M: Machine, B: Blocks> fmt::Debug for Reservation<'_, '_, M, B> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Reservation({} frames)", self.left)
    }
}

impl<M: Machine, B: Blocks> Reservation<'_, '_, M, B> {
    /// Returns how many frames can still be taken.
    #[must_use]
    pub const fn left(&self) -> FrameCount {
        FrameCount::new(self.left)
    }

    /// Takes a frame, with any content. `None` only after as many as were reserved.
    pub fn take(&mut self) -> Option<Frame> {
        let frame = match self.chain {
            Some(frame) => {
                self.chain = self.allocator.blocks().link(frame);
                frame
            }
            None => self.few.pop()?,
        };
        self.left -= 1;
        Some(frame)
    }

    fn add(&mut self, frame: Frame) {
        if self.few.try_push(frame).is_err() {
            self.allocator.blocks().set_link(frame, self.chain);
            self.chain = Some(frame);
        }
        self.left += 1;
    }
}

impl<M: Machine, B: Blocks> xtpaging::Reservation for Reservation<'_, '_, M, B> {
    fn take(&mut self) -> Option<Frame> {
        Reservation::take(self)
    }
}

impl<M: Machine, B: Blocks> Drop for Reservation<'_, '_, M, B> {
    fn drop(&mut self) {
        while let Some(frame) = self.take() {
            // A crime that this brings to light is not ours; the allocator keeps it for the next who asks.
            self.allocator.free_silently(frame);
        }
    }
}

impl<'m, M: Machine, B: Blocks> FrameAllocator<'m, M, B> {
    /// Sets frames aside, or changes nothing. Cost: that of as many allocations, and beyond the first few a word in each
    /// frame's PFN entry. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`OutOfFrames`].
    pub fn reserve(&self, count: FrameCount, zone: Zone) -> Result<Reservation<'_, 'm, M, B>, OutOfFrames> {
        let mut reservation = Reservation { allocator: self, few: ArrayVec::new(), chain: None, left: 0 };
        if count != FrameCount::ZERO && self.injects(Site::FrameReservation) {
            return Err(OutOfFrames { wanted: count, available: self.counts().available() });
        }
        // Nobody empties the caches for what is more than there is.
        if count > MANY && count > self.counts().available() {
            return Err(OutOfFrames { wanted: count, available: self.counts().available() });
        }
        for _ in 0..count.get() {
            match self.get(zone) {
                Some(pfn) => reservation.add(pfn.frame()),
                None => {
                    drop(reservation);
                    return Err(OutOfFrames { wanted: count, available: self.counts().available() });
                }
            }
        }
        Ok(reservation)
    }
}
