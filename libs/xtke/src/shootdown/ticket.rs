//! A request that is under way.

use core::fmt;
use core::marker::PhantomData;

use xtcore::CpuIndex;

use super::{CpuSet, Shootdown, Translations};

/// A request that others may not have answered yet. It keeps its processor at Dispatch.
///
/// Dropping it waits, too: no frame is free because somebody returned early.
#[must_use = "what was unmapped may be used again only when the others have answered"]
pub struct Ticket<'s, P: Translations, const CPUS: usize> {
    pub(super) shootdown: &'s Shootdown<P, CPUS>,
    pub(super) cpu: CpuIndex,
    pub(super) others: CpuSet,
    pub(super) _raised: P::Raised,
    /// It belongs to its processor.
    pub(super) _stays: PhantomData<*const ()>,
}

impl<P: Translations, const CPUS: usize> Ticket<'_, P, CPUS> {
    /// Returns when nobody holds any of it any more, other than processors that have left.
    ///
    /// Highest level: Dispatch. Cost: until the slowest of those asked takes an interrupt.
    pub fn wait(self) {}
}

impl<P: Translations, const CPUS: usize> Drop for Ticket<'_, P, CPUS> {
    fn drop(&mut self) {
        if !self.others.is_empty() {
            self.shootdown.settle(self.cpu, self.others);
        }
    }
}

impl<P: Translations, const CPUS: usize> fmt::Debug for Ticket<'_, P, CPUS> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ticket({:?} asks {:?})", self.cpu, self.others)
    }
}
