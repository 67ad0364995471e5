//! The machine as a whole: how it was started, what it said, and how it goes on or ends.

pub(super) mod bench;
pub(super) mod crash;
pub(super) mod leave;
pub(super) mod log;
pub(super) mod params;
