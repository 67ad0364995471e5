//! The kernel proper: run levels, interrupts, the processors and what they do when idle, what happens to traps, bug checks, how
//! a run ends, and the stamps of the start.

pub(crate) mod bugcheck;
pub(crate) mod ending;
pub(crate) mod fault;
pub(crate) mod interrupt;
pub(crate) mod processor;
pub(crate) mod processors;
pub(crate) mod regions;
pub(crate) mod stacks;
pub(crate) mod stamps;
pub(crate) mod threads;
pub(crate) mod translations;
pub(crate) mod trap;
