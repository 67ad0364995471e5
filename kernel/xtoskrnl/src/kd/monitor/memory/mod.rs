//! What memory is for.

pub(super) mod audit;
pub(super) mod layout;
pub(super) mod memmap;
pub(super) mod pfn;
pub(super) mod pte;
pub(super) mod vm;
pub(super) mod wx;
