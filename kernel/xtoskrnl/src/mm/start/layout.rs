//! The layout, planned from what the loader placed and from the RAM that was found.

use xtboot::block::VerifiedBlock;
use xtcore::{Frame, FrameRange, PAGE_BYTES, VirtRange};
use xtlayout::{BootNeeds, Layout, Needs, RegionKind};
use xtpaging::SelfMap;

use super::Fault;
use crate::ar::FaultStack;
use crate::mm::memory::SLOTS;

/// Pages of a fault stack; the guard below comes on top.
pub(super) const FAULT_STACK_PAGES: u64 = 2;

/// Pages from one fault stack's guard to the next.
pub(super) const FAULT_STACK_STRIDE: u64 = FAULT_STACK_PAGES + 1;

/// Returns the pages that show the framebuffer.
fn framebuffer(block: &VerifiedBlock<'_>) -> Option<VirtRange> {
    let screen = block.screen()?;
    let frames = FrameRange::covering(screen.address, screen.bytes());
    VirtRange::with_length(screen.base.align_down(PAGE_BYTES), frames.count().bytes())
}

/// Checks that the loader has placed everything where the common planner does: no region of the kernel's own can then
/// meet what the loader has mapped.
pub(super) fn check_places(layout: &Layout, block: &VerifiedBlock<'_>) -> Result<(), Fault> {
    let placed = [
        (RegionKind::Image, block.image().placed.pages()),
        (RegionKind::Block, block.block().pages()),
        (RegionKind::Stack, block.stack().pages()),
        (RegionKind::Framebuffer, framebuffer(block)),
    ];
    for (kind, found) in placed {
        let planned = layout.range(kind);
        if planned != found {
            let (planned, found) = (planned.unwrap_or_default(), found.unwrap_or_default());
            return Err(Fault::Misplaced { kind, planned, found });
        }
    }
    Ok(())
}

/// Returns what the layout must hold, read from what the loader placed.
pub(super) fn needs(block: &VerifiedBlock<'_>, self_map: SelfMap, frames_end: Frame) -> Needs {
    let image = block.image().placed;
    let boot = BootNeeds {
        image_base: image.base,
        image_bytes: image.frames.count().bytes(),
        block_bytes: block.block().frames.count().bytes(),
        stack_bytes: block.stack().frames.count().bytes(),
        framebuffer_bytes: framebuffer(block).map_or(0, VirtRange::bytes),
    };
    Needs {
        boot,
        self_map: self_map.region(),
        frames_end,
        fault_stacks_bytes: FaultStack::ALL.len() as u64 * FAULT_STACK_STRIDE * PAGE_BYTES,
        // One for fresh page tables, and one for each processor.
        transient_bytes: (1 + SLOTS as u64) * PAGE_BYTES,
    }
}
