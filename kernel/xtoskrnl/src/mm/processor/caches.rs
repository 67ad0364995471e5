//! The caches that a processor keeps for the memory manager: in its own slot of the layout, given memory when it is to start.
#![allow(unsafe_code, reason = "a slot that has memory becomes caches")]

use xtcore::{CpuIndex, FrameCount, VirtRange};
use xtmm::per_cpu::NotNext;
use xtmm::space::{PageContent, SpaceError};

use crate::mm::memory::Memory;
use crate::mm::start::Caches;

/// Why a processor has no caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CacheError {
    /// The layout has no slot for it.
    NoSlot(CpuIndex),
    /// There is no memory for its slot.
    Memory(SpaceError),
    /// Processors come in the order of their numbers; this one is not the next.
    NotNext(NotNext),
}

impl Memory {
    /// Gives the next processor its caches: of frames, and of both pools. It may not run before.
    ///
    /// # Errors
    /// [`CacheError`]; what has been given memory by then keeps it.
    pub(crate) fn add_processor(&self, cpu: CpuIndex) -> Result<(), CacheError> {
        let slot = self.layout.processor_slot(cpu.get() as u64).ok_or(CacheError::NoSlot(cpu))?;
        let bytes = FrameCount::holding(size_of::<Caches>() as u64).bytes();
        // The slot holds them, as the start has checked for the first processor's.
        let pages = VirtRange::with_length(slot.start(), bytes).ok_or(CacheError::NoSlot(cpu))?;
        self.commits.processors.commit(pages, PageContent::Zeroed).map_err(CacheError::Memory)?;
        let place = core::ptr::with_exposed_provenance::<Caches>(pages.start().get() as usize);
        // SAFETY: the pages are mapped for good, writable, zero, which is a valid value, begin at a page, and are known
        // to nobody.
        let caches = unsafe { &*place };
        // SAFETY: the cache is as new, and only this allocator gets it.
        unsafe { self.frames.add_processor(cpu, &caches.frames) }.map_err(CacheError::NotNext)?;
        for (pool, cache) in [(self.nonpaged, &caches.nonpaged), (self.paged, &caches.paged)] {
            // SAFETY: the cache is as new, and only this pool gets it.
            unsafe { pool.raw().add_processor(cpu, cache) }.map_err(CacheError::NotNext)?;
        }
        Ok(())
    }
}
