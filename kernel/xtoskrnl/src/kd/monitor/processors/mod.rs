//! What the processors and their threads do.

pub(super) mod cpus;
pub(super) mod locks;
pub(super) mod stacks;
pub(super) mod thread;
pub(super) mod threads;
pub(super) mod timers;
mod waits;
