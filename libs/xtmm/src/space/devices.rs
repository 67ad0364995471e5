//! Device mappings: registers and memory of devices, at pages of a region of their own.
//!
//! ```text
//!   region   | registers | guard | registers | guard |  ...
//! ```
//!
//! # What it guarantees
//! * A device is readable and writable, never executable, and has the memory type that was asked for.
//! * Behind each mapping lies a page that is never mapped, so running off the end of one device is a fault and not an access
//!   to the next. In front of the first lies the region's own guard.
//! * A [`DeviceMapping`] goes when it is given to [`Devices::release`]: the pages are unmapped, the TLBs have forgotten them,
//!   and only then are they handed out again, guard included. The frames are the device's and go nowhere.
//!
//! # Lock order
//! That of [`SystemPtes`]: the ranges, then the frame allocator for page tables, then the page tables.

use core::fmt;

use xtcore::{FrameRange, PAGE_BYTES, PhysAddr, VirtAddr, VirtRange};
use xtpaging::{Attributes, Cache, MapError, Tables, Tlb};

use super::error::{PteError, ReleaseError};
use super::frames::PageFrames;
use super::mapper::Mapper;
use super::ptes::{PageRanges, SystemMapping, SystemPtes};
use crate::machine::Machine;

/// A device's registers or memory, mapped. It can't be copied, so it is released once.
#[must_use = "the device stays mapped until the mapping is released"]
#[derive(PartialEq, Eq, Debug)]
pub struct DeviceMapping {
    mapping: SystemMapping,
    address: VirtAddr,
    bytes: u64,
}

impl DeviceMapping {
    /// Returns where the first byte that was asked for appears.
    #[must_use]
    pub const fn address(&self) -> VirtAddr {
        self.address
    }

    /// Returns how many bytes were asked for.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the pages, without the guard behind them.
    #[must_use]
    pub const fn pages(&self) -> VirtRange {
        self.mapping.pages()
    }
}

/// The pages for devices.
pub struct Devices<'m, M: Machine, T, L, F, P>(SystemPtes<'m, M, T, L, F, Guarded<P>>);

impl<M: Machine, T, L, F, P> fmt::Debug for Devices<'_, M, T, L, F, P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Devices")
    }
}

impl<'m, M: Machine, T: Tables, L: Tlb, F: PageFrames, P: PageRanges> Devices<'m, M, T, L, F, P> {
    /// Hands out the pages of `ranges`, which are the kernel's and not mapped.
    pub const fn new(mapper: Mapper<'m, M, T, L, F>, ranges: P) -> Self {
        Self(SystemPtes::new(mapper, Guarded(ranges)))
    }

    /// Maps a device's registers or memory, from any byte on: whole pages are mapped, and the mapping's address has the
    /// offset in its page that `start` has. Registers are [`Cache::Uncached`]; other types are for devices that say so.
    /// Large pages are used where the device and its size allow it. Cost: that of [`Mapper::map_run`].
    /// Highest level: Dispatch.
    ///
    /// # Errors
    /// [`PteError::Empty`]; [`PteError::Pages`]; [`PteError::Space`] with the errors of [`Mapper::map_run`]; so RAM that the
    /// window shows is refused unless its memory type is the same. Nothing has changed then.
    pub fn map(
        &self,
        start: PhysAddr,
        bytes: u64,
        cache: Cache,
    ) -> Result<DeviceMapping, PteError<P::Refusal>> {
        if bytes == 0 {
            return Err(PteError::Empty);
        }
        let frames = FrameRange::covering(start, bytes);
        if start.checked_add(bytes).is_none() {
            let limit = self.0.frame_limit();
            return Err(PteError::Space(MapError::FrameTooHigh { end: frames.end(), limit }.into()));
        }
        let mapping = self.0.map_physical(frames, Attributes::KERNEL_DATA.with_cache(cache))?;
        let address = VirtAddr::new(mapping.address().get() + start.page_offset());
        Ok(DeviceMapping { mapping, address, bytes })
    }

    /// Unmaps a device and takes its pages back. Highest level: Dispatch, with interrupts on.
    ///
    /// # Errors
    /// Those of [`SystemPtes::release`].
    pub fn release(&self, device: DeviceMapping) -> Result<(), ReleaseError<P::Crime>> {
        self.0.release(device.mapping)
    }

    /// Lets `look` at the ranges, under their lock. Highest level: Dispatch.
    pub fn inspect<R>(&self, look: impl FnOnce(&P) -> R) -> R {
        self.0.inspect(|Guarded(ranges)| look(ranges))
    }
}

/// Ranges with a page behind each that is given out with it and in which nothing ever appears.
struct Guarded<P>(P);

impl<P: PageRanges> PageRanges for Guarded<P> {
    type Refusal = P::Refusal;
    type Crime = P::Crime;

    fn allocate(&mut self, pages: u64, alignment: u64) -> Result<VirtRange, P::Refusal> {
        // No region has as many pages as the sum saturates at.
        let whole = self.0.allocate(pages.saturating_add(1), alignment)?;
        Ok(VirtRange::saturating(whole.start(), whole.bytes().saturating_sub(PAGE_BYTES)))
    }

    fn free(&mut self, pages: VirtRange) -> Result<(), P::Crime> {
        self.0.free(VirtRange::saturating(pages.start(), pages.bytes().saturating_add(PAGE_BYTES)))
    }
}
