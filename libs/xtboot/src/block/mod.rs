//! The loader block: one contiguous piece of memory that describes the machine to the kernel.
//!
//! ```text
//!   +0                     Header            fixed size, `header_bytes`
//!   +runs_offset           RunRecord[]       sorted, disjoint, every frame the loader knows of
//!   +sections_offset       SectionRecord[]   the kernel image's sections, sorted
//!   +parameters_offset     UTF-8 text        the kernel parameters, `parameters_bytes` long
//!   +block_bytes           end; everything between is covered by the checksum
//! ```
//!
//! Arrays follow each other in this order and start at multiples of 8.
//!
//! The loader says what it knows as a [`Handover`] and calls [`seal`]; the kernel calls [`extent`] on the first page
//! to learn how long the block claims to be, then [`verify`] on all of it, and gets a [`VerifiedBlock`] or a
//! [`BlockError`] that says what is wrong and where. Both sides share the wire format, the arithmetic of the arrays
//! ([`BlockPlan`]) and the checksum; the checks are the kernel's alone.

mod checksum;
mod error;
mod handover;
mod origin;
mod plan;
mod seal;
mod verified;
mod verify;
mod wire;

pub use checksum::checksum;
pub use error::{BlockError, Part};
pub use handover::{Features, Handover, Image, Placed, Screen, Section};
pub use origin::{LayoutOrigin, LayoutSource};
pub use plan::{BlockPlan, MAX_BLOCK_BYTES};
pub use seal::{SealError, seal};
pub use verified::VerifiedBlock;
pub use verify::{Expected, extent, verify};
pub use wire::{
    Framebuffer, Header, MAGIC, MANIFEST_MAGIC, MANIFEST_SECTION, Manifest, PixelFormat, RunRecord,
    SectionProtection, SectionRecord, Stamps, VERSION, flags, machine,
};
