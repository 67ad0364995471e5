//! Who handles traps: the way from the stubs of either architecture to the kernel, and back.

use spin::Once;

use super::{TrapFrame, control};

/// The interrupted code may go on where it was, with its registers as they were.
///
/// The kernel's function returns this or does not return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) struct Resume;

/// A function that handles traps.
pub(crate) type Handler = fn(&TrapFrame) -> Resume;

static HANDLER: Once<Handler> = Once::new();

/// Names the function that handles traps; the first call counts.
pub(super) fn set_handler(handler: Handler) {
    HANDLER.call_once(|| handler);
}

/// Hands a frame to the handler. The stubs call this, and go back to the interrupted code when it returns.
///
/// A trap that comes before there is a handler stops the processor; so does an abort whose handler returns, because
/// the state that it has saved is not one to go back to (SDM volume 3A, section 6.5).
pub(super) extern "C" fn trap(frame: &TrapFrame) {
    if let Some(handler) = HANDLER.get() {
        let Resume = handler(frame);
        if !frame.vector().is_abort() {
            return;
        }
    }
    control::stop()
}
