//! Software interrupts: what a processor has asked itself to do as soon as its run level is low enough.
//!
//! They are bits of what is pending; no controller knows of them.
#![allow(
    unsafe_code,
    reason = "deferred procedure calls run on the interrupt stack; a table of functions is exchanged"
)]

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use xtmm::machine::RunLevel;

use super::deliver::deliver;
use crate::ar::local::{self, Mask, Pending};
use crate::ar::{control, on_interrupt_stack};

/// What software interrupts do. Each function is called at its run level with interrupts on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoftwareHandlers {
    /// Runs deferred procedure calls: at Dispatch, on the interrupt stack.
    pub(crate) deferred_calls: fn(),
    /// Looks whether another thread should run: at Dispatch, on the thread's own stack, on the way down. It may return
    /// on another processor.
    pub(crate) reschedule: fn(),
    /// Runs asynchronous procedure calls: at Apc, on the thread's own stack.
    pub(crate) asynchronous_calls: fn(),
}

/// Null, or from a static reference.
static HANDLERS: AtomicPtr<SoftwareHandlers> = AtomicPtr::new(ptr::null_mut());

/// Names what software interrupts do from now on, and returns what they did before. What is asked for while nobody is named
/// comes to nothing.
pub(crate) fn exchange_software_handlers(
    handlers: Option<&'static SoftwareHandlers>,
) -> Option<&'static SoftwareHandlers> {
    let new = handlers.map_or(ptr::null_mut(), |handlers| ptr::from_ref(handlers).cast_mut());
    let old = HANDLERS.swap(new, Ordering::AcqRel);
    // SAFETY: what stands there came from a static reference, above.
    unsafe { old.as_ref() }
}

/// Asks for a software interrupt at Dispatch on this processor: at once if the level is below, else when it falls below.
#[inline]
pub(crate) fn request_dispatch() {
    request(RunLevel::Dispatch);
}

/// Asks for a software interrupt at Apc.
#[inline]
pub(crate) fn request_apc() {
    request(RunLevel::Apc);
}

/// A thread below Dispatch may move to another processor between the steps. Then the one that it has left delivers when it
/// next lowers its level or ends an interrupt, which changing threads does.
#[inline]
fn request(level: RunLevel) {
    local::add_pending(Pending::at(level));
    local::lower(local::mask(), deliver);
}

/// Does what was asked for at a level. Called, and returns, with interrupts off; maybe on another processor.
pub(super) fn run(level: RunLevel) {
    local::remove_pending(Pending::at(level));
    // SAFETY: what stands there came from a static reference.
    let Some(handlers) = (unsafe { HANDLERS.load(Ordering::Acquire).as_ref() }) else { return };
    local::set_mask(Mask::up_to(level));
    if level == RunLevel::Dispatch {
        // SAFETY: interrupts are off; the function turns them off again, and at Dispatch the processor stays the same.
        unsafe { on_interrupt_stack(|| with_interrupts(handlers.deferred_calls)) };
        with_interrupts(handlers.reschedule);
    } else {
        with_interrupts(handlers.asynchronous_calls);
    }
}

/// Calls a function with interrupts on, and turns them off again.
fn with_interrupts(function: fn()) {
    control::interrupts_on();
    function();
    control::interrupts_off();
}
