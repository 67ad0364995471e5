//! What a processor needs of memory: caches, stacks that stay, its own block, and a page to start on.
#![allow(unsafe_code, reason = "mapped pages become a processor's block and stacks")]

mod caches;
mod start_page;

use xtcore::{CpuIndex, FrameCount, VirtAddr, VirtRange};
use xtmm::space::PageContent;
use xtmm::stack::{StackError, StackSize};

use super::memory::Memory;
use crate::ar::local::Local;
use crate::ar::{FaultStack, set_fault_stacks};
use crate::ke::stacks::{self, INTERRUPT_STACK, Name, START_STACK};
pub(crate) use start_page::StartPage;

/// Bytes of a stack that interrupts or faults of a processor run on: interrupts of each level may nest there.
const KEPT_STACK_BYTES: u64 = 16 << 10;

/// Bytes below such a stack that never get memory, besides the page that every stack has: nobody answers a probe there, and who
/// jumps over a page still meets them.
const KEPT_GUARD_BYTES: u64 = 12 << 10;

/// What a processor has for itself before it starts.
#[derive(Clone, Copy)]
pub(crate) struct Belongings {
    /// Its block, with its fault stacks and its interrupt stack.
    pub(crate) block: &'static Local,
    /// The stack that it starts on, and idles on.
    pub(crate) stack: VirtRange,
}

/// Makes a stack for a processor, with unmapped pages below it, and makes its name known. Returns its pages. It is never
/// given back.
///
/// # Errors
/// [`StackError`].
pub(crate) fn kept_stack(
    memory: &'static Memory,
    purpose: &'static str,
    cpu: CpuIndex,
) -> Result<VirtRange, StackError> {
    let size = StackSize::new(KEPT_STACK_BYTES + KEPT_GUARD_BYTES)?.with_committed(KEPT_STACK_BYTES)?;
    // The value is dropped, and the stack with it lost to the memory manager: its processor keeps it for good.
    let stack = memory.stacks().create(size)?;
    let pages = stack.committed_range();
    let guard = VirtRange::new(stack.guard().start(), pages.start()).unwrap_or(stack.guard());
    // There is a place for each stack that a processor has; and a stop on one that is not known only lacks its name.
    let _ = stacks::register(stacks::Stack { name: Name::of(purpose, cpu), pages, guard });
    Ok(pages)
}

/// Makes all that a processor has for itself. What was made when an error comes stays made, as belongings of a processor that
/// never starts.
///
/// # Errors
/// [`StackError`], for the block, too.
pub(crate) fn belongings(memory: &'static Memory, cpu: CpuIndex) -> Result<Belongings, StackError> {
    let stack = kept_stack(memory, START_STACK, cpu)?;
    let interrupts = kept_stack(memory, INTERRUPT_STACK, cpu)?;
    let mut tops = [VirtAddr::ZERO; FaultStack::ALL.len()];
    for (top, fault) in tops.iter_mut().zip(FaultStack::ALL) {
        *top = kept_stack(memory, fault.name(), cpu)?.end();
    }
    let block = block(memory, cpu)?;
    set_fault_stacks(block, tops);
    // SAFETY: the processor does not run yet; the stack was made for this, and stays.
    unsafe { block.set_interrupt_stack(interrupts.end()) };
    Ok(Belongings { block, stack })
}

/// Makes a processor's own block, on a page of its own.
fn block(memory: &'static Memory, cpu: CpuIndex) -> Result<&'static Local, StackError> {
    const PAGES: FrameCount = FrameCount::holding(size_of::<Local>() as u64);
    let none = xtpaging::OutOfFrames { wanted: PAGES, available: FrameCount::ZERO };
    let mapping =
        memory.system().allocate(PAGES, PageContent::Zeroed).map_err(|_| StackError::NoMemory(none))?;
    let place = core::ptr::with_exposed_provenance_mut::<Local>(mapping.address().get() as usize);
    // SAFETY: the pages are mapped and writable, begin at a page, hold a block, and are known to nobody else.
    unsafe { place.write(Local::new(cpu, place)) };
    // SAFETY: the block was written a moment ago, and the mapping is never released.
    Ok(unsafe { &*place })
}
