//! The stamps of the start: how long each phase took, in ticks of the time stamp counter since the kernel's entry.
//!
//! Where the emulator counts instructions, a tick is a fixed number of them, so stamps compare between runs.

use arrayvec::ArrayVec;

use crate::ar::control::time_stamp;

/// A phase that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    /// Its name.
    pub(crate) name: &'static str,
    /// Ticks from the kernel's entry to its end.
    pub(crate) ticks: u64,
}

/// The phases so far.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    entry: u64,
    phases: ArrayVec<Phase, 16>,
}

impl Stamps {
    /// Starts counting now.
    pub(crate) fn start() -> Self {
        Self { entry: time_stamp(), phases: ArrayVec::new() }
    }

    /// Records that a phase has ended. More than fit are not recorded.
    pub(crate) fn end_of(&mut self, name: &'static str) {
        let ticks = time_stamp().wrapping_sub(self.entry);
        let _ = self.phases.try_push(Phase { name, ticks });
    }

    /// Returns the phases in their order.
    pub(crate) fn phases(&self) -> &[Phase] {
        &self.phases
    }
}
