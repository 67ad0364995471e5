//! A simulated x86 machine for judging page-table code on the host.
//!
//! The code under test writes page tables into simulated RAM; an independent walker says what they mean; a
//! processor with a TLB that forgets nothing shows which invalidation is missing.
//!
//! ```text
//!   code under test ──stores──▶ Ram ◀──reads── walk, translate, leaves   the oracle: what do the tables say?
//!                      │         ▲
//!              stops ──┘         └── Cpu ── Tlb                          what does a processor still believe?
//!              (before, between halves, after)
//! ```
//!
//! # Independence
//!
//! Of the system's own code only [`xtcore`]'s plain types are used: addresses, frames, ranges, the name of a mode.
//! Every bit position and every index width is transcribed here from the Intel SDM, volume 3A, chapter 4, so that a
//! constant shared with the mapper cannot hide an error shared with it. This crate never imports what it judges.
//!
//! # The parts
//!
//! * [`PhysicalMemory`] is all that the walker needs; [`Ram`] implements it for tests, the emulator harness for the
//!   memory of a real guest.
//! * [`Ram`] stops at each store, and on a 32-bit machine between the halves of a plain 64-bit one: [`ram`].
//! * [`walk()`] and [`translate()`] are the oracle, [`Facts`] the processor it assumes: [`walk`](mod@walk).
//! * [`leaves()`] enumerates an address space, [`tables`] the frames it is made of.
//! * [`Cpu`] reads, writes and fetches through its caches: [`cpu`]. [`Cpu::stale_entries`] is what a test asserts to
//!   be empty once all TLB obligations are discharged. [`Machine`] has several processors.
//! * [`SplitMix64`] and [`FramePool`] feed model tests.
//!
//! # Example
//!
//! A page is unmapped and INVLPG forgotten. The tables are right; the processor is not:
//!
//! ```
//! use xtcore::{Frame, FrameCount, FrameRange, PagingMode, PhysAddr, VirtAddr};
//! use xtsim::{Access, Change, Cpu, Facts, Fault, Ram, Width, walk};
//!
//! # fn main() -> Result<(), Fault> {
//! let mut ram = Ram::with(Width::Bits32, FrameRange::with_count(Frame::new(0), FrameCount::new(8)));
//! let (directory, table) = (Frame::new(1), Frame::new(2));
//! ram.zero(directory);
//! ram.zero(table);
//! ram.store32(directory.address(), 0x2003); // the table: present, writable
//! ram.store32(table.address(), 0x5003); // frame 5 at address 0
//!
//! let facts = Facts::modern(PagingMode::Pml2, directory.address());
//! let mut cpu = Cpu::start(&ram, facts)?;
//! cpu.write_u32(&mut ram, VirtAddr::ZERO, 7)?;
//! assert_eq!(walk(&ram, &facts, VirtAddr::ZERO, Access::SUPERVISOR_READ)?.physical, PhysAddr::new(0x5000));
//!
//! ram.exchange32(table.address(), 0);
//! assert!(walk(&ram, &facts, VirtAddr::ZERO, Access::SUPERVISOR_READ).is_err());
//! assert_eq!(cpu.read_u32(&mut ram, VirtAddr::ZERO)?, 7); // still
//! assert!(matches!(cpu.stale_entries(&ram)[0].change, Change::Gone(_)));
//!
//! cpu.invlpg(VirtAddr::ZERO);
//! assert!(cpu.stale_entries(&ram).is_empty());
//! # Ok(())
//! # }
//! ```

pub mod cpu;
mod leaves;
mod memory;
pub mod ram;
mod supply;
#[cfg(test)]
mod testing;
pub mod walk;

pub use cpu::{Cached, Change, Cpu, Machine, Stale};
pub use leaves::{Leaves, TableFrame, leaves, tables};
pub use memory::{FRAME_BYTES, PhysicalMemory};
pub use ram::{HalfOrder, Hook, Moment, Ram, Stop, Width};
pub use supply::{FramePool, SplitMix64};
pub use walk::{
    Access, AccessKind, ErrorCode, Facts, Fault, PageFault, Privilege, Rights, Table, Translation, translate,
    walk,
};
