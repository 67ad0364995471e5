//! Deferred work: what is to be done later, elsewhere, or at a lower run level.
//!
//! | what | runs at | on | for |
//! |---|---|---|---|
//! | [`Dpc`] | Dispatch | a processor | what an interrupt handler leaves to be done soon |
//! | [`apc::Apc`] | Apc, or Passive | a thread | what only a certain thread can do |
//! | [`work::WorkItem`] | Passive | a worker thread | what has to wait, or takes long |
//!
//! [`Rundown`] is the other half of all of them: how an owner learns that nobody is busy any more with what he frees.
//!
//! # What holds
//! * Each of them stands in at most one queue, which its links lie in: **nothing is allocated** to defer something.
//! * It may be deferred again as soon as it has begun to run, also by itself.
//! * **Nothing is freed while a queue or a processor knows it**: they are pinned, and dropping one takes it out and
//!   waits, or where it cannot, stops the machine.
//!
//! # Locks
//! Those of APC queues and work queues; under them, [`Parking::unpark`](crate::platform::Parking::unpark) only. DPC
//! queues have none: whoever inserts may have interrupted the processor that drains.

pub mod apc;
mod done;
mod dpc;
mod drain;
mod rundown;
mod runs;
pub mod work;

pub use dpc::{Dpc, Importance, Target};
pub use drain::{Deferring, DpcQueue, flush};
pub use rundown::{AlreadyEnding, Protection, Rundown};

/// What deferred work does.
pub trait Routine: Sync {
    /// Does it.
    fn run(&self);
}

impl<F: Fn() + Sync> Routine for F {
    fn run(&self) {
        self();
    }
}

#[cfg(all(test, loom))]
mod models;
