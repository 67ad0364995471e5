//! Page tables in memory that the loader owns: the engine's view of one allocation.
//!
//! All table frames are one contiguous allocation of exactly as many frames as were planned, so an entry is a place in
//! a slice and no address is ever followed. Nothing here is live: the processor sees the tables when the switch loads
//! CR3, so plain stores are enough and no walker can see a torn entry.

use xtcore::{Frame, FrameCount, FrameRange, Geometry, PAGE_BYTES};
use xtpaging::{Frames, OutOfFrames, Reservation, TablePlace, Tables};

use crate::firmware::Pages;

/// The tables of an allocation.
pub(super) struct TableMemory<'p, 'f> {
    pages: &'p mut Pages<'f>,
    entry_bytes: usize,
}

impl<'p, 'f> TableMemory<'p, 'f> {
    pub(super) fn new(pages: &'p mut Pages<'f>, geometry: &Geometry) -> Self {
        Self { pages, entry_bytes: geometry.entry_bytes() as usize }
    }

    /// Returns the place of an entry in the allocation, empty for a frame that isn't part of it.
    fn entry(&self, frame: Frame, index: usize) -> core::ops::Range<usize> {
        let frames = self.pages.frames();
        if !frames.contains(frame) {
            return 0..0;
        }
        let table = (frame.number() - frames.start().number()) * PAGE_BYTES;
        // The allocation is addressable, so an offset in it fits a pointer.
        let start = table as usize + index * self.entry_bytes;
        start..start + self.entry_bytes
    }

    fn store(&mut self, frame: Frame, index: usize, value: u64) {
        let place = self.entry(frame, index);
        let value = value.to_le_bytes();
        for (byte, new) in self.pages.bytes_mut().get_mut(place).unwrap_or_default().iter_mut().zip(value) {
            *byte = new;
        }
    }
}

impl Tables for TableMemory<'_, '_> {
    fn load(&self, place: TablePlace, index: usize) -> u64 {
        let mut value = [0; 8];
        let stored = self.pages.bytes().get(self.entry(place.frame, index)).unwrap_or_default();
        for (byte, stored) in value.iter_mut().zip(stored) {
            *byte = *stored;
        }
        u64::from_le_bytes(value)
    }

    fn publish(&mut self, place: TablePlace, index: usize, value: u64) {
        self.store(place.frame, index, value);
    }

    fn exchange(&mut self, place: TablePlace, index: usize, value: u64) -> u64 {
        let old = self.load(place, index);
        self.store(place.frame, index, value);
        old
    }

    fn compare_exchange(
        &mut self,
        place: TablePlace,
        index: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        match self.load(place, index) {
            found if found == current => {
                self.store(place.frame, index, new);
                Ok(())
            }
            found => Err(found),
        }
    }

    fn zero(&mut self, frame: Frame) {
        let start = self.entry(frame, 0).start;
        let end = start + PAGE_BYTES as usize;
        if self.pages.frames().contains(frame) {
            self.pages.bytes_mut().get_mut(start..end).unwrap_or_default().fill(0);
        }
    }

    fn initialise(&mut self, frame: Frame, index: usize, value: u64) {
        self.store(frame, index, value);
    }
}

/// The frames of the allocation, lowest first.
pub(super) struct TableFrames {
    left: FrameRange,
    planned: FrameCount,
}

impl TableFrames {
    pub(super) const fn new(frames: FrameRange) -> Self {
        Self { left: frames, planned: frames.count() }
    }

    /// Returns how many frames have been reserved so far.
    pub(super) fn used(&self) -> FrameCount {
        self.planned.checked_sub(self.left.count()).unwrap_or_default()
    }
}

/// Frames set aside from [`TableFrames`].
pub(super) struct Reserved(FrameRange);

impl Frames for TableFrames {
    type Reservation = Reserved;

    fn reserve(&mut self, count: FrameCount) -> Result<Reserved, OutOfFrames> {
        let refused = OutOfFrames { wanted: count, available: self.left.count() };
        let first = self.left.start();
        let rest = FrameRange::new(first.saturating_add(count), self.left.end()).ok_or(refused)?;
        self.left = rest;
        Ok(Reserved(FrameRange::with_count(first, count)))
    }
}

impl Reservation for Reserved {
    fn take(&mut self) -> Option<Frame> {
        let first = self.0.start();
        if self.0.is_empty() {
            return None;
        }
        self.0 = FrameRange::new(first.saturating_add(FrameCount::ONE), self.0.end())?;
        Some(first)
    }
}
