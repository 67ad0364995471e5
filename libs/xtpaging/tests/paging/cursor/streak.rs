//! Pages mapped one after the other: what a streak shows, when it counts, and what it refuses.

use xtcore::{Frame, FrameCount, Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::entry::{Bits, occupancy};
use xtpaging::walk::{audit, find, translate};
use xtpaging::{
    Attributes, Frames, MapError, Mapping, Privilege, Reservation, StreakError, TablePlace, Tables,
};

use crate::support::{
    EVERYTHING, Machine, PoolFrames, Way, in_every_mode, kernel_area, large_pages, mapping, range,
};

in_every_mode! {
    a_streak_maps_what_it_is_given_across_tables,
    a_streak_takes_exactly_the_tables_that_were_planned,
    a_streak_that_stops_early_leaves_true_counts,
    a_streak_that_is_forgotten_never_counts_too_few,
    a_streak_into_a_table_in_use_adds_to_its_count,
    pages_that_are_mapped_or_misplaced_are_refused_before_anything_happens,
    a_frame_that_no_entry_can_name_is_refused_and_the_next_one_is_not,
    after_the_last_page_there_is_none,
    a_reservation_that_runs_dry_maps_nothing_wrong,
}

/// Frames in no order at all, above 4 GiB wherever entries are wide.
fn scattered(mode: PagingMode, page: u64) -> Frame {
    let base = if mode == PagingMode::Pml2 { 0x4_0000 } else { 0x34_0000 };
    Frame::new(base + page * 7919 % 0x1_0000)
}

/// Maps the first `count` of `planned` pages from `at` on, and tells the frames that were reserved and not needed.
fn streak(machine: &Machine, at: u64, planned: u64, count: u64) -> u64 {
    let mode = machine.space.mode();
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, planned)).expect("pages");
    let plan = cursor.plan_streak(Attributes::KERNEL_DATA).expect("room");
    let before = machine.frames.outstanding().len() as u64;
    let needed = plan.tables().get();
    let mut reserved = machine.frames.clone().reserve(plan.tables()).expect("frames");
    let mut streak = plan.begin(&mut reserved);
    for page in 0..count {
        assert_eq!(streak.pages(), range(at + page * PAGE_BYTES, planned - page));
        streak.map(scattered(mode, page)).expect("a page of the range");
    }
    drop(streak);
    reserved.give_back(&machine.frames);
    needed - (machine.frames.outstanding().len() as u64 - before)
}

fn assert_mapped(machine: &Machine, at: u64, count: u64) {
    for page in 0..count {
        let found = find(&machine.space, &machine.tables(), VirtAddr::new(at + page * PAGE_BYTES));
        let frame = scattered(machine.space.mode(), page);
        assert_eq!(found.map(|found| (found.frame, found.level)), Ok((frame, Level::PT)), "page {page}");
    }
    assert_eq!(translate(&machine.space, &machine.tables(), VirtAddr::new(at + count * PAGE_BYTES)), None);
    assert_eq!(audit(&machine.space, &machine.tables()).miscounted, 0);
}

fn a_streak_maps_what_it_is_given_across_tables(mode: PagingMode) {
    for way in [Way::ByFrame, Way::BySelfMap] {
        let machine = Machine::new(mode, EVERYTHING, way);
        let before = machine.frames.outstanding();
        // From the middle of a table, over a whole one, into a third.
        let (at, count) = (kernel_area(mode) - 9 * PAGE_BYTES, large_pages(mode) + 20);
        assert_eq!(streak(&machine, at, count, count), 0);
        assert_mapped(&machine, at, count);
        let freed = machine.unmap(range(at, count));
        let expected: Vec<_> = (0..count).map(|page| scattered(mode, page)).collect();
        let pages =
            freed.iter().flat_map(|run| (0..run.count().get()).map(|page| run.start().number() + page));
        assert!(pages.eq(expected.iter().map(|frame| frame.number())), "each frame comes back in its place");
        assert_eq!(machine.frames.outstanding(), before);
    }
}

fn a_streak_takes_exactly_the_tables_that_were_planned(mode: PagingMode) {
    let large = large_pages(mode);
    for (offset, count) in [(0, 1), (0, large), (1, large), (large - 1, 2), (5, 2 * large)] {
        let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
        let at = kernel_area(mode) + offset * PAGE_BYTES;
        assert_eq!(streak(&machine, at, count, count), 0, "{count} pages from page {offset} on");
    }
}

fn a_streak_that_stops_early_leaves_true_counts(mode: PagingMode) {
    let large = large_pages(mode);
    for count in [0, 1, 3, 5, 6, 7, 100, large - 1, large, large + 1] {
        let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
        let (before, at) = (machine.frames.outstanding(), kernel_area(mode));
        let left = streak(&machine, at, 3 * large, count);
        assert!(left >= 1, "{count} pages need fewer tables than all");
        assert_mapped(&machine, at, count);
        if count > 0 {
            machine.unmap(range(at, count));
        }
        assert_eq!(machine.frames.outstanding(), before, "an emptied table is noticed");
    }
}

/// A count that is too low would free a table under its pages.
fn a_streak_that_is_forgotten_never_counts_too_few(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let at = kernel_area(mode);
    {
        let mut tables = machine.tables();
        let mut cursor = machine.space.cursor(&mut tables, range(at, 30)).expect("pages");
        let plan = cursor.plan_streak(Attributes::KERNEL_DATA).expect("room");
        let mut reserved = machine.frames.clone().reserve(plan.tables()).expect("frames");
        let mut streak = plan.begin(&mut reserved);
        (0..10).for_each(|page| streak.map(scattered(mode, page)).expect("a page"));
        core::mem::forget(streak);
    }
    let tables = machine.frames.outstanding();
    machine.unmap(range(at, 9));
    assert_eq!(machine.frames.outstanding(), tables, "a page is left, so its table is");
    machine.unmap(range(at + 9 * PAGE_BYTES, 1));
    assert_eq!(machine.frames.outstanding(), tables, "the price: nobody notices that the table is empty");
}

fn a_streak_into_a_table_in_use_adds_to_its_count(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    machine.map(&mapping(at + 50 * PAGE_BYTES, 3, 0x99, Attributes::KERNEL_DATA));
    // The processor has used what lends the bits.
    machine.map(&mapping(at, 1, 0x98, Attributes::KERNEL_DATA));
    machine.touch(VirtAddr::new(at));
    let between = machine.frames.outstanding();
    assert_eq!(streak(&machine, at + PAGE_BYTES, 49, 40), 0);
    assert_eq!(machine.frames.outstanding(), between, "no table was needed");
    assert_mapped(&machine, at + PAGE_BYTES, 40);
    let mut place = machine.space.top(VirtAddr::new(at));
    let geometry = mode.geometry();
    let tables = machine.tables();
    while let Some(below) = place.level.below() {
        let raw = tables.load(place, geometry.index(place.level, VirtAddr::new(at)));
        let span = geometry.page_bytes(place.level);
        let frame = xtcore::PhysAddr::new(raw & 0x000F_FFFF_FFFF_F000).frame();
        place = TablePlace { frame, level: below, covers: VirtAddr::new(at).align_down(span) };
    }
    assert_eq!(occupancy::read(&tables, place), 44);
    assert!(tables.load(place, 0) & Bits::ACCESSED.bits() != 0, "the processor's note survives");
}

fn pages_that_are_mapped_or_misplaced_are_refused_before_anything_happens(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let at = kernel_area(mode);
    machine.map(&mapping(at + 3 * PAGE_BYTES, 1, 0x99, Attributes::KERNEL_DATA));
    let stores = machine.ram.borrow().stores();
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 10)).expect("pages");
    let refused = cursor.plan_streak(Attributes::KERNEL_DATA).map(drop);
    assert_eq!(refused, Err(MapError::AlreadyMapped { at: VirtAddr::new(at + 3 * PAGE_BYTES) }));
    let user = Attributes { privilege: Privilege::User, ..Attributes::KERNEL_DATA };
    let misplaced = cursor.plan_streak(user).map(drop);
    assert_eq!(misplaced, Err(MapError::UserInKernelHalf { at: VirtAddr::new(at) }));
    assert_eq!(machine.ram.borrow().stores(), stores);
}

fn a_frame_that_no_entry_can_name_is_refused_and_the_next_one_is_not(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let (at, limit) = (kernel_area(mode), machine.space.format().frame_limit());
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 2)).expect("pages");
    let plan = cursor.plan_streak(Attributes::KERNEL_DATA).expect("room");
    let mut reserved = machine.frames.clone().reserve(plan.tables()).expect("frames");
    let mut streak = plan.begin(&mut reserved);
    let stores = machine.ram.borrow().stores();
    for frame in [limit, Frame::new(u64::MAX)] {
        assert_eq!(streak.map(frame), Err(StreakError::FrameTooHigh { frame, limit }));
    }
    assert_eq!(machine.ram.borrow().stores(), stores);
    let last = Frame::new(limit.number() - 1);
    assert_eq!([streak.map(last), streak.map(Frame::new(0))], [Ok(()), Ok(())]);
    drop(streak);
    let found = [at, at + PAGE_BYTES].map(|page| find(&machine.space, &tables, VirtAddr::new(page)));
    assert_eq!(found.map(|found| found.map(|found| found.frame)), [Ok(last), Ok(Frame::new(0))]);
    // The frame after the last one that an entry can name is not frame 0, whatever a sum of entries says.
    let freed = machine.unmap(range(at, 2));
    assert_eq!(
        freed.iter().map(|run| (run.start(), run.count())).collect::<Vec<_>>(),
        [(last, FrameCount::ONE), (Frame::new(0), FrameCount::ONE)]
    );
}

fn after_the_last_page_there_is_none(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let at = kernel_area(mode);
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
    let plan = cursor.plan_streak(Attributes::KERNEL_DATA).expect("room");
    let mut reserved = machine.frames.clone().reserve(plan.tables()).expect("frames");
    let mut streak = plan.begin(&mut reserved);
    assert_eq!(streak.map(Frame::new(1)), Ok(()));
    assert!(streak.pages().is_empty());
    let stores = machine.ram.borrow().stores();
    let done = StreakError::Done { end: VirtAddr::new(at + PAGE_BYTES) };
    assert_eq!([streak.map(Frame::new(2)), streak.map(Frame::new(3))], [Err(done); 2]);
    assert_eq!(machine.ram.borrow().stores(), stores);
}

/// A reservation that ends before what was planned.
struct Dry<'f> {
    frames: &'f PoolFrames,
    left: u64,
}

impl Reservation for Dry<'_> {
    fn take(&mut self) -> Option<Frame> {
        self.left = self.left.checked_sub(1)?;
        self.frames.clone().reserve(FrameCount::ONE).expect("frames").take()
    }
}

fn a_reservation_that_runs_dry_maps_nothing_wrong(mode: PagingMode) {
    let large = large_pages(mode);
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let at = kernel_area(mode);
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(at, 2 * large)).expect("pages");
    let plan = cursor.plan_streak(Attributes::KERNEL_DATA).expect("room");
    let mut dry = Dry { frames: &machine.frames, left: plan.tables().get() - 1 };
    let mut streak = plan.begin(&mut dry);
    let mapped = (0..2 * large).take_while(|page| streak.map(scattered(mode, *page)).is_ok()).count() as u64;
    assert_eq!(mapped, large, "the second page table is missing");
    assert_eq!(streak.map(Frame::new(1)), Err(StreakError::ReservationShort));
    drop(streak);
    assert_mapped(&machine, at, large);
    let rest =
        Mapping { largest: Level::PT, ..mapping(at + large * PAGE_BYTES, 1, 1, Attributes::KERNEL_DATA) };
    machine.map(&rest);
}
