//! The planner of the kernel's virtual address space, used by the loader and the kernel alike.
//!
//! Pure: the same input gives the same layout, on every machine and in every test. A layout is a list of typed regions,
//! sorted and disjoint, each with an unmapped guard before and after it of at least [`Layout::guard`] bytes, so that
//! no two regions share a page table and running off an end is a fault with a name.
//!
//! ```text
//!   64-bit modes (PML4; PML5 differs where the second line says so)
//!   FFFF8000_00000000  Window          up to 64 TiB: frame n appears at base + n * 4 KiB
//!                      (PML5: FF000000_00000000, up to 4 PiB, which is all of 2^52)
//!   FFFFC100_00000000  PerProcessor, Hardware, SystemPtes, SystemPteBooks, NonPagedPool, NonPagedBooks, PagedPool,
//!                      PagedBooks, FrameRecords, PfnDatabase: packed upwards, each at a multiple of 512 GiB
//!   FFFFF680_00000000  SelfMap         512 GiB (PML5: FFED0000_00000000, 256 TiB)
//!   FFFFF800_00000000  Image           1 GiB of room
//!   FFFFF800_4...      Block, Stack, Framebuffer, FaultStacks, Transient: packed upwards, guard between
//!
//!   32-bit modes
//!   80800000           Image           56 MiB of room
//!   84400000           Block, Stack, Framebuffer, FaultStacks, Transient: packed upwards
//!   (what is left)     Window          as much of the RAM from address 0 as fits below C0000000
//!   C0000000           SelfMap         4 MiB (PML3: 8 MiB)
//!   C0C00000           PerProcessor to PfnDatabase as above, packed upwards, guard between; nothing from FFC00000 on
//! ```
//!
//! What the loader places ([`plan_boot`]) is found at the same addresses in the kernel's final plan ([`plan`]): the
//! second is an extension of the first, so nothing ever moves. The sizes of what is not given as a need come from the
//! formulas of [`budget`]. Image and self-map lie where the needs say: at the standard places above, or where [`random`]
//! puts them for a seed.
//!
//! ```
//! use xtcore::{PagingMode, PhysAddr};
//! use xtlayout::random::{IMAGE_STEP_BYTES, Places};
//!
//! // Where a seed puts a kernel of 1 MiB on a machine with up to 1 TiB; `examples/plan.rs` plans the rest.
//! let places = Places::drawn(PagingMode::Pml4, 1 << 20, PhysAddr::new(1 << 40).frame(), 42)?;
//! assert!(places.image_base.is_aligned(IMAGE_STEP_BYTES));
//! assert!((256..511).contains(&places.self_map_slot));
//! # Ok::<(), xtlayout::LayoutError>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(test)]
extern crate std;

mod anchors;
pub mod budget;
mod error;
mod planner;
pub mod random;
mod region;
#[cfg(test)]
mod tests;

pub use error::LayoutError;
pub use planner::{BootLayout, BootNeeds, Needs, plan, plan_boot};
pub use region::{Layout, Region, RegionKind};
