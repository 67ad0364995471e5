//! Where things lie: in frames of the right kind, in reach, in the kernel's half, apart from each other, and the
//! sections inside the image.

use xtcore::choice::Architecture;
use xtcore::{Frame, FrameCount, FrameRange, Geometry, MemoryKind, PAGE_BYTES, VirtAddr, VirtRange};

use super::{Expected, FRAMES_END};
use crate::block::error::{BlockError, Part};
use crate::block::handover::Screen;
use crate::block::verified::VerifiedBlock;
use crate::block::wire::SectionProtection;

/// The hand-over code runs with paging off on the way to another mode, so it lies where 32 bits reach.
const IDENTITY_LIMIT: u64 = 1 << 32;

/// Checks where everything lies, in physical and in virtual memory.
pub(super) fn check_placement(block: &VerifiedBlock<'_>, expected: &Expected) -> Result<(), BlockError> {
    let header = &block.header;
    let geometry = expected.mode.geometry();
    let identity_limit = match expected.architecture {
        // The identity mapping must not reach into the kernel's half.
        Architecture::I686 => geometry.kernel_base().get(),
        Architecture::Amd64 => IDENTITY_LIMIT,
    };
    let reach = geometry.frame_limit().address().get().min(1 << header.physical_bits);

    for (part, frame, frames, limit, kind) in [
        (Part::Image, header.image_frame, header.image_frames, reach, MemoryKind::KernelImage),
        (Part::Block, header.block_frame, header.block_frames, reach, MemoryKind::LoaderBlock),
        (Part::Stack, header.stack_frame, header.stack_frames, reach, MemoryKind::BootStack),
        (
            Part::Identity,
            header.identity_frame,
            header.identity_frames,
            reach.min(identity_limit),
            MemoryKind::LoaderTemporary,
        ),
    ] {
        let range = frame_range(part, frame, frames)?;
        check_reach(part, range.end().address().get(), limit)?;
        block.check_part_kind(part, range, |found| found == Some(kind))?;
    }
    check_reach(Part::PageRoot, header.page_root.saturating_add(PAGE_BYTES), reach)?;
    block.check_table_frame(block.page_root().frame())?;
    for (part, address) in [
        (Part::Rsdp, header.acpi_rsdp),
        (Part::Smbios, header.smbios),
        (Part::SystemTable, header.system_table),
    ] {
        check_reach(part, address, 1 << header.physical_bits)?;
    }

    if header.block_base != expected.block.get() {
        return Err(BlockError::BlockAddress { found: header.block_base, expected: expected.block.get() });
    }
    if header.block_bytes > block.block().frames.count().bytes() {
        return Err(BlockError::BlockFrames { bytes: header.block_bytes, frames: header.block_frames });
    }
    check_virtual(block, geometry)?;

    let stack = block.stack().pages().unwrap_or_default();
    let pointer = expected.stack_pointer;
    // A pointer at the top is an empty stack; a pointer at the base is a full one, and the next push would fault.
    if !(stack.start() < pointer && pointer <= stack.end()) {
        return Err(BlockError::StackPointer {
            pointer: pointer.get(),
            base: stack.start().get(),
            top: stack.end().get(),
        });
    }
    Ok(())
}

fn frame_range(part: Part, frame: u64, frames: u64) -> Result<FrameRange, BlockError> {
    match frame.checked_add(frames) {
        Some(end) if frames > 0 && end <= FRAMES_END => {
            Ok(FrameRange::with_count(Frame::new(frame), FrameCount::new(frames)))
        }
        _ => Err(BlockError::PartExtent { part, frame, frames }),
    }
}

/// Checks that `end`, the address after the last byte, does not pass `limit`.
fn check_reach(part: Part, end: u64, limit: u64) -> Result<(), BlockError> {
    if end <= limit { Ok(()) } else { Err(BlockError::PartReach { part, address: end, limit }) }
}

/// Checks that all parts lie in the kernel's half and apart from each other and from the self-map.
fn check_virtual(block: &VerifiedBlock<'_>, geometry: &Geometry) -> Result<(), BlockError> {
    let header = &block.header;
    let image =
        kernel_range(geometry, Part::Image, header.image_base, block.image().placed.frames.count().bytes())?;
    let own = kernel_range(geometry, Part::Block, header.block_base, block.block().frames.count().bytes())?;
    let stack = kernel_range(geometry, Part::Stack, header.stack_base, block.stack().frames.count().bytes())?;
    let guard_base = header.stack_base.saturating_sub(PAGE_BYTES);
    let guarded = kernel_range(geometry, Part::Stack, guard_base, stack.bytes().saturating_add(PAGE_BYTES))?;
    let screen = match &block.screen {
        Some(screen) => Some(screen_range(block, screen, geometry)?),
        None => None,
    };

    let parts = [
        Some((Part::Image, image)),
        Some((Part::Block, own)),
        Some((Part::Stack, guarded)),
        screen.map(|range| (Part::Framebuffer, range)),
        Some((Part::SelfMap, self_map(geometry, header.self_map_slot))),
    ];
    let mut rest = parts.iter().flatten();
    while let Some(&(part, range)) = rest.next() {
        if let Some(&(other, _)) = rest.clone().find(|(_, other)| range.overlaps(*other)) {
            return Err(BlockError::VirtualOverlap { part, other, base: range.start().get() });
        }
    }
    Ok(())
}

/// Returns `bytes` bytes from `base`, whole pages in the kernel's half.
fn kernel_range(geometry: &Geometry, part: Part, base: u64, bytes: u64) -> Result<VirtRange, BlockError> {
    let wrong = BlockError::VirtualPlace { part, base, bytes };
    let range = VirtRange::with_length(VirtAddr::new(base), bytes).ok_or(wrong)?;
    let last = VirtAddr::new(range.end().get().saturating_sub(1));
    let inside = range.start() >= geometry.kernel_base()
        && geometry.is_canonical(range.start())
        && geometry.is_canonical(last)
        && !range.is_empty();
    if inside && range.is_aligned(PAGE_BYTES) { Ok(range) } else { Err(wrong) }
}

/// Returns the pages that the framebuffer is mapped by, after checking that it does not lie over RAM.
fn screen_range(
    block: &VerifiedBlock<'_>,
    screen: &Screen,
    geometry: &Geometry,
) -> Result<VirtRange, BlockError> {
    let (part, bytes) = (Part::Framebuffer, screen.bytes());
    let end = screen.address.get().saturating_add(bytes);
    let reach = geometry.frame_limit().address().get().min(1 << block.physical_bits());
    check_reach(part, end, reach)?;
    let frames = FrameRange::covering(screen.address, bytes);
    block.check_part_kind(part, frames, |found| !found.is_some_and(MemoryKind::is_usable))?;
    if screen.base.page_offset() != screen.address.page_offset() {
        return Err(BlockError::VirtualPlace { part, base: screen.base.get(), bytes });
    }
    kernel_range(geometry, part, screen.base.align_down(PAGE_BYTES).get(), frames.count().bytes())
}

/// Returns the region through which the mode's page tables map themselves: an entry for every page there is.
fn self_map(geometry: &Geometry, slot: u32) -> VirtRange {
    let base = geometry.canonical(u64::from(slot) << geometry.shift(geometry.self_map_level()));
    let pages = (1 << geometry.virtual_bits()) / PAGE_BYTES;
    VirtRange::with_length(base, pages * geometry.entry_bytes()).unwrap_or_default()
}

pub(super) fn check_sections(block: &VerifiedBlock<'_>) -> Result<(), BlockError> {
    let image_pages = block.header.image_frames;
    let mut previous_end = 0;
    let mut entry_is_code = false;
    let image = block.image();
    let entry_page = image.entry.bytes_since(image.placed.base).map(|bytes| bytes / PAGE_BYTES);
    for (index, record) in block.sections.iter().enumerate() {
        let index = index as u64;
        let (page, pages) = (u64::from(record.page), u64::from(record.pages));
        let end = page + pages;
        if pages == 0 || end > image_pages {
            return Err(BlockError::SectionExtent { index, page, pages });
        }
        let protection = SectionProtection::from_number(record.protection).filter(|_| record.reserved == 0);
        let Some(protection) = protection else {
            return Err(BlockError::SectionProtection {
                index,
                protection: record.protection.into(),
                reserved: record.reserved.into(),
            });
        };
        if page < previous_end {
            return Err(BlockError::SectionOrder { index, page, previous_end });
        }
        entry_is_code |= protection == SectionProtection::ReadExecute
            && entry_page.is_some_and(|entry| (page..end).contains(&entry));
        previous_end = end;
    }
    if entry_is_code {
        Ok(())
    } else {
        Err(BlockError::EntryPoint { entry: image.entry.get(), base: image.placed.base.get() })
    }
}
