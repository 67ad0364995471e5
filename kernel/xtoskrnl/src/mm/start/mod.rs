//! The way from the loader's tables to memory for everybody.
//!
//! ```text
//!   ActiveTables   found from the registers
//!   Adopted        checked against the loader block
//!   Early          frames from the page-table space: slots, fault stacks, what the frame allocator itself is made of
//!   Memory         the frame allocator stands; the early one is consumed
//! ```
//!
//! Cost: proportional to the descriptors and to the frames in use, not to RAM.

mod adopt;
mod carve;
mod early;
mod layout;
mod register;
mod stand;

use xtboot::map::Summary;
use xtboot::space::PageTableSpace;
use xtcore::{Frame, FrameCount, FrameRange, Geometry, PhysAddr};
use xtlayout::plan;

use super::fault::Fault;
use super::memory::Memory;
use crate::ke::stamps::Stamps;
pub(crate) use adopt::Adopted;
pub(in crate::mm) use carve::Caches;
use carve::Carved;
use early::EarlyFrames;

/// Gives the kernel its own layout and its memory manager.
///
/// Not inlined: what is on its way from step to step must not stay on the boot stack when everything stands.
///
/// # Errors
/// [`Fault`], with what would have been needed.
#[inline(never)]
pub(crate) fn start(adopted: Adopted, stamps: &mut Stamps) -> Result<&'static Memory, Fault> {
    let Adopted { active, block } = adopted;
    let geometry = active.space().geometry();
    let limit = active.space().format().ram_limit();
    let summary = Summary::of(block.runs(), limit);
    let needs = layout::needs(&block, *active.space().self_map(), summary.end);
    let layout = plan(active.space().mode(), &needs).map_err(Fault::Layout)?;
    layout::check_places(&layout, &block)?;
    stamps.end_of("layout planned");

    let danger = [
        block.image().placed.frames,
        block.block().frames,
        block.stack().frames,
        block.identity(),
        FrameRange::with_count(block.page_root().frame(), FrameCount::ONE),
    ];
    let space = PageTableSpace::largest(block.runs(), &danger, limit.min(table_limit(geometry)))
        .map_err(Fault::NoSpace)?;
    let carved = Carved::new(active, block, layout, summary, EarlyFrames::new(space), stamps)?;
    stand::stand(carved, stamps)
}

/// Returns the first frame that page tables do not come from.
///
/// In the 32-bit modes that is the one at 4 GiB (see `docs/adr/0006-pae-tables-below-4-gib.md`).
const fn table_limit(geometry: &Geometry) -> Frame {
    if geometry.virtual_bits() == 32 { PhysAddr::new(1 << 32).frame() } else { geometry.frame_limit() }
}
