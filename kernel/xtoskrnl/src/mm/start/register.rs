//! Frames that are in use when the frame allocator takes over: adopted by it, and written down in the PFN database.
//!
//! What a frame is for follows from the walk: a table is a table, and a page belongs to the region that it lies in. What the
//! loader block calls in use and nothing refers to is the loader's.
#![allow(unsafe_code, reason = "entries of blocks that were opened a moment ago are written")]

use core::ops::ControlFlow;

use xtboot::block::VerifiedBlock;
use xtcore::{Frame, FrameCount, FrameRange, VirtAddr};
use xtlayout::{Layout, RegionKind};
use xtmm::pfn::{Database, Owner, PfnCrime};
use xtpaging::walk::{Node, SelfMapPolicy, visit};

use super::early::Inheritance;
use crate::mm::fault::Fault;
use crate::mm::memory::{Frames, Space};

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
    let in_use = || {
        let owned = block.runs().filter(|run| run.kind.is_kernel_owned());
        let owned = owned.map(|run| run.frames.intersection(below));
        owned.chain([inheritance.taken]).filter(|range| !range.is_empty())
    };
    for range in in_use() {
        frames.adopt(range).map_err(Fault::Adopt)?;
    }
    // The slot for fresh tables shows the last of them; what it shows at rest is to be found.
    space.change(|_own, tables, _tlb| tables.slot.leave());
    let walked = space.inspect(|own, tables| {
        if let Some(pointers) = own.pointer_table() {
            note(database, pointers, Owner::PageTable, None)?;
        }
        let outcome = visit(own, tables, SelfMapPolicy::Skip, |node| {
            let noted = match node {
                Node::Table(place) => note(database, place.frame, Owner::PageTable, None),
                Node::Leaf(leaf) => match owner_of(layout, leaf.address) {
                    Some(owner) => note(
                        database,
                        leaf.frame,
                        owner,
                        own.self_map().entry_address(leaf.level, leaf.address),
                    ),
                    None => Ok(()),
                },
            };
            noted.map_or_else(ControlFlow::Break, |()| ControlFlow::Continue(()))
        });
        match outcome {
            ControlFlow::Break(crime) => Err(crime),
            ControlFlow::Continue(()) => Ok(()),
        }
    });
    walked.map_err(Fault::Pfn)?;
    for frame in each(stock) {
        note(database, frame, Owner::TableStock, None).map_err(Fault::Pfn)?;
    }
    for frame in in_use().flat_map(each) {
        if !inheritance.returned.contains(&frame) {
            note(database, frame, Owner::Loader, None).map_err(Fault::Pfn)?;
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

/// Returns whose a page is, by the region that it lies in; `None` for those that are no references to frames.
fn owner_of(layout: &Layout, page: VirtAddr) -> Option<Owner> {
    Some(match layout.find(page)?.kind {
        RegionKind::Image => Owner::KernelImage,
        RegionKind::Block => Owner::LoaderBlock,
        RegionKind::Stack | RegionKind::FaultStacks => Owner::Stack,
        RegionKind::Transient | RegionKind::PerProcessor => Owner::Processor,
        RegionKind::SystemPtes => Owner::SystemPtes,
        RegionKind::FrameRecords => Owner::FrameRecords,
        RegionKind::PfnDatabase => Owner::PfnDatabase,
        RegionKind::SystemPteBooks => Owner::ArenaBooks,
        RegionKind::NonPagedBooks | RegionKind::PagedBooks => Owner::PoolBooks,
        RegionKind::NonPagedPool => Owner::NonPagedPool,
        RegionKind::PagedPool => Owner::PagedPool,
        RegionKind::Window | RegionKind::SelfMap | RegionKind::Framebuffer | RegionKind::Hardware => {
            return None;
        }
    })
}

/// Returns the frames of a range.
fn each(frames: FrameRange) -> impl Iterator<Item = Frame> {
    (0..frames.count().get()).map(move |offset| frames.start().saturating_add(FrameCount::new(offset)))
}
