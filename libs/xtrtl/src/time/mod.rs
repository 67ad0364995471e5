//! Time that people read: NT's count of units, Unix's count of seconds, and the calendar that both are told in.
//!
//! ```text
//!   1601-01-01                1970-01-01                     9999-12-31
//!   ├── units of 100 ns ──────────┼───────────────────────────────┤    NT: unsigned, u64
//!   │◀── seconds before ──────────┼──────── seconds after ───────▶│    Unix: signed, i64, and nanoseconds
//! ```
//!
//! No leap seconds, as in both systems: every day has 86,400 seconds. No time zones. How much time has *passed* is an
//! [`Interval`]; clocks that tell it are in `xtke::time`.

mod calendar;
mod interval;
mod unix;

#[cfg(test)]
mod tests;

pub use calendar::{DateTime, NotADate, days_in_month, is_leap_year};
pub use interval::Interval;
pub use unix::Unix;

/// Units of 100 nanoseconds in a second.
pub const UNITS_A_SECOND: u64 = 10_000_000;
