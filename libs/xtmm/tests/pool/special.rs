//! The special pool: a page without memory next to the block, a pattern in the rest of its pages, and nothing behind a
//! freed block's addresses.

use std::ptr::NonNull;

use xtcore::VirtAddr;
use xtmm::pool::{
    BugCheck, Checks, Content, Coverage, Crime, FaultAnswer, PoolKind, Request, Side, SpecialPool,
};

use crate::basics::{OTHER, TEST, flip, free};
use crate::double::{Random, Setup, World};

fn world(side: Side, coverage: Coverage) -> World {
    let special = SpecialPool { coverage, side, quarantine_pages: 64 };
    World::new(Setup { checks: Checks { special, ..Checks::default() }, ..Setup::default() })
}

fn address(block: NonNull<u8>, offset: isize) -> VirtAddr {
    VirtAddr::new(block.addr().get().wrapping_add_signed(offset) as u64)
}

/// Tells whether an access would be a page fault that names the block.
fn hits_guard(world: &World, at: VirtAddr, block: NonNull<u8>, size: usize) -> bool {
    let guard = FaultAnswer::Guard { block: address(block, 0), size: size as u64 };
    !world.memory.is_present(at) && world.pool.fault(at) == guard
}

#[test]
fn an_overflow_is_a_page_fault_or_found_at_the_free() {
    let world = world(Side::After, Coverage::Everything);
    let mut random = Random(3);
    for _ in 0..3000 {
        let (size, alignment) = (1 + random.below(10_000), 1 << random.below(14));
        let request = Request { size, alignment, tag: TEST, content: Content::Zeroed };
        let block = world.pool.allocate(request).unwrap();
        assert!(block.addr().get().is_multiple_of(alignment));
        let end = block.addr().get() + size;
        let gap = end.next_multiple_of(4096) - end;
        assert!(gap < alignment.max(16), "the block ends {gap} bytes in front of the guard");
        assert!(hits_guard(&world, address(block, (size + gap) as isize), block, size));
        if gap > 0 {
            let place = size + random.below(gap);
            flip(block, place as isize);
            let damaged = address(block, place as isize);
            let expected = Crime::SpecialOverflow { block: address(block, 0), damaged, size: size as u64 };
            assert_eq!(free(&world, block, TEST), Err(expected));
            flip(block, place as isize);
        }
        free(&world, block, TEST).unwrap();
    }
    world.assert_empty();
}

#[test]
fn an_underflow_is_a_page_fault_with_the_guard_in_front_and_found_at_the_free_without() {
    let before = world(Side::Before, Coverage::Everything);
    let after = world(Side::After, Coverage::Everything);
    for size in [1, 100, 4000, 4096, 9000] {
        let block = before.pool.allocate(Request::new(size, TEST)).unwrap();
        assert!(hits_guard(&before, address(block, -1), block, size));
        free(&before, block, TEST).unwrap();

        let block = after.pool.allocate(Request::new(size, TEST)).unwrap();
        if !block.addr().get().is_multiple_of(4096) {
            flip(block, -1);
            assert!(matches!(free(&after, block, TEST), Err(Crime::SpecialUnderflow { .. })));
        }
    }
    before.assert_empty();
}

#[test]
fn a_freed_block_stays_out_of_reach_while_it_is_in_quarantine() {
    let world = world(Side::After, Coverage::Everything);
    let allocate = || world.pool.allocate(Request::new(50, TEST)).unwrap();
    let block = allocate();
    free(&world, block, TEST).unwrap();
    // Each block has two pages of addresses, of which 64 wait.
    for _ in 0..31 {
        let freed = FaultAnswer::Freed { block: address(block, 0), size: 50 };
        assert!(!world.memory.is_present(address(block, 0)));
        assert_eq!(world.pool.fault(address(block, 0)), freed);
        assert_eq!(free(&world, block, TEST), Err(Crime::SpecialNotAllocated { address: address(block, 0) }));
        let next = allocate();
        assert_ne!(next, block);
        free(&world, next, TEST).unwrap();
    }
    free(&world, allocate(), TEST).unwrap();
    assert_eq!(world.pool.fault(address(block, 0)), FaultAnswer::NotAllocated);
    assert!(matches!(free(&world, block, TEST), Err(Crime::NotAllocated { .. })));
    world.assert_empty();
}

#[test]
fn only_the_chosen_tag_pays() {
    let world = world(Side::After, Coverage::Tag(TEST));
    let special = world.pool.allocate(Request::new(50, TEST)).unwrap();
    let ordinary = world.pool.allocate(Request::new(50, OTHER)).unwrap();
    assert!(hits_guard(&world, address(special, 64), special, 50));
    assert_eq!(world.pool.fault(address(ordinary, 0)), FaultAnswer::Present);
    assert!(matches!(free(&world, special, OTHER), Err(Crime::WrongTag { .. })));
    assert!(matches!(free(&world, ordinary, TEST), Err(Crime::WrongTag { .. })));
    // SAFETY: the byte lies in the block.
    let inside = unsafe { special.add(16) };
    let crime = free(&world, inside, TEST).unwrap_err();
    let parameters = [address(inside, 0).get(), address(special, 0).get(), 0, 0x21];
    assert_eq!(crime.bug_check(), BugCheck { code: 0xC1, parameters });
    free(&world, special, TEST).unwrap();
    free(&world, ordinary, OTHER).unwrap();
    world.assert_empty();
}

#[test]
fn a_paged_pool_has_special_blocks_too() {
    let special = SpecialPool { coverage: Coverage::Everything, ..SpecialPool::default() };
    let checks = Checks { special, ..Checks::default() };
    let world = World::new(Setup { kind: PoolKind::Paged, checks, ..Setup::default() });
    let block = world.pool.allocate(Request::new(5000, TEST)).unwrap();
    assert!(world.memory.is_present(address(block, 0)) && world.memory.is_present(address(block, 4999)));
    assert!(hits_guard(&world, address(block, 5008), block, 5000));
    free(&world, block, TEST).unwrap();
    world.assert_empty();
}
