//! What happens to an exception: page faults are resolved where somebody can, and everything else becomes the bug check
//! that names it.

use core::sync::atomic::{AtomicU32, Ordering};

use super::bugcheck::{Code, bug_check};
use super::processors::Summons;
use super::{fault, processors, stacks};
use crate::ar::fault::Vector;
use crate::ar::{Resume, TrapFrame, control, registers_survive_a_breakpoint};

/// Breakpoints that are part of a check and not a mistake.
static EXPECTED_BREAKPOINTS: AtomicU32 = AtomicU32::new(0);

/// Handles every exception. Returns when the interrupted code can go on.
pub(crate) fn handle(frame: &TrapFrame) -> Resume {
    match frame.vector() {
        Vector::PAGE_FAULT => with_interrupts_as_before(frame, || fault::handle(frame)),
        Vector::DOUBLE_FAULT => double_fault(frame),
        Vector::BREAKPOINT if is_expected() => Resume,
        Vector::NON_MASKABLE => {
            let summons = processors::join_a_hold(frame);
            processors::join_a_stop(frame);
            match summons {
                Summons::Answered => Resume,
                Summons::None => unexpected(frame),
            }
        }
        _ => unexpected(frame),
    }
}

/// Runs a handler that takes as long as it needs: with interrupts on, if the interrupted code had them on. CR2 is in the frame,
/// so another page fault, in an interrupt's handler, changes nothing.
fn with_interrupts_as_before(frame: &TrapFrame, handler: impl FnOnce() -> Resume) -> Resume {
    if !frame.interrupts_were_on() {
        return handler();
    }
    control::interrupts_on();
    let resume = handler();
    control::interrupts_off();
    resume
}

/// Tells whether a trap gives back everything that it found, by raising one.
pub(crate) fn gives_everything_back() -> bool {
    EXPECTED_BREAKPOINTS.fetch_add(1, Ordering::Relaxed);
    registers_survive_a_breakpoint()
}

/// Tells whether the breakpoint is part of a check, and counts it.
fn is_expected() -> bool {
    let left = |count: u32| count.checked_sub(1);
    EXPECTED_BREAKPOINTS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
}

/// Most often a page fault on a stack that is used up: its delivery needs that very stack.
fn double_fault(frame: &TrapFrame) -> ! {
    let Some(stack) = stacks::overflowed(frame) else { unexpected(frame) };
    let (name, guard) = (stack.name, stack.guard);
    let (at, pointer) = (frame.instruction(), frame.stack());
    let what = format_args!(
        "double fault (#DF) at {at:#x}: the {name} has overflowed into its guard, {:#x} to {:#x}; \
         stack pointer {pointer:#x}",
        guard.start(),
        guard.end()
    );
    bug_check(Code::UnexpectedKernelModeTrap, parameters(frame), Some(frame), what)
}

fn unexpected(frame: &TrapFrame) -> ! {
    let (vector, error) = (frame.vector(), frame.error());
    let (at, stack) = (frame.instruction(), frame.stack());
    let what = format_args!("{} at {at:#x}, error code {error:#x}, stack pointer {stack:#x}", vector.name());
    bug_check(Code::UnexpectedKernelModeTrap, parameters(frame), Some(frame), what)
}

/// The parameters of the bug check, as [`Code::UnexpectedKernelModeTrap`] explains them.
fn parameters(frame: &TrapFrame) -> [u64; 4] {
    [frame.vector().number().into(), frame.error(), frame.instruction().get(), frame.stack().get()]
}
