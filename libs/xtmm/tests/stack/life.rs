//! Making and destroying stacks: shape, sizes, cache, exhaustion, and exact accounts.

use xtcore::{FrameCount, PAGE_BYTES};
use xtmm::OutOfFrames;
use xtmm::arena::NoPages;
use xtmm::inject::Site;
use xtmm::stack::{CACHED, Counts, Stack, StackError, StackSize};
use xtsim::SplitMix64;

use crate::double::{Host, Pages};
use crate::{TestStacks, size};

/// Regression 27: base and top are two types, and the stack pointer starts in range.
#[test]
fn a_stack_lies_between_its_guard_page_and_its_top() {
    let (host, pages) = (Host::default(), Pages::new(100, 100));
    let stacks = TestStacks::new(&host, &pages, size(8, 3));
    let stack = stacks.create(size(8, 3)).expect("room");
    let (top, base, limit) = (stack.top().address(), stack.base().address(), stack.limit().address());
    assert_eq!(top.bytes_since(base), Some(8 * PAGE_BYTES));
    assert_eq!(top.bytes_since(limit), Some(3 * PAGE_BYTES));
    assert_eq!((stack.guard().end(), stack.guard().bytes()), (base, PAGE_BYTES));
    assert_eq!((stack.usable().start(), stack.usable().end()), (base, top));
    assert!(stack.carries(top) && stack.carries(limit));
    assert!(!stack.carries(base) && !stack.carries(top.checked_add(1).expect("below 2^64")));
    let whole = xtcore::VirtRange::new(stack.guard().start(), top).expect("ascending");
    pages.assert_present(whole, stack.committed_range());
    assert_eq!(stacks.counts(), Counts { stacks: 1, cached: 0, reserved: 9, committed: 3 });
    stacks.destroy(stack);
}

#[test]
fn sizes_are_rounded_up_and_impossible_ones_refused() {
    let odd = StackSize::new(4097).expect("two pages");
    assert_eq!((odd.reserved_bytes(), odd.committed_bytes()), (8192, 8192));
    assert_eq!(odd.with_committed(1).map(StackSize::committed_bytes), Ok(4096));
    for bytes in [0, u64::MAX, u64::MAX - 4096] {
        assert_eq!(StackSize::new(bytes), Err(StackError::Size { bytes }));
    }
    for bytes in [0, 8193, u64::MAX] {
        assert_eq!(odd.with_committed(bytes), Err(StackError::Size { bytes }));
    }
}

/// Regression 23: what is freed comes back, and the count is restored.
#[test]
fn destroyed_stacks_and_a_trim_restore_every_count() {
    let (host, pages) = (Host::default(), Pages::new(1_000, 1_000));
    let stacks = TestStacks::new(&host, &pages, size(8, 3));
    for _ in 0..3 {
        let all: Vec<_> = [size(8, 3), size(1, 1), size(8, 8), size(100, 2), size(8, 1)]
            .into_iter()
            .map(|size| stacks.create(size).expect("room"))
            .collect();
        assert_eq!(stacks.counts().stacks, 5);
        all.into_iter().for_each(|stack| stacks.destroy(stack));
        // Only the usual room is kept, with the memory that a new one has.
        assert_eq!(stacks.counts(), Counts { stacks: 0, cached: 3, reserved: 27, committed: 7 });
        assert_eq!(pages.out(), (27, 7));
        stacks.trim();
        assert_eq!((stacks.counts(), pages.out()), (Counts::default(), (0, 0)));
    }
}

#[test]
fn a_cached_stack_is_used_again_and_completed_if_it_is_too_small() {
    let (host, pages) = (Host::default(), Pages::new(1_000, 1_000));
    let stacks = TestStacks::new(&host, &pages, size(8, 3));
    let stack = stacks.create(size(8, 1)).expect("room");
    let top = stack.top();
    stacks.destroy(stack);
    let stack = stacks.create(size(8, 5)).expect("the cached one");
    assert_eq!((stack.top(), stack.committed_range().bytes()), (top, 5 * PAGE_BYTES));
    stacks.destroy(stack);
    let stack = stacks.create(size(8, 1)).expect("the cached one");
    assert_eq!((stack.top(), stack.committed_range().bytes()), (top, 3 * PAGE_BYTES));
    stacks.destroy(stack);
    stacks.trim();
    assert_eq!(pages.out(), (0, 0));
}

#[test]
fn the_cache_has_a_limit() {
    let (host, pages) = (Host::default(), Pages::new(1_000, 1_000));
    let stacks = TestStacks::new(&host, &pages, size(2, 1));
    let all: Vec<_> = (0..CACHED + 9).map(|_| stacks.create(size(2, 1)).expect("room")).collect();
    all.into_iter().for_each(|stack| stacks.destroy(stack));
    assert_eq!(stacks.counts().cached, CACHED as u64);
    assert_eq!(pages.out(), (3 * CACHED as u64, CACHED as u64));
    stacks.trim();
    assert_eq!(pages.out(), (0, 0));
}

/// Regression 22: without address space or memory there is an error and nothing else; then all can be had again.
#[test]
fn exhaustion_is_an_error_and_everything_recovers() {
    for (space, frames) in [(30, 1_000), (1_000, 7), (30, 0)] {
        let (host, pages) = (Host::default(), Pages::new(space, frames));
        let stacks = TestStacks::new(&host, &pages, size(4, 2));
        let mut all: Vec<Stack> = Vec::new();
        let error = loop {
            match stacks.create(size(4, 2)) {
                Ok(stack) => all.push(stack),
                Err(error) => break error,
            }
        };
        let made = all.len() as u64;
        assert_eq!(made, (space / 5).min(frames / 2));
        let expected = if space == 30 && frames > 0 {
            StackError::NoSpace(NoPages::Exhausted { pages: 5, free: 0 })
        } else {
            let available = FrameCount::new(frames % 2);
            StackError::NoMemory(OutOfFrames { wanted: FrameCount::new(2), available })
        };
        assert_eq!(error, expected);
        assert_eq!(pages.out(), (5 * made, 2 * made), "the failed attempt left nothing behind");
        all.into_iter().for_each(|stack| stacks.destroy(stack));
        stacks.trim();
        assert_eq!((stacks.counts(), pages.out()), (Counts::default(), (0, 0)));
        assert_eq!(stacks.create(size(4, 2)).is_ok(), made > 0);
    }
}

/// A cached stack that cannot be completed goes back to the cache.
#[test]
fn a_failed_completion_keeps_the_cached_stack() {
    let (host, pages) = (Host::default(), Pages::new(100, 3));
    let stacks = TestStacks::new(&host, &pages, size(8, 3));
    let stack = stacks.create(size(8, 3)).expect("room");
    stacks.destroy(stack);
    let before = stacks.counts();
    assert!(matches!(stacks.create(size(8, 4)), Err(StackError::NoMemory(_))));
    assert_eq!((stacks.counts(), before.cached), (before, 1));
    pages.set_frames(1);
    let stack = stacks.create(size(8, 4)).expect("the cached one, and one page");
    stacks.destroy(stack);
}

/// R7: every Nth question fails once; an error each time, and nothing is lost.
#[test]
fn each_injected_failure_is_an_error_and_loses_nothing() {
    let (host, pages) = (Host::default(), Pages::new(1_000, 1_000));
    let stacks = TestStacks::new(&host, &pages, size(8, 1));
    for nth in 1.. {
        host.injector.arm(nth);
        let mut errors = 0;
        for room in [8, 20] {
            let Ok(stack) = stacks.create(size(room, 1)) else {
                errors += 1;
                continue;
            };
            let before = stack.limit();
            match stacks.grow(&stack, 2 * PAGE_BYTES) {
                Ok(limit) => assert!(limit < before),
                Err(error) => {
                    assert!(matches!(error, StackError::NoMemory(_)));
                    assert_eq!(stack.limit(), before);
                    errors += 1;
                }
            }
            stacks.destroy(stack);
        }
        let failed = host.injector.disarm();
        assert_eq!(errors, failed);
        stacks.trim();
        assert_eq!((stacks.counts(), pages.out()), (Counts::default(), (0, 0)));
        if failed == 0 {
            assert_eq!(nth, 5);
            crate::told::injection(host.injector.seen(), nth as usize - 1);
            break;
        }
    }
    assert!(host.injector.seen().eq([Site::Stack, Site::StackGrowth]));
}

/// Several processors make, grow and destroy stacks; afterwards nothing is missing.
#[test]
fn processors_share_the_cache_without_losing_a_page() {
    let (host, pages) = (Host::default(), Pages::new(10_000, 10_000));
    let stacks = TestStacks::new(&host, &pages, size(6, 2));
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let stacks = &stacks;
            scope.spawn(move || {
                let mut random = SplitMix64::new(seed);
                let mut mine: Vec<Stack> = Vec::new();
                for _ in 0..if cfg!(miri) { 60 } else { 2_000 } {
                    if mine.len() < 8 && random.one_in(2) {
                        let committed = random.in_range(1..5);
                        let room = if random.one_in(3) { 9 } else { 6 };
                        mine.push(stacks.create(size(room, committed)).expect("room"));
                    } else if let Some(stack) = mine.pop() {
                        let _limit = stacks.grow(&stack, random.in_range(1..3 * PAGE_BYTES));
                        stacks.destroy(stack);
                    }
                    if random.one_in(100) {
                        stacks.trim();
                    }
                }
                mine.into_iter().for_each(|stack| stacks.destroy(stack));
            });
        }
    });
    stacks.trim();
    assert_eq!((stacks.counts(), pages.out()), (Counts::default(), (0, 0)));
}
