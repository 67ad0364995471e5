//! The scenario matrix: every paging mode with every amount of memory, machine, processor and state of entry; and
//! trials with bad input, each with the one clear answer that it has to get.
//!
//! Scenarios are data. [`cells`] lists them, [`Cell::guest`] says how one is booted, [`judge`] whether the outcome
//! is what the cell expects, and [`run_cells`] does all of it.

mod axes;
mod cell;
mod images;
mod judge;
mod run;
mod select;
#[cfg(test)]
mod tests;
mod trial;

pub use self::axes::{
    Entry, EntryPaging, LARGE_MEMORY, MACHINES, MEMORY, PROCESSORS, Processor, Selection, architecture,
};
pub use self::cell::Cell;
pub use self::images::{ArchitectureImages, ImageMissing, Images};
pub use self::judge::judge;
pub use self::run::{CellResult, Progress, lock_order, run_cells, same_image};
pub use self::select::{Scope, cells};
pub use self::trial::{
    ConfigurationFile, Culprit, Demand, Expectation, KernelBuild, KernelFile, LoaderBuild, PLAIN, Trial,
    Turns, trials,
};
