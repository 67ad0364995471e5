//! Pages of 1 GiB: split down to 4 KiB in one go, changed in the middle, and merged again.

use xtcore::{Frame, FrameCount, FrameRange, Level, PAGE_BYTES, PagingMode, VirtAddr};
use xtpaging::walk::{audit, find};
use xtpaging::{Attributes, Limbo, Mapping};

use crate::support::{EVERYTHING, Machine, NOTHING, Way, kernel_area, mapping, range};

const MODES: [PagingMode; 2] = [PagingMode::Pml4, PagingMode::Pml5];

/// Pages in 1 GiB.
const GIANT: u64 = 1 << 18;

fn giant(mode: PagingMode) -> Mapping {
    mapping(kernel_area(mode), GIANT, 5 * GIANT, Attributes::KERNEL_DATA)
}

/// Asserts what a page of the giant looks like: its level, and the frame that follows from its place.
fn assert_page(machine: &Machine, page: u64, level: Level) {
    let start = kernel_area(machine.space.mode());
    let found =
        find(&machine.space, &machine.tables(), VirtAddr::new(start + page * PAGE_BYTES)).expect("mapped");
    assert_eq!((found.level, found.address.frame()), (level, Frame::new(5 * GIANT + page)), "page {page:#x}");
}

fn merge(machine: &Machine, page: u64, level: Level) {
    let start = kernel_area(machine.space.mode());
    let mut tables = machine.tables();
    let mut cursor = machine.space.cursor(&mut tables, range(start + page * PAGE_BYTES, 1)).expect("a page");
    let mut limbo = Limbo::new();
    let owed = cursor.merge(level, &mut limbo).expect("pages that belong together");
    assert!(machine.discharge(owed).is_empty());
}

#[test]
fn a_split_in_the_middle_keeps_every_frame_and_merges_back() {
    for mode in MODES {
        let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
        machine.map(&giant(mode));
        let tables_before = machine.frames.outstanding();
        for page in [0, 0x1234, 0x1400, GIANT - 1] {
            assert_page(&machine, page, Level::PDPT);
            machine.touch(VirtAddr::new(kernel_area(mode) + page * PAGE_BYTES));
        }
        let mut tables = machine.tables();
        let middle = range(kernel_area(mode) + 0x1234 * PAGE_BYTES, 0x100);
        let mut cursor = machine.space.cursor(&mut tables, middle).expect("pages");
        let owed = cursor.split_ends(&mut machine.frames.clone()).expect("frames").expect("a large page");
        assert!(machine.discharge(owed).is_empty());
        machine.assert_nothing_stale();
        for page in [0x1200, 0x1234, 0x1333, 0x13FF] {
            assert_page(&machine, page, Level::PT);
        }
        for page in [0, 0x11FF, 0x1400, GIANT - 1] {
            assert_page(&machine, page, Level::PD);
        }
        merge(&machine, 0x1200, Level::PD);
        assert_page(&machine, 0x1234, Level::PD);
        merge(&machine, 0, Level::PDPT);
        assert_page(&machine, GIANT - 1, Level::PDPT);
        assert_eq!(machine.frames.outstanding(), tables_before);
        machine.assert_nothing_stale();
    }
}

#[test]
fn giants_are_left_alone_where_that_is_asked_for() {
    for mode in MODES {
        for (leave, largest) in [(false, Level::PDPT), (true, Level::PD)] {
            let mut machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
            if leave {
                machine.space = machine.space.without_gigabyte_pages();
            }
            machine.map(&giant(mode));
            assert_page(&machine, 0x1234, largest);
            let found = audit(&machine.space, &machine.tables());
            assert_eq!((found.largest, found.reserved_bits), (Some(largest), 0));
            // Who leaves them alone sees at once where somebody did not.
            let alone = audit(&machine.space.without_gigabyte_pages(), &machine.tables());
            assert_eq!(alone.is_clean(), leave, "{alone:?}");
        }
    }
}

#[test]
fn a_hole_at_both_ends_of_two_levels_is_cut_exactly() {
    for mode in MODES {
        let machine = Machine::new(mode, EVERYTHING, Way::BySelfMap);
        machine.map(&giant(mode));
        // Both ends lie in the middle of different large pages of the same giant.
        let (first, count) = (0x3FF, 0x402);
        let freed = machine.unmap(range(kernel_area(mode) + first * PAGE_BYTES, count));
        assert_eq!(freed, [FrameRange::with_count(Frame::new(5 * GIANT + first), FrameCount::new(count))]);
        assert_page(&machine, first - 1, Level::PT);
        assert_page(&machine, first + count, Level::PT);
        assert_page(&machine, 0x1FF, Level::PD);
        assert_page(&machine, 0xA00, Level::PD);
        machine.assert_nothing_stale();
    }
}

#[test]
fn without_support_the_next_smaller_pages_are_used() {
    for mode in MODES {
        let machine = Machine::new(mode, NOTHING, Way::ByFrame);
        machine.map(&giant(mode));
        assert_page(&machine, 0x1234, Level::PD);
    }
}
