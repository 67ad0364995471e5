//! What stands on the kernel: the checks of a boot, their report, the view for an inspector, and crimes on purpose.

pub(crate) mod bench;
pub(crate) mod contexts;
pub(crate) mod crime;
pub(crate) mod devices;
pub(crate) mod inspect;
pub(crate) mod interrupts;
pub(crate) mod measure;
pub(crate) mod processors;
pub(crate) mod report;
pub(crate) mod stress;
pub(crate) mod tell;
pub(crate) mod translations;
pub(crate) mod traps;
pub(crate) mod waiting;
