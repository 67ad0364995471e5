//! Regions that are used up, and come back whole; and what the books cost.

use xtcore::{FrameCount, PAGE_BYTES};
use xtmm::OutOfFrames;
use xtmm::arena::{NoPages, Record};

use crate::Bench;

#[test]
fn every_page_is_given_out_once_and_comes_back() {
    for (forward, size) in [(true, 1), (true, 3_000), (false, 3_000)] {
        let bench = Bench::new(0x7000, size);
        let mut arena = bench.arena();
        let mut out: Vec<_> = std::iter::from_fn(|| arena.allocate(1, 1).ok()).collect();
        assert_eq!(arena.allocate(1, 1), Err(NoPages::Exhausted { pages: 1, free: 0 }));
        out.sort_by_key(|range| range.start());
        assert_eq!(out.len() as u64, size);
        assert!(out.windows(2).all(|pair| pair[0].end() == pair[1].start()));
        if !forward {
            out.reverse();
        }
        for range in out {
            assert_eq!(arena.free(range), Ok(()));
            assert_eq!(arena.verify(), Ok(()));
        }
        assert_eq!(arena.counts().fresh, size);
        assert_eq!(arena.allocate(size, 1), Ok(arena.region()));
    }
}

/// When the books can get no memory any more, frees go on, and all comes back.
#[test]
fn freeing_needs_no_memory() {
    let bench = Bench::new(0x7000, 8_000);
    let mut arena = bench.arena();
    let mut out: Vec<_> = std::iter::from_fn(|| arena.allocate(7, 4).ok()).collect();
    bench.memory.limit(Some(0));
    let calls = bench.memory.calls();
    // First every other one, so that each free makes a run of its own; then what lies between.
    let rest = out.split_off(out.len() / 2);
    for range in out.into_iter().step_by(2).chain(rest) {
        assert_eq!(arena.free(range), Ok(()));
        assert_eq!(arena.verify(), Ok(()));
    }
    assert_eq!(bench.memory.calls(), calls);
}

#[test]
fn an_allocation_without_books_is_an_error_and_consumes_nothing() {
    let bench = Bench::new(0x7000, 8_000);
    let mut arena = bench.arena();
    let none = OutOfFrames { wanted: FrameCount::ONE, available: FrameCount::ZERO };
    for limit in 0..2 {
        bench.memory.limit(Some(limit));
        assert_eq!(arena.allocate(4_000, 1), Err(NoPages::Books(none)), "it has books in two pages");
        assert_eq!((arena.counts().fresh, arena.verify()), (8_000, Ok(())));
    }
    bench.memory.limit(Some(2));
    let range = arena.allocate(4_000, 1).expect("books for both ends");
    assert_eq!(arena.free(range), Ok(()));
}

/// Neighbouring allocations share a page of books, and only the first of them asks for it.
#[test]
fn books_are_asked_for_once_a_page() {
    let bench = Bench::new(0x7000, 100_000);
    let mut arena = bench.arena();
    let records = PAGE_BYTES as usize / size_of::<Record>();
    for _ in 0..10 * records {
        arena.allocate(1, 1).expect("room");
    }
    assert_eq!(bench.memory.backed(), 10);
    assert_eq!(bench.memory.calls(), 10);
}
