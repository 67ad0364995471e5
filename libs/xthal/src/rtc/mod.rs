//! The battery-backed clock: what its registers mean. The calendar behind them is [`xtrtl::time`]'s.
//!
//! Source: Motorola MC146818A data sheet, "Time, calendar, and alarm locations" and "Registers"; ACPI 6.5, section
//! 5.2.9, for the century.

mod registers;
#[cfg(test)]
mod tests;

pub use registers::{BadClock, Fields, Format, SET, UPDATE_IN_PROGRESS, index};
pub use xtrtl::time::{DateTime, NotADate};
