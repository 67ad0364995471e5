//! Sizes, alignments and regions at the edges of what there can be.

use xtcore::{PAGE_BYTES, VirtAddr, VirtRange};
use xtmm::arena::{Arena, MOST_PAGES, NoPages, RegionError};
use xtmm::backing::Sparse;
use xtmm::inject::Injector;

use crate::Bench;
use crate::reserved::Reserved;

#[test]
fn impossible_sizes_and_alignments_are_errors() {
    let bench = Bench::new(0x7000, 512);
    let mut arena = bench.arena();
    for wanted in [0, 513, 1 << 52, u64::MAX - 1, u64::MAX] {
        assert_eq!(arena.allocate(wanted, 1), Err(NoPages::Size { pages: wanted }));
    }
    for alignment in [0, 3, 6, u64::MAX, 1 << 53, 1 << 63] {
        assert_eq!(arena.allocate(1, alignment), Err(NoPages::Alignment { alignment }));
    }
    for alignment in [1 << 40, 1 << 52] {
        assert_eq!(arena.allocate(1, alignment), Err(NoPages::Exhausted { pages: 1, free: 512 }));
    }
    assert_eq!((arena.counts().fresh, bench.memory.calls()), (512, 0));
}

#[test]
fn alignment_counts_from_address_zero_and_leaves_the_rest_free() {
    let bench = Bench::new(0x1_2345_7000, 4_000);
    let mut arena = bench.arena();
    for shift in [0, 3, 9, 10, 9, 3] {
        let range = arena.allocate(5, 1 << shift).expect("room");
        assert!(range.start().is_aligned(PAGE_BYTES << shift));
        assert_eq!(arena.verify(), Ok(()));
    }
    // What was skipped is given out before the fresh pages are.
    let fresh = arena.counts().fresh;
    let skipped = arena.counts().pages - fresh - arena.counts().allocated;
    for _ in 0..skipped {
        arena.allocate(1, 1).expect("a page that was skipped");
    }
    assert_eq!((arena.counts().fresh, arena.counts().free_runs), (fresh, 0));
}

/// The only run that fits is of the request's own class, where only a look into each run tells.
#[test]
fn a_run_that_just_fits_is_found_among_shorter_ones_of_its_class() {
    let bench = Bench::new(0x10_0000, 10_000);
    let mut arena = bench.arena();
    let runs: Vec<_> = [1_030, 1_039, 1_031, 1_032]
        .into_iter()
        .map(|count| (arena.allocate(count, 1).expect("room"), arena.allocate(1, 1).expect("a fence")))
        .collect();
    let rest = arena.counts().fresh;
    arena.allocate(rest, 1).expect("the rest");
    runs.iter().for_each(|(run, _)| arena.free(*run).expect("an allocation"));
    assert_eq!(arena.allocate(1_035, 1).map(|range| range.start()), Ok(runs[1].0.start()));
    let free = 1_030 + 4 + 1_031 + 1_032;
    assert_eq!(arena.allocate(1_033, 1), Err(NoPages::Exhausted { pages: 1_033, free }));
}

/// 32 TiB of address space; a page of books for each end of what is used, and no more.
#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn a_region_of_two_to_the_33_pages_costs_only_what_is_used() {
    let size = 1 << 33;
    let bench = Bench::new(0xFFFF_8000_0000_0000, size);
    let mut arena = bench.arena();
    assert_eq!(arena.allocate(size, 1), Ok(arena.region()));
    assert_eq!(bench.memory.backed(), 2);
    assert_eq!(arena.free(arena.region()), Ok(()));

    let half = arena.allocate(1 << 32, 1 << 18).expect("room");
    let small = arena.allocate(1, 1).expect("room");
    let other = arena.allocate((1 << 32) - 1, 1).expect("room");
    assert_eq!(arena.allocate(1, 1), Err(NoPages::Exhausted { pages: 1, free: 0 }));
    assert_eq!((arena.free(half), arena.free(other)), (Ok(()), Ok(())));
    // The hole of 2^32 pages is in the books; a piece from its far end needs books in its middle.
    let piece = arena.allocate((1 << 32) - 5, 1).expect("the hole");
    assert_eq!(piece, crate::pages(&arena, 0, (1 << 32) - 5));
    assert_eq!((arena.free(small), arena.free(piece)), (Ok(()), Ok(())));
    assert_eq!((arena.counts().fresh, arena.verify()), (size, Ok(())));
    assert!(bench.memory.backed() <= 8, "{} pages of books", bench.memory.backed());
}

#[test]
fn a_region_that_its_books_do_not_suit_is_refused() {
    let memory = Reserved::new(0x1_0000);
    let injector = Injector::new();
    let range =
        |start: u64, bytes: u64| VirtRange::with_length(VirtAddr::new(start), bytes).expect("a range");
    // SAFETY: the memory is reserved, zero when it appears, and long enough.
    let books = unsafe { Sparse::new(memory.base().cast(), 100) };
    for region in [range(0x1000, 0), range(0x1008, 0x1000), range(0x1000, 0x1001)] {
        let error = Arena::new(region, books, &memory, &injector).err();
        assert_eq!(error, Some(RegionError::NotPages { region }));
    }
    let error = Arena::new(range(0, 101 * PAGE_BYTES), books, &memory, &injector).err();
    assert_eq!(error, Some(RegionError::TooLarge { pages: 101, most: 100 }));
    // SAFETY: the range is only named, and nothing in it is touched: the arena is refused.
    let endless = unsafe { Sparse::new(memory.base().cast(), usize::MAX >> 5) };
    let error = Arena::new(range(0, (MOST_PAGES + 1) * PAGE_BYTES), endless, &memory, &injector).err();
    assert_eq!(error, Some(RegionError::TooLarge { pages: MOST_PAGES + 1, most: MOST_PAGES }));
    // SAFETY: the arena is refused before it touches a record; eight bytes further on the address still is aligned for its words.
    let books = unsafe { Sparse::new(memory.base().wrapping_add(8).cast(), 100) };
    let error = Arena::new(range(0, PAGE_BYTES), books, &memory, &injector).err();
    assert!(matches!(error, Some(RegionError::Misaligned { .. })));
}

/// Its user puts an arena into a lock that processors share.
#[test]
fn an_arena_may_move_to_another_processor() {
    let bench = Bench::new(0x7000, 512);
    let mut arena = bench.arena();
    let range = arena.allocate(3, 1).expect("room");
    let mut arena = std::thread::scope(|scope| {
        scope
            .spawn(move || arena.free(range).map(|()| arena))
            .join()
            .expect("no panic")
            .expect("an allocation")
    });
    assert_eq!(arena.allocate(512, 1), Ok(arena.region()));
}
