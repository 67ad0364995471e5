//! How many table frames something needs, told before the first is taken; and what happens when there are none.

use xtcore::{FrameCount, Level, PAGE_BYTES, PagingMode};
use xtpaging::{
    AddressSpace, Attributes, CursorError, Frames, MapError, Mapping, OutOfFrames, Reservation, tables_needed,
};
use xtsim::SplitMix64;

use crate::support::{
    EVERYTHING, Machine, NOTHING, Way, frames, in_every_mode, kernel_area, large_pages, mapping, range,
};

in_every_mode! {
    what_is_needed_is_what_is_taken,
    a_tail_shorter_than_a_large_page_needs_a_table_of_its_own,
    mappings_that_cannot_be_counted_are_refused,
    a_reservation_that_breaks_its_promise_leaves_counted_tables,
    without_frames_nothing_is_mapped,
}

/// Random mappings in ascending order, of all sizes and alignments.
fn random_mappings(mode: PagingMode, random: &mut SplitMix64) -> Vec<Mapping> {
    let large = large_pages(mode);
    let mut mappings = Vec::new();
    let mut page = kernel_area(mode) / PAGE_BYTES - random.in_range(0..3) * large;
    for _ in 0..random.in_range(1..6) {
        page += [0, 1, 7, large][random.in_range(0..4) as usize];
        if random.one_in(2) {
            page = page.next_multiple_of(large);
        }
        let count = [1, 3, large - 1, large, large + 1, 3 * large + 5][random.in_range(0..6) as usize];
        let first = if random.one_in(3) { random.in_range(0..1 << 19) } else { (1 << 18) + page % (1 << 18) };
        let largest = *random.choose(&[Level::PT, Level::PD, Level::PML5]).expect("levels");
        mappings
            .push(Mapping { largest, ..mapping(page * PAGE_BYTES, count, first, Attributes::KERNEL_DATA) });
        page += count;
    }
    mappings
}

fn what_is_needed_is_what_is_taken(mode: PagingMode) {
    let mut random = SplitMix64::new(0x5EED);
    for round in 0..60 {
        let capabilities = if round % 2 == 0 { EVERYTHING } else { NOTHING };
        let machine = Machine::new(mode, capabilities, Way::ByFrame);
        let mappings = random_mappings(mode, &mut random);
        let needed = tables_needed(machine.space.format(), &mappings).expect("sorted mappings");
        mappings.iter().for_each(|mapping| machine.map(mapping));
        // PAE's page-directory-pointer table does not come from the pool.
        let taken = machine.frames.outstanding().len() + usize::from(machine.space.pointer_table().is_some());
        assert_eq!(needed, frames(taken as u64), "{mappings:#?}");
    }
}

/// The count once stopped at the last large page.
fn a_tail_shorter_than_a_large_page_needs_a_table_of_its_own(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    let pages = large_pages(mode) + 1;
    let wanted = mapping(kernel_area(mode), pages, 0, Attributes::KERNEL_DATA);
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, wanted.pages).expect("pages");
    let plan = cursor.plan_map(wanted.first, wanted.attributes, wanted.largest).expect("a plan");
    // A page table for the tail, and the tables between it and those that exist from the start.
    let levels = if mode == PagingMode::Pml3 { 2 } else { mode.levels() };
    assert_eq!(plan.tables(), frames(u64::from(levels) - 1));
    let reserved = machine.frames.clone().reserve(plan.tables()).expect("frames");
    plan.commit(reserved).expect("as many frames as were planned");
}

fn mappings_that_cannot_be_counted_are_refused(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let format = machine.space.format();
    let at = kernel_area(mode);
    let page = mapping(at, 1, 0, Attributes::KERNEL_DATA);
    let two = mapping(at, 2, 0, Attributes::KERNEL_DATA);
    assert_eq!(tables_needed(format, &[]), Ok(AddressSpace::root_tables(mode)));
    let unsorted = Err(MapError::Unsorted { at: page.pages.start() });
    assert_eq!(tables_needed(format, &[two, page]), unsorted, "overlapping");
    let empty = Mapping { pages: range(at, 0), ..page };
    let refused = Err(MapError::Range(CursorError::Empty { at: page.pages.start() }));
    assert_eq!(tables_needed(format, &[empty]), refused);
}

fn without_frames_nothing_is_mapped(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
    machine.frames.fail_after(0);
    let stores = machine.ram.borrow().stores();
    let wanted = mapping(0, 1, 0x77, Attributes::KERNEL_DATA);
    let result = machine.space.map(&mut machine.tables(), &mut machine.frames.clone(), &wanted);
    assert!(matches!(result, Err(MapError::OutOfFrames(OutOfFrames { .. }))), "{result:?}");
    assert_eq!(machine.ram.borrow().stores(), stores);
    machine.frames.stop_failing();
    machine.map(&wanted);
}

/// One frame fewer than was asked for.
struct Stingy(<crate::support::PoolFrames as Frames>::Reservation, u64);

impl Reservation for Stingy {
    fn take(&mut self) -> Option<xtcore::Frame> {
        let frame = self.0.take()?;
        self.1 = self.1.checked_sub(1)?;
        Some(frame)
    }
}

fn a_reservation_that_breaks_its_promise_leaves_counted_tables(mode: PagingMode) {
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let large = large_pages(mode);
    let wanted =
        Mapping { largest: Level::PT, ..mapping(kernel_area(mode), 2 * large, 0, Attributes::KERNEL_DATA) };
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, wanted.pages).expect("pages");
    let plan = cursor.plan_map(wanted.first, wanted.attributes, wanted.largest).expect("a plan");
    let count = plan.tables();
    let reserved = machine.frames.clone().reserve(count).expect("frames");
    assert_eq!(plan.commit(Stingy(reserved, count.get() - 1)), Err(MapError::ReservationShort));
    let audit = xtpaging::walk::audit(&machine.space, &machine.tables());
    assert_eq!(audit.miscounted, 0, "what was done until then is counted");
    assert_eq!(machine.unmap(range(kernel_area(mode), large)).len(), 1);
    assert_ne!(count, FrameCount::ZERO);
}
