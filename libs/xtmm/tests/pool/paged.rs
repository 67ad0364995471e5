//! A paged pool: no memory until the first touch, none after the last free, and no use where a fault cannot be resolved.

use xtcore::{PAGE_BYTES, VirtAddr};
use xtmm::machine::RunLevel;
use xtmm::pool::{BugCheck, Crime, FaultAnswer, Pages, PoolError, PoolKind, Request};

use crate::basics::{TEST, free};
use crate::double::{Setup, World, at_level};

fn world() -> World {
    World::new(Setup { kind: PoolKind::Paged, ..Setup::default() })
}

/// Does what a page-fault handler does for every page of a block.
fn touch(world: &World, block: usize, size: usize) {
    let mut page = VirtAddr::new(block as u64).align_down(PAGE_BYTES);
    while page.get() < (block + size) as u64 {
        if !world.memory.is_present(page) {
            let FaultAnswer::Commit(range) = world.pool.fault(page) else {
                panic!("{page} is not the pool's")
            };
            world.memory.commit(range).unwrap();
        }
        page = VirtAddr::new(page.get() + PAGE_BYTES);
    }
}

#[test]
fn blocks_have_no_memory_until_they_are_touched_and_none_when_they_are_gone() {
    let world = world();
    let blocks: Vec<_> = (0..1000)
        .map(|number| (world.pool.allocate(Request::new(16 + number * 9, TEST)).unwrap(), number))
        .collect();
    let counts = world.pool.counts();
    let books = counts.book_pages + counts.record_pages;
    assert!(counts.slab_pages > 900);
    assert_eq!(world.memory.in_use() as u64, books, "only the books have memory");
    for (block, number) in &blocks {
        touch(&world, block.addr().get(), 16 + number * 9);
    }
    assert!(world.memory.in_use() as u64 > books + 900);
    blocks.into_iter().for_each(|(block, _)| free(&world, block, TEST).unwrap());
    world.assert_empty();
}

#[test]
fn a_fault_is_resolved_exactly_where_something_is_allocated() {
    let world = world();
    let fault = |address: usize| world.pool.fault(VirtAddr::new(address as u64));
    let start = world.region.start().get() as usize;
    assert_eq!(fault(start), FaultAnswer::NotAllocated);
    assert_eq!(fault(start - 1), FaultAnswer::Elsewhere);
    let large = world.pool.allocate(Request::new(40_000, TEST)).unwrap();
    let small = world.pool.allocate(Request::new(40, TEST)).unwrap();
    for address in [large.addr().get(), large.addr().get() + 39_999, small.addr().get()] {
        let FaultAnswer::Commit(page) = fault(address) else { panic!("{address:#x}") };
        assert!(page.contains(VirtAddr::new(address as u64)) && page.bytes() == PAGE_BYTES);
    }
    free(&world, large, TEST).unwrap();
    assert_eq!(fault(large.addr().get()), FaultAnswer::NotAllocated);
    free(&world, small, TEST).unwrap();
    world.assert_empty();
}

#[test]
fn at_a_raised_level_a_paged_pool_is_a_crime() {
    let world = world();
    let block = world.pool.allocate(Request::new(100, TEST)).unwrap();
    let large = world.pool.allocate(Request::new(100_000, TEST)).unwrap();
    for level in [RunLevel::Dispatch, RunLevel::Device, RunLevel::High] {
        let error = at_level(level, || world.pool.allocate(Request::new(100, TEST)));
        let Err(PoolError::Crime(crime)) = error else { panic!("{error:?}") };
        assert_eq!(crime.bug_check(), BugCheck { code: 0xC2, parameters: [0x8, level as u64, 1, 100] });
        for victim in [block, large] {
            let crime = at_level(level, || free(&world, victim, TEST)).unwrap_err();
            let address = victim.addr().get() as u64;
            assert_eq!(
                crime.bug_check(),
                BugCheck { code: 0xC2, parameters: [0x9, level as u64, 1, address] }
            );
        }
    }
    at_level(RunLevel::Apc, || free(&world, block, TEST)).unwrap();
    free(&world, large, TEST).unwrap();
    world.assert_empty();
}

#[test]
fn a_batch_of_paged_blocks_is_refused_at_dispatch_block_by_block() {
    let world = world();
    // So many that they fill the processor's batches and go on to the depot, were they taken.
    let blocks: Vec<_> = (0..200).map(|_| world.pool.allocate(Request::new(64, TEST)).unwrap()).collect();
    let before = (world.pool.counts(), world.pool.tag(TEST));
    at_level(RunLevel::Dispatch, || {
        for &block in &blocks {
            let crime = free(&world, block, TEST).unwrap_err();
            assert!(matches!(crime, Crime::FreeLevel { level: RunLevel::Dispatch, .. }), "{crime:?}");
        }
    });
    assert_eq!((world.pool.counts(), world.pool.tag(TEST)), before, "nothing was taken back");
    world.pool.verify().unwrap();
    for block in blocks {
        touch(&world, block.addr().get(), 64);
        free(&world, block, TEST).unwrap();
    }
    world.assert_empty();
}

#[test]
fn a_non_paged_pool_serves_up_to_dispatch() {
    let world = World::new(Setup::default());
    let block = at_level(RunLevel::Dispatch, || world.pool.allocate(Request::new(100, TEST))).unwrap();
    at_level(RunLevel::Dispatch, || free(&world, block, TEST)).unwrap();
    let error = at_level(RunLevel::Device, || world.pool.allocate(Request::new(20_000, TEST))).unwrap_err();
    assert!(matches!(error, PoolError::Crime(Crime::AllocateLevel { level: RunLevel::Device, .. })));
    world.assert_empty();
}
