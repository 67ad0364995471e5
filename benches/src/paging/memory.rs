//! The buffer that stands for physical memory, and frames for tables.

use std::ptr::NonNull;

use anyhow::Result;
use xtcore::{Frame, PAGE_BYTES};

use crate::harness::memory::Region;

/// Bytes of simulated physical memory: what lies below the frames that are mapped.
const BYTES: usize = 64 << 20;

/// Simulated physical memory for tables, all of it free.
#[derive(Debug)]
pub(super) struct Memory {
    region: Region,
    next: u64,
    free: Vec<Frame>,
}

impl Memory {
    /// Reserves the memory.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { region: Region::reserve(BYTES)?, next: 1, free: Vec::new() })
    }

    /// Returns where physical address 0 lies.
    pub(super) const fn base(&self) -> NonNull<u8> {
        self.region.base()
    }

    /// Takes a frame. What it holds is zero only at the first time.
    pub(super) fn take(&mut self) -> Option<Frame> {
        self.free.pop().or_else(|| {
            let frame = Frame::new(self.next);
            self.next += 1;
            (frame.number() < BYTES as u64 / PAGE_BYTES).then_some(frame)
        })
    }

    /// Gives a frame back.
    pub(super) fn give(&mut self, frame: Frame) {
        self.free.push(frame);
    }
}
