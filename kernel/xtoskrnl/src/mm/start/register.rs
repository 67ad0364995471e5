//! Frames that are in use when the frame allocator takes over: adopted by it, and written down in the PFN database.
//!
//! What a page is for follows from the region that it lies in. What the early allocator gave out and no page shows has become a
//! page table; of the loader's frames the memory map says what they are.
#![allow(unsafe_code, reason = "entries of blocks that were opened a moment ago are written")]

use xtboot::block::VerifiedBlock;
use xtcore::{Frame, FrameCount, FrameRange, Level, MemoryKind, VirtAddr};
use xtlayout::{Layout, RegionKind};
use xtmm::pfn::{Database, Owner, PfnCrime};
use xtpaging::walk::find;

use super::early::Inheritance;
use crate::mm::account::mapped_pages;
use crate::mm::fault::Fault;
use crate::mm::memory::{Frames, Space};

/// The regions that have pages now, besides books, and whose their frames are.
const REGIONS: [(RegionKind, Owner); 7] = [
    (RegionKind::Image, Owner::KernelImage),
    (RegionKind::Block, Owner::LoaderBlock),
    (RegionKind::Stack, Owner::Stack),
    (RegionKind::FaultStacks, Owner::Stack),
    (RegionKind::Transient, Owner::Processor),
    (RegionKind::PerProcessor, Owner::Processor),
    (RegionKind::SystemPtes, Owner::SystemPtes),
];

/// Adopts and writes down.
pub(super) fn register(
    space: &'static Space,
    frames: &'static Frames,
    database: &Database<'static>,
    block: &VerifiedBlock<'static>,
    layout: &Layout,
    inheritance: &Inheritance,
    stock: FrameRange,
) -> Result<(), Fault> {
    let limit = space.space().format().ram_limit();
    let below = FrameRange::new(Frame::new(0), limit).unwrap_or_default();
    let owned = || {
        let owned = block.runs().filter(|run| run.kind.is_kernel_owned());
        let owned = owned.map(|run| (run.kind, run.frames.intersection(below)));
        owned.filter(|(_, frames)| !frames.is_empty())
    };
    for range in owned().map(|(_, frames)| frames).chain([inheritance.taken]) {
        if !range.is_empty() {
            frames.adopt(range).map_err(Fault::Adopt)?;
        }
    }
    // The slot for fresh tables shows the last of them; what it shows at rest is to be found.
    // SAFETY: nothing is mapped or unmapped: the slot goes back to the frame that belongs to it.
    unsafe { space.change(|_own, tables, _tlb| tables.slot.leave()) };
    let noted = space.inspect(|own, tables| {
        for (kind, owner) in REGIONS {
            let region = layout.range(kind).unwrap_or_default();
            for (page, frame) in mapped_pages(own, region, |page| find(own, tables, page)) {
                note(database, frame, owner, own.self_map().entry_address(Level::PT, page))?;
            }
        }
        Ok(())
    });
    noted.map_err(Fault::Pfn)?;
    let tables = owned().filter(|(kind, _)| *kind == MemoryKind::PageTables).map(|(_, frames)| frames);
    let rest = [(Owner::TableStock, stock), (Owner::PageTable, inheritance.taken)];
    let rest = rest.into_iter().chain(tables.map(|frames| (Owner::PageTable, frames)));
    let rest = rest.chain(owned().map(|(_, frames)| (Owner::Loader, frames)));
    for (owner, frame) in rest.flat_map(|(owner, frames)| frames.iter().map(move |frame| (owner, frame))) {
        if !inheritance.returned.contains(&frame) {
            note(database, frame, owner, None).map_err(Fault::Pfn)?;
        }
    }
    for table in &inheritance.returned {
        frames.give_back(FrameRange::with_count(*table, FrameCount::ONE)).map_err(Fault::Adopt)?;
    }
    Ok(())
}

/// Gives a frame that is in use to its owner, unless it has one already: frames of books were written down when they
/// became books.
fn note(
    database: &Database<'static>,
    frame: Frame,
    owner: Owner,
    pte: Option<VirtAddr>,
) -> Result<(), PfnCrime> {
    // SAFETY: the frame was adopted or is one of books, so its block has been opened.
    let entry = unsafe { database.entry(frame) };
    match entry.snapshot().state() {
        Some(state) if state.is_free() => entry.activate(owner, pte),
        _ => Ok(()),
    }
}
