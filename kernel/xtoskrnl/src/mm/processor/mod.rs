//! What a processor needs of memory: caches, stacks that stay, its own block, and a page to start on.
#![allow(unsafe_code, reason = "mapped pages become a processor's block and stacks")]

mod belongings;
mod caches;
mod start_page;

use xtcore::{CpuIndex, VirtRange};
use xtmm::stack::{Stack, StackError, StackSize};

use super::memory::Memory;
use crate::ke::stacks::{self, Name};
pub(crate) use belongings::Belongings;
pub(crate) use start_page::StartPage;

/// Bytes of a stack that interrupts or faults of a processor run on: interrupts of each level may nest there.
const KEPT_STACK_BYTES: u64 = 16 << 10;

/// Bytes below such a stack that never get memory, besides the page that every stack has: nobody answers a probe there, and who
/// jumps over a page still meets them.
const KEPT_GUARD_BYTES: u64 = 12 << 10;

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
    let stack = make_stack(memory)?;
    let pages = stack.committed_range();
    keep_stack(stack, Name::of(purpose, cpu));
    Ok(pages)
}

/// Bytes of the monitor's stack. All commands were seen to need 12 KiB of it; a bug check inside of one, and what checked builds
/// need more, have as much again.
const MONITOR_STACK_BYTES: u64 = 32 << 10;

/// Makes the stack that the monitor runs on, whatever it interrupts. Returns its pages. It is never given back.
///
/// # Errors
/// [`StackError`].
pub(crate) fn monitor_stack(memory: &'static Memory) -> Result<VirtRange, StackError> {
    let size = StackSize::new(MONITOR_STACK_BYTES + KEPT_GUARD_BYTES)?.with_committed(MONITOR_STACK_BYTES)?;
    let stack = memory.stacks().create(size)?;
    let pages = stack.committed_range();
    keep_stack(stack, Name::new("monitor stack"));
    Ok(pages)
}

/// Makes a stack of that kind.
fn make_stack(memory: &'static Memory) -> Result<Stack, StackError> {
    let size = StackSize::new(KEPT_STACK_BYTES + KEPT_GUARD_BYTES)?.with_committed(KEPT_STACK_BYTES)?;
    memory.stacks().create(size)
}

/// Makes a stack's name known. The value is dropped, and the stack with it lost to the memory manager: its processor keeps it for
/// good.
fn keep_stack(stack: Stack, name: Name) {
    let pages = stack.committed_range();
    let guard = VirtRange::new(stack.guard().start(), pages.start()).unwrap_or(stack.guard());
    // There is a place for each stack that a processor has; and a stop on one that is not known only lacks its name.
    let _ = stacks::register(stacks::Stack { name, pages, guard });
}
