//! The first use of a block of memory: what describes it gets memory, and the block appears in the window.
//!
//! ```text
//!   block (2 MiB; 4 MiB in PML2)
//!     its record       in the region of frame records     a page serves many blocks
//!     its PFN entries  in the PFN database                 4 frames (2 in PML3)
//!     itself           in the window                       no frame of its own
//! ```
//!
//! All of it is counted first, page tables included, and done when there are enough donors: whole or not at all. The
//! frame allocator brings the donors (design D5, D6), so opening a block waits for no memory that could run out elsewhere.
//!
//! Page tables of the 32-bit modes lie below 4 GiB (see `docs/adr/0006-pae-tables-below-4-gib.md`), and donors may lie
//! above, whichever block is opened. For those the kernel sets a stock of frames aside when it starts: enough for every
//! table that books and window can ever need, so it never runs out.
//!
//! # Lock order
//! Called under the frame allocator's lock; takes the page tables' lock. Takes no frame but donors and the stock's.
#![allow(unsafe_code, reason = "the frame allocator relies on what is opened here")]

use core::fmt;

use arrayvec::ArrayVec;
use spin::Mutex;
use xtcore::{Frame, FrameCount, FrameRange, Level, VirtAddr, VirtRange};
use xtmm::OutOfFrames;
use xtmm::frames::{Blocks, Donors, Records};
use xtmm::pfn::{Database, Owner, PfnCrime};
use xtpaging::walk::find;
use xtpaging::{AddressSpace, Attributes, Frames, Mapping, Reservation, Tables};

use super::Space;
use super::sources::corrupt;
use super::window::Window;
use crate::ke::bugcheck::{Code, bug_check};
use crate::mm::paging::SelfMapTables;

/// The most page tables that opening one block can take: for the two parts of its record, its entries and its place in the
/// window, one per level below the root.
const TABLES: usize = 4 * 4;

/// The most ranges of books without memory that one block can have: its record, and entries before, between and after
/// those that have memory already.
const BOOKS: usize = 8;

/// Opens blocks.
#[derive(Debug)]
pub(crate) struct KernelBlocks {
    space: &'static Space,
    window: &'static Window,
    database: Database<'static>,
    records: Records<'static>,
    stock: Stock,
}

/// Where frames for page tables may lie, and some for blocks that lie elsewhere.
#[derive(Debug)]
pub(in crate::mm) struct Stock {
    limit: Frame,
    frames: Mutex<FrameRange>,
}

impl Stock {
    /// Makes a stock of `frames`, which lie below `limit`.
    pub(in crate::mm) const fn new(limit: Frame, frames: FrameRange) -> Self {
        Self { limit, frames: Mutex::new(frames) }
    }

    /// Returns what is left.
    pub(super) fn left(&self) -> FrameRange {
        *self.frames.lock()
    }

    fn take(&self) -> Option<Frame> {
        let mut frames = self.frames.lock();
        let first = frames.start();
        *frames = FrameRange::new(first.saturating_add(FrameCount::ONE), frames.end())?;
        Some(first)
    }
}

/// What opening a block will take.
struct Plan {
    /// Books without memory.
    books: ArrayVec<(VirtRange, Owner), BOOKS>,
    /// Frames for them.
    pages: FrameCount,
    /// Frames for page tables, at most.
    tables: FrameCount,
}

impl KernelBlocks {
    pub(in crate::mm) const fn new(
        space: &'static Space,
        window: &'static Window,
        database: Database<'static>,
        records: Records<'static>,
        stock: Stock,
    ) -> Self {
        Self { space, window, database, records, stock }
    }

    /// Tells whether donors may be page tables.
    fn are_low(&self, donors: &Donors) -> bool {
        donors.rest().end() <= self.stock.limit
    }

    /// Finds out what is missing. Changes nothing.
    fn plan(&self, space: &AddressSpace, tables: &mut SelfMapTables, block: FrameRange) -> Option<Plan> {
        let mut plan = Plan { books: ArrayVec::new(), pages: FrameCount::ZERO, tables: FrameCount::ZERO };
        let usable = self.window.usable(block).fold(None, |hull: Option<FrameRange>, part| {
            FrameRange::new(hull.map_or(part.start(), FrameRange::start), part.end())
        });
        let [row, header] = self.records.ranges_of(block);
        let entries = usable.map(|frames| self.database.range_of(frames)).unwrap_or_default();
        let books =
            [(row, Owner::FrameRecords), (header, Owner::FrameRecords), (entries, Owner::PfnDatabase)];
        for (books, owner) in books {
            let mut rest = books.whole_pages();
            while let Some(absent) = first_absent(space, tables, rest) {
                let needed = tables_for(space, tables, &mapping_of(absent, Frame::new(0)));
                plan.tables = plan.tables.saturating_add(needed);
                plan.pages = plan.pages.saturating_add(FrameCount::holding(absent.bytes()));
                plan.books.try_push((absent, owner)).ok()?;
                rest = VirtRange::new(absent.end(), rest.end())?;
            }
        }
        // The pieces of a block lie in one page table, so the first that is missing needs all that is.
        let first =
            self.window.mappings(block).find(|piece| find(space, tables, piece.pages.start()).is_err());
        let needed = first.map_or(FrameCount::ZERO, |piece| tables_for(space, tables, &piece));
        plan.tables = plan.tables.saturating_add(needed);
        Some(plan)
    }

    /// Does what was planned, with frames that were counted before. Returns those that have become page tables.
    fn carry_out(
        &self,
        space: &AddressSpace,
        tables: &mut SelfMapTables,
        block: FrameRange,
        plan: &Plan,
        donors: &mut Donors,
    ) -> ArrayVec<Frame, TABLES> {
        let mut pages = ArrayVec::<FrameRange, BOOKS>::new();
        for (absent, _) in &plan.books {
            let count = FrameCount::holding(absent.bytes());
            let Some(frames) = donors.take_run(count) else { contradiction(&"the donors ran out") };
            pages.extend([frames]);
        }
        let is_low = self.are_low(donors);
        let mut source = TableSource { donors, stock: &self.stock, is_low, given: ArrayVec::new() };
        for ((absent, _), frames) in plan.books.iter().zip(pages) {
            frames.iter().for_each(|frame| tables.zero(frame));
            if let Err(error) = space.map(tables, &mut source, &mapping_of(*absent, frames.start())) {
                contradiction(&error);
            }
        }
        for piece in self.window.mappings(block) {
            if find(space, tables, piece.pages.start()).is_ok() {
                continue;
            }
            if let Err(error) = space.map(tables, &mut source, &piece) {
                contradiction(&error);
            }
            self.window.note_shown(FrameCount::holding(piece.pages.bytes()));
        }
        source.given
    }

    /// Notes in the database what the donors have become. Their entries have memory: they lie in the block itself or
    /// in one that was opened before.
    fn note(
        &self,
        space: &AddressSpace,
        tables: &SelfMapTables,
        plan: &Plan,
        given: &[Frame],
    ) -> Result<(), PfnCrime> {
        for (absent, owner) in &plan.books {
            for page in absent.pages() {
                let Ok(found) = find(space, tables, page) else { continue };
                // SAFETY: the page shows a donor, whose entry has memory, as is said above.
                let entry = unsafe { self.database.entry(found.frame) };
                entry.activate(*owner, space.self_map().entry_address(Level::PT, page))?;
            }
        }
        for &frame in given {
            // SAFETY: a donor's entry has memory, as is said above; the stock's frames were adopted with their blocks.
            let entry = unsafe { self.database.entry(frame) };
            // The stock's were written down when they were set aside.
            match entry.snapshot().owner() {
                Some(Owner::TableStock) => entry.set_owner(Owner::PageTable)?,
                _ => entry.activate(Owner::PageTable, None)?,
            }
        }
        Ok(())
    }
}

// SAFETY: `open` maps the block's record, zeroed, before it succeeds, and nothing unmaps books.
unsafe impl Blocks for KernelBlocks {
    fn open(&self, block: FrameRange, donors: &mut Donors) -> Result<(), OutOfFrames> {
        let available = donors.left();
        let short = |wanted| OutOfFrames { wanted, available };
        let mut open = |space: &AddressSpace, tables: &mut SelfMapTables| {
            let Some(plan) = self.plan(space, tables, block) else { contradiction(&"too many books") };
            let all = plan.pages.saturating_add(plan.tables);
            let (from_donors, from_stock) =
                if self.are_low(donors) { (all, FrameCount::ZERO) } else { (plan.pages, plan.tables) };
            if available < from_donors || self.stock.left().count() < from_stock {
                return Err(short(all));
            }
            let given = self.carry_out(space, tables, block, &plan, donors);
            match self.note(space, tables, &plan, &given) {
                Ok(()) => Ok(()),
                Err(crime) => corrupt(&crime),
            }
        };
        // SAFETY: what is mapped are absent pages of the regions of books, to donors that are nobody else's, and absent pages
        // of the window, to the frames that belong there. Nothing is unmapped, so nothing is owed to the TLB.
        unsafe { self.space.change(|space, tables, _tlb| open(space, tables)) }
    }

    fn set_link(&self, frame: Frame, next: Option<Frame>) {
        // SAFETY: the allocator chains frames of opened blocks only.
        unsafe { self.database.entry(frame) }.set_link(next);
    }

    fn link(&self, frame: Frame) -> Option<Frame> {
        // SAFETY: the allocator chains frames of opened blocks only.
        unsafe { self.database.entry(frame) }.link()
    }
}

/// The donors, or above the limit the stock, as the engine's source of frames. What it gives was counted before.
struct TableSource<'a> {
    donors: &'a mut Donors,
    stock: &'a Stock,
    /// Whether the donors may be page tables.
    is_low: bool,
    given: ArrayVec<Frame, TABLES>,
}

/// Frames that were counted, taken one by one.
struct Counted(ArrayVec<Frame, TABLES>);

impl Frames for TableSource<'_> {
    type Reservation = Counted;

    fn reserve(&mut self, count: FrameCount) -> Result<Counted, OutOfFrames> {
        let mut taken = ArrayVec::new();
        for _ in 0..count.get() {
            let frame = if self.is_low { self.donors.take() } else { self.stock.take() };
            let fits = frame
                .is_some_and(|frame| taken.try_push(frame).is_ok() && self.given.try_push(frame).is_ok());
            if !fits {
                contradiction(&"frames for page tables ran out");
            }
        }
        Ok(Counted(taken))
    }
}

impl Reservation for Counted {
    fn take(&mut self) -> Option<Frame> {
        self.0.pop()
    }
}

/// Stops: what was counted under the lock is not there a moment later.
fn contradiction(what: &dyn fmt::Display) -> ! {
    bug_check(Code::MemoryManagement, [5, 0, 0, 0], None, format_args!("a block could not be opened: {what}"))
}

/// Returns how books are mapped.
const fn mapping_of(pages: VirtRange, first: Frame) -> Mapping {
    Mapping { pages, first, attributes: Attributes::KERNEL_DATA, largest: Level::PT }
}

/// Returns how many tables a mapping needs that is not there yet.
fn tables_for(space: &AddressSpace, tables: &mut SelfMapTables, mapping: &Mapping) -> FrameCount {
    let planned = space.cursor(tables, mapping.pages).ok().and_then(|mut cursor| {
        let plan = cursor.plan_map(mapping.first, mapping.attributes, mapping.largest).ok()?;
        Some(plan.tables())
    });
    // A mapping that cannot be planned is refused as one that nothing suffices for.
    planned.unwrap_or(FrameCount::new(u64::MAX))
}

/// Returns the first pages of a range that are not mapped, as many as lie side by side.
fn first_absent(space: &AddressSpace, tables: &SelfMapTables, pages: VirtRange) -> Option<VirtRange> {
    let is_absent = |page: &VirtAddr| find(space, tables, *page).is_err();
    let start = pages.pages().find(is_absent)?;
    let rest = VirtRange::new(start, pages.end())?;
    let end = rest.pages().find(|page| !is_absent(page)).unwrap_or(pages.end());
    VirtRange::new(start, end)
}
