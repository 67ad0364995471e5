//! The check of what everything else takes for granted: a trap gives back what it interrupted, a function can run on
//! another stack, and what overflows the stack of the first faults writes nowhere.

use xtcore::{PAGE_BYTES, VirtAddr};

use crate::ar::early_fault_stack;
use crate::ar::stack::pointer;
use crate::ke::bugcheck::{Code, bug_check};
use crate::ke::stacks::{self, Spot};
use crate::ke::trap;
use crate::mm::Memory;

/// #BP, the trap that is tried.
const BREAKPOINT: u64 = 3;

/// Pages at the base of the current stack that serve as the other one.
const OTHER_STACK_PAGES: u64 = 2;

/// Checks, and stops if something is not as it must be. Costs about a thousand instructions.
///
/// Called on a registered stack that has all its memory and is used up to a half at most, which is so of the boot stack
/// when the kernel is ready.
pub(crate) fn check(memory: &Memory) {
    if !trap::gives_everything_back() {
        let what = format_args!("a trap does not give back the registers that it found");
        bug_check(Code::UnexpectedKernelModeTrap, [BREAKPOINT, 0, 0, 0], None, what);
    }
    if !can_exchange_stacks() {
        let what = format_args!("a function does not run on another stack, or does not come back from it");
        bug_check(Code::PanicStackSwitch, [0, 0, 0, pointer().get()], None, what);
    }
    // The linker decides what lies below; the loader maps it with its own rights.
    let below = VirtAddr::new(early_fault_stack().start().get().wrapping_sub(PAGE_BYTES));
    if memory.find(below).is_ok_and(|found| found.rights.write) {
        let what =
            format_args!("the page below the stack of the first faults, at {below:#x}, can be written");
        bug_check(Code::PanicStackSwitch, [0, below.get(), 0, pointer().get()], None, what);
    }
}

#[allow(unsafe_code, reason = "a part of the stack that is not used becomes another stack")]
fn can_exchange_stacks() -> bool {
    let Some(Spot::Inside(stack)) = stacks::find(pointer()) else { return false };
    let used = stack.pages.end().bytes_since(pointer()).unwrap_or(u64::MAX);
    let other = OTHER_STACK_PAGES * PAGE_BYTES;
    if used > stack.pages.bytes() / 2 || other > stack.pages.bytes() / 4 {
        return false;
    }
    let Some(top) = stack.pages.start().checked_add(other) else { return false };
    // SAFETY: the stack grows down to its base only from its used part, which ends above its middle; the pages at the base
    // lie in its lowest quarter, are mapped with the whole, and begin and end at pages.
    unsafe { stacks::can_be_exchanged(top) }
}
