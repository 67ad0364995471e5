//! The machine around the processor. There is no separate hardware abstraction layer: this is it, and it is small.
//!
//! It is told what there is, as plain facts, and is given devices' registers that are already mapped ([`registers`]).

pub(crate) mod acpi;
#[allow(dead_code, reason = "what starting and stopping processors needs stands here before they do")]
pub(crate) mod apic;
pub(crate) mod power;
pub(crate) mod registers;
pub(crate) mod screen;
pub(crate) mod serial;
#[allow(dead_code, reason = "what the clock's handler and drivers need stands here before they do")]
pub(crate) mod time;
#[allow(dead_code, reason = "for the gates of interrupts")]
pub(crate) mod vectors;
