//! The paging that the processor runs on, and the kernel's way to it: tables through the self-map, fresh frames through
//! a transient slot, translation caches through INVLPG.

mod active;
mod slot;
mod tables;
mod tlb;
mod word;

pub(crate) use active::{ActiveTables, FirmwareTables};
pub(super) use slot::Slot;
pub(super) use tlb::LocalTlb;
