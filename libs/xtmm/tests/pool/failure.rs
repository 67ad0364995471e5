//! Running out, everywhere: an error each time, and nothing lost.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use xtmm::inject::Site;
use xtmm::pool::{Checks, Coverage, Crime, PoolError, Request, SpecialPool};

use crate::basics::{FULL, TEST, free, worlds};
use crate::double::{Setup, World};

/// Uses every way of allocating. Returns whether any of them failed.
fn scenario(world: &World) -> bool {
    let mut failed = false;
    let mut blocks = Vec::new();
    let sizes = (0..400).map(|number| number * 7 % 300).chain([5000, 8000, 20_000, 100_000, 9000, 70_000]);
    for size in sizes {
        match world.pool.allocate(Request::new(size, TEST)) {
            Ok(block) => blocks.push(block),
            Err(PoolError::OutOfMemory(_)) => failed = true,
            Err(error) => panic!("{error}"),
        }
    }
    blocks.into_iter().for_each(|block| free(world, block, TEST).unwrap());
    failed
}

#[test]
fn whatever_fails_is_an_error_and_loses_nothing() {
    let special =
        SpecialPool { coverage: Coverage::Tag(TEST), quarantine_pages: 20, ..SpecialPool::default() };
    let all = [Checks::default(), FULL, Checks { special, ..Checks::default() }];
    let (mut seen, mut failures) = (HashSet::new(), 0);
    for checks in all {
        let world = World::new(Setup { checks, ..Setup::default() });
        let mut errors = 0;
        for nth in 1.. {
            world.machine.injector.arm(nth);
            let failed = scenario(&world);
            let injected = world.machine.injector.disarm();
            world.assert_empty();
            if injected == 0 {
                assert!(nth > 100, "only {nth} places asked");
                break;
            }
            failures += 1;
            errors += u32::from(failed);
        }
        seen.extend(world.machine.injector.seen());
        // What fails without an error is memory for batches and quarantine, which blocks can do without.
        assert!(errors > 100, "{errors} errors");
    }
    crate::told::injection(seen.iter().copied(), failures);
    for site in [
        Site::PoolBlock,
        Site::PoolPages,
        Site::PoolSlab,
        Site::SpecialPool,
        Site::Commit,
        Site::VirtualPages,
    ] {
        assert!(seen.contains(&site), "{} was never asked", site.name());
    }
}

#[test]
fn exhaustion_is_an_error_and_everything_comes_back() {
    for world in worlds() {
        for limit in [0, 1, 2, 3, 10, 500, usize::MAX] {
            world.memory.limit.store(world.memory.in_use() + limit.min(1 << 40), Ordering::Relaxed);
            for size in [24, 300, 3000, 20_000, 1 << 20] {
                let mut blocks = Vec::new();
                let error = loop {
                    match world.pool.allocate(Request::new(size, TEST)) {
                        Ok(block) => blocks.push(block),
                        Err(error) => break error,
                    }
                    // All memory is enough of it; the smallest blocks would take long.
                    if size < 1000 && blocks.len() > 20_000 {
                        break PoolError::OutOfMemory(Site::Commit);
                    }
                };
                assert!(matches!(error, PoolError::OutOfMemory(_)), "{error}");
                world.pool.verify().unwrap();
                blocks.into_iter().for_each(|block| free(&world, block, TEST).unwrap());
                world.assert_empty();
            }
        }
    }
}

#[test]
fn pages_that_are_not_taken_back_are_a_crime() {
    let world = World::new(Setup::default());
    let large = world.pool.allocate(Request::new(50_000, TEST)).unwrap();
    let small = world.pool.allocate(Request::new(100, TEST)).unwrap();
    world.memory.refuses.store(true, Ordering::Relaxed);
    assert!(matches!(free(&world, large, TEST), Err(Crime::PagesRefused { bytes: 0xD000, .. })));
    free(&world, small, TEST).unwrap();
    assert!(matches!(world.pool.trim(), Err(Crime::PagesRefused { bytes: 0x1000, .. })));
}
