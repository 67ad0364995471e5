//! The kernel proper: the processor's run level, what happens to traps, bug checks, how a run ends, and the stamps of
//! the start.

pub(crate) mod bugcheck;
pub(crate) mod ending;
pub(crate) mod fault;
pub(crate) mod processor;
pub(crate) mod regions;
pub(crate) mod stacks;
pub(crate) mod stamps;
pub(crate) mod trap;
