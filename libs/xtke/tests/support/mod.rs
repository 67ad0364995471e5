//! Machines to run the scheduler on.
//!
//! * [`flat`] has no threads of its own: a switch only notes what a processor runs, and the test does what that would do.
//!   So every interleaving of whole operations, on any number of processors, is a plain sequence.
//! * [`host`] has a thread of the host for each thread, and a baton for each processor that they hand to one another: with
//!   one processor it is deterministic, with more the operations really overlap.

pub(crate) mod flat;
pub(crate) mod host;
