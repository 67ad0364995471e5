//! The paging that the processor runs on, and the kernel's way to it: tables through the self-map, fresh frames through
//! a transient slot, translation caches through INVLPG.

mod active;
mod slot;
mod tables;
mod tlb;
mod word;

pub(crate) use active::{ActiveTables, is_canvas};
pub(super) use slot::Slot;
pub(crate) use tables::SelfMapTables;
pub(crate) use tlb::EveryTlb;
pub(super) use word::Word;
