//! A simulated machine with an address space, a database, and an allocator that only remembers.

use std::cell::RefCell;
use std::collections::BTreeMap;

use xtcore::{Frame, FrameCount, FrameRange, Level, PagingMode, VirtAddr, VirtRange};
use xtmm::backing::Sparse;
use xtmm::pfn::{Audit, Counted, Database, Entry, FrameContent, FrameEntry, Owner, Place, Ptes, View};
use xtpaging::entry::Format;
use xtpaging::walk::find;
use xtpaging::{
    AddressSpace, Attributes, Frames, Invalidation, Limbo, Mapping, OutOfFrames, Reservation, SelfMap, Tlb,
};
use xtsim::Ram;
use xtsupport::{EVERYTHING, SimTables, range, width};

use crate::reserved::Reserved;

/// Frames of a block.
const BLOCK: u64 = 512;

/// Two ranges of usable memory: one at the bottom, one where frame numbers stop fitting into something.
const LOW: u64 = 0x100;
const LOW_FRAMES: u64 = 0x400;
const HIGH_FRAMES: u64 = 0x4000;

pub(crate) struct World {
    pub(crate) ram: RefCell<Ram>,
    pub(crate) space: AddressSpace,
    pub(crate) memory: Reserved,
    pub(crate) places: RefCell<BTreeMap<Frame, Place>>,
    pub(crate) high: u64,
    next: RefCell<(u64, u64)>,
    pub(crate) window: VirtRange,
}

impl World {
    pub(crate) fn new(mode: PagingMode) -> Self {
        let high = match mode {
            PagingMode::Pml2 => 0x8_0000,
            PagingMode::Pml3 => 0x10_0000 - HIGH_FRAMES / 2,
            // Regression 37: frames at and above 2^32.
            PagingMode::Pml4 | PagingMode::Pml5 => (1 << 32) - HIGH_FRAMES / 2,
        };
        let end = usize::try_from(high + HIGH_FRAMES).expect("a count of entries");
        let memory = Reserved::new(end * size_of::<Entry>());
        let all = FrameRange::with_count(Frame::new(0), FrameCount::new(high + HIGH_FRAMES));
        let ram = RefCell::new(Ram::with(width(mode), all));
        let format = Format::new(mode, EVERYTHING);
        let mut tables: SimTables<'_> = SimTables::by_frame(&ram, mode);
        // The pointer table of PML3 wants a low frame; the roots come from the low range.
        let mut roots = Roots { next: LOW, taken: Vec::new() };
        let space = AddressSpace::create(SelfMap::standard(mode), format, &mut tables, &mut roots)
            .expect("frames for the root");
        let base = mode.geometry().kernel_base().get();
        let window = range(base + (1 << 28), 1 << 12);
        let world = Self {
            ram,
            space,
            memory,
            places: RefCell::default(),
            high,
            next: RefCell::new((roots.next, high)),
            window,
        };
        for frame in LOW..roots.next {
            world.open(Frame::new(frame));
            world.places.borrow_mut().insert(Frame::new(frame), Place::Taken);
        }
        for (slot, frame) in (LOW..roots.next).enumerate() {
            // In PML3 the first is the pointer table, which the self-map does not show.
            let highest = world.space.self_map().highest();
            let top = if mode == PagingMode::Pml3 { slot.checked_sub(1) } else { Some(slot) };
            let pte = top.and_then(|top| {
                let at = world.space.self_map().region().start().get()
                    + top as u64 * mode.geometry().page_bytes(highest);
                world.space.self_map().entry_address(highest, VirtAddr::new(at))
            });
            world.entry(Frame::new(frame)).activate(Owner::PageTable, pte).expect("a free frame");
        }
        world
    }

    pub(crate) fn mode(&self) -> PagingMode {
        self.space.mode()
    }

    pub(crate) fn tables(&self) -> SimTables<'_> {
        SimTables::by_frame(&self.ram, self.space.mode())
    }

    pub(crate) fn database(&self) -> Database<'_> {
        let count = usize::try_from(self.high + HIGH_FRAMES).expect("a count of entries");
        // SAFETY: the memory is reserved for these entries, zero when it appears, and aligned to a page.
        Database::new(unsafe { Sparse::new(self.memory.base().cast(), count) })
    }

    pub(crate) fn entry(&self, frame: Frame) -> FrameEntry<'_> {
        self.database().find(&self.memory, frame).expect("an open block")
    }

    /// Returns the ranges of usable memory.
    pub(crate) fn usable(&self) -> [FrameRange; 2] {
        [(LOW, LOW_FRAMES), (self.high, HIGH_FRAMES)]
            .map(|(start, count)| FrameRange::with_count(Frame::new(start), FrameCount::new(count)))
    }

    /// Opens the block of a frame: the rest of it becomes free, as far as it is usable.
    fn open(&self, frame: Frame) {
        let block = frame.number() / BLOCK * BLOCK;
        let frames = FrameRange::with_count(Frame::new(block), FrameCount::new(BLOCK));
        self.database().open(&self.memory, frames).expect("memory for entries");
        for number in block..block + BLOCK {
            let frame = Frame::new(number);
            if self.usable().iter().any(|range| range.contains(frame)) {
                self.places.borrow_mut().entry(frame).or_insert(Place::Free);
            }
        }
    }

    /// Takes the next frames of the high range, at a multiple of `count`.
    pub(crate) fn take(&self, count: u64) -> FrameRange {
        let start = self.next.borrow().1.next_multiple_of(count);
        self.next.borrow_mut().1 = start + count;
        assert!(start + count <= self.high + HIGH_FRAMES, "the test uses more frames than there are");
        let frames = FrameRange::with_count(Frame::new(start), FrameCount::new(count));
        for number in start..start + count {
            self.open(Frame::new(number));
            self.places.borrow_mut().insert(Frame::new(number), Place::Taken);
        }
        frames
    }

    /// Gives frames back, as far as the allocator is concerned.
    pub(crate) fn give_back(&self, frames: FrameRange) {
        for number in frames.start().number()..frames.end().number() {
            assert_eq!(
                self.places.borrow_mut().insert(Frame::new(number), Place::Cached),
                Some(Place::Taken)
            );
        }
    }

    /// Maps frames and records nothing of them, but activates the tables.
    pub(crate) fn map_only(&self, at: VirtAddr, frames: FrameRange, largest: Level) {
        let pages = range(at.get(), frames.count().get());
        let attributes = Attributes::KERNEL_DATA;
        let mapping = Mapping { pages, first: frames.start(), attributes, largest };
        self.space.map(&mut self.tables(), &mut TableFrames { world: self }, &mapping).expect("a free range");
    }

    /// Maps frames, activates them, and gives them their back-pointers.
    pub(crate) fn map(&self, at: VirtAddr, frames: FrameRange, owner: Owner, largest: Level) {
        self.map_only(at, frames, largest);
        let geometry = self.space.geometry();
        let level = find(&self.space, &self.tables(), at).expect("mapped").level;
        let first = self.space.self_map().entry_address(level, at).expect("an alias");
        let ptes = match level {
            Level::PT => Ptes::Each { first, entry_bytes: geometry.entry_bytes() },
            _ => Ptes::Shared(first),
        };
        // SAFETY: `take` opened the blocks of all frames that tests map.
        unsafe { self.database().activate_run(frames, owner, ptes) }.expect("free frames");
    }

    /// Unmaps pages and their tables, and releases what comes back.
    pub(crate) fn unmap(&self, at: VirtAddr, pages: u64) {
        let mut tables = self.tables();
        let mut cursor = self.space.cursor(&mut tables, range(at.get(), pages)).expect("pages");
        let mut limbo = Limbo::new();
        while let Some(obligation) =
            cursor.unmap(&mut TableFrames { world: self }, &mut limbo).expect("mapped")
        {
            let reclaimed = obligation.discharge(&mut NoTlb);
            let tables = reclaimed.tables().iter().map(|t| FrameRange::with_count(*t, FrameCount::ONE));
            for frames in reclaimed.frames().iter().copied().chain(tables) {
                // SAFETY: the frames were mapped or tables, so `take` opened their blocks.
                unsafe { self.database().release_run(frames, FrameContent::Any) }.expect("last references");
                self.give_back(frames);
            }
        }
    }

    pub(crate) fn audit(&self) -> Audit {
        let tables = self.tables();
        let uncounted = [self.window];
        let view = View { space: &self.space, tables: &tables, uncounted: &uncounted };
        let place = |frame: Frame| {
            let usable = self.usable().iter().any(|range| range.contains(frame));
            let other = if usable { Place::Fresh } else { Place::Unknown };
            self.places.borrow().get(&frame).copied().unwrap_or(other)
        };
        let counted = Counted::new(self.database(), &view, &self.memory);
        counted.compare(self.usable(), &self.memory, &place).settle(&view, &self.memory)
    }
}

/// Frames for the first tables, before there is a database.
struct Roots {
    next: u64,
    taken: Vec<Frame>,
}

impl Frames for Roots {
    type Reservation = Taken;

    fn reserve(&mut self, count: FrameCount) -> Result<Taken, OutOfFrames> {
        self.taken.extend((self.next..self.next + count.get()).map(Frame::new));
        self.next += count.get();
        Ok(Taken(self.taken.iter().rev().copied().collect()))
    }
}

/// Frames for tables: active as soon as they are taken, without back-pointers, as nobody knows yet where they go.
pub(crate) struct TableFrames<'w> {
    pub(crate) world: &'w World,
}

pub(crate) struct Taken(Vec<Frame>);

impl Frames for TableFrames<'_> {
    type Reservation = Taken;

    fn reserve(&mut self, count: FrameCount) -> Result<Taken, OutOfFrames> {
        let frames = (0..count.get()).map(|_| self.world.take(1).start()).collect::<Vec<_>>();
        for frame in &frames {
            self.world.entry(*frame).activate(Owner::PageTable, None).expect("a free frame");
        }
        Ok(Taken(frames))
    }
}

impl Reservation for Taken {
    fn take(&mut self) -> Option<Frame> {
        self.0.pop()
    }
}

pub(crate) struct NoTlb;

impl Tlb for NoTlb {
    fn invalidate(&mut self, _: &Invalidation<'_>) {}
}

/// Returns an address of the kernel's half outside of window and self-map, `megabytes` further on.
pub(crate) fn kernel(mode: PagingMode, megabytes: u64) -> VirtAddr {
    VirtAddr::new(mode.geometry().kernel_base().get() + (1 << 29) + (megabytes << 20))
}
