//! The instructions behind the loader: the only place with assembly and with a look at the target's architecture.
//!
//! * [`HostCpuid`], [`ticks`], [`random`]: what the processor says about itself, and its generator of random numbers.
//! * [`SerialPort`]: a 16550, polled.
//! * [`Switch`]: from any state that firmware leaves a processor in to the paging mode and the entry point wanted.
#![allow(unsafe_code, reason = "instructions have no safe form")]

#[cfg(target_arch = "x86_64")]
mod amd64;
#[cfg(target_arch = "x86")]
mod i686;
mod processor;
mod serial;
mod switch;

pub use processor::{ARCHITECTURE, HostCpuid, halt, random, ticks, wait_seconds};
pub use serial::SerialPort;
pub use switch::{CodeAndData, Switch, hand_over};
