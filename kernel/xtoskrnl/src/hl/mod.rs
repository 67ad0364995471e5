//! The machine around the processor. There is no separate hardware abstraction layer: this is it, and it is small.

pub(crate) mod acpi;
pub(crate) mod power;
pub(crate) mod screen;
pub(crate) mod serial;
