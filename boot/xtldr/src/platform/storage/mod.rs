//! What the firmware keeps: volumes, the files on them, and variables.

mod files;
mod variables;
mod volumes;

pub(super) use volumes::handle;
