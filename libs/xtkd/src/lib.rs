//! The parts of a kernel's debugger that need no hardware.
//!
//! The crate allocates nothing, locks nothing, reads no memory but its own, and has no global and no `unsafe`: what it is
//! for has to work when everything else is broken.

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod json;
pub mod monitor;
