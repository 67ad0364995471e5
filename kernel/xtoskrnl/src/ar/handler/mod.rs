//! Who handles traps and interrupts: the way from the stubs of either architecture to the kernel, and back.

mod interrupt;

use spin::Once;

pub(super) use self::interrupt::interrupt;
pub(crate) use self::interrupt::on_interrupt_stack;
use super::{TrapFrame, control};

/// The interrupted code may go on where it was, with its registers as they were.
///
/// The kernel's function returns this or does not return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) struct Resume;

/// The functions that handle what interrupts a processor. Both are called with interrupts off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers {
    /// Handles exceptions and NMIs.
    pub(crate) trap: fn(&TrapFrame) -> Resume,
    /// Handles interrupts, by their vectors, from 32 on.
    pub(crate) interrupt: fn(u8),
}

static HANDLERS: Once<Handlers> = Once::new();

/// Names the functions that handle traps and interrupts; the first call counts.
pub(super) fn set_handlers(handlers: Handlers) {
    HANDLERS.call_once(|| handlers);
}

/// Hands a frame to the handler. The stubs call this, and go back to the interrupted code when it returns.
///
/// A trap that comes before there is a handler stops the processor; so does an abort whose handler returns, because
/// the state that it has saved is not one to go back to (SDM volume 3A, section 6.5).
pub(super) extern "C" fn trap(frame: &TrapFrame) {
    if let Some(handlers) = HANDLERS.get() {
        let Resume = (handlers.trap)(frame);
        if !frame.vector().is_abort() {
            return;
        }
    }
    control::stop()
}
