//! A kernel's core, without the kernel.
//!
//! What processors and threads do with one another: locks, scheduling, waiting, timers, deferred work, and making
//! all processors forget a translation. The crate contains no assembly, no global and no knowledge of interrupts; what
//! it needs of a machine are the small traits of [`platform`], so that it runs in a kernel, and in a test whose
//! processors are threads of the host.
//!
//! # What holds everywhere
//! * **Nothing is allocated** where something waits, wakes or is queued: whatever stands in a queue brings its own place.
//! * **Misuse is found**, see [`misuse`]: waiting at a raised level, a lock taken twice, a mutex released by a stranger.
//!   Where going on would corrupt something, the machine stops; where the caller can do something, it is an error.
//! * **Run levels are stated**: each operation names the highest level that it may be called at, and debug builds check it.
//!
//! # Locks
//! All spin locks raise the run level to Dispatch, and are taken in this order, outermost first:
//!
//! ```text
//!   waitable object (several at once by ascending address)  ->  thread  ->  ready queue  ->  timer queue
//! ```
//!
//! # Examples
//! `examples/timers_and_locks.rs` makes threads of the host into processors. A part that needs no machine:
//!
//! ```
//! use xtke::{CpuIndex, CpuSet};
//!
//! let asked = CpuSet::from_bits(0b1011);
//! assert_eq!(asked.len(), 3);
//! assert!(asked.contains(CpuIndex::new(3)) && !asked.contains(CpuIndex::new(2)));
//! ```

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cpus;
pub mod defer;
mod levels;
pub mod lock;
pub mod misuse;
#[cfg(all(test, loom))]
mod model;
pub mod platform;
pub mod sched;
pub mod shootdown;
pub mod sleep;
mod sync;
pub mod time;
pub mod wait;

pub use cpus::CpuSet;
pub use xtcore::{CpuIndex, RunLevel};
