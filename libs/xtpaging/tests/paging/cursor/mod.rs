//! Single stories about ranges: edges, refusals, accessed and dirty flags, batches, and what comes back.

mod streak;

use std::cell::RefCell;
use std::sync::atomic::Ordering;

use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr, VirtRange};
use xtpaging::entry::{Bits, Format, Pdpte};
use xtpaging::walk::find;
use xtpaging::{
    AddressSpace, Attributes, CursorError, Frames, Limbo, MapError, Mapping, MergeError, OutOfFrames,
    Privilege, Reservation, SelfMap,
};
use xtsim::{PhysicalMemory, Ram, Width, tables};

use crate::support::{
    EVERYTHING, Machine, NOTHING, SimTables, Way, in_every_mode, kernel_area, large_pages, mapping, range,
};

in_every_mode! {
    every_page_of_a_range_gets_its_own_frame,
    the_last_pages_of_each_half_can_be_mapped,
    ranges_that_no_cursor_can_stand_on_are_refused,
    no_user_page_appears_in_the_kernel_half,
    accessed_and_dirty_survive_a_new_protection,
    a_page_dirtied_during_the_change_stays_dirty,
    the_pages_of_a_split_count_as_dirty,
    a_merge_makes_the_cursor_look_again,
    what_cannot_be_merged_is_refused,
    an_unmap_of_scattered_frames_comes_in_batches,
    an_unmap_of_many_tables_comes_in_batches,
    a_paused_cursor_goes_on_where_it_stood,
    tables_come_back_when_their_last_page_goes,
    an_address_space_can_be_taken_over,
}

/// Regression 20: a pattern is written through every page and read back by frame.
fn every_page_of_a_range_gets_its_own_frame(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let (at, first, pages) =
        (kernel_area(mode) - 3 * PAGE_BYTES, large_pages(mode) - 3, large_pages(mode) + 9);
    machine.map(&mapping(at, pages, first, Attributes::KERNEL_DATA));
    for page in 0..pages {
        let va = VirtAddr::new(at + page * PAGE_BYTES + 8);
        machine.cpu.borrow_mut().write_u32(&mut machine.ram.borrow_mut(), va, page as u32).expect("writable");
    }
    for page in 0..pages {
        let there = PhysAddr::new((first + page) * PAGE_BYTES + 8);
        assert_eq!(machine.ram.borrow().read_u32(there), Some(page as u32));
    }
}

fn the_last_pages_of_each_half_can_be_mapped(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let narrow = mode.geometry().virtual_bits() == 32;
    let half = 1 << (mode.geometry().virtual_bits() - 1);
    // In the 64-bit modes no range can name the very last page.
    let last = if narrow { (1 << 32) - PAGE_BYTES } else { 0_u64.wrapping_sub(2 * PAGE_BYTES) };
    let edges = [0, half - PAGE_BYTES, mode.geometry().kernel_base().get(), last];
    for (frame, at) in (0x60..).zip(edges) {
        machine.map(&mapping(at, 1, frame, Attributes::KERNEL_DATA));
        let found = find(&machine.space, &machine.tables(), VirtAddr::new(at + 0xFFF)).expect("mapped");
        assert_eq!(found.address, PhysAddr::new(frame * PAGE_BYTES + 0xFFF));
    }
    for (frame, at) in (0x60..).zip(edges) {
        assert_eq!(machine.unmap(range(at, 1)), [FrameRange::with_count(Frame::new(frame), FrameCount::ONE)]);
    }
}

fn ranges_that_no_cursor_can_stand_on_are_refused(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let stand = |start: u64, end: u64| {
        let pages = VirtRange::new(VirtAddr::new(start), VirtAddr::new(end)).expect("ascending");
        machine.space.cursor(&mut machine.tables(), pages).map(|_| ()).map_err(|error| (error, pages))
    };
    let kernel = mode.geometry().kernel_base().get();
    let self_map = machine.space.self_map().region();
    let (from, to) = (self_map.start().get(), self_map.end().get());
    assert!(matches!(stand(0x1000, 0x1000), Err((CursorError::Empty { .. }, _))));
    for (start, end) in [(0x1000, 0x1800), (0x1008, 0x2000)] {
        assert!(matches!(stand(start, end), Err((CursorError::NotPages { .. }, _))));
    }
    let user_end = 1 << (mode.geometry().virtual_bits() - 1);
    for (start, end) in [(user_end - 0x1000, kernel + 0x1000), (0, kernel + 0x1000)] {
        assert!(matches!(stand(start, end), Err((CursorError::NotCanonical { .. }, _))), "both halves");
    }
    let beyond = if user_end == kernel { 1 << 32 } else { user_end };
    assert!(matches!(stand(beyond - 0x1000, beyond + 0x1000), Err((CursorError::NotCanonical { .. }, _))));
    for (start, end) in [(from, from + 0x1000), (from - 0x1000, from + 0x1000), (to - 0x1000, to + 0x1000)] {
        assert!(matches!(stand(start, end), Err((CursorError::SelfMap { .. }, _))));
    }
    assert_eq!(stand(from - 0x1000, from), Ok(()));
    assert_eq!(stand(to, to + 0x1000), Ok(()));
}

/// A large page in a top table has no table above it that could say supervisor.
fn no_user_page_appears_in_the_kernel_half(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = VirtAddr::new(kernel_area(mode));
    let user = Attributes { privilege: Privilege::User, ..Attributes::KERNEL_DATA };
    let refused = MapError::UserInKernelHalf { at };
    for pages in [1, large_pages(mode)] {
        let wanted = mapping(at.get(), pages, 0, user);
        let result = machine.space.map(&mut machine.tables(), &mut machine.frames.clone(), &wanted);
        assert_eq!(result, Err(refused));
    }
    machine.map(&mapping(at.get(), large_pages(mode), 0, Attributes::KERNEL_DATA));
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at.get(), 1)).expect("a page");
    assert_eq!(cursor.protect(&mut machine.frames.clone(), user).map(drop), Err(refused));
}

const HISTORY: u64 = Bits::ACCESSED.bits() | Bits::DIRTY.bits();

/// Accessed and dirty: what the processor writes.
fn history(machine: &Machine, at: u64) -> u64 {
    find(&machine.space, &machine.tables(), VirtAddr::new(at)).expect("a mapped page").raw & HISTORY
}

fn protect(machine: &Machine, pages: VirtRange, attributes: Attributes) {
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, pages).expect("pages");
    let owed = cursor.protect(&mut machine.frames.clone(), attributes).expect("mapped pages");
    assert!(machine.discharge(owed).is_empty());
}

fn accessed_and_dirty_survive_a_new_protection(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    machine.map(&mapping(at, 3, 0x70, Attributes::KERNEL_DATA));
    let (mut cpu, mut ram) = (machine.cpu.borrow_mut(), machine.ram.borrow_mut());
    cpu.read_u32(&mut ram, VirtAddr::new(at + 0x1000)).expect("readable");
    cpu.write_u32(&mut ram, VirtAddr::new(at + 0x2000), 1).expect("writable");
    drop((cpu, ram));
    protect(&machine, range(at, 3), Attributes::KERNEL_READ_ONLY);
    assert_eq!([0, 1, 2].map(|page| history(&machine, at + page * PAGE_BYTES)), [0, 1 << 5, HISTORY]);
}

fn a_page_dirtied_during_the_change_stays_dirty(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let at = kernel_area(mode);
    machine.map(&mapping(at, 1, 0x70, Attributes::KERNEL_DATA));
    // Between the engine's look at the entry and its compare-exchange.
    machine.race.store(HISTORY as u8, Ordering::Relaxed);
    protect(&machine, range(at, 1), Attributes::KERNEL_READ_ONLY);
    assert_eq!(history(&machine, at), HISTORY);
    assert_eq!(machine.race.load(Ordering::Relaxed), 0, "the race took place");
}

/// The processor may dirty the large page between the look and the exchange, and nobody would know which part of it.
fn the_pages_of_a_split_count_as_dirty(mode: PagingMode) {
    let mut limbo = Limbo::new();
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    machine.map(&mapping(at, large_pages(mode), 0, Attributes::KERNEL_DATA));
    assert_eq!(history(&machine, at), 0);
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
    let owed = cursor.split_ends(&mut machine.frames.clone()).expect("frames").expect("a large page");
    assert!(machine.discharge(owed).is_empty());
    let last = at + (large_pages(mode) - 1) * PAGE_BYTES;
    assert_eq!([at, last].map(|page| history(&machine, page)), [HISTORY; 2]);
    let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
    let owed = cursor.merge(Level::PD, &mut limbo).expect("equal pages");
    assert!(machine.discharge(owed).is_empty());
    assert_eq!(history(&machine, last), HISTORY);
}

/// A cursor that has split once must not believe that nothing reaches over its ends for ever.
fn a_merge_makes_the_cursor_look_again(mode: PagingMode) {
    let mut limbo = Limbo::new();
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    machine.map(&mapping(at, large_pages(mode), 0, Attributes::KERNEL_DATA));
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
    let owed = cursor.protect(&mut machine.frames.clone(), Attributes::KERNEL_DATA).expect("frames");
    assert!(machine.discharge(owed).is_empty());
    let owed = cursor.merge(Level::PD, &mut limbo).expect("equal pages");
    assert!(machine.discharge(owed).is_empty());
    let mut freed = Vec::new();
    while let Some(owed) = cursor.unmap(&mut machine.frames.clone(), &mut limbo).expect("a mapped page") {
        freed.extend(machine.discharge(owed));
    }
    assert_eq!(freed, [FrameRange::with_count(Frame::new(0), FrameCount::ONE)]);
    assert!(find(&machine.space, &machine.tables(), VirtAddr::new(at + PAGE_BYTES)).is_ok());
}

fn what_cannot_be_merged_is_refused(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let (at, large) = (kernel_area(mode), large_pages(mode));
    let small = |start, pages, first| Mapping {
        largest: Level::PT,
        ..mapping(start, pages, first, Attributes::KERNEL_DATA)
    };
    let merge = |at: u64, level| {
        let mut tables = machine.tables();
        let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
        cursor.merge(level, &mut Limbo::new()).map(drop)
    };
    let (first, second, third) = (at, at + large * PAGE_BYTES, at + 2 * large * PAGE_BYTES);
    machine.map(&small(first, large - 1, 0));
    machine.map(&small(second, large, 1));
    machine.map(&mapping(third, large, large, Attributes::KERNEL_DATA));
    let hole = VirtAddr::new(second - PAGE_BYTES);
    assert_eq!(merge(first, Level::PD), Err(MergeError::Unlike { at: hole }));
    machine.map(&small(hole.get(), 1, large));
    assert_eq!(merge(first, Level::PD), Err(MergeError::Unlike { at: hole }), "no neighbour");
    assert_eq!(merge(second, Level::PD), Err(MergeError::Unaligned { frame: Frame::new(1) }));
    let large_already = MergeError::NoTable { at: VirtAddr::new(third) };
    assert_eq!(merge(third, Level::PD), Err(large_already));
    let inside = MergeError::NoTable { at: VirtAddr::new(first + PAGE_BYTES) };
    assert_eq!(merge(first + PAGE_BYTES, Level::PD), Err(inside));
    assert_eq!(merge(first, Level::PT), Err(MergeError::NoSuchPage));
    assert_eq!(merge(first, Level::PML4), Err(MergeError::NoSuchPage));
}

fn an_unmap_of_scattered_frames_comes_in_batches(mode: PagingMode) {
    let mut limbo = Limbo::new();
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let (at, pages) = (kernel_area(mode) - 50 * PAGE_BYTES, 100);
    for page in 0..pages {
        machine.map(&mapping(at + page * PAGE_BYTES, 1, 0x1000 - 2 * page, Attributes::KERNEL_DATA));
    }
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, pages)).expect("pages");
    let (mut freed, mut batches) = (Vec::new(), 0);
    while let Some(owed) = cursor.unmap(&mut machine.frames.clone(), &mut limbo).expect("mapped pages") {
        batches += 1;
        let done = owed.invalidation().range();
        assert_eq!(done.end(), cursor.pages().start(), "the cursor moved on by what the batch names");
        freed.extend(machine.discharge(owed).iter().map(|run| run.start().number()));
    }
    assert_eq!(freed, (0..pages).map(|page| 0x1000 - 2 * page).collect::<Vec<_>>());
    assert!(batches > 1);
    machine.assert_nothing_stale();
}

/// One obligation holds 32 tables.
fn an_unmap_of_many_tables_comes_in_batches(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let before = machine.frames.outstanding();
    let (at, pages) = (kernel_area(mode), 40 * large_pages(mode));
    machine.map(&Mapping { largest: Level::PT, ..mapping(at, pages, 0, Attributes::KERNEL_DATA) });
    assert!(machine.frames.outstanding().len() >= before.len() + 40);
    machine.touch(VirtAddr::new(at));
    let freed = machine.unmap(range(at, pages));
    assert_eq!(freed.iter().map(|run| run.count().get()).sum::<u64>(), pages);
    assert!(freed.len() > 1, "frames that follow one another are split between batches only");
    assert_eq!(machine.frames.outstanding(), before);
    machine.assert_nothing_stale();
}

fn tables_come_back_when_their_last_page_goes(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let before = machine.frames.outstanding();
    let at = kernel_area(mode);
    machine.map(&mapping(at, 10, 0, Attributes::KERNEL_DATA));
    let between = machine.frames.outstanding();
    assert_ne!(before, between);
    machine.unmap(range(at, 4));
    machine.unmap(range(at + 5 * PAGE_BYTES, 5));
    assert_eq!(machine.frames.outstanding(), between, "one page is left");
    machine.unmap(range(at + 4 * PAGE_BYTES, 1));
    assert_eq!(machine.frames.outstanding(), before);
    let self_map = machine.space.self_map().region();
    let reachable = tables(&*machine.ram.borrow(), &machine.facts(), Some(self_map)).len() as u64;
    assert_eq!(FrameCount::new(reachable), AddressSpace::root_tables(mode));
}

fn an_address_space_can_be_taken_over(mode: PagingMode) {
    let machine = Machine::new(mode, NOTHING, Way::ByFrame);
    let (space, root) = (&machine.space, machine.space.root());
    let entry = |index| {
        let at = PhysAddr::new(root.get() + 8 * index as u64);
        machine.ram.borrow().read_u64(at).expect("memory")
    };
    let adopted = AddressSpace::adopt(*space.self_map(), *space.format(), root, entry);
    assert_eq!(adopted, Ok(*space));
    let missing = AddressSpace::adopt(*space.self_map(), *space.format(), root, |index| {
        if index == 2 { 0 } else { Pdpte::new(Frame::new(7)).raw() }
    });
    assert_eq!(missing.is_err(), mode == PagingMode::Pml3, "{missing:?}");
}

/// One frame above 4 GiB after the other, for whoever asks.
struct HighFrames(Frame);

impl Frames for HighFrames {
    type Reservation = Self;

    fn reserve(&mut self, _count: FrameCount) -> Result<Self, OutOfFrames> {
        Ok(Self(self.0))
    }
}

impl Reservation for HighFrames {
    fn take(&mut self) -> Option<Frame> {
        let frame = self.0;
        self.0 = frame.saturating_add(FrameCount::ONE);
        Some(frame)
    }
}

/// CR3 has 32 bits where PAE paging is on, whatever its entries can name.
#[test]
fn a_root_above_four_gib_is_refused_in_pml3() {
    let (mode, root) = (PagingMode::Pml3, Frame::new(1 << 20));
    let installed = FrameRange::with_count(root, FrameCount::new(8));
    let ram = RefCell::new(Ram::with(Width::Bits32, installed));
    let mut tables: SimTables<'_> = SimTables::by_frame(&ram, mode);
    let format = Format::new(mode, EVERYTHING);
    let result = AddressSpace::create(SelfMap::standard(mode), format, &mut tables, &mut HighFrames(root));
    assert_eq!(result, Err(MapError::RootTooHigh { root }));
    assert_eq!(ram.borrow().stores(), 0, "nothing was written");
}

/// The lock around the tables can be let go between two batches.
fn a_paused_cursor_goes_on_where_it_stood(mode: PagingMode) {
    let mut limbo = Limbo::new();
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode) - 40 * PAGE_BYTES;
    for page in 0..100 {
        machine.map(&mapping(at + page * PAGE_BYTES, 1, 0x4000 + 2 * page, Attributes::KERNEL_DATA));
    }
    let mut rest = None;
    let mut freed = Vec::new();
    loop {
        let mut tables = machine.tables();
        let mut cursor = match rest {
            None => machine.space.cursor(&mut tables, range(at, 100)).expect("pages"),
            Some(rest) => machine.space.resume(&mut tables, rest),
        };
        let obligation = cursor
            .unmap(&mut machine.frames.clone(), &mut limbo)
            .expect("mapped")
            .expect("something is left");
        freed.extend(machine.discharge(obligation).into_iter().map(FrameRange::start));
        rest = cursor.pause();
        if rest.is_none() {
            break;
        }
    }
    let all: Vec<_> = (0..100).map(|page| Frame::new(0x4000 + 2 * page)).collect();
    assert_eq!(freed, all);
    machine.assert_nothing_stale();
}
