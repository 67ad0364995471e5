//! Measuring several subjects side by side.
//!
//! # Method
//! * All subjects of a test live in one binary and take turns, repeat by repeat, so that what disturbs the machine for a
//!   while disturbs all of them.
//! * Time is the CPU time of the thread: being preempted by other programs does not count. Threads are bound to
//!   processors.
//! * The result of a test is the median of its repeats; all samples are handed on.

pub(crate) mod clock;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod pair;
pub(crate) mod random;
mod report;
mod run;

pub(crate) use report::{environment, notice};
pub(crate) use run::{Effort, Plan, Sample, Unit};
