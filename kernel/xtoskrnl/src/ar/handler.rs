//! Who handles traps: the way from the stubs of either architecture to the kernel.

use spin::Once;

use super::{TrapFrame, control};

/// The kernel's function.
static HANDLER: Once<fn(&TrapFrame) -> !> = Once::new();

/// Names the function that handles traps; the first call counts.
pub(super) fn set_handler(handler: fn(&TrapFrame) -> !) {
    HANDLER.call_once(|| handler);
}

/// Hands a frame to the handler. The stubs call this; a trap that comes before there is a handler stops the processor.
pub(super) extern "C" fn trap(frame: &TrapFrame) -> ! {
    match HANDLER.get() {
        Some(handler) => handler(frame),
        None => control::stop(),
    }
}
