//! Audits of sound machines are clean, and count what is there.

use xtcore::{Frame, FrameRange, Level, PAGE_BYTES, PagingMode, PhysAddr, VirtAddr};
use xtmm::pfn::{FrameContent, Owner, Unshared};
use xtsim::{Facts, PhysicalMemory, leaves, translate};

use crate::world::{World, kernel};
use xtsupport::in_every_mode;

in_every_mode! {
    an_empty_address_space_is_clean,
    mapped_pages_of_every_size_are_counted,
    a_frame_mapped_twice_counts_two_references,
    the_window_and_device_mappings_are_no_references,
    all_goes_back_and_is_clean,
    back_pointers_lead_a_walker_to_the_frame,
}

fn tables_of(world: &World) -> u64 {
    let facts = Facts::modern(world.mode(), world.space.root());
    xtsim::tables(&*world.ram.borrow(), &facts, Some(world.space.self_map().region())).len() as u64
}

fn assert_clean(world: &World) -> xtmm::pfn::Audit {
    let audit = world.audit();
    assert!(audit.is_clean(), "{:#x?}", audit.first);
    assert_eq!(audit.tables, tables_of(world), "as many tables as another walker finds");
    assert_eq!(audit.active_of(Owner::PageTable), audit.tables);
    let active = audit.active.iter().sum::<u64>();
    assert_eq!(audit.entries, audit.free + audit.zeroed + audit.bad + active, "one state each");
    audit
}

fn an_empty_address_space_is_clean(mode: PagingMode) {
    let audit = assert_clean(&World::new(mode));
    assert_eq!(audit.mapped, 0);
    assert_eq!(audit.entries, 512 - 0x100, "the low block is open, as far as it is usable");
}

fn mapped_pages_of_every_size_are_counted(mode: PagingMode) {
    let world = World::new(mode);
    let large = mode.geometry().page_frames(Level::PD).get();
    world.map(kernel(mode, 0), world.take(7), Owner::NonPagedPool, Level::PT);
    world.map(kernel(mode, 8), world.take(large), Owner::DeviceBuffer, Level::PD);
    let audit = assert_clean(&world);
    assert_eq!(audit.mapped, 7 + large);
    assert_eq!(audit.active_of(Owner::NonPagedPool), 7);
    assert_eq!(audit.active_of(Owner::DeviceBuffer), large);
    // Twice, because the first one leaves no traces.
    assert_clean(&world);
}

fn a_frame_mapped_twice_counts_two_references(mode: PagingMode) {
    let world = World::new(mode);
    let mapped = world.take(1);
    world.map(kernel(mode, 0), mapped, Owner::Private, Level::PT);
    world.map_only(kernel(mode, 8), mapped, Level::PT);
    assert!(!world.audit().is_clean(), "the second mapping has not been counted");
    assert_eq!(world.entry(mapped.start()).share(), Ok(2));
    assert_clean(&world);
    // Held by an object and mapped twice: no mapping is the first.
    let held = world.take(1);
    let entry = world.entry(held.start());
    entry.activate(Owner::Shared, None).expect("a free frame");
    for (megabytes, references) in [(16, 2), (17, 3)] {
        world.map_only(kernel(mode, megabytes), held, Level::PT);
        assert_eq!(entry.share(), Ok(references));
    }
    assert_clean(&world);
    assert_eq!(entry.unshare(FrameContent::Any), Ok(Unshared::InUse(2)));
    assert!(!world.audit().is_clean(), "a mapping too many");
}

fn the_window_and_device_mappings_are_no_references(mode: PagingMode) {
    let world = World::new(mode);
    let frames = world.take(4);
    world.map_only(world.window.start(), frames, Level::PT);
    let [first, second] = [0, 1].map(|n| world.entry(Frame::new(frames.start().number() + n)));
    first.activate(Owner::PoolBooks, None).expect("a free frame");
    second.activate(Owner::TableStock, None).expect("a free frame");
    let rest = FrameRange::new(Frame::new(frames.start().number() + 2), frames.end());
    world.give_back(rest.expect("two frames"));
    let audit = assert_clean(&world);
    assert_eq!((audit.mapped, audit.active_of(Owner::PoolBooks)), (0, 1));
}

fn all_goes_back_and_is_clean(mode: PagingMode) {
    let world = World::new(mode);
    let before = assert_clean(&world);
    let large = mode.geometry().page_frames(Level::PD).get();
    for round in 0..3 {
        world.map(kernel(mode, 0), world.take(40 + round), Owner::Stack, Level::PT);
        world.map(kernel(mode, 8), world.take(large), Owner::NonPagedPool, Level::PD);
        assert_clean(&world);
        world.unmap(kernel(mode, 0), 40 + round);
        world.unmap(kernel(mode, 8), large);
        let after = assert_clean(&world);
        assert_eq!((after.active, after.tables), (before.active, before.tables));
    }
}

/// Regression 17, by the other walker: the entry that a back-pointer names is read through the self-map and maps the
/// frame.
fn back_pointers_lead_a_walker_to_the_frame(mode: PagingMode) {
    let world = World::new(mode);
    let large = mode.geometry().page_frames(Level::PD).get();
    world.map(kernel(mode, 0), world.take(7), Owner::NonPagedPool, Level::PT);
    world.map(kernel(mode, 8), world.take(large), Owner::DeviceBuffer, Level::PD);
    let ram = world.ram.borrow();
    let facts = Facts::modern(mode, world.space.root());
    let self_map = world.space.self_map().region();
    let mut pages = 0;
    for page in leaves(&*ram, &facts).skipping(self_map) {
        let page = page.expect("a sound table");
        for offset in (0..page.page_bytes).step_by(PAGE_BYTES as usize) {
            let frame = PhysAddr::new(page.physical.get() + offset).frame();
            let pte = world.entry(frame).snapshot().pte().expect("a mapped frame has one");
            let entry = translate(&*ram, &facts, VirtAddr::new(pte.get())).expect("in the self-map");
            assert_eq!(entry.physical, page.entry_at);
            assert!(ram.read_u32(entry.physical).expect("memory") & 1 == 1);
            pages += 1;
        }
    }
    assert_eq!(pages, 7 + large);
}
