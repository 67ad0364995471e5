//! Entry formats: what the bits of a page-table entry mean, per mode and level.
//!
//! | bit | name | entry that maps a page | entry that refers to a table |
//! |-----|------|------------------------|------------------------------|
//! | 0 | P | present | present |
//! | 1 | RW | writable | writable below |
//! | 2 | US | user | user below |
//! | 3, 4 | PWT, PCD | memory type, with PAT | memory type of the table |
//! | 5 | A | accessed | accessed |
//! | 6 | D | dirty | ignored |
//! | 7 | PS / PAT | level 1: PAT; above: 1, a large page | 0 |
//! | 8 | G | global | ignored, kept 0: the self-map shows it as G |
//! | 9 | software | execution was meant to be forbidden, but the processor cannot | ignored |
//! | 10, 11 | software | occupancy of the table that holds the entry, see [`occupancy`] | the same |
//! | 12 | PAT | large pages only | address |
//! | 51 to 12 | address | the frame (4-byte entries: 31 to 12) | the frame of the table |
//! | 63 | NX | execution forbidden (8-byte entries with IA32_EFER.NXE) | the same, for all below |
//!
//! Source: Intel SDM volume 3A, tables 4-4 to 4-6 (32-bit paging), 4-8 to 4-11 (PAE), 4-15 to 4-20 (4- and 5-level).

mod attributes;
mod format;
pub mod occupancy;
mod pdpte;
mod reserved;

pub use attributes::{Attributes, Cache, Capabilities, Privilege, Protection, Rights, Scope, Support};
pub use format::{Bits, Decoded, Format};
pub(crate) use format::{Kind, page_address};
pub use pdpte::Pdpte;
pub use reserved::reserved_bits;
