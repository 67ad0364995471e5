//! The page tables and the PFN database as they are, for whoever may not wait: no lock is taken, nothing absent is read, and
//! nothing is believed but that the self-map is the active one.
//!
//! For bug checks, and for the monitor, which holds all other processors. Whoever else changes tables meanwhile may have an
//! answer be half old.
#![allow(unsafe_code, reason = "entries are read through their addresses in the self-map")]

use core::ops::ControlFlow;

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, VirtAddr, VirtRange};
use xtlayout::RegionKind;
use xtmm::OutOfFrames;
use xtmm::backing::Backing;
use xtmm::pfn::{self, Snapshot};
use xtpaging::AddressSpace;
use xtpaging::entry::{Decoded, Format};
use xtpaging::walk::{Audit, Leaf, Node, SelfMapPolicy, visit};

use super::chain;
use super::memory::{self, Memory};
use super::paging::{SelfMapTables, Word};

/// An entry on the way from an address to its page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The level of its table.
    pub(crate) level: Level,
    /// Where the self-map shows it.
    pub(crate) at: VirtAddr,
    /// The entry.
    pub(crate) raw: u64,
    /// What it says.
    pub(crate) says: Decoded,
}

/// Returns the format of the tables in force, once it is known.
pub(crate) fn format() -> Option<Format> {
    chain::paging().map(|(_, format)| format)
}

/// Returns memory once it stands.
pub(crate) fn memory() -> Option<&'static Memory> {
    memory::get()
}

/// Returns the entries that lead to an address, from the highest level that the self-map shows to the one at which the
/// translation ends; none for an address that is not canonical.
pub(crate) fn steps(address: VirtAddr) -> impl Iterator<Item = Step> {
    let paging = chain::paging().filter(|(_, format)| format.geometry().is_canonical(address));
    let mut next = paging.map(|(self_map, _)| self_map.highest());
    core::iter::from_fn(move || {
        let (self_map, format) = paging?;
        let level = next.take()?;
        let at = self_map.entry_address(level, address)?;
        // SAFETY: the entry above is present and names a table, or there is none above, so the self-map shows this one.
        let raw = unsafe { Word::new(at, format.geometry().entry_bytes()) }.load();
        let says = format.decode(level, raw);
        if matches!(says, Decoded::Table(_)) {
            next = level.below();
        }
        Some(Step { level, at, raw, says })
    })
}

/// Returns the page at an address: its level and its first frame; or the level at which the translation ends without one.
fn page_at(address: VirtAddr) -> Result<(Level, Frame), Option<Level>> {
    match steps(address).last() {
        Some(Step { level, says: Decoded::Page(frame), .. }) => Ok((level, frame)),
        Some(Step { level, .. }) => Err(Some(level)),
        None => Err(None),
    }
}

/// Tells whether every byte of a range can be read.
pub(crate) fn is_there(range: VirtRange) -> bool {
    let first = range.start().align_down(PAGE_BYTES);
    let pages = VirtRange::new(first, range.end()).map(|pages| pages.bytes().div_ceil(PAGE_BYTES));
    let mut pages = (0..pages.unwrap_or(0)).map(|page| first.get().wrapping_add(page * PAGE_BYTES));
    !range.is_empty() && pages.all(|page| page_at(VirtAddr::new(page)).is_ok())
}

/// Returns the pages of a range that are there, with their sizes. Cost: a look at each, and at each absent table between them.
pub(crate) fn pages(range: VirtRange) -> impl Iterator<Item = VirtRange> {
    let mut at = range.start();
    core::iter::from_fn(move || {
        while at < range.end() {
            let found = page_at(at);
            let (Ok((level, _)) | Err(Some(level))) = found else { return None };
            let bytes = chain::paging()?.1.geometry().page_bytes(level);
            let page = VirtRange::saturating(at.align_down(bytes), bytes);
            // The last page of all has no end that an address could name.
            at = if page.end() > at { page.end() } else { range.end() };
            if found.is_ok() {
                return Some(page);
            }
        }
        None
    })
}

/// Audits the page tables: the one copy of that for all who do.
#[inline(never)]
pub(crate) fn audit(space: &AddressSpace, tables: &SelfMapTables) -> Audit {
    xtpaging::walk::audit(space, tables)
}

/// Shows every page to `each` until it breaks: the one copy of that for all who are not in a hurry.
#[inline(never)]
pub(crate) fn each_page(
    space: &AddressSpace,
    tables: &SelfMapTables,
    policy: SelfMapPolicy,
    each: &mut dyn FnMut(&Leaf) -> ControlFlow<()>,
) {
    let _: ControlFlow<()> = visit(space, tables, policy, |node| match node {
        Node::Leaf(leaf) => each(&leaf),
        Node::Table(_) => ControlFlow::Continue(()),
    });
}

/// The tables as the judge of what has memory. It gives none.
pub(super) struct Seen;

// SAFETY: it never says that it has backed anything, and what the tables map is there.
unsafe impl Backing for Seen {
    fn back(&self, range: VirtRange) -> Result<(), OutOfFrames> {
        Err(OutOfFrames { wanted: FrameCount::holding(range.bytes()), available: FrameCount::ZERO })
    }

    fn is_backed(&self, address: VirtAddr) -> bool {
        page_at(address).is_ok()
    }
}

impl Memory {
    /// Returns the entry of a frame in the PFN database, if it has one.
    pub(crate) fn frame_entry(&self, frame: Frame) -> Option<Snapshot> {
        self.database.lookup(&Seen, frame)
    }

    /// Shows the entry of each frame that has one, in their order, until `visit` breaks. Cost: a look at each entry that has
    /// memory; none at frames that nobody has touched.
    pub(crate) fn survey(&self, visit: &mut dyn FnMut(Snapshot) -> ControlFlow<()>) {
        const ENTRIES: u64 = PAGE_BYTES / size_of::<pfn::Entry>() as u64;
        let region = self.region(RegionKind::PfnDatabase);
        for page in pages(region) {
            let first = page.start().bytes_since(region.start()).unwrap_or(0) / PAGE_BYTES * ENTRIES;
            let count = page.bytes() / PAGE_BYTES * ENTRIES;
            for number in first..first + count {
                let frame = Frame::new(number);
                if frame >= self.database.end() {
                    return;
                }
                // SAFETY: the frame lies below the end, and its entry on a page that is there.
                let entry = unsafe { self.database.entry(frame) };
                if visit(entry.snapshot()).is_break() {
                    return;
                }
            }
        }
    }
}
