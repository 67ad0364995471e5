//! Everything that an audit must find: each test makes one thing wrong in a sound machine.

use xtcore::{Frame, FrameCount, FrameRange, Level, PagingMode, VirtAddr};
use xtmm::pfn::{AuditFault, FAULTS_KEPT, FrameContent, Owner, Place, State};
use xtpaging::Tables;
use xtpaging::walk::{Node, SelfMapPolicy, visit};

use crate::world::{World, kernel};
use xtsupport::in_every_mode;

in_every_mode! {
    a_frame_that_was_released_while_mapped,
    a_frame_that_is_active_and_free_for_the_allocator,
    a_frame_that_was_taken_and_never_activated,
    an_untouched_frame_with_a_written_entry,
    a_reference_too_many_and_one_too_few,
    a_back_pointer_that_names_another_page,
    a_back_pointer_that_names_the_level_above,
    a_page_that_maps_a_device_outside_of_its_ranges,
    a_table_in_the_frame_of_somebody_else,
    a_table_that_nothing_refers_to,
    a_table_that_is_referred_to_twice,
    a_mapped_frame_that_no_range_names,
    an_entry_that_makes_no_sense,
    more_faults_than_are_kept_are_counted,
}

/// Asserts that an audit finds exactly these faults, and that after it all scratch words are zero again: the next audit
/// finds the same.
fn expect(world: &World, faults: &[AuditFault]) {
    for _ in 0..2 {
        let audit = world.audit();
        assert_eq!(audit.first.as_slice(), faults);
        assert_eq!(audit.faults, faults.len() as u64);
    }
}

/// Returns a world with three mapped pages, and the frame of the first.
fn world_with_pages(mode: PagingMode) -> (World, Frame) {
    let world = World::new(mode);
    let frames = world.take(3);
    world.map(kernel(mode, 0), frames, Owner::NonPagedPool, Level::PT);
    expect(&world, &[]);
    (world, frames.start())
}

/// Regressions 18 and 34.
fn a_frame_that_was_released_while_mapped(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    world.entry(frame).release(FrameContent::Any).expect("the last reference");
    let (at, state) = (kernel(mode, 0), Some(State::Free));
    let in_use = AuditFault::InUse { frame, at, state };
    expect(&world, &[in_use, AuditFault::Misplaced { frame, state: State::Free, place: Place::Taken }]);
    world.give_back(FrameRange::with_count(frame, FrameCount::ONE));
    expect(&world, &[in_use]);
}

fn a_frame_that_is_active_and_free_for_the_allocator(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    for place in [Place::Free, Place::Cached, Place::Fresh] {
        world.places.borrow_mut().insert(frame, place);
        expect(&world, &[AuditFault::Misplaced { frame, state: State::Active, place }]);
    }
}

fn a_frame_that_was_taken_and_never_activated(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let frame = world.take(1).start();
    expect(&world, &[AuditFault::Misplaced { frame, state: State::Free, place: Place::Taken }]);
}

fn an_untouched_frame_with_a_written_entry(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let frame = world.take(1).start();
    let entry = world.entry(frame);
    entry.activate(Owner::Driver, None).expect("a free frame");
    entry.release(FrameContent::Zeros).expect("the last reference");
    world.places.borrow_mut().insert(frame, Place::Free);
    expect(&world, &[]);
    for place in [Place::Fresh, Place::Unknown] {
        world.places.borrow_mut().insert(frame, place);
        expect(&world, &[AuditFault::Misplaced { frame, state: State::Zeroed, place }]);
    }
}

fn a_reference_too_many_and_one_too_few(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    let owner = Owner::NonPagedPool;
    world.entry(frame).share().expect("active");
    expect(&world, &[AuditFault::References { frame, owner, counted: 2, found: 1 }]);
    world.map_only(kernel(mode, 8), FrameRange::with_count(frame, FrameCount::ONE), Level::PT);
    expect(&world, &[]);
    world.map_only(kernel(mode, 9), FrameRange::with_count(frame, FrameCount::ONE), Level::PT);
    expect(&world, &[AuditFault::References { frame, owner, counted: 2, found: 3 }]);
}

/// Regression 17.
fn a_back_pointer_that_names_another_page(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    let entry = world.entry(frame);
    let next = world.space.geometry().entry_bytes();
    let pte = VirtAddr::new(entry.snapshot().pte().expect("mapped").get() + next);
    entry.set_pte(Some(pte)).expect("active");
    expect(&world, &[AuditFault::BackPointer { frame, pte }]);
    entry.set_pte(None).expect("active");
    let owner = Owner::NonPagedPool;
    expect(&world, &[AuditFault::References { frame, owner, counted: 1, found: 2 }]);
}

fn a_back_pointer_that_names_the_level_above(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    let pte = world.space.self_map().entry_address(Level::PD, kernel(mode, 0)).expect("an alias");
    world.entry(frame).set_pte(Some(pte)).expect("active");
    expect(&world, &[AuditFault::BackPointer { frame, pte }]);
}

fn a_page_that_maps_a_device_outside_of_its_ranges(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let beyond = FrameRange::with_count(Frame::new(world.database().end().number() + 5), FrameCount::ONE);
    // And one in a hole, whose entry has no memory.
    let hole = FrameRange::with_count(Frame::new(0x8000), FrameCount::ONE);
    world.map_only(kernel(mode, 8), beyond, Level::PT);
    world.map_only(kernel(mode, 9), hole, Level::PT);
    let fault = |frames: FrameRange, megabytes| AuditFault::NoEntry {
        frame: frames.start(),
        at: kernel(mode, megabytes),
    };
    expect(&world, &[fault(beyond, 8), fault(hole, 9)]);
}

/// Returns the page table that covers an address, and what it covers first.
fn table_of(world: &World, address: VirtAddr) -> (Frame, VirtAddr) {
    let mut found = None;
    let _ = visit(&world.space, &world.tables(), SelfMapPolicy::Skip, |node| {
        if let Node::Table(place) = node
            && place.level == Level::PT
            && place.covers == address.align_down(world.space.geometry().page_bytes(Level::PD))
        {
            found = Some((place.frame, place.covers));
        }
        core::ops::ControlFlow::<()>::Continue(())
    });
    found.expect("a table")
}

fn a_table_in_the_frame_of_somebody_else(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let (frame, at) = table_of(&world, kernel(mode, 0));
    world.entry(frame).set_owner(Owner::PagedPool).expect("active");
    let owner = Owner::PagedPool;
    // The owner's hold counts now, and the table's use as well.
    let references = AuditFault::References { frame, owner, counted: 1, found: 2 };
    expect(&world, &[AuditFault::NotATable { frame, at, owner }, references]);
    world.entry(frame).set_owner(Owner::PageTable).expect("active");
    world.entry(frame).release(FrameContent::Any).expect("the last reference");
    world.give_back(FrameRange::with_count(frame, FrameCount::ONE));
    expect(&world, &[AuditFault::InUse { frame, at, state: Some(State::Free) }]);
}

fn a_table_that_nothing_refers_to(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let frame = world.take(1).start();
    world.entry(frame).activate(Owner::PageTable, None).expect("a free frame");
    let owner = Owner::PageTable;
    expect(&world, &[AuditFault::References { frame, owner, counted: 1, found: 0 }]);
}

/// Two directory entries name one page table: all its pages appear twice, and the table is found twice.
fn a_table_that_is_referred_to_twice(mode: PagingMode) {
    let (world, frame) = world_with_pages(mode);
    let (table, _) = table_of(&world, kernel(mode, 0));
    let geometry = world.space.geometry();
    let mut directory = None;
    let _ = visit(&world.space, &world.tables(), SelfMapPolicy::Skip, |node| {
        if let Node::Table(place) = node
            && place.level == Level::PD
            && (0..geometry.entries(Level::PD)).any(|index| {
                let raw = world.tables().load(place, index);
                raw & 1 == 1 && (raw >> 12) & 0xFF_FFFF_FFFF == table.number()
            })
        {
            directory = Some(place);
        }
        core::ops::ControlFlow::<()>::Continue(())
    });
    let directory = directory.expect("a directory");
    let index = geometry.index(Level::PD, kernel(mode, 0));
    let raw = world.tables().load(directory, index);
    world.tables().write(directory.frame, index + 1, raw);
    let references = |frame, owner| AuditFault::References { frame, owner, counted: 1, found: 2 };
    let pages = (0..3).map(|n| references(Frame::new(frame.number() + n), Owner::NonPagedPool));
    let mut faults: Vec<_> = pages.chain([references(table, Owner::PageTable)]).collect();
    faults.sort_by_key(|fault| match fault {
        AuditFault::References { frame, .. } => *frame,
        _ => Frame::new(0),
    });
    expect(&world, &faults);
}

fn a_mapped_frame_that_no_range_names(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    // Below the usable range, in a block that is open.
    let frames = FrameRange::with_count(Frame::new(0x80), FrameCount::new(2));
    world.map(kernel(mode, 8), frames, Owner::Firmware, Level::PT);
    // Each is reported once, however often it is mapped.
    world.map_only(kernel(mode, 9), frames, Level::PT);
    let fault = |number| AuditFault::Unlisted { frame: Frame::new(number) };
    expect(&world, &[fault(0x80), fault(0x81)]);
}

fn an_entry_that_makes_no_sense(mode: PagingMode) {
    let (world, _) = world_with_pages(mode);
    let frames = FrameRange::with_count(Frame::new(0x180), FrameCount::ONE);
    let place = world.database().range_of(frames).start().get() as usize as *mut usize;
    // A state without meaning, one that nobody sets yet, a free frame with references, and one with a back-pointer.
    for (offset, word, state) in [
        (0, 7, None),
        (0, 4, Some(State::Standby)),
        (0, 1 << 12, Some(State::Free)),
        (1, 8, Some(State::Free)),
    ] {
        let at = place.wrapping_add(offset);
        // SAFETY: the entry's block is open, so its words can be written, and no reference to it is in use meanwhile.
        unsafe { at.write(word) };
        expect(&world, &[AuditFault::Unsound { frame: frames.start(), state }]);
        // SAFETY: the word was written a moment ago, by the same address, and the audit has kept no reference to it.
        unsafe { at.write(0) };
    }
    expect(&world, &[]);
}

fn more_faults_than_are_kept_are_counted(mode: PagingMode) {
    let world = World::new(mode);
    let taken = world.take(FAULTS_KEPT as u64 * 2);
    let audit = world.audit();
    assert!(!audit.is_clean());
    assert_eq!((audit.faults, audit.first.len()), (taken.count().get(), FAULTS_KEPT));
}
