//! Two banks of memory that really exist: below 2 GiB and above 4 GiB.
#![allow(unsafe_code, reason = "lends memory as firmware does")]

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, PhysAddr};
use xtsim::PhysicalMemory;

#[repr(align(4096))]
struct Page(UnsafeCell<[u8; PAGE_BYTES as usize]>);

/// A bank of frames.
pub(crate) struct Bank {
    frames: FrameRange,
    pages: Box<[Page]>,
}

impl Bank {
    /// Makes a bank of frames full of rubbish, so that nobody can rely on zeros.
    pub(crate) fn new(start: u64, count: u64) -> Self {
        let pages = (0..count).map(|_| Page(UnsafeCell::new([0xA5; PAGE_BYTES as usize]))).collect();
        Self { frames: FrameRange::with_count(Frame::new(start), FrameCount::new(count)), pages }
    }

    pub(crate) fn frames(&self) -> FrameRange {
        self.frames
    }

    /// Returns a pointer to all the memory from `frame` on.
    pub(crate) fn pointer(&self, frame: Frame) -> Option<NonNull<u8>> {
        if !self.frames.contains(frame) {
            return None;
        }
        let index = (frame.number() - self.frames.start().number()) as usize;
        // From the whole slice, so that the pointer may be used for the following pages too.
        let first = UnsafeCell::raw_get(self.pages.as_ptr().cast::<UnsafeCell<[u8; 4096]>>());
        NonNull::new(first.wrapping_add(index).cast())
    }
}

/// All memory of the simulated machine.
pub(crate) struct Memory {
    pub(crate) banks: Vec<Bank>,
}

impl Memory {
    /// Copies bytes out. `None` where there is no memory.
    pub(crate) fn read(&self, at: PhysAddr, into: &mut [u8]) -> Option<()> {
        for (offset, byte) in into.iter_mut().enumerate() {
            let at = PhysAddr::new(at.get() + offset as u64);
            let page = self.banks.iter().find_map(|bank| bank.pointer(at.frame()))?;
            // SAFETY: the pointer is to a whole page of a bank, and the offset lies inside that page.
            let place = unsafe { page.add(at.page_offset() as usize) };
            // SAFETY: banks are filled when they are made, and nobody holds a reference into one while a test reads.
            *byte = unsafe { place.read() };
        }
        Some(())
    }
}

impl PhysicalMemory for Memory {
    fn read_u32(&self, at: PhysAddr) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes)?;
        Some(u32::from_le_bytes(bytes))
    }

    fn read_u64(&self, at: PhysAddr) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }
}
