//! The machine that `xtmm` runs on: this kernel's processors, and its way to frames.
#![allow(unsafe_code, reason = "the trait promises what run levels hold")]

use spin::Once;
use xtcore::FrameRange;
use xtmm::inject::Injector;
use xtmm::machine::{Machine, RunLevel};

use super::reach::Reach;
use crate::ar::words;
use crate::ke::processor::{self, Pinned};

/// The kernel as `xtmm` sees it. All of its state is the kernel's own, so every value is the same machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelMachine;

/// The one value.
pub(crate) static MACHINE: KernelMachine = KernelMachine;

static INJECTOR: Injector = Injector::new();
static REACH: Once<Reach> = Once::new();

/// Makes the way to frames known; the first call counts.
pub(in crate::mm) fn publish(reach: Reach) -> &'static Reach {
    REACH.call_once(|| reach)
}

// SAFETY: a pin raises the run level of its processor to Dispatch, where no other thread of execution of that processor
// runs, and `ke::processor` numbers the processors.
unsafe impl Machine for KernelMachine {
    type Lock = spin::Mutex<()>;
    type Pin = Pinned;

    fn pin(&self) -> Pinned {
        processor::pin()
    }

    fn run_level(&self) -> RunLevel {
        processor::run_level()
    }

    fn zero(&self, frames: FrameRange) {
        if let Some(reach) = REACH.get() {
            // SAFETY: frames that somebody asks to be zeroed are theirs, and come from opened blocks.
            unsafe { reach.fill(frames, 0) };
        }
    }

    fn prefetch(&self, address: *const u8) {
        words::prefetch(address);
    }

    fn injector(&self) -> &Injector {
        &INJECTOR
    }
}
