//! Freeing what is no allocation, told apart.

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::arena::{ArenaCrime, Use};

use crate::{Bench, pages};

#[test]
fn a_range_is_freed_once() {
    let bench = Bench::new(0x40_0000, 64);
    let mut arena = bench.arena();
    let (first, second) = (arena.allocate(4, 1).expect("room"), arena.allocate(4, 1).expect("room"));
    assert_eq!(arena.free(first), Ok(()));
    assert_eq!(arena.free(first), Err(ArenaCrime::DoubleFree { range: first, free: first }));
    assert_eq!(arena.free(second), Ok(()));
    let free = arena.region();
    assert_eq!(arena.free(second), Err(ArenaCrime::DoubleFree { range: second, free }));
}

/// The records of runs that were joined are gone, so an old range does not look like an allocation.
#[test]
fn a_range_that_was_joined_and_allocated_again_belongs_to_its_new_owner() {
    let bench = Bench::new(0x40_0000, 64);
    let mut arena = bench.arena();
    let old: Vec<_> = (0..4).map(|_| arena.allocate(3, 1).expect("room")).collect();
    let fence = arena.allocate(1, 1).expect("room");
    old.iter().for_each(|range| arena.free(*range).expect("an allocation"));
    let allocation = arena.allocate(12, 1).expect("the joined ranges");
    assert_eq!(arena.free(old[0]), Err(ArenaCrime::WrongExtent { range: old[0], allocation }));
    for range in &old[1..] {
        assert_eq!(arena.free(*range), Err(ArenaCrime::Interior { range: *range, allocation }));
    }
    assert_eq!((arena.free(allocation), arena.free(fence)), (Ok(()), Ok(())));
}

#[test]
fn ranges_of_other_regions_and_parts_of_pages_are_foreign() {
    let bench = Bench::new(0x40_0000, 64);
    let mut arena = bench.arena();
    let mine = arena.allocate(4, 1).expect("room");
    let region = arena.region();
    let at = |start: u64, bytes: u64| VirtRange::with_length(VirtAddr::new(start), bytes).expect("a range");
    let (start, end) = (region.start().get(), region.end().get());
    for range in [
        at(start - PAGE_BYTES, PAGE_BYTES),
        at(start - PAGE_BYTES, 5 * PAGE_BYTES),
        at(end, PAGE_BYTES),
        at(end - PAGE_BYTES, 2 * PAGE_BYTES),
        at(start, 4 * PAGE_BYTES - 1),
        at(start + 8, 4 * PAGE_BYTES),
        at(start, 0),
        at(0, u64::MAX),
    ] {
        assert_eq!(arena.free(range), Err(ArenaCrime::Foreign { range }));
    }
    assert_eq!(arena.extent(VirtAddr::new(start + 8)), None);
    assert_eq!(arena.extent(VirtAddr::new(start + PAGE_BYTES)), None);
    assert_eq!(arena.extent(VirtAddr::new(end)), None);
    assert_eq!(arena.free(mine), Ok(()));
}

/// No record of the region has memory, and none gets any.
#[test]
fn a_crime_in_untouched_pages_touches_no_books() {
    let bench = Bench::new(0x40_0000, 100_000);
    let mut arena = bench.arena();
    let range = pages(&arena, 99_999, 1);
    assert_eq!(arena.free(range), Err(ArenaCrime::DoubleFree { range, free: arena.region() }));
    assert_eq!(arena.extent(range.start()), None);
    // A long allocation has books at its ends only.
    let allocation = arena.allocate(90_000, 1).expect("room");
    let inside = pages(&arena, 45_000, 1);
    assert_eq!(arena.free(inside), Err(ArenaCrime::Interior { range: inside, allocation }));
    assert_eq!(bench.memory.backed(), 2);
    assert!(arena.runs().eq([(allocation, Use::Allocated), (pages(&arena, 90_000, 10_000), Use::Fresh)]));
}
