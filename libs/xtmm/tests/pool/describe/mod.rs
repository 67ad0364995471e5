//! What a monitor is told about an address.

use std::ptr::NonNull;

use xtcore::{VirtAddr, VirtRange};
use xtmm::pool::{Behind, Content, Description, Holder, Request, State, Unknown};

use crate::basics::{OTHER, TEST, flip, free, worlds};
use crate::double::World;

fn take(world: &World, size: usize) -> NonNull<u8> {
    world.pool.allocate(Request { size, alignment: 16, tag: TEST, content: Content::Zeroed }).unwrap()
}

fn at(block: NonNull<u8>, distance: u64) -> VirtAddr {
    VirtAddr::new(block.addr().get() as u64 + distance)
}

fn describe(world: &World, address: VirtAddr) -> Result<Description, Unknown> {
    world.pool.describe(address, &|_| true)
}

#[test]
fn every_byte_of_a_small_block_leads_to_it() {
    for world in worlds() {
        for size in [1, 8, 40, 100, 2000, 8000] {
            let block = take(&world, size);
            for distance in [0, size as u64 / 2, size as u64 - 1] {
                let found = describe(&world, at(block, distance)).unwrap();
                assert_eq!(found.block.start, at(block, 0), "{size}");
                assert_eq!(found.block.state, State::Used(TEST), "{size}");
                assert_eq!(found.block.size, Some(size as u64));
                assert!(found.block.room >= size as u64);
                assert_ne!(found.block.behind, Behind::Damaged);
                let Holder::Slab { pages, number, places, .. } = found.holder else {
                    panic!("{size}: {found:?}")
                };
                assert!(pages.contains(found.block.start) && number < places);
                let start = pages.start().get() + u64::from(number) * found.block.room;
                assert_eq!(start, found.block.start.get());
            }
            free(&world, block, TEST).unwrap();
            assert_eq!(describe(&world, at(block, 0)).map(|found| found.block.state), Ok(State::Free));
        }
    }
}

#[test]
fn a_large_block_has_pages_of_its_own_until_it_is_freed() {
    for world in worlds() {
        let block = take(&world, 70_000);
        let found = describe(&world, at(block, 69_999)).unwrap();
        assert_eq!(found.block.start, at(block, 0));
        assert_eq!((found.block.state, found.block.size), (State::Used(TEST), Some(70_000)));
        assert_eq!(found.block.behind, Behind::Intact);
        assert!(matches!(found.holder, Holder::Whole(pages) if pages.start() == at(block, 0)));
        free(&world, block, TEST).unwrap();
        assert_eq!(describe(&world, at(block, 0)), Err(Unknown::Nothing));
    }
}

#[test]
fn damage_behind_a_block_is_told_and_does_no_harm() {
    for world in worlds() {
        for size in [40, 2000, 70_000] {
            let block = take(&world, size);
            flip(block, size as isize);
            let behind = describe(&world, at(block, 0)).map(|found| found.block.behind);
            assert_eq!(behind, Ok(Behind::Damaged), "{size}");
            flip(block, size as isize);
            let behind = describe(&world, at(block, 0)).map(|found| found.block.behind);
            assert_eq!(behind, Ok(Behind::Intact), "{size}");
            free(&world, block, TEST).unwrap();
        }
    }
}

#[test]
fn neighbours_in_a_slab_are_told() {
    for world in worlds() {
        let blocks: Vec<_> = (0..8).map(|_| take(&world, 40)).collect();
        let starts: Vec<_> = blocks.iter().map(|block| at(*block, 0)).collect();
        let mut pairs = 0;
        for start in &starts {
            let found = describe(&world, *start).unwrap();
            for neighbour in [found.before, found.after].into_iter().flatten() {
                assert_eq!(neighbour.start.get().abs_diff(start.get()), found.block.room);
                let is_ours = starts.contains(&neighbour.start);
                assert_eq!(neighbour.state == State::Used(TEST), is_ours);
                pairs += u32::from(is_ours);
            }
        }
        assert!(pairs > 0, "eight blocks of one size have neighbours");
        blocks.into_iter().for_each(|block| free(&world, block, TEST).unwrap());
    }
}

#[test]
fn what_is_in_no_pool_is_said_to_be() {
    for world in worlds() {
        let (start, end) = (world.region.start(), world.region.end());
        assert_eq!(describe(&world, end), Err(Unknown::Elsewhere));
        assert_eq!(describe(&world, VirtAddr::new(start.get() - 1)), Err(Unknown::Elsewhere));
        assert_eq!(describe(&world, start), Err(Unknown::Nothing));
        assert_eq!(describe(&world, VirtAddr::ZERO), Err(Unknown::Elsewhere));
    }
}

#[test]
fn nothing_is_read_that_has_no_memory() {
    for world in worlds() {
        for size in [40, 2000, 70_000] {
            let block = take(&world, size);
            let nothing = world.pool.describe(at(block, 0), &|_: VirtRange| false);
            assert_eq!(nothing, Err(Unknown::Damaged), "{size}: the books themselves are not there");
            // Only the blocks are absent: their books are told.
            let is_books = |range: VirtRange| !world.region.overlaps(range);
            let found = world.pool.describe(at(block, 0), &is_books).unwrap();
            assert_eq!((found.block.state, found.block.behind), (State::Used(TEST), Behind::Absent));
            free(&world, block, TEST).unwrap();
        }
    }
}

#[test]
fn looking_changes_nothing() {
    for world in worlds() {
        let block = take(&world, 100);
        let before = world.pool.counts();
        for distance in 0..4096 {
            let _ = describe(&world, at(block, distance));
        }
        assert_eq!(world.pool.counts(), before);
        let error = free(&world, block, OTHER);
        assert!(error.is_err(), "its tag is still its own");
        free(&world, block, TEST).unwrap();
    }
}
