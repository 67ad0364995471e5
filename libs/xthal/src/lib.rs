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
//!   keyboard the keyboard controller
//! ```
//!
//! Everything is plain data or a pure function, so a host can test it; the kernel that uses it keeps the access and the
//! sequence. Only [`time::Extender`] has a state that changes, an atomic one.
//!
//! ```
//! use xthal::apic::Setting;
//! use xthal::time::{Frequency, Interval, Width};
//!
//! // A counter of 24 bits has wrapped between two readings.
//! assert_eq!(Width::BITS_24.difference(0xFF_FFF0, 0x10), 0x20);
//!
//! // What is written to a local APIC's timer that is fed with 100 MHz, for a tick every 10 ms.
//! let input = Frequency::new(100_000_000).expect("it is not zero");
//! let setting = Setting::for_period(input, Interval::from_millis(10)).expect("the timer can");
//! assert_eq!((setting.divide.get(), setting.count), (1, 1_000_000));
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(test)]
extern crate std;

pub mod apic;
pub mod ioapic;
pub mod keyboard;
pub mod pic;
pub mod rtc;
pub mod serial;
pub mod time;
pub mod topology;
pub mod vector;

pub use vector::Vector;
