//! The audit: every entry is looked at, effective rights are counted, and nothing is believed.
//!
//! Two questions decide (design D10): is any *page* effectively writable and executable, and is any *frame* mapped
//! writable at one address and executable at another? Without NX the first cannot be enforced; then "executable"
//! means "was meant to be", which makes the second the one that counts: writable mappings of frames that hold code.

use core::ops::ControlFlow;

use arrayvec::ArrayVec;
use xtcore::{FrameCount, FrameRange, Level};

use super::visit::{Node, SelfMapPolicy, visit};
use crate::entry::{Bits, Pdpte, occupancy, reserved_bits};
use crate::memory::{TablePlace, Tables};
use crate::space::AddressSpace;

/// How many separate runs of executable frames an audit can remember.
const CODE_RUNS: usize = 64;

/// The runs of frames that are mapped executable.
pub type Code = ArrayVec<FrameRange, CODE_RUNS>;

/// What an audit counted. Pages are counted in units of 4 KiB, whatever their size.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Tables, PAE's page-directory-pointer table included.
    pub tables: u64,
    /// Entries that map a page, the self-map's included.
    pub leaves: u64,
    /// 4 KiB pages mapped.
    pub pages: u64,
    /// The level at which the largest page is mapped, if any is.
    pub largest: Option<Level>,
    /// 4 KiB pages that are effectively writable.
    pub writable: u64,
    /// 4 KiB pages that are effectively executable.
    pub executable: u64,
    /// 4 KiB pages that are effectively both. Must be 0.
    pub writable_executable: u64,
    /// Frames that are mapped writable somewhere and executable somewhere, once for each writable mapping. Must be 0.
    pub frames_writable_and_executable: u64,
    /// Present entries with a reserved bit set. Must be 0.
    pub reserved_bits: u64,
    /// Tables whose occupancy count differs from the number of present entries. Must be 0.
    pub miscounted: u64,
    /// Executable mappings that did not fit into the list, so that the frame count is a lower bound. Must be 0.
    pub code_overflow: u64,
    /// The executable frames.
    pub code: Code,
}

impl Audit {
    /// Tells whether all that must be 0 is 0.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.writable_executable == 0
            && self.frames_writable_and_executable == 0
            && self.reserved_bits == 0
            && self.miscounted == 0
            && self.code_overflow == 0
    }
}

/// Audits an address space. Cost: all entries, twice.
pub fn audit<T: Tables>(space: &AddressSpace, tables: &T) -> Audit {
    let mut audit = Audit::default();
    if let Some(frame) = space.pointer_table() {
        audit.tables += 1;
        audit.reserved_bits += pointer_table_faults(space, tables, frame);
    }
    let _: ControlFlow<()> = visit(space, tables, SelfMapPolicy::Skip, |node| {
        if let Node::Table(place) = node {
            check_table(space, tables, place, &mut audit);
        }
        ControlFlow::Continue(())
    });
    let _: ControlFlow<()> = visit(space, tables, SelfMapPolicy::Follow, |node| {
        if let Node::Leaf(leaf) = node {
            let frames = space.geometry().page_frames(leaf.level);
            audit.leaves += 1;
            audit.pages += frames.get();
            audit.largest = audit.largest.max(Some(leaf.level));
            audit.writable += if leaf.rights.write { frames.get() } else { 0 };
            if leaf.rights.execute {
                audit.executable += frames.get();
                audit.writable_executable += if leaf.rights.write { frames.get() } else { 0 };
                audit.code_overflow +=
                    u64::from(!remember(&mut audit.code, FrameRange::with_count(leaf.frame, frames)));
            }
        }
        ControlFlow::Continue(())
    });
    let code = audit.code.clone();
    let _: ControlFlow<()> = visit(space, tables, SelfMapPolicy::Follow, |node| {
        if let Node::Leaf(leaf) = node
            && leaf.rights.write
        {
            let frames = FrameRange::with_count(leaf.frame, space.geometry().page_frames(leaf.level));
            let shared = code.iter().map(|run| run.intersection(frames).count());
            audit.frames_writable_and_executable += shared.map(FrameCount::get).sum::<u64>();
        }
        ControlFlow::Continue(())
    });
    audit
}

/// Adds a run of executable frames; swallows all runs that it touches, so that no frame is listed twice. Returns false
/// when the list is full.
fn remember(code: &mut Code, added: FrameRange) -> bool {
    let mut whole = added;
    let mut index = 0;
    while let Some(known) = code.get(index).copied() {
        if known.start() <= whole.end() && whole.start() <= known.end() {
            let (start, end) = (known.start().min(whole.start()), known.end().max(whole.end()));
            whole = FrameRange::new(start, end).unwrap_or(whole);
            code.swap_remove(index);
            // The larger run may touch one that was passed.
            index = 0;
        } else {
            index += 1;
        }
    }
    code.try_push(whole).is_ok()
}

fn check_table<T: Tables>(space: &AddressSpace, tables: &T, place: TablePlace, audit: &mut Audit) {
    audit.tables += 1;
    let mut present = 0;
    for index in 0..space.geometry().entries(place.level) {
        let raw = tables.load(place, index);
        if raw & Bits::PRESENT.bits() != 0 {
            present += 1;
            let reserved = reserved_bits(space.mode(), space.capabilities(), place.level, raw);
            audit.reserved_bits += u64::from(raw & reserved != 0);
        }
    }
    audit.miscounted += u64::from(present != occupancy::read(tables, place));
}

/// Counts the entries of PAE's page-directory-pointer table that have a reserved bit set or name another directory than
/// walks begin in. The self-map does not show that table, so an implementation of [`Tables`] may not either; then it
/// answers zero for all four, and what the processor took over when CR3 was loaded is all there is to say.
fn pointer_table_faults<T: Tables>(space: &AddressSpace, tables: &T, frame: xtcore::Frame) -> u64 {
    let place = TablePlace { frame, level: Level::PDPT, covers: xtcore::VirtAddr::ZERO };
    let physical_bits = space.capabilities().physical_bits;
    space
        .tops()
        .enumerate()
        .filter(|(index, top)| {
            let entry = Pdpte::from_raw(tables.load(place, *index));
            let other = entry.directory().is_some_and(|directory| directory != top.frame);
            entry.reserved(physical_bits) != 0 || other
        })
        .count() as u64
}
