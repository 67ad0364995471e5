//! The machine that `xtmm` runs on: this kernel's processors, and its way to frames.
#![allow(unsafe_code, reason = "the trait promises what run levels hold")]

use spin::Once;
use xtcore::FrameRange;
use xtke::lock::RawQueued;
use xtmm::inject::Injector;
use xtmm::machine::{CpuIndex, LockClass, Machine, RunLevel};

use super::reach::Reach;
use crate::ar::words;
use crate::ke::processor::{self, Pinned};
use crate::ke::threads::{self, Kernel};

/// The kernel as `xtmm` sees it. There is none before there is a way to frames, so nobody can ask one to zero what it
/// could not reach.
#[derive(Debug)]
pub(crate) struct KernelMachine {
    reach: Reach,
}

static MACHINE: Once<KernelMachine> = Once::new();
static INJECTOR: Injector = Injector::new();

impl KernelMachine {
    /// Makes the machine from the way to frames; the first call counts.
    pub(in crate::mm) fn stand(reach: Reach) -> &'static Self {
        MACHINE.call_once(|| Self { reach })
    }

    /// Returns the way to the bytes of frames.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }
}

// SAFETY: a pin raises the run level of its processor to Dispatch, where no other thread of execution of that processor
// runs, and `ke::processor` numbers the processors.
unsafe impl Machine for KernelMachine {
    type Lock = RawQueued<Kernel>;
    type Pin = Pinned;

    #[inline]
    fn pin(&self) -> Pinned {
        processor::at_most(RunLevel::Dispatch, "the memory manager");
        processor::pin()
    }

    fn take(lock: &RawQueued<Kernel>, class: LockClass) {
        lock.lock_as(class);
    }

    #[inline]
    fn briefly<R>(&self, work: impl FnOnce(CpuIndex) -> Option<R>) -> Option<R> {
        processor::briefly(work)
    }

    fn run_level(&self) -> RunLevel {
        processor::run_level()
    }

    fn zero(&self, frames: FrameRange) {
        // SAFETY: frames that somebody asks to be zeroed are theirs, and come from opened blocks.
        unsafe { self.reach.fill(frames, 0) };
    }

    fn prefetch(&self, address: *const u8) {
        words::prefetch(address);
    }

    fn nudge(&self) -> bool {
        threads::kick_others()
    }

    fn injector(&self) -> &Injector {
        &INJECTOR
    }
}
