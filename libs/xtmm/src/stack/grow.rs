//! Growth of a stack that is in use.

use core::sync::atomic::Ordering;

use xtcore::{FrameCount, PAGE_BYTES, VirtAddr};

use super::error::{ProbeRefusal, StackError};
use super::place::{Limit, Stack, pages_holding};
use super::{StackPages, Stacks, nothing_left, pages_of};
use crate::inject::Site;
use crate::machine::Machine;

/// A page fault that may be a probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// The address that faulted.
    pub fault: VirtAddr,
    /// The stack pointer at the faulting instruction.
    pub stack_pointer: VirtAddr,
    /// What to have below the page that faulted, as far as the reservation reaches: code that has probed uses the stack down to
    /// there, and what interrupts push then cannot be repaired.
    pub headroom: FrameCount,
}

impl<M: Machine, P: StackPages> Stacks<'_, M, P> {
    /// Commits `bytes` more bytes of a stack, rounded up to pages, right below its limit. Returns the new limit.
    /// Highest level: Dispatch.
    ///
    /// Called at Passive or APC level, on the stack itself or on another one; with room to spare, as a probe that
    /// faults inside is refused.
    ///
    /// # Errors
    /// [`StackError::Size`] for no byte at all, [`StackError::Exhausted`], [`StackError::NoMemory`],
    /// [`StackError::Busy`].
    pub fn grow(&self, stack: &Stack, bytes: u64) -> Result<Limit, StackError> {
        let more = pages_holding(bytes)?;
        if self.machine.injector().fails(Site::StackGrowth) {
            return Err(StackError::NoMemory(nothing_left(more)));
        }
        self.commit(stack, more)?;
        Ok(stack.limit())
    }

    /// Sees to it that `bytes` bytes below the stack pointer are committed; grows the stack by what is missing.
    /// Returns the limit. Highest level: Dispatch.
    ///
    /// # Errors
    /// [`StackError::Elsewhere`], [`StackError::Exhausted`], [`StackError::NoMemory`], [`StackError::Busy`].
    pub fn ensure(&self, stack: &Stack, stack_pointer: VirtAddr, bytes: u64) -> Result<Limit, StackError> {
        if !stack.carries(stack_pointer) {
            return Err(StackError::Elsewhere { stack_pointer });
        }
        let limit = stack.limit();
        let there = stack_pointer.bytes_since(limit.address()).unwrap_or(0);
        match bytes.saturating_sub(there) {
            0 => Ok(limit),
            missing => self.grow(stack, missing),
        }
    }

    /// Grows a stack under a probe, down to the page that faulted and by the headroom below it. Returns the new limit;
    /// then the instruction is repeated.
    ///
    /// Called by a page-fault handler, on that stack or on one of its own, when the interrupted code ran below Dispatch: the
    /// locks of [`StackPages`] are taken at Dispatch, so that code holds none of them. Cost: that of committing the pages.
    ///
    /// # Errors
    /// [`ProbeRefusal`]; all but [`ProbeRefusal::NotAProbe`] are the end of the thread.
    pub fn grow_on_probe(&self, stack: &Stack, probe: Probe) -> Result<Limit, ProbeRefusal> {
        let Probe { fault, stack_pointer, headroom } = probe;
        if stack.guard().contains(fault) {
            return Err(ProbeRefusal::Guard { fault });
        }
        if !stack.usable().contains(fault) {
            return Err(ProbeRefusal::NotAProbe { fault });
        }
        let mut growth = stack.begin_growth().map_err(|_| ProbeRefusal::Busy)?;
        let limit = stack.limit_of(growth.committed).address();
        if fault >= limit {
            return Err(ProbeRefusal::NotAProbe { fault });
        }
        if !stack.carries(stack_pointer) {
            return Err(ProbeRefusal::Overrun { stack_pointer });
        }
        let bytes = limit.get() - fault.align_down(PAGE_BYTES).get();
        let needed = pages_holding(bytes).map_err(|_| ProbeRefusal::NotAProbe { fault })?;
        let left =
            usize::try_from(headroom.get()).unwrap_or(usize::MAX).min(growth.left().saturating_sub(needed));
        let more = needed + left;
        if self.machine.injector().fails(Site::StackGrowth) {
            return Err(ProbeRefusal::NoMemory(nothing_left(more)));
        }
        let pages = growth.next(more).map_err(|_| ProbeRefusal::Guard { fault })?;
        self.pages.commit(pages).map_err(ProbeRefusal::NoMemory)?;
        self.committed.fetch_add(more, Ordering::Relaxed);
        growth.committed += more;
        drop(growth);
        Ok(stack.limit())
    }

    /// Commits pages right below the limit.
    pub(super) fn commit(&self, stack: &Stack, more: usize) -> Result<(), StackError> {
        let mut growth = stack.begin_growth()?;
        let pages = growth.next(more)?;
        self.pages.commit(pages).map_err(StackError::NoMemory)?;
        self.committed.fetch_add(pages_of(pages), Ordering::Relaxed);
        growth.committed += more;
        Ok(())
    }
}
