//! What firmware's ACPI tables say about processors, interrupts and timers.
//!
//! ```text
//!   RSDP ─┬─ XSDT ─┬─ MADT ─── processors, local and I/O APICs, interrupt wiring, NMIs
//!         └─ RSDT ─┼─ HPET ─── the event timer
//!                  └─ FADT ─┬─ SCI, PM timer, century register, reset register, what a PC has and has not
//!                           └─ DSDT ─── the sleep types of soft-off
//! ```
//!
//! [`Platform::find`] reads all of it once, from the RSDP on, and returns plain data of fixed size. It needs physical
//! memory only as a [`ReadPhysical`]: bytes are copied, nothing is mapped for long, and a read may fail. Addresses have
//! 64 bits on every target, so a 32-bit kernel reads tables that lie above 4 GiB if its reader can.
//!
//! # What is guaranteed
//!
//! Tables are a stranger's bytes. Whatever they hold, [`Platform::find`] returns, and does not panic. No read begins
//! before a table or passes the length in its header, no table is longer than a limit, and nothing in a table leads to
//! another but what the picture above shows, so that cycles cannot arise. At most [`Platform::MOST_BYTES`] bytes are
//! read.
//!
//! What is wrong becomes a [`Notice`] that names the place and says what follows from it; what can still be used is
//! used. Lists have a fixed capacity, and what does not fit is counted.
//!
//! # What is not
//!
//! This is no interpreter of AML: `_S5_` is found by its encoding. That a table passes all checks does not make it
//! true; a caller still probes the hardware that it names.
//!
//! ```
//! use xtacpi::{Platform, ReadPhysical, Unreadable};
//! use xtcore::PhysAddr;
//!
//! /// A machine whose memory cannot be read.
//! struct Nothing;
//!
//! impl ReadPhysical for Nothing {
//!     fn read(&mut self, at: PhysAddr, _: &mut [u8]) -> Result<(), Unreadable> {
//!         Err(Unreadable { at })
//!     }
//! }
//!
//! let platform = Platform::find(&mut Nothing, PhysAddr::new(0xE_0000));
//! assert_eq!(platform.processors.listed().len(), 0);
//! assert_eq!(platform.notices.count(), 1);
//! ```
//!
//! `examples/platform.rs` reads the tables of a real machine.
//!
//! Source: ACPI 6.5, chapter 5; IA-PC HPET 1.0a, section 3.2.4.

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fixed;
mod hpet;
mod interrupt;
mod madt;
mod memory;
mod notice;
mod platform;
mod root;
mod survey;
mod table;

pub use fixed::{BootArchitecture, Fixed, PmTimer, PmTimerWidth, Register, Reset, SoftOff};
pub use hpet::{CounterWidth, Hpet};
pub use interrupt::{IsaIrq, IsaWiring, Wiring};
pub use madt::{InterruptModel, Interrupts, IoApic, LegacyPics, Lint, Processor, Processors, Readiness};
pub use memory::{ReadPhysical, Unreadable};
pub use notice::{EntryFault, Listed, Notice, Notices, RegisterName};
pub use platform::Platform;
pub use survey::{Found, survey};
pub use table::{Signature, TableFault};
