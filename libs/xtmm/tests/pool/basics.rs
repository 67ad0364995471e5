//! What a pool promises about a block, and about what it counts.

use std::ptr::NonNull;

use xtcore::{VirtAddr, VirtRange};
use xtmm::machine::RunLevel;
use xtmm::pool::{Checking, Checks, Content, Counts, Crime, PoolError, PoolKind, Request, Tag, TagUse};

use crate::double::{Setup, World, at_level};

pub(crate) const TEST: Tag = Tag::new(*b"Test");
pub(crate) const OTHER: Tag = Tag::new(*b"Othr");

pub(crate) const FULL: Checks = Checks {
    checking: Checking::Full { quarantine: 256 << 10 },
    special: xtmm::pool::SpecialPool {
        coverage: xtmm::pool::Coverage::Nothing,
        side: xtmm::pool::Side::After,
        quarantine_pages: 0,
    },
};

/// Returns a world for each level of checking.
pub(crate) fn worlds() -> [World; 2] {
    [Checks::default(), FULL].map(|checks| World::new(Setup { checks, ..Setup::default() }))
}

pub(crate) fn free(world: &World, block: NonNull<u8>, tag: Tag) -> Result<(), Crime> {
    // SAFETY: tests free what they don't use any more; where they misuse the pool, that is what is tested.
    unsafe { world.pool.free(block, Some(tag)) }
}

/// Shows the bytes of a block that was asked for with that size, and is not freed yet.
pub(crate) fn with_bytes<R>(
    world: &World,
    block: NonNull<u8>,
    size: usize,
    look: impl FnOnce(&mut [u8]) -> R,
) -> R {
    let start = VirtAddr::new(block.addr().get() as u64);
    let whole = VirtRange::with_length(start, size as u64).unwrap();
    let is_inside = world.region.start() <= whole.start() && whole.end() <= world.region.end();
    assert!(is_inside, "{block:?} does not lie in the pool's region");
    // SAFETY: the bytes lie in the region, whose memory the world keeps. Blocks do not overlap, and the reference ends with
    // this call: nobody else has one to them.
    look(unsafe { std::slice::from_raw_parts_mut(block.as_ptr(), size) })
}

/// Changes a byte at a distance from a block's start. Doing it twice changes nothing.
pub(crate) fn flip(block: NonNull<u8>, distance: isize) {
    let byte = block.as_ptr().wrapping_offset(distance);
    // SAFETY: tests flip bytes of the pool's region only, which has memory there.
    let before = unsafe { byte.read() };
    // SAFETY: it lies in the pool's region, and nobody else looks at it now.
    unsafe { byte.write(before ^ 0x10) };
}

fn zeroed(size: usize, alignment: usize) -> Request {
    Request { size, alignment, tag: TEST, content: Content::Zeroed }
}

#[test]
fn every_size_and_alignment_gets_a_block_of_its_own() {
    for world in worlds() {
        let mut blocks = Vec::new();
        for shift in 0..=16 {
            for size in
                [0, 1, 7, 8, 15, 16, 17, 63, 64, 100, 255, 500, 1000, 2049, 4096, 8191, 8192, 8193, 70_000]
            {
                let request = zeroed(size, 1 << shift);
                let block = world.pool.allocate(request).unwrap();
                assert!(block.addr().get().is_multiple_of((1 << shift).max(16)), "{request:?} got {block:?}");
                with_bytes(&world, block, size, |bytes| {
                    assert!(bytes.iter().all(|byte| *byte == 0), "{request:?} is not zeroed");
                    bytes.fill(0xA5);
                });
                blocks.push((block, size));
            }
        }
        blocks.sort();
        for pair in blocks.windows(2) {
            assert!(pair[0].0.addr().get() + pair[0].1.max(1) <= pair[1].0.addr().get(), "blocks overlap");
        }
        world.pool.verify().unwrap();
        for (block, size) in blocks {
            with_bytes(&world, block, size, |bytes| assert!(bytes.iter().all(|byte| *byte == 0xA5)));
            free(&world, block, TEST).unwrap();
        }
        world.assert_empty();
    }
}

#[test]
fn impossible_requests_are_errors() {
    for world in worlds() {
        let allocate = |size, alignment| world.pool.allocate(zeroed(size, alignment));
        for alignment in [0, 3, 12, 24, 48, usize::MAX] {
            assert_eq!(allocate(10, alignment), Err(PoolError::BadAlignment(alignment)));
            assert_eq!(allocate(100_000, alignment), Err(PoolError::BadAlignment(alignment)));
        }
        for size in [usize::MAX, usize::MAX - 1, usize::MAX - 15, usize::MAX - 4096, usize::MAX / 2, 65 << 20]
        {
            assert!(matches!(allocate(size, 16), Err(PoolError::TooLarge(_))), "{size:#x}");
        }
        assert!(matches!(allocate(16, 1 << 62), Err(PoolError::TooLarge(_))));
    }
}

#[test]
fn a_pool_without_blocks_holds_nothing() {
    for world in worlds() {
        assert_eq!(world.memory.in_use(), 0);
        assert_eq!(world.pool.counts(), Counts::default());
        let blocks: Vec<_> =
            (0..5000).map(|number| world.pool.allocate(Request::new(number % 9000, TEST)).unwrap()).collect();
        assert!(world.memory.in_use() > 1000);
        blocks.into_iter().for_each(|block| free(&world, block, TEST).unwrap());
        world.assert_empty();
    }
}

#[test]
fn tags_are_counted_apart() {
    for world in worlds() {
        let mine: Vec<_> = (0..10).map(|_| world.pool.allocate(Request::new(100, TEST)).unwrap()).collect();
        let other = world.pool.allocate(Request::new(20_000, OTHER)).unwrap();
        let TagUse { allocations, frees, bytes, .. } = world.pool.tag(TEST);
        assert_eq!((allocations, frees), (10, 0));
        assert!((1000..2000).contains(&bytes));
        assert_eq!(world.pool.tag(OTHER).bytes, 20_480);
        mine.into_iter().for_each(|block| free(&world, block, TEST).unwrap());
        free(&world, other, OTHER).unwrap();
        assert_eq!(world.pool.tags().count(), 2);
        world.assert_empty();
        assert_eq!(world.pool.tag(Tag::new(*b"None")).allocations, 0);
    }
}

#[test]
fn a_quota_holds_until_it_is_lifted() {
    for world in worlds() {
        world.pool.set_quota(TEST, Some(64 << 10));
        let mut blocks = Vec::new();
        let refused = loop {
            match world.pool.allocate(Request::new(1000, TEST)) {
                Ok(block) => blocks.push(block),
                Err(error) => break error,
            }
        };
        assert_eq!(refused, PoolError::QuotaExceeded { tag: TEST, quota: 64 << 10 });
        assert!((60 << 10..=64 << 10).contains(&world.pool.tag(TEST).bytes));
        assert!(world.pool.allocate(Request::new(70_000, TEST)).is_err());
        free(&world, world.pool.allocate(Request::new(70_000, OTHER)).unwrap(), OTHER).unwrap();
        free(&world, blocks.pop().unwrap(), TEST).unwrap();
        blocks.push(world.pool.allocate(Request::new(1000, TEST)).unwrap());
        world.pool.set_quota(TEST, None);
        blocks.push(world.pool.allocate(Request::new(70_000, TEST)).unwrap());
        blocks.into_iter().for_each(|block| free(&world, block, TEST).unwrap());
        world.assert_empty();
    }
}

#[test]
fn a_block_is_resized_in_place_when_its_place_allows() {
    for world in worlds() {
        let resize = |block, size| {
            // SAFETY: the block is the test's.
            unsafe { world.pool.resize(block, size, Some(TEST)) }
        };
        for (size, fits, moves) in
            [(100, 90, 400), (100, 97, 10), (5000, 4500, 9000), (20_000, 20_400, 21_000)]
        {
            let block = world.pool.allocate(Request::new(size, TEST)).unwrap();
            assert_eq!(resize(block, fits), Ok(true), "{size} to {fits}");
            assert_eq!(resize(block, moves), Ok(false), "{size} to {moves}");
            flip(block, fits as isize);
            let verdict = free(&world, block, TEST).and_then(|()| world.pool.trim());
            assert!(
                matches!(verdict, Err(Crime::Overflow { .. })),
                "the new end is not watched: {verdict:?}"
            );
        }
    }
}

#[test]
fn more_tags_than_places_are_still_served_and_counted_together() {
    let world = World::new(Setup::default());
    let tags: Vec<Tag> = (1..3000).map(Tag::from_number).collect();
    let blocks: Vec<_> =
        tags.iter().map(|&tag| (world.pool.allocate(Request::new(40, tag)).unwrap(), tag)).collect();
    let sum: usize = world.pool.tags().map(|tag| tag.blocks()).sum();
    assert_eq!(sum, tags.len());
    let (with, without): (Vec<_>, Vec<_>) =
        blocks.into_iter().partition(|(_, tag)| world.tags.find(tag.get()).is_some());
    assert!(matches!(free(&world, without[0].0, with[0].1), Err(Crime::WrongTag { .. })));
    assert!(matches!(free(&world, with[0].0, without[0].1), Err(Crime::WrongTag { .. })));
    with.into_iter().chain(without).for_each(|(block, tag)| free(&world, block, tag).unwrap());
    world.assert_empty();
}

#[test]
fn a_pool_refuses_ranges_that_cannot_be() {
    use xtcore::{VirtAddr, VirtRange};
    use xtmm::pool::{Config, ConfigError, Pool};
    let world = World::new(Setup::default());
    let range = |start: u64, bytes| VirtRange::saturating(VirtAddr::new(start), bytes);
    let make = |region, books, records| {
        let config = Config {
            kind: PoolKind::NonPaged,
            region,
            books,
            records,
            ranges: world.ranges,
            book_ranges: world.ranges,
            memory: world.memory,
            caches: &[],
            tags: world.tags,
            checks: Checks::default(),
            key: 1,
        };
        // SAFETY: a pool that is refused touches nothing, and one that isn't is never used.
        unsafe { Pool::new(world.machine, config) }.err()
    };
    let (region, books, records) =
        (range(0x10_0000, 0x10_0000), range(0x20_0000, 0x1000), range(0x30_0000, 0x1000));
    assert_eq!(make(region, books, records), None);
    assert_eq!(
        make(range(0x10_0010, 0x1000), books, records),
        Some(ConfigError::BadRange(range(0x10_0010, 0x1000)))
    );
    assert_eq!(make(range(0, 0x1000), books, records), Some(ConfigError::BadRange(range(0, 0x1000))));
    assert_eq!(make(region, region, records), Some(ConfigError::Overlap(region, region)));
    assert_eq!(
        make(range(0x100_0000, 0x100_0000), books, records),
        Some(ConfigError::RecordsTooSmall(0x8000))
    );
}

#[test]
#[cfg_attr(miri, ignore = "takes too long there")]
fn a_few_slabs_without_blocks_are_kept_until_the_pool_is_trimmed() {
    let world = World::new(Setup::default());
    // Two places a slab, each of one page.
    let blocks: Vec<_> = (0..600).map(|_| world.pool.allocate(Request::new(2048, TEST)).unwrap()).collect();
    blocks.iter().for_each(|&block| free(&world, block, TEST).unwrap());
    world.pool.verify().unwrap();
    let counts = world.pool.counts();
    assert!(counts.slab_pages * 2 < 600 / 4, "most slabs have gone: {counts:?}");
    let again: Vec<_> = (0..600).map(|_| world.pool.allocate(Request::new(2048, TEST)).unwrap()).collect();
    again.iter().for_each(|&block| free(&world, block, TEST).unwrap());
    world.assert_empty();
}

#[test]
fn who_comes_from_dispatch_is_served_as_anybody_else() {
    for world in worlds() {
        let allocate = || world.pool.allocate(Request::new(100, TEST)).unwrap();
        let (early, late) = (allocate(), at_level(RunLevel::Dispatch, allocate));
        assert_ne!(early, late);
        assert_eq!(world.pool.tag(TEST).blocks(), 2);
        assert_eq!(at_level(RunLevel::Dispatch, || free(&world, early, OTHER)).map_err(|_| ()), Err(()));
        at_level(RunLevel::Dispatch, || free(&world, early, TEST)).unwrap();
        free(&world, late, TEST).unwrap();
        assert_eq!(world.pool.tag(TEST).blocks(), 0);
    }
}

#[test]
fn above_dispatch_nothing_is_served_not_even_what_lies_ready() {
    let world = World::new(Setup::default());
    let block = world.pool.allocate(Request::new(100, TEST)).unwrap();
    let level = RunLevel::Device;
    let refused = at_level(level, || world.pool.allocate(Request::new(100, TEST)));
    assert!(matches!(refused, Err(PoolError::Crime(Crime::AllocateLevel { .. }))), "{refused:?}");
    let refused = at_level(level, || free(&world, block, TEST));
    assert!(matches!(refused, Err(Crime::FreeLevel { .. })), "{refused:?}");
    free(&world, block, TEST).unwrap();
}

#[test]
fn an_overflow_that_a_full_magazine_shows_costs_one_place() {
    let world = World::new(Setup::default());
    let allocate = || world.pool.allocate(Request::new(100, TEST)).unwrap();
    let blocks: Vec<_> = (0..200).map(|_| allocate()).collect();
    let damaged = blocks[3];
    flip(damaged, 100);
    let accused: Vec<_> = blocks.iter().filter_map(|&block| free(&world, block, TEST).err()).collect();
    let expected = VirtAddr::new(damaged.addr().get() as u64);
    assert!(matches!(accused[..], [Crime::Overflow { block, .. }] if block == expected), "{accused:?}");
    assert_eq!(world.pool.tag(TEST).blocks(), 0);
    let mut again: Vec<_> = (0..400).map(|_| allocate()).collect();
    assert!(!again.contains(&damaged));
    assert!(blocks.iter().all(|block| *block == damaged || again.contains(block)));
    again.sort();
    again.dedup();
    assert_eq!(again.len(), 400);
}
