//! What a page walker needs of physical memory, and nothing more.
//!
//! Two kinds of memory stand behind this trait: [`Ram`](crate::Ram) in host tests, and the memory of a real guest
//! in the emulator harness. The walker cannot tell them apart, so both are judged by the same code.

use xtcore::{Frame, PhysAddr};

/// Bytes of a frame (SDM volume 3A, section 4.1): the unit in which tables are laid out.
pub const FRAME_BYTES: usize = 4096;

/// Readable physical memory, little-endian like every x86.
///
/// The walker only asks for naturally aligned values.
pub trait PhysicalMemory {
    /// Reads four bytes, or returns `None` where no memory answers.
    fn read_u32(&self, at: PhysAddr) -> Option<u32>;

    /// Reads eight bytes, or returns `None` where no memory answers.
    fn read_u64(&self, at: PhysAddr) -> Option<u64>;

    /// Reads a whole frame into `out`, or returns `None` where any part of it is missing.
    ///
    /// Provided by way of [`read_u64`](Self::read_u64). Memory behind a slow channel should override it: the
    /// [`leaves`](crate::leaves) of an address space are found by one call per table.
    fn read_frame(&self, frame: Frame, out: &mut [u8; FRAME_BYTES]) -> Option<()> {
        let mut at = frame.address();
        for chunk in out.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.read_u64(at)?.to_le_bytes());
            at = PhysAddr::new(at.get() + 8);
        }
        Some(())
    }
}

impl<M: PhysicalMemory + ?Sized> PhysicalMemory for &M {
    fn read_u32(&self, at: PhysAddr) -> Option<u32> {
        (**self).read_u32(at)
    }

    fn read_u64(&self, at: PhysAddr) -> Option<u64> {
        (**self).read_u64(at)
    }

    fn read_frame(&self, frame: Frame, out: &mut [u8; FRAME_BYTES]) -> Option<()> {
        (**self).read_frame(frame, out)
    }
}
