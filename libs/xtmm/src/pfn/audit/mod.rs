//! The audit: the database, the page tables and the allocator are compared, and none of them is believed.
//!
//! Three passes, each a step that consumes the one before.
//! 1. [`Counted::new`]: the page tables. Each page outside of the window and of device memory adds one to a count in the
//!    fourth word of its frame's entry, and notes there whether it is the page that the back-pointer names. So does each
//!    table.
//! 2. [`Counted::compare`]: the entries. Each is compared with what was counted and with the allocator, and the fourth
//!    word goes back to zero.
//! 3. [`Compared::settle`]: the page tables again, for frames that the second pass has not met.
//!
//! So the audit needs no memory of its own, and its cost is the entries that have memory, the page tables twice, and a
//! question to the [`Backing`] for each page of the database's range over the frames that it is given.
//!
//! Nothing else changes page tables, entries or the allocator meanwhile; who else may run is the caller's business.
//!
//! # Lock order
//! The passes are apart because the second asks the frame allocator, whose lock comes before that of the page tables. The
//! first and the third look at tables, which a kernel lends under their lock; there the tables themselves tell what has
//! memory. During the second nobody holds that lock, so any [`Backing`] and any [`Places`] will do.

mod report;

use core::ops::ControlFlow;

use xtcore::{Frame, FrameCount, FrameRange, PAGE_BYTES, VirtAddr, VirtRange};
use xtpaging::walk::{Leaf, Node, SelfMapPolicy, visit};
use xtpaging::{AddressSpace, TablePlace, Tables};

use super::Database;
use super::entry::{Entry, Word};
use super::frame::FrameEntry;
use super::kind::{Owner, State};
use super::run::numbered;
use crate::backing::Backing;

pub use report::{Audit, AuditFault, FAULTS_KEPT, Place};

/// What tells where the frame allocator has a frame.
pub trait Places {
    /// Returns the place.
    fn place_of(&self, frame: Frame) -> Place;
}

impl<F: Fn(Frame) -> Place> Places for F {
    fn place_of(&self, frame: Frame) -> Place {
        self(frame)
    }
}

/// The page tables that an audit walks over.
#[derive(Debug)]
pub struct View<'a, T> {
    /// The address space.
    pub space: &'a AddressSpace,
    /// Its tables.
    pub tables: &'a T,
    /// Ranges whose pages are no references: the window, and mappings of devices.
    pub uncounted: &'a [VirtRange],
}

/// The bit of the fourth word that says: the back-pointer was met. The count begins above it.
const MET: usize = 1;

/// One mapping in the fourth word.
const FOUND: usize = 2;

/// An audit after its first pass: the fourth words hold how often each frame is mapped.
#[must_use = "the counts stay in the entries until the audit is finished"]
#[derive(Debug)]
pub struct Counted<'m> {
    database: Database<'m>,
    audit: Audit,
}

impl<'m> Counted<'m> {
    /// Counts what the page tables map. `backing` tells which entries have memory, and is asked while `view` is looked at.
    pub fn new<T: Tables, B: Backing>(database: Database<'m>, view: &View<'_, T>, backing: &B) -> Self {
        let mut auditor = Auditor::new(database, backing, Audit::new());
        view.for_each_use(|found| auditor.count(found));
        let audit = auditor.audit;
        Self { database, audit }
    }

    /// Compares the entries of `frames` with the counts, and with the allocator. `frames` are the ranges of usable memory,
    /// none of them twice.
    pub fn compare<B: Backing, P: Places>(
        self,
        frames: impl IntoIterator<Item = FrameRange>,
        backing: &B,
        places: &P,
    ) -> Compared<'m> {
        let Self { database, audit } = self;
        let mut auditor = Auditor::new(database, backing, audit);
        for range in frames {
            auditor.compare(range, places);
        }
        let audit = auditor.audit;
        Compared { database, audit }
    }
}

/// An audit after its second pass: only frames that it was not given still have a count.
#[must_use = "the counts stay in the entries until the audit is finished"]
#[derive(Debug)]
pub struct Compared<'m> {
    database: Database<'m>,
    audit: Audit,
}

impl Compared<'_> {
    /// Finds frames that are in use and were not compared, and ends the audit. The tables are those of the first pass.
    pub fn settle<T: Tables, B: Backing>(self, view: &View<'_, T>, backing: &B) -> Audit {
        let mut auditor = Auditor::new(self.database, backing, self.audit);
        view.for_each_use(|found| auditor.settle(found));
        auditor.audit
    }
}

/// A use of consecutive frames that a walk meets: a page, or a table.
#[derive(Clone, Copy, Debug)]
struct Found {
    kind: Kind,
    frames: FrameRange,
    /// The page, or the first address that the table covers.
    at: VirtAddr,
    /// Where the self-map shows the entry that refers to the frames, if it does.
    pte: Option<VirtAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Page,
    Table,
}

impl<T: Tables> View<'_, T> {
    /// Calls `each` for all pages that count, and for all tables.
    fn for_each_use(&self, mut each: impl FnMut(Found)) {
        if let Some(frame) = self.space.pointer_table() {
            let frames = FrameRange::with_count(frame, FrameCount::ONE);
            each(Found { kind: Kind::Table, frames, at: VirtAddr::ZERO, pte: None });
        }
        let mut tops = 0;
        let _: ControlFlow<()> = visit(self.space, self.tables, SelfMapPolicy::Skip, |node| {
            match node {
                Node::Table(place) => each(self.table(place, &mut tops)),
                Node::Leaf(leaf) if !self.uncounted.iter().any(|range| range.contains(leaf.address)) => {
                    each(self.page(&leaf));
                }
                Node::Leaf(_) => {}
            }
            ControlFlow::Continue(())
        });
    }

    fn page(&self, leaf: &Leaf) -> Found {
        Found {
            kind: Kind::Page,
            frames: FrameRange::with_count(leaf.frame, self.space.geometry().page_frames(leaf.level)),
            at: leaf.address,
            pte: self.space.self_map().entry_address(leaf.level, leaf.address),
        }
    }

    /// Returns the use of a table's frame. A table in which walks begin is referred to by the self-map, whose slots
    /// follow each other in the order of the tables; the others by the level above.
    fn table(&self, place: TablePlace, tops: &mut u64) -> Found {
        let self_map = self.space.self_map();
        let highest = self_map.highest();
        let pte = if place.level == highest {
            let slot = *tops * self.space.geometry().page_bytes(highest);
            *tops += 1;
            let covers = self_map.region().start().checked_add(slot);
            covers.and_then(|covers| self_map.entry_address(highest, covers))
        } else {
            let above = place.level.above();
            let covers = self.space.geometry().canonical(place.covers.get());
            above.and_then(|above| self_map.entry_address(above, covers))
        };
        let frames = FrameRange::with_count(place.frame, FrameCount::ONE);
        Found { kind: Kind::Table, frames, at: place.covers, pte }
    }
}

/// A pass of an audit.
struct Auditor<'a, 'm, B> {
    database: Database<'m>,
    backing: &'a B,
    /// The page of the database that was last found to have memory.
    page: Option<VirtAddr>,
    audit: Audit,
}

impl<'a, 'm, B: Backing> Auditor<'a, 'm, B> {
    const fn new(database: Database<'m>, backing: &'a B, audit: Audit) -> Self {
        Self { database, backing, page: None, audit }
    }

    /// Returns the entry of a frame if it has memory; asks once for neighbours.
    fn find(&mut self, frame: Frame) -> Option<FrameEntry<'m>> {
        let place = self.database.range_of(FrameRange::with_count(frame, FrameCount::ONE));
        let page = place.start().align_down(PAGE_BYTES);
        if !place.is_empty() && self.page == Some(page) && place.end().get() - page.get() <= PAGE_BYTES {
            // SAFETY: the range is not empty, so the frame has a place; all of it lies in a page that has memory.
            return Some(unsafe { self.database.entry(frame) });
        }
        let found = self.database.find(self.backing, frame);
        self.page = found.is_some().then_some(page);
        found
    }

    /// First pass: counts a use in the entries of its frames.
    fn count(&mut self, found: Found) {
        match found.kind {
            Kind::Page => self.audit.mapped += found.frames.count().get(),
            Kind::Table => self.audit.tables += 1,
        }
        for (_, frame) in numbered(found.frames) {
            let Some(FrameEntry { entry, .. }) = self.find(frame) else {
                self.audit.add(AuditFault::NoEntry { frame, at: found.at });
                continue;
            };
            let word = entry.word();
            match (word.state(), word.owner()) {
                (Some(State::Active), Some(owner)) => {
                    if found.kind == Kind::Table && owner != Owner::PageTable {
                        self.audit.add(AuditFault::NotATable { frame, at: found.at, owner });
                    }
                    let met = found.pte.is_some() && entry.pte() == found.pte;
                    let marked = entry.scratch() | if met { MET } else { 0 };
                    entry.set_scratch(marked.saturating_add(FOUND));
                }
                (state, _) => self.audit.add(AuditFault::InUse { frame, at: found.at, state }),
            }
        }
    }

    /// Second pass: compares the entries of a range of frames.
    fn compare<P: Places>(&mut self, range: FrameRange, places: &P) {
        let mut frame = range.start();
        while frame < range.end() {
            match self.find(frame) {
                Some(found) => {
                    self.compare_entry(found, places.place_of(frame));
                    frame = frame.saturating_add(FrameCount::ONE);
                }
                None => frame = self.after_page(frame),
            }
        }
    }

    /// Returns the first frame all of whose entry lies behind the page of the database in which that of `frame` begins.
    fn after_page(&self, frame: Frame) -> Frame {
        let place = self.database.range_of(FrameRange::with_count(frame, FrameCount::ONE));
        if place.is_empty() {
            // Behind the last entry there are no others.
            return Frame::new(u64::MAX);
        }
        let left = PAGE_BYTES - place.start().page_offset();
        frame.saturating_add(FrameCount::new(left.div_ceil(size_of::<Entry>() as u64)))
    }

    fn compare_entry(&mut self, found: FrameEntry<'_>, place: Place) {
        let FrameEntry { frame, entry } = found;
        let scratch = entry.scratch();
        entry.set_scratch(0);
        let said = found.snapshot();
        let (Some(state), Some(owner), true) = (said.state(), said.owner(), said.is_sound()) else {
            return self.audit.add(AuditFault::Unsound { frame, state: said.state() });
        };
        self.audit.count(state, owner);
        let goes_together = match place {
            // Never touched means that nobody wrote its entry either.
            Place::Fresh => entry.word() == Word::inactive(State::Free),
            Place::Free | Place::Cached => state.is_free(),
            Place::Taken => matches!(state, State::Active | State::Bad),
            Place::Unknown => state != State::Zeroed,
        };
        if !goes_together {
            self.audit.add(AuditFault::Misplaced { frame, state, place });
        }
        if state == State::Active {
            // Without a back-pointer the owner's hold is one reference; a table's is the entry above it.
            let holds = usize::from(said.pte().is_none() && owner != Owner::PageTable);
            let (counted, found) = (said.references(), scratch / FOUND + holds);
            if counted != found {
                self.audit.add(AuditFault::References { frame, owner, counted, found });
            }
            if let Some(pte) = said.pte()
                && scratch & MET == 0
            {
                self.audit.add(AuditFault::BackPointer { frame, pte });
            }
        }
    }

    /// Third pass: finds frames that were counted and not compared.
    fn settle(&mut self, found: Found) {
        for (_, frame) in numbered(found.frames) {
            if let Some(FrameEntry { entry, .. }) = self.find(frame)
                && entry.scratch() != 0
            {
                entry.set_scratch(0);
                self.audit.add(AuditFault::Unlisted { frame });
            }
        }
    }
}
