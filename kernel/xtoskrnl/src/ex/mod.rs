//! What stands on the kernel: the checks of a boot, their report, and the view for an inspector.

pub(crate) mod fill;
pub(crate) mod inspect;
pub(crate) mod report;
pub(crate) mod tell;
