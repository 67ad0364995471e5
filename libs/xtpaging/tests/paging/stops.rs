//! A walker that looks between the stores: it sees the old, the new, or nothing, never half an entry.

use std::cell::RefCell;
use std::rc::Rc;

use xtcore::{Frame, Level, PagingMode, PhysAddr, VirtAddr};
use xtpaging::{Attributes, Limbo, Protection};
use xtsim::{Moment, translate};

use crate::support::{EVERYTHING, Machine, Way, in_every_mode, kernel_area, large_pages, mapping, range};

in_every_mode! {
    mapping_shows_nothing_or_the_page,
    protecting_shows_the_old_or_the_new_rights,
    splitting_and_merging_never_lose_a_translation,
    unmapping_shows_the_page_or_nothing,
    a_walker_never_meets_what_a_frame_held_before,
}

/// What a walker may see of an address: its physical address and whether it is writable.
type View = Option<(PhysAddr, bool)>;

/// The engine's ways to reach its tables: a walker must not be able to tell them apart.
const WAYS: [Way; 2] = [Way::ByFrame, Way::BySelfMap];

/// Returns each case with each way.
fn product<T: Copy>(cases: [T; 2]) -> impl Iterator<Item = (T, Way)> {
    cases.into_iter().flat_map(|case| WAYS.map(|way| (case, way)))
}

/// Above 4 GiB wherever entries are wide, so that both halves of an entry matter.
fn high(mode: PagingMode) -> u64 {
    if mode == PagingMode::Pml2 { 0x4_0000 } else { 0x34_0000 }
}

/// Records what a walker sees of `address` at every stop of `change`, each view once. A walk that meets a reserved bit
/// or leaves memory fails the test.
fn views(machine: &Machine, address: u64, change: impl FnOnce()) -> Vec<View> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (facts, log) = (machine.facts(), Rc::clone(&seen));
    machine.ram.borrow_mut().on_stop(move |ram, stop| {
        let view = match translate(ram, &facts, VirtAddr::new(address)) {
            Ok(found) => Some((found.physical, found.rights.writable)),
            Err(fault) if fault.is_not_present() => None,
            Err(fault) => panic!("a torn entry at {stop:?}: {fault}"),
        };
        let mut log = log.borrow_mut();
        if log.last() != Some(&view) {
            log.push(view);
        }
    });
    change();
    machine.ram.borrow_mut().remove_hook();
    seen.take()
}

fn mapping_shows_nothing_or_the_page(mode: PagingMode) {
    for ((pages, offset), way) in product([(3, 1), (large_pages(mode), 0)]) {
        let machine = Machine::new(mode, EVERYTHING, way);
        let at = kernel_area(mode) + offset * 4096;
        let wanted = mapping(at, pages, high(mode) + offset, Attributes::KERNEL_DATA);
        let last = at + (pages - 1) * 4096;
        let physical = PhysAddr::new((high(mode) + offset + pages - 1) * 4096);
        let seen = views(&machine, last, || machine.map(&wanted));
        assert_eq!(seen, [None, Some((physical, true))]);
    }
}

fn protecting_shows_the_old_or_the_new_rights(mode: PagingMode) {
    for (pages, way) in product([1, large_pages(mode)]) {
        let machine = Machine::new(mode, EVERYTHING, way);
        let at = kernel_area(mode);
        machine.map(&mapping(at, pages, high(mode), Attributes::KERNEL_DATA));
        let physical = PhysAddr::new(high(mode) * 4096);
        let seen = views(&machine, at, || {
            let mut tables = machine.tables();
            let mut cursor = machine.space.cursor(&mut tables, range(at, pages)).expect("pages");
            let attributes = Attributes::KERNEL_DATA.with_protection(Protection::Read);
            let owed = cursor.protect(&mut machine.frames.clone(), attributes).expect("mapped pages");
            machine.discharge(owed);
        });
        assert_eq!(seen, [Some((physical, true)), Some((physical, false))]);
    }
}

fn splitting_and_merging_never_lose_a_translation(mode: PagingMode) {
    WAYS.into_iter().for_each(|way| split_and_merge(&Machine::new(mode, EVERYTHING, way)));
}

fn split_and_merge(machine: &Machine) {
    let mode = machine.space.mode();
    let (at, pages) = (kernel_area(mode), large_pages(mode));
    machine.map(&mapping(at, pages, high(mode), Attributes::KERNEL_DATA));
    let (middle, physical) = (at + 7 * 4096, PhysAddr::new((high(mode) + 7) * 4096));
    let seen = views(machine, middle, || {
        let mut tables = machine.tables();
        let mut cursor = machine.space.cursor(&mut tables, range(middle, 1)).expect("a page");
        let owed = cursor.split_ends(&mut machine.frames.clone()).expect("frames").expect("a large page");
        machine.discharge(owed);
        let mut cursor = machine.space.cursor(&mut tables, range(at, 1)).expect("a page");
        let mut limbo = Limbo::new();
        let owed = cursor.merge(Level::PD, &mut limbo).expect("pages that belong together");
        machine.discharge(owed);
    });
    assert_eq!(seen, [Some((physical, true))]);
}

fn unmapping_shows_the_page_or_nothing(mode: PagingMode) {
    for (pages, way) in product([5, large_pages(mode)]) {
        let machine = Machine::new(mode, EVERYTHING, way);
        let at = kernel_area(mode);
        machine.map(&mapping(at, pages, high(mode), Attributes::KERNEL_DATA));
        let seen = views(&machine, at, || drop(machine.unmap(range(at, pages))));
        assert_eq!(seen, [Some((PhysAddr::new(high(mode) * 4096), true)), None]);
    }
}

/// RAM is poisoned: a table that is linked before it is zeroed is full of present entries (regression 13).
fn a_walker_never_meets_what_a_frame_held_before(mode: PagingMode) {
    for way in WAYS {
        let machine = Machine::new(mode, EVERYTHING, way);
        let at = kernel_area(mode);
        // A page of the same tables that nobody maps.
        let other = at + 9 * 4096;
        let seen = views(&machine, other, || {
            machine.map(&mapping(at, 2, high(mode), Attributes::KERNEL_DATA));
            machine.unmap(range(at, 2));
            machine.map(&mapping(at, 2, high(mode), Attributes::KERNEL_DATA));
        });
        assert_eq!(seen, [None]);
    }
}

/// The control: a plain 64-bit store on a 32-bit machine is caught in the act.
#[test]
fn a_plain_store_of_eight_bytes_is_seen_torn() {
    let mode = PagingMode::Pml3;
    let machine = Machine::new(mode, EVERYTHING, Way::ByFrame);
    let at = kernel_area(mode);
    machine.map(&mapping(at, 1, high(mode), Attributes::KERNEL_DATA));
    let found = translate(&*machine.ram.borrow(), &machine.facts(), VirtAddr::new(at)).expect("a page");
    let torn = Rc::new(RefCell::new(Vec::new()));
    let (facts, log) = (machine.facts(), Rc::clone(&torn));
    machine.ram.borrow_mut().on_stop(move |ram, stop| {
        if stop.moment == Moment::Between {
            let seen = translate(ram, &facts, VirtAddr::new(at)).map(|seen| seen.physical.frame());
            log.borrow_mut().push(seen.expect("present all the while"));
        }
    });
    let elsewhere = Frame::new(0x12_5000).address().get() | found.entry & 0xFFF | found.entry & 1 << 63;
    machine.ram.borrow_mut().store64_plain(found.entry_at, elsewhere);
    let half_and_half = Frame::new(0x32_5000);
    assert_eq!(*torn.borrow(), [half_and_half]);
}
