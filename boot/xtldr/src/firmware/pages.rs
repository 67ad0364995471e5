//! Memory that the firmware lent.
//!
//! [`Pages`] go back when they are dropped, so that an error anywhere returns everything without a line of clean-up
//! code. What must outlive boot services is kept with [`Pages::keep`].
#![allow(unsafe_code, reason = "turns an allocation of the firmware into slices")]

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::slice;

use xtcore::{FrameCount, FrameRange, PAGE_BYTES};

use super::{Firmware, Placement, Purpose, Status};

/// An allocation: which frames, and where the loader sees them.
#[derive(PartialEq, Eq, Debug)]
pub struct Grant {
    frames: FrameRange,
    first: NonNull<u8>,
}

impl Grant {
    /// Names an allocation.
    ///
    /// # Safety
    /// `first` points at `frames.count()` pages of readable and writable memory, aligned to a page, that belong to the
    /// grant alone until it is freed.
    #[must_use]
    pub const unsafe fn new(frames: FrameRange, first: NonNull<u8>) -> Self {
        Self { frames, first }
    }

    /// Returns the frames.
    #[must_use]
    pub const fn frames(&self) -> FrameRange {
        self.frames
    }

    /// Returns where the loader sees the first byte.
    #[must_use]
    pub const fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// Returns the length in bytes.
    fn bytes(&self) -> usize {
        // The memory is addressable, so its length fits a pointer.
        (self.frames.count().get() * PAGE_BYTES) as usize
    }
}

/// Frames that belong to the loader, zeroed when they came.
#[must_use = "pages go back to the firmware when they are dropped"]
pub struct Pages<'f> {
    firmware: &'f dyn Firmware,
    grant: Grant,
}

impl<'f> Pages<'f> {
    /// Allocates contiguous frames and zeroes them.
    ///
    /// # Errors
    /// The firmware's status.
    pub fn allocate(
        firmware: &'f dyn Firmware,
        frames: FrameCount,
        placement: Placement,
        purpose: Purpose,
    ) -> Result<Self, Status> {
        if frames == FrameCount::ZERO {
            return Err(Status::INVALID_PARAMETER);
        }
        let grant = firmware.allocate(frames, placement, purpose)?;
        let mut pages = Self { firmware, grant };
        pages.bytes_mut().fill(0);
        Ok(pages)
    }

    /// Returns the frames.
    #[must_use]
    pub const fn frames(&self) -> FrameRange {
        self.grant.frames
    }

    /// Returns the memory.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the grant's memory is this value's alone and was zeroed by `allocate`, so every byte is initialised.
        unsafe { slice::from_raw_parts(self.grant.first.as_ptr(), self.grant.bytes()) }
    }

    /// Returns the memory for writing.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `&mut self` makes the borrow unique. For the fill in `allocate`, memory of any
        // content is a valid array of bytes once the firmware has written its map of it.
        unsafe { slice::from_raw_parts_mut(self.grant.first.as_ptr(), self.grant.bytes()) }
    }

    /// Returns the memory as an array of `T`, as many as fit, each a copy of `value`.
    #[must_use]
    pub fn array_mut<T: Copy>(&mut self, value: T) -> &mut [T] {
        const { assert!(size_of::<T>() > 0 && align_of::<T>() <= PAGE_BYTES as usize) };
        let count = self.grant.bytes() / size_of::<T>();
        let first = self.grant.first.cast::<T>();
        for index in 0..count {
            // SAFETY: `count` values fit into the grant, whose start is aligned to a page.
            let place = unsafe { first.add(index) };
            // SAFETY: `place` lies in memory of this value, which `&mut self` borrows.
            unsafe { place.write(value) };
        }
        // SAFETY: the loop has written all `count` values.
        unsafe { slice::from_raw_parts_mut(first.as_ptr(), count) }
    }

    /// Keeps the pages for ever: they never go back to the firmware.
    pub fn keep(self) -> ManuallyDrop<Self> {
        ManuallyDrop::new(self)
    }
}

impl Drop for Pages<'_> {
    fn drop(&mut self) {
        self.firmware.free(&self.grant);
    }
}
