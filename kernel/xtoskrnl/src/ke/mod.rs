//! The kernel proper: bug checks, what happens to traps, how a run ends, and the stamps of the start.

pub(crate) mod bugcheck;
pub(crate) mod ending;
pub(crate) mod regions;
pub(crate) mod stamps;
pub(crate) mod trap;
