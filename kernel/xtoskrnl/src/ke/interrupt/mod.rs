//! Interrupts: who handles which vector, and when (design D7a).
//!
//! A vector's upper four bits decide its run level. An interrupt above the processor's level runs at once, on the interrupt
//! stack, at its own level, with interrupts on, and ends at the local APIC afterwards. Any other is remembered and *not*
//! ended: so the local APIC itself holds back everything of its class and below, and one vector a class is all there is
//! to remember. It runs when the level falls.
//!
//! ```text
//!   ar's stubs -> deliver::enter -+-> above the level: serve -> handler -> end of interrupt -+-> settle -> back
//!                                 '-> not above: Deferred, pending                            |
//!   Raised::drop -> something pending above -> deliver::deliver -----------------------------'
//! ```
//!
//! Deferred procedure calls and rescheduling are [`software`] interrupts: only a bit of what is pending.
//!
//! Interrupts are on at every level but High, from [`enable`] on, except inside the few instructions of entry and exit.

mod counts;
mod deferred;
mod deliver;
mod software;

use spin::Once;
use xthal::Vector;

pub(crate) use self::counts::{Totals, totals};
pub(crate) use self::deliver::{deliver, enter};
pub(crate) use self::software::{
    SoftwareHandlers, exchange_software_handlers, request_apc, request_dispatch,
};
use crate::ar::control;

/// A function that handles an interrupt, at the run level of the vector, on the interrupt stack, with interrupts on.
pub(crate) type Handler = fn(Vector);

/// Vectors below belong to exceptions.
const FIRST: usize = 32;

static HANDLERS: [Once<Handler>; 256 - FIRST] = [const { Once::new() }; 256 - FIRST];

/// Why a vector gets no handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RegisterError {
    /// It has one.
    Taken(Vector),
    /// It is an exception's.
    Exception(Vector),
}

/// Has a function handle a vector, on all processors, for good.
///
/// # Errors
/// [`RegisterError`]; nothing has changed then.
pub(crate) fn register(vector: Vector, handler: Handler) -> Result<(), RegisterError> {
    let slot = slot(vector).ok_or(RegisterError::Exception(vector))?;
    let mut is_new = false;
    slot.call_once(|| {
        is_new = true;
        handler
    });
    if is_new { Ok(()) } else { Err(RegisterError::Taken(vector)) }
}

/// Returns the handler of a vector, if it has one.
fn handler_of(vector: Vector) -> Option<Handler> {
    slot(vector)?.get().copied()
}

fn slot(vector: Vector) -> Option<&'static Once<Handler>> {
    HANDLERS.get(usize::from(vector.number()).checked_sub(FIRST)?)
}

/// Takes interrupts on this processor from now on. Its local APIC is on, and the machine's PICs are masked.
pub(crate) fn enable() {
    control::interrupts_on();
}
