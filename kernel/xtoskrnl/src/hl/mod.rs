//! The machine around the processor. There is no separate hardware abstraction layer: this is it, and it is small.
//!
//! It is told what there is, as plain facts, and is given devices' registers that are already mapped ([`registers`]).

pub(crate) mod acpi;
pub(crate) mod apic;
pub(crate) mod keyboard;
pub(crate) mod power;
pub(crate) mod registers;
pub(crate) mod screen;
pub(crate) mod serial;
pub(crate) mod time;
pub(crate) mod vectors;
