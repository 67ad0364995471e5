//! Given frames at given pages.

use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, PagingMode, VirtAddr, VirtRange};
use xtmm::space::{SpaceError, tables_bound};
use xtpaging::{Attributes, MapError, OutOfFrames, Protection};
use xtsim::AccessKind;

use crate::support::{
    Reserved, Sim, SimFrames, SimMapper, SimTlb, area, in_every_mode, large_pages, locks_held, map_from,
    mapper, mapping, range,
};

in_every_mode! {
    a_run_appears_with_large_pages_and_goes_without_a_trace,
    every_page_of_a_list_shows_its_own_frame,
    a_list_that_is_refused_changes_nothing,
    a_range_with_a_hole_is_not_unmapped,
    scattered_frames_come_back_in_batches_each_once_and_with_no_lock_held,
    a_protection_splits_the_large_page_around_it_and_holds_at_once,
    a_neighbour_in_a_table_that_is_there_takes_no_frame,
    frames_that_the_caller_brings_are_enough,
    no_range_needs_more_tables_than_the_bound,
    a_range_with_large_pages_needs_tables_for_its_ends_only,
}

const DATA: Attributes = Attributes::KERNEL_DATA;

/// Frames that belong to nobody in these tests, far from window and pool.
const FOREIGN: u64 = 0x4_0000;

fn a_run_appears_with_large_pages_and_goes_without_a_trace(mode: PagingMode) {
    let (sim, pages) = (Sim::new(mode, 64), 3 * large_pages(mode));
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper: SimMapper<'_> = mapper(&kernel, &frames);
    // One page off a boundary: small pages at both ends, large ones between.
    let start = area(mode) - PAGE_BYTES;
    mapper.map_run(&mapping(start, pages, FOREIGN - 1, DATA)).expect("room");
    let shown = sim.pages();
    assert_eq!(shown.iter().filter(|page| page.page_bytes > PAGE_BYTES).count(), 2);
    assert_eq!(sim.out(), sim.table_count());
    for page in &shown {
        assert_eq!(page.physical.get() - (FOREIGN - 1) * PAGE_BYTES, page.va.get() - start);
        let found = kernel.find(page.va).expect("the same");
        assert_eq!((found.address, found.rights.write), (page.physical, true));
        sim.touch(page.va);
    }
    let mut freed = Vec::new();
    mapper.unmap(range(start, pages), |frames| freed.push(frames)).expect("mapped");
    assert_eq!(freed.iter().map(|run| run.count().get()).sum::<u64>(), pages);
    assert_eq!((sim.pages().len(), sim.out(), sim.table_count()), (0, 0, 0));
    sim.assert_nothing_stale();
}

fn every_page_of_a_list_shows_its_own_frame(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    // Neighbours, strangers, and neighbours the wrong way round; over the end of a table.
    let list: Vec<Frame> = (0..40)
        .map(|n| FOREIGN + n)
        .chain((0..40).map(|n| FOREIGN + 1000 + 3 * n))
        .chain((0..40).rev().map(|n| FOREIGN + 5000 + n))
        .map(Frame::new)
        .collect();
    let start = area(mode) - 50 * PAGE_BYTES;
    mapper.map_frames(VirtAddr::new(start), &list, DATA).expect("room");
    for (number, at) in (0..).zip(pages_of(range(start, 120))) {
        sim.write(at, number);
    }
    for (number, at) in (0..).zip(pages_of(range(start, 120))) {
        assert_eq!(sim.read(at), number, "regression 20: each page has a slot of its own");
    }
    let shown: Vec<_> = sim.pages().iter().map(|page| page.physical.frame()).collect();
    assert_eq!(shown, list);
}

fn a_list_that_is_refused_changes_nothing(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let list: Vec<Frame> = (0..30).map(|n| Frame::new(FOREIGN + 2 * n)).collect();
    let start = VirtAddr::new(area(mode) - 10 * PAGE_BYTES);
    let occupied = area(mode) + 10 * PAGE_BYTES;
    mapper.map_run(&mapping(occupied, 1, FOREIGN, DATA)).expect("room");
    let (before, out) = (sim.pages(), sim.out());

    let at = VirtAddr::new(occupied);
    let refused = mapper.map_frames(start, &list, DATA);
    assert_eq!(refused, Err(SpaceError::Map(MapError::AlreadyMapped { at })));

    let limit = sim.space.format().frame_limit();
    let mut high = list.clone();
    high[7] = limit;
    let end = limit.saturating_add(FrameCount::ONE);
    let refused = mapper.map_frames(start, &high, DATA);
    assert_eq!(refused, Err(SpaceError::Map(MapError::FrameTooHigh { end, limit })));

    let refused = mapper.map_frames(start, &[], DATA);
    assert!(matches!(refused, Err(SpaceError::Map(MapError::Range(_)))), "{refused:?}");

    let all = sim.pool.get().left();
    let taken = sim.pool.get().reserve(all).expect("all");
    let short = mapper.map_frames(start, &list[..3], DATA).expect_err("no frames for tables");
    assert!(
        matches!(short.out_of_frames(), Some(OutOfFrames { available: FrameCount::ZERO, .. })),
        "{short}"
    );
    taken.into_iter().for_each(|frame| sim.pool.get().give_back(frame));

    assert_eq!((sim.pages(), sim.out()), (before, out));
}

fn a_range_with_a_hole_is_not_unmapped(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let start = area(mode);
    mapper.map_run(&mapping(start, 10, FOREIGN, DATA)).expect("room");
    mapper.map_run(&mapping(start + 11 * PAGE_BYTES, 10, FOREIGN, DATA)).expect("room");
    let before = sim.pages();
    let refused = mapper.unmap(range(start, 21), |frames| panic!("{frames:?} came back"));
    let at = VirtAddr::new(start + 10 * PAGE_BYTES);
    assert_eq!(refused, Err(SpaceError::Map(MapError::NotMapped { at })));
    assert_eq!(sim.pages(), before);
}

fn scattered_frames_come_back_in_batches_each_once_and_with_no_lock_held(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let list: Vec<Frame> = (0..200).map(|n| Frame::new(FOREIGN + (n * 37) % 200 * 2)).collect();
    let start = area(mode) - 100 * PAGE_BYTES;
    mapper.map_frames(VirtAddr::new(start), &list, DATA).expect("room");
    pages_of(range(start, 200)).for_each(|at| sim.touch(at));
    let before = SimTlb::invalidations();
    let mut freed = Vec::new();
    let outcome = mapper.unmap(range(start, 200), |run| {
        assert_eq!(locks_held(), 0);
        sim.assert_nothing_stale();
        freed.extend((run.start().number()..run.end().number()).map(Frame::new));
    });
    outcome.expect("mapped pages");
    assert_eq!(freed, list);
    let batches = SimTlb::invalidations() - before;
    assert!((7..=9).contains(&batches), "{batches} batches of 32 runs");
    assert_eq!(sim.out(), 0);
}

fn a_protection_splits_the_large_page_around_it_and_holds_at_once(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let start = area(mode);
    mapper.map_run(&mapping(start, large_pages(mode), FOREIGN, DATA)).expect("room");
    assert_eq!(sim.pages().len(), 1);
    let inner = range(start + 5 * PAGE_BYTES, 3);
    sim.write(inner.start(), 7);
    mapper.protect(inner, DATA.with_protection(Protection::Read)).expect("frames for the split");
    for at in pages_of(range(start, large_pages(mode))) {
        let written = sim.cpu.get().translate(&mut sim.ram.get(), at, AccessKind::Write);
        assert_eq!(written.is_err(), inner.contains(at), "{at}");
    }
    assert_eq!(sim.read(inner.start()), 7);
    assert_eq!(sim.out(), sim.table_count());
    mapper.unmap(range(start, large_pages(mode)), |_| {}).expect("mapped");
    assert_eq!(sim.out(), 0);
}

fn a_neighbour_in_a_table_that_is_there_takes_no_frame(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let start = area(mode);
    mapper.map_run(&mapping(start, 1, FOREIGN, DATA)).expect("room");
    assert_eq!(frames.reservations(), 1);
    let all = sim.pool.get().left();
    let _taken = sim.pool.get().reserve(all).expect("all");
    mapper.map_run(&mapping(start + PAGE_BYTES, 9, FOREIGN + 9, DATA)).expect("a table is there");
    mapper.protect(range(start, 5), DATA.with_protection(Protection::Read)).expect("nothing to split");
    mapper.unmap(range(start + PAGE_BYTES, 9), |_| {}).expect("mapped");
    assert_eq!(frames.reservations(), 0);
}

fn frames_that_the_caller_brings_are_enough(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let kernel = sim.kernel();
    let mapping = mapping(area(mode), 5, FOREIGN, DATA);
    let needed = tables_bound(&sim.space, mapping.pages, Level::PT).get() as usize;
    let mut none = Reserved::of(Vec::new());
    let refused = map_from(&kernel, &mapping, &mut none).expect_err("no frames");
    assert!(
        matches!(refused, MapError::OutOfFrames(short) if short.wanted.get() == needed as u64),
        "{refused}"
    );
    let mut source = Reserved::of(sim.pool.get().reserve(needed + 1).expect("frames"));
    map_from(&kernel, &mapping, &mut source).expect("enough");
    assert_eq!((source.frames.len(), sim.pages().len()), (1, 5));
}

fn no_range_needs_more_tables_than_the_bound(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let mut random = sim.random(0xB0);
    let top = sim.space.top(VirtAddr::new(area(mode))).level;
    let mut tight = 0;
    for _ in 0..500 {
        let bits = random.in_range(1..18);
        let pages = random.in_range(1..1 << bits);
        let start = area(mode) + random.in_range(0..1 << 16) * PAGE_BYTES;
        let mut mapping = mapping(start, pages, 0, DATA);
        mapping.largest = Level::PT;
        let roots = xtpaging::AddressSpace::root_tables(mode);
        let needed = xtpaging::tables_needed(sim.space.format(), &[mapping]).expect("a range");
        let bound = tables_bound(&sim.space, mapping.pages, Level::PT);
        assert!(bound.saturating_add(roots) >= needed, "{mapping:?} below {top:?}");
        tight += u32::from(bound.saturating_add(roots) == needed);
    }
    assert_eq!(tight, 500, "with small pages in an empty space the bound is exact");
    assert_eq!(tables_bound(&sim.space, VirtRange::default(), Level::PT), FrameCount::ZERO);
}

/// As the window maps RAM: frames and pages are aligned alike.
fn a_range_with_large_pages_needs_tables_for_its_ends_only(mode: PagingMode) {
    let sim = Sim::new(mode, 64);
    let mut random = sim.random(0xB1);
    let roots = xtpaging::AddressSpace::root_tables(mode);
    let above = u64::from(sim.space.top(VirtAddr::new(area(mode))).level.number()) - 2;
    for _ in 0..500 {
        let bits = random.in_range(1..18);
        let pages = random.in_range(1..1 << bits);
        let first = random.in_range(0..1 << 16);
        let mut mapping = mapping(area(mode) + first * PAGE_BYTES, pages, first, DATA);
        mapping.largest = Level::PD;
        let needed = xtpaging::tables_needed(sim.space.format(), &[mapping]).expect("a range");
        let bound = tables_bound(&sim.space, mapping.pages, Level::PD).saturating_add(roots);
        assert!(bound >= needed, "{mapping:?}: {bound:?} are fewer than {needed:?}");
        // Two ends, and at each a table of each level above, and one that a boundary of that level adds.
        assert!(bound.get() <= needed.get() + 4 * above, "{mapping:?}: {bound:?}, {needed:?} would do");
    }
    let inside = range(area(mode) + PAGE_BYTES, large_pages(mode) - 2);
    let small = tables_bound(&sim.space, inside, Level::PT);
    assert_eq!(tables_bound(&sim.space, inside, Level::PD), small, "no large page fits");
}

fn pages_of(range: VirtRange) -> impl Iterator<Item = VirtAddr> {
    let count = range.bytes() / PAGE_BYTES;
    (0..count).map(move |page| VirtAddr::new(range.start().get() + page * PAGE_BYTES))
}

#[test]
fn a_run_that_ends_past_what_entries_can_name_is_refused() {
    let sim = Sim::new(PagingMode::Pml4, 64);
    let (kernel, frames) = (sim.kernel(), SimFrames::new(&sim));
    let mapper = mapper(&kernel, &frames);
    let limit = sim.space.format().frame_limit();
    let first = limit.number() - 3;
    let refused = mapper.map_run(&mapping(area(PagingMode::Pml4), 4, first, DATA));
    let whole = FrameRange::with_count(Frame::new(first), FrameCount::new(4));
    assert_eq!(refused, Err(SpaceError::Map(MapError::FrameTooHigh { end: whole.end(), limit })));
    assert_eq!(frames.reservations(), 0);
}
