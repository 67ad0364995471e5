//! A device's registers in memory.
//!
//! This layer maps nothing: it is given a window that already shows the device, uncached, for good. The window's size is
//! part of its type and a power of two, and offsets are cut to it, so no access leaves the window, whatever the offset;
//! where the offset is a constant nothing of that remains in the code.
#![allow(unsafe_code, reason = "device registers are read and written through their address")]

use core::ptr::NonNull;

use xtcore::VirtAddr;

/// A mapped window of `BYTES` bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers<const BYTES: usize> {
    first: NonNull<u8>,
}

// SAFETY: the pointer leads to registers that stay mapped for good. Volatile accesses of a word are whole, and what order
// several of them need is a matter of each device, not of memory safety.
unsafe impl<const BYTES: usize> Send for Registers<BYTES> {}

// SAFETY: there is no reference into the window that another processor's access could contradict; each access is one
// volatile instruction.
unsafe impl<const BYTES: usize> Sync for Registers<BYTES> {}

impl<const BYTES: usize> Registers<BYTES> {
    /// The window's size.
    pub(crate) const BYTES: u64 = BYTES as u64;

    const CHECKED: () =
        assert!(BYTES.is_power_of_two() && BYTES >= 8, "the window's size cannot cut offsets");

    /// Takes a window over; `None` when its address is not one of a register.
    ///
    /// # Safety
    /// From `first` on, `BYTES` bytes of a device's registers must be mapped, writable and uncached, for good; writing
    /// them must not make the device change memory that the program owns, unless the writer has seen to that.
    pub(crate) unsafe fn new(first: VirtAddr) -> Option<Self> {
        const { Self::CHECKED };
        let address = usize::try_from(first.get()).ok().filter(|address| address.is_multiple_of(8))?;
        NonNull::new(core::ptr::with_exposed_provenance_mut(address)).map(|first| Self { first })
    }

    /// Returns the address of a register of 32 bits.
    #[inline]
    const fn at(self, offset: u32) -> NonNull<u32> {
        let offset = offset as usize & (BYTES - 4);
        // SAFETY: the offset was cut to a multiple of four that leaves four bytes of the window.
        unsafe { self.first.add(offset) }.cast()
    }

    /// Reads the register of 32 bits at an offset in bytes, a multiple of four.
    #[inline]
    pub(crate) fn read(self, offset: u32) -> u32 {
        // SAFETY: an aligned word within the window, which is mapped for good.
        unsafe { self.at(offset).read_volatile() }
    }

    /// Writes the register of 32 bits at an offset in bytes, a multiple of four.
    #[inline]
    pub(crate) fn write(self, offset: u32, value: u32) {
        // SAFETY: an aligned, writable word within the window; what it makes the device do, the window's maker allowed.
        unsafe { self.at(offset).write_volatile(value) };
    }

    /// Reads the register of 64 bits at an offset, a multiple of eight, at once.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn read_wide(self, offset: u32) -> u64 {
        let place = self.at(offset & !7).cast::<u64>();
        // SAFETY: the offset is a multiple of eight below a size that is one too, so eight bytes of the window follow.
        unsafe { place.read_volatile() }
    }
}
