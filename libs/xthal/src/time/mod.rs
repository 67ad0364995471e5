//! Time as hardware counts it: frequencies and intervals, counters that wrap, and calibration of one by another.

mod extender;
mod frequency;
pub mod hpet;
mod measure;
pub mod pit;
#[cfg(test)]
mod tests;
mod tsc;

pub use extender::{Extender, Width};
pub use frequency::{Frequency, Scale};
pub use measure::{Doubt, Measured, Reading, agree, best_of, measure};
pub use tsc::{Told, TscFacts};
pub use xtrtl::time::Interval;
