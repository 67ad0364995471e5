//! Random allocations, frees and crimes, against a map of what is out.

use std::collections::BTreeMap;

use xtcore::{PAGE_BYTES, VirtRange};
use xtmm::arena::{Arena, ArenaCrime, NoPages, Use};
use xtmm::inject::Site;
use xtsim::SplitMix64;

use crate::reserved::Reserved;
use crate::{Bench, pages};

/// What is out, by first page.
type Out = BTreeMap<u64, VirtRange>;

/// Returns the free runs that the model sees.
fn gaps(region: VirtRange, out: &Out) -> Vec<VirtRange> {
    let mut at = region.start();
    let mut gaps = Vec::new();
    for range in out.values() {
        gaps.extend(VirtRange::new(at, range.start()).filter(|gap| !gap.is_empty()));
        at = range.end();
    }
    gaps.extend(VirtRange::new(at, region.end()).filter(|gap| !gap.is_empty()));
    gaps
}

fn would_fit(gap: VirtRange, count: u64, alignment: u64) -> bool {
    let Some(start) = gap.start().align_up(alignment * PAGE_BYTES) else { return false };
    gap.end().bytes_since(start).is_some_and(|bytes| bytes / PAGE_BYTES >= count)
}

fn check(arena: &Arena<'_, Reserved>, out: &Out) {
    arena.verify().expect("sound books");
    let free: Vec<_> = arena.runs().filter(|(_, what)| *what != Use::Allocated).map(|(run, _)| run).collect();
    assert_eq!(free, gaps(arena.region(), out), "free runs are what lies between allocations, joined");
    let counts = arena.counts();
    assert_eq!(counts.allocations, out.len() as u64);
    assert_eq!(counts.allocated * PAGE_BYTES, out.values().map(|range| range.bytes()).sum::<u64>());
    assert_eq!(counts.free_runs + u64::from(counts.fresh > 0), free.len() as u64);
}

/// Lengths and alignments as a kernel has them: mostly small, sometimes huge.
fn request(random: &mut SplitMix64, most: u64) -> (u64, u64) {
    let count = match random.in_range(0..10) {
        0..6 => random.in_range(1..9),
        6..9 => random.in_range(1..100),
        _ => random.in_range(1..most + 1),
    };
    let alignment = if random.one_in(4) { 1 << random.in_range(0..10) } else { 1 };
    (count, alignment)
}

/// Lives a life, and returns how often there was no room, and how often no memory for the books.
fn run(seed: u64, start: u64, size: u64, steps: u32) -> (u32, u32) {
    let bench = Bench::new(start, size);
    let mut arena = bench.arena();
    let mut random = SplitMix64::new(seed);
    let mut out = Out::new();
    let (mut refusals, mut starved) = (0, 0);
    for step in 0..steps {
        // Waves of growth and shrinking, so that the region fills and empties several times.
        let grows = step / 200 % 2 == 0;
        if random.one_in(if grows { 4 } else { 2 }) && !out.is_empty() {
            let keys: Vec<_> = out.keys().copied().collect();
            let range = out.remove(random.choose(&keys).expect("something is out")).expect("a key");
            assert_eq!(arena.free(range), Ok(()));
        } else if random.one_in(5) {
            // The books may get no memory at all for one call.
            bench.memory.limit(Some(bench.memory.backed()));
            let (count, alignment) = request(&mut random, size / 4);
            let before = (arena.counts(), gaps(arena.region(), &out));
            match arena.allocate(count, alignment) {
                Ok(range) => drop(out.insert(range.start().get(), range)),
                Err(error) => {
                    starved += u32::from(matches!(error, NoPages::Books(_)));
                    assert_eq!((arena.counts(), gaps(arena.region(), &out)), before);
                }
            }
            bench.memory.limit(None);
        } else {
            let (count, alignment) = request(&mut random, size / 4);
            match arena.allocate(count, alignment) {
                Ok(range) => {
                    assert_eq!(range.bytes(), count * PAGE_BYTES);
                    assert!(range.start().is_aligned(alignment * PAGE_BYTES));
                    assert!(
                        gaps(arena.region(), &out)
                            .iter()
                            .any(|gap| { gap.start() <= range.start() && range.end() <= gap.end() })
                    );
                    assert_eq!(arena.extent(range.start()), Some(range));
                    out.insert(range.start().get(), range);
                }
                Err(error) => {
                    refusals += 1;
                    let free = gaps(arena.region(), &out).iter().map(|gap| gap.bytes()).sum::<u64>();
                    assert_eq!(error, NoPages::Exhausted { pages: count, free: free / PAGE_BYTES });
                    let fits = gaps(arena.region(), &out).iter().any(|gap| would_fit(*gap, count, alignment));
                    assert!(!fits, "{count} pages at {alignment} would have fitted");
                }
            }
        }
        if random.one_in(8) {
            commit_a_crime(&mut arena, &mut random, &out);
        }
        check(&arena, &out);
    }
    for range in std::mem::take(&mut out).into_values() {
        assert_eq!(arena.free(range), Ok(()));
    }
    check(&arena, &out);
    assert_eq!(arena.counts().fresh, size, "all is as it was");
    assert_eq!(arena.allocate(size, 1), Ok(arena.region()), "in one piece");
    (refusals, starved)
}

/// Lives several lives, which must not all be easy.
fn run_all(seeds: std::ops::Range<u64>, start: u64, size: u64, steps: u32) {
    // An interpreter lives more slowly.
    let (seeds, steps) = if cfg!(miri) { (seeds.start..seeds.start + 1, 40) } else { (seeds, steps) };
    let lives: Vec<_> = seeds.map(|seed| run(seed, start, size, steps)).collect();
    if cfg!(miri) {
        return;
    }
    assert!(lives.iter().any(|(refusals, _)| *refusals > 0), "there was always room");
    assert!(lives.iter().any(|(_, starved)| *starved > 0), "there was always memory for the books");
}

/// Frees a random range that is no allocation, and expects to be told what it is.
fn commit_a_crime(arena: &mut Arena<'_, Reserved>, random: &mut SplitMix64, out: &Out) {
    let size = arena.counts().pages;
    let first = random.in_range(0..size);
    let range = pages(arena, first, random.in_range(1..(size - first).min(20) + 1));
    let holder = out.values().find(|allocation| allocation.contains(range.start())).copied();
    if holder == Some(range) {
        return;
    }
    let gap = gaps(arena.region(), out).into_iter().find(|gap| gap.contains(range.start()));
    let expected = match (holder, gap) {
        (Some(allocation), _) if allocation.start() == range.start() => {
            ArenaCrime::WrongExtent { range, allocation }
        }
        (Some(allocation), _) => ArenaCrime::Interior { range, allocation },
        (None, gap) => ArenaCrime::DoubleFree { range, free: gap.expect("free or allocated") },
    };
    assert_eq!(arena.free(range), Err(expected));
}

#[test]
fn random_life_in_a_small_region_agrees_with_the_model() {
    run_all(0..8, 0xFFFF_8000_0000_3000, 700, 3_000);
}

#[test]
fn random_life_in_a_large_region_agrees_with_the_model() {
    run_all(8..12, 0xFFFF_A000_0000_0000, 20_000, 4_000);
}

#[test]
fn random_life_at_a_32_bit_address_agrees_with_the_model() {
    run_all(12..14, 0xE012_3000, 0x1_0000, 4_000);
}

/// R7: every Nth question fails once; the arena is as before, and the books' memory is all that may have been added.
#[test]
fn each_injected_failure_is_an_error_that_changes_nothing() {
    let bench = Bench::new(0x10_0000, 5_000);
    let mut arena = bench.arena();
    for nth in 1.. {
        bench.injector.arm(nth);
        let mut out = Vec::new();
        for (count, alignment) in [(1, 1), (700, 1), (3, 64), (40, 1)] {
            let before = arena.counts();
            match arena.allocate(count, alignment) {
                Ok(range) => out.push(range),
                Err(error) => {
                    assert!(matches!(error, NoPages::Exhausted { .. }));
                    assert_eq!(arena.counts(), before);
                }
            }
        }
        let failed = bench.injector.disarm();
        out.into_iter().for_each(|range| arena.free(range).expect("an allocation"));
        assert_eq!((arena.counts().fresh, arena.verify()), (5_000, Ok(())));
        if failed == 0 {
            assert_eq!(nth, 5, "each of four allocations asks once");
            crate::told::injection(bench.injector.seen(), nth as usize - 1);
            break;
        }
    }
    assert!(bench.injector.seen().eq([Site::VirtualPages]));
}
