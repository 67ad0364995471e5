//! Interrupt controllers and clocks of the PC, as far as they can be told without touching hardware: what the bits of a
//! register mean, and the arithmetic between a wish and what is written.
//!
//! ```text
//!   vector   which interrupt vector is for what
//!   apic     the local APIC: registers, commands to other processors, local vectors, its timer
//!   ioapic   the I/O APIC's redirection entries
//!   pic      the two 8259s, which are kept silent
//!   time     frequencies, intervals, wrapping counters, calibration; TSC, HPET, PIT
//!   topology cores and packages
//!   rtc      the battery-backed clock
//!   serial   serial ports and their names
//! ```
//!
//! Everything is plain data or a pure function, so a host can test it; the kernel that uses it keeps the access and the
//! sequence. Only [`time::Extender`] has a state that changes, an atomic one.

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(test)]
extern crate std;

pub mod apic;
pub mod ioapic;
pub mod pic;
pub mod rtc;
pub mod serial;
pub mod time;
pub mod topology;
pub mod vector;

pub use vector::Vector;
