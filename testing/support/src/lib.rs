//! What tests of page-table code share: page tables in the memory of a simulated machine, and one test per paging mode.
//!
//! `xtsim` is the judge and imports nothing that it judges; this crate is what stands between the two, for tests only. It
//! knows the engine's traits and the simulator's memory, and joins them once: [`SimTables`]. What a test then builds on
//! it, a machine with a pool of frames, a kernel with locks, a database, is that test's own affair.
//!
//! # What it guarantees
//! * Nothing here helps: an entry is stored as a processor of that width would store it, a table is reached as a loader
//!   or a kernel would reach it, and what memory holds before is poison.
//! * A use of the primitives that the engine must not make is an assertion that fails.

mod modes;
mod shared;
mod tables;

pub use modes::{EVERYTHING, NOTHING, facts, large_pages, mapping, range, width};
pub use shared::Shared;
pub use tables::SimTables;
// For `in_every_mode`, whose users need not import it.
#[doc(hidden)]
pub use xtcore::PagingMode;
