//! The way of an interrupt, and the stack that its handler runs on.
#![allow(unsafe_code, reason = "functions are run on other stacks")]

use xtcore::VirtAddr;

use super::HANDLERS;
use crate::ar::local::{lend_interrupt_stack, take_back_interrupt_stack};
use crate::ar::stack::call_with_stack;

/// Hands an interrupt to its handler. The stubs call this with interrupts off, and go back to the interrupted code when it
/// returns. Interrupts are on only after the handlers have been named.
pub(in crate::ar) extern "C" fn interrupt(vector: u32) {
    if let Some(handlers) = HANDLERS.get() {
        // The stubs zero-extend a byte.
        (handlers.interrupt)(vector as u8);
    }
}

/// Calls a function on the processor's interrupt stack; when something runs on that one already, the stack pointer is on it or
/// on a stack that was called from it, and the function runs where the caller does.
///
/// So an interrupt takes little of a thread's stack, however deep interrupts nest. Costs a dozen instructions.
///
/// # Safety
/// The caller takes no interrupts, `function` returns with interrupts off, and on the processor that it was called on.
pub(crate) unsafe fn on_interrupt_stack(function: impl FnOnce()) {
    let top = lend_interrupt_stack();
    if top == VirtAddr::ZERO {
        return function();
    }
    // SAFETY: the processor's block had the top, so nothing runs on the stack, and nobody gets it before it is put back; it is
    // mapped, guarded and aligned, as whoever set it promised.
    unsafe { call_with_stack(top, function) };
    take_back_interrupt_stack(top);
}
