//! Devices, mapped: their registers appear uncached and not executable, with a page behind each that is never mapped.
//!
//! ```text
//!   region "hardware mappings"   | device | guard | device | guard | ...      | records of the arena |
//! ```
//!
//! RAM is no device: two addresses of one frame with different memory types lead to undefined operation (SDM volume 3A,
//! section 12.12.4), and a block of RAM may appear in the window at any later time. So the memory map decides, and not
//! what the window shows at the moment.

use core::fmt;

use xtcore::{Frame, FrameRange, MemoryKind, PhysAddr, VirtRange};
use xtmm::arena::{ArenaCrime, Counts, NoPages};
use xtmm::space::{DeviceMapping, Devices, PteError, ReleaseError};
use xtpaging::Cache;

use super::memory::{KernelMachine, Memory, Pages, Source};
use super::paging::{EveryTlb, SelfMapTables};

/// The pages for devices.
#[derive(Debug)]
pub(crate) struct DeviceRoom {
    pub(super) pages: Devices<'static, KernelMachine, SelfMapTables, EveryTlb, Source, Pages>,
    /// Where they lie.
    pub(super) region: VirtRange,
}

impl DeviceRoom {
    /// Returns where device mappings lie.
    pub(super) const fn region(&self) -> VirtRange {
        self.region
    }

    /// Returns how many mappings there are, and pages with their guards.
    pub(super) fn counts(&self) -> Counts {
        self.pages.inspect(Pages::counts)
    }
}

/// Why a device is not mapped. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DeviceError {
    /// The memory map calls some of it RAM.
    Ram {
        /// The first such frame.
        frame: Frame,
    },
    /// There are no pages, no frames for page tables, or there is no such physical address.
    Mapping(PteError<NoPages>),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ram { frame } => write!(out, "frame {frame:#x} is RAM, and no device's"),
            Self::Mapping(error) => write!(out, "a device cannot be mapped: {error:?}"),
        }
    }
}

impl Memory {
    /// Maps `bytes` bytes of a device from any byte on. Registers are [`Cache::Uncached`]; other types are for devices that
    /// say so. Cost: a look at each run of the memory map, and the mapping.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub(crate) fn map_device(
        &self,
        start: PhysAddr,
        bytes: u64,
        cache: Cache,
    ) -> Result<DeviceMapping, DeviceError> {
        let frames = FrameRange::covering(start, bytes);
        let is_ram = |kind: MemoryKind| kind.is_usable() || kind == MemoryKind::AcpiReclaimable;
        let mut ram = self.block.runs().filter(|run| is_ram(run.kind) && run.frames.overlaps(frames));
        if let Some(run) = ram.next() {
            return Err(DeviceError::Ram { frame: run.frames.intersection(frames).start() });
        }
        self.devices.pages.map(start, bytes, cache).map_err(DeviceError::Mapping)
    }

    /// Unmaps a device. Its pages can be given to another one.
    ///
    /// # Errors
    /// [`ReleaseError`] when somebody else has unmapped a page of it.
    pub(crate) fn release_device(&self, device: DeviceMapping) -> Result<(), ReleaseError<ArenaCrime>> {
        self.devices.pages.release(device)
    }
}
