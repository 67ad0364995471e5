//! Simulated RAM: sparse, poisoned until first written, and interruptible at every store.
//!
//! # What it guarantees
//!
//! * Only installed frames answer. A load elsewhere returns `None`; a store elsewhere is a bug of the code under
//!   test and panics, because a lost store must not be overlooked.
//! * A frame never written reads as the background byte, 0xFF unless chosen otherwise: whoever forgets to zero a
//!   new table hands the walker 512 present entries full of reserved bits.
//! * Frames cost memory only once written, so a machine may have 2^40 of them.
//! * Before and after each software store, and between the two halves of a 64-bit store on a 32-bit machine, the
//!   [`Hook`] runs: see [`Stop`].
//!
//! # Stores
//!
//! | method | 32-bit machine | 64-bit machine |
//! |--------|----------------|----------------|
//! | [`store32`](Ram::store32) | one store | one store |
//! | [`store64_plain`](Ram::store64_plain) | **two** stores, in the chosen [`HalfOrder`] | one store |
//! | [`store_half_low`](Ram::store_half_low), [`store_half_high`](Ram::store_half_high) | one store each | one store each |
//! | [`exchange32`](Ram::exchange32), [`exchange64`](Ram::exchange64) | atomic | atomic |
//! | [`zero`](Ram::zero), [`poison`](Ram::poison), [`install`](Ram::install) | a whole frame, no stop | the same |
//! | [`set_flags`](Ram::set_flags) | the processor's own locked update; no stop, not counted | the same |

mod frames;
mod stops;

#[cfg(test)]
mod tests;

pub use stops::{Hook, Moment, Stop};

use std::fmt;

use xtcore::{Frame, FrameRange, PhysAddr};

use crate::memory::{FRAME_BYTES, PhysicalMemory};
use frames::Frames;

/// Width of the machine's ordinary stores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Width {
    /// A plain 64-bit store is two 32-bit stores.
    Bits32,
    /// A plain 64-bit store is one store.
    Bits64,
}

/// Which half of a plain 64-bit store a 32-bit machine writes first. A compiler may choose either.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HalfOrder {
    /// Bits 31:0 first.
    LowFirst,
    /// Bits 63:32 first.
    HighFirst,
}

/// What frames contain before anything is written to them.
const POISON: u8 = 0xFF;

/// Frames that 52 bits of physical address can name (SDM volume 3A, section 4.1.4).
const MAXIMUM_FRAMES: u64 = 1 << 40;

/// The memory of a simulated machine. The [module](self) describes its stores.
pub struct Ram {
    width: Width,
    order: HalfOrder,
    installed: Vec<FrameRange>,
    frames: Frames,
    stores: u64,
    hook: Option<Hook>,
}

impl Ram {
    /// Returns a machine's memory without any frame installed.
    #[must_use]
    pub fn new(width: Width) -> Self {
        Self {
            width,
            order: HalfOrder::LowFirst,
            installed: Vec::new(),
            frames: Frames::new(POISON),
            stores: 0,
            hook: None,
        }
    }

    /// Returns a machine's memory with one range of frames installed.
    ///
    /// # Panics
    ///
    /// As [`install`](Self::install).
    #[must_use]
    pub fn with(width: Width, range: FrameRange) -> Self {
        let mut ram = Self::new(width);
        ram.install(range);
        ram
    }

    /// Installs frames; their contents are the background byte.
    ///
    /// # Panics
    ///
    /// When the range lies beyond 52 bits of physical address.
    pub fn install(&mut self, range: FrameRange) {
        assert!(range.end().number() <= MAXIMUM_FRAMES, "{range:?} lies beyond 52 physical-address bits");
        self.installed.push(range);
    }

    /// Chooses what untouched frames contain, in place of 0xFF.
    pub fn set_background(&mut self, byte: u8) {
        self.frames.set_background(byte);
    }

    /// Chooses which half [`store64_plain`](Self::store64_plain) writes first on a 32-bit machine.
    pub fn set_half_order(&mut self, order: HalfOrder) {
        self.order = order;
    }

    /// Returns the width of the machine's ordinary stores.
    #[must_use]
    pub fn width(&self) -> Width {
        self.width
    }

    /// Tells whether memory answers at `frame`.
    #[must_use]
    pub fn is_installed(&self, frame: Frame) -> bool {
        self.installed.iter().any(|range| range.contains(frame))
    }

    /// Returns how many stores software has made: a torn one counts twice, an exchange or a whole frame once.
    #[must_use]
    pub fn stores(&self) -> u64 {
        self.stores
    }

    /// Returns how many frames have ever been written.
    #[must_use]
    pub fn frames_touched(&self) -> usize {
        self.frames.touched()
    }

    /// Calls `hook` at every [`Stop`] from now on, in place of any hook before.
    ///
    /// The hook gets the memory itself and may walk it, run another processor on it, or even store to it: stores
    /// made inside a hook do not stop again.
    pub fn on_stop(&mut self, hook: impl FnMut(&mut Self, Stop) + 'static) {
        self.hook = Some(Box::new(hook));
    }

    /// Removes the hook and returns it.
    pub fn remove_hook(&mut self) -> Option<Hook> {
        self.hook.take()
    }

    /// Stores four bytes.
    ///
    /// # Panics
    ///
    /// Where no memory is installed, or `at` is not naturally aligned. So does every other store.
    pub fn store32(&mut self, at: PhysAddr, value: u32) {
        self.single(at, &value.to_le_bytes());
    }

    /// Stores eight bytes the way compiled code would: in two halves on a 32-bit machine, with a stop between.
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn store64_plain(&mut self, at: PhysAddr, value: u64) {
        let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
        let low = (at, [a, b, c, d]);
        let high = (upper_half(at), [e, f, g, h]);
        match (self.width, self.order) {
            (Width::Bits64, _) => self.single(at, &value.to_le_bytes()),
            (Width::Bits32, HalfOrder::LowFirst) => self.torn(at, low, high),
            (Width::Bits32, HalfOrder::HighFirst) => self.torn(at, high, low),
        }
    }

    /// Stores bits 31:0 of the eight-byte value at `at`.
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn store_half_low(&mut self, at: PhysAddr, low: u32) {
        self.store32(at, low);
    }

    /// Stores bits 63:32 of the eight-byte value at `at` (four bytes at `at + 4`).
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn store_half_high(&mut self, at: PhysAddr, high: u32) {
        self.store32(upper_half(at), high);
    }

    /// Swaps four bytes atomically and returns the old ones.
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn exchange32(&mut self, at: PhysAddr, value: u32) -> u32 {
        self.stop(Moment::Before, at);
        let old = self.frames.read(at);
        self.write(at, &value.to_le_bytes());
        self.stop(Moment::After, at);
        u32::from_le_bytes(old)
    }

    /// Swaps eight bytes atomically, as `cmpxchg8b` does on a 32-bit machine too, and returns the old ones.
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn exchange64(&mut self, at: PhysAddr, value: u64) -> u64 {
        self.stop(Moment::Before, at);
        let old = self.frames.read(at);
        self.write(at, &value.to_le_bytes());
        self.stop(Moment::After, at);
        u64::from_le_bytes(old)
    }

    /// Sets bits of the low byte at `at`, as a processor sets accessed and dirty flags: locked, unseen by software.
    ///
    /// # Panics
    ///
    /// As [`store32`](Self::store32).
    pub fn set_flags(&mut self, at: PhysAddr, bits: u8) {
        self.must_be_installed(at);
        let [old] = self.frames.read(at);
        self.frames.write(at, &[old | bits]);
    }

    /// Fills a frame with zeros.
    ///
    /// # Panics
    ///
    /// Where no memory is installed.
    pub fn zero(&mut self, frame: Frame) {
        self.fill(frame, 0);
    }

    /// Fills a frame with 0xFF.
    ///
    /// # Panics
    ///
    /// Where no memory is installed.
    pub fn poison(&mut self, frame: Frame) {
        self.fill(frame, POISON);
    }

    /// Reads one byte, or returns `None` where no memory answers.
    #[must_use]
    pub fn read_u8(&self, at: PhysAddr) -> Option<u8> {
        self.load(at).map(u8::from_le_bytes)
    }

    /// Stores one byte.
    ///
    /// # Panics
    ///
    /// Where no memory is installed.
    pub fn store8(&mut self, at: PhysAddr, value: u8) {
        self.single(at, &[value]);
    }

    fn fill(&mut self, frame: Frame, byte: u8) {
        self.must_be_installed(frame.address());
        self.stores += 1;
        self.frames.fill(frame, byte);
    }

    fn single(&mut self, at: PhysAddr, bytes: &[u8]) {
        self.stop(Moment::Before, at);
        self.write(at, bytes);
        self.stop(Moment::After, at);
    }

    fn torn(&mut self, at: PhysAddr, first: (PhysAddr, [u8; 4]), second: (PhysAddr, [u8; 4])) {
        self.stop(Moment::Before, at);
        self.write(first.0, &first.1);
        self.stop(Moment::Between, at);
        self.write(second.0, &second.1);
        self.stop(Moment::After, at);
    }

    fn write(&mut self, at: PhysAddr, bytes: &[u8]) {
        self.must_be_installed(at);
        must_be_aligned(at, bytes.len());
        self.stores += 1;
        self.frames.write(at, bytes);
    }

    fn load<const N: usize>(&self, at: PhysAddr) -> Option<[u8; N]> {
        must_be_aligned(at, N);
        self.is_installed(at.frame()).then(|| self.frames.read(at))
    }

    fn stop(&mut self, moment: Moment, at: PhysAddr) {
        // Taken out while it runs, so that it may borrow the memory, and so that it does not stop itself.
        if let Some(mut hook) = self.hook.take() {
            hook(self, Stop { moment, at });
            // A hook that installed a successor has retired.
            self.hook.get_or_insert(hook);
        }
    }

    fn must_be_installed(&self, at: PhysAddr) {
        assert!(self.is_installed(at.frame()), "store to {at:?}, where no memory is installed");
    }
}

impl PhysicalMemory for Ram {
    fn read_u32(&self, at: PhysAddr) -> Option<u32> {
        self.load(at).map(u32::from_le_bytes)
    }

    fn read_u64(&self, at: PhysAddr) -> Option<u64> {
        self.load(at).map(u64::from_le_bytes)
    }

    fn read_frame(&self, frame: Frame, out: &mut [u8; FRAME_BYTES]) -> Option<()> {
        self.is_installed(frame).then(|| self.frames.copy(frame, out))
    }
}

impl fmt::Debug for Ram {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ram")
            .field("width", &self.width)
            .field("installed", &self.installed)
            .field("frames_touched", &self.frames.touched())
            .field("stores", &self.stores)
            .finish_non_exhaustive()
    }
}

fn upper_half(at: PhysAddr) -> PhysAddr {
    must_be_aligned(at, 8);
    PhysAddr::new(at.get() + 4)
}

/// Aligned values never straddle frames, and only they are atomic on every processor (section 9.1.1).
fn must_be_aligned(at: PhysAddr, bytes: usize) {
    assert!(at.get().is_multiple_of(bytes as u64), "{bytes}-byte access to {at:?} is not aligned");
}
