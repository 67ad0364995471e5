//! Random use against a model: every block keeps its content, no two overlap, nothing is lost.

use std::collections::BTreeMap;
use std::ptr::NonNull;

use xtmm::pool::{Content, Request, Tag};

use crate::basics::{FULL, free, worlds};
use crate::double::{Random, Setup, World};

struct Block {
    at: NonNull<u8>,
    size: usize,
    tag: Tag,
    seed: u8,
}

fn fill(block: &Block) {
    // SAFETY: the block is the test's and has that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(block.at.as_ptr(), block.size) };
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = block.seed.wrapping_add(number as u8);
    }
}

fn check(block: &Block) {
    // SAFETY: the block is the test's and has that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(block.at.as_ptr(), block.size) };
    for (number, byte) in bytes.iter().enumerate() {
        assert_eq!(*byte, block.seed.wrapping_add(number as u8), "byte {number} of {:?} changed", block.at);
    }
}

/// What decides: a seed in the tests, the bytes of a fuzzer in its target.
pub(crate) trait Chance {
    /// Returns a number below `end`, which is not zero.
    fn below(&mut self, end: usize) -> usize;
}

impl Chance for Random {
    fn below(&mut self, end: usize) -> usize {
        self.below(end)
    }
}

fn random_size(random: &mut impl Chance) -> usize {
    match random.below(100) {
        0..60 => random.below(300),
        60..85 => random.below(2000),
        85..97 => random.below(9000),
        _ => random.below(100_000),
    }
}

/// Does so many actions, each judged, and gives back what is left: the pool must be empty then.
pub(crate) fn play(world: &World, random: &mut impl Chance, actions: usize) {
    let tags = [*b"One ", *b"Two ", *b"Thre"].map(Tag::new);
    let mut live: Vec<Block> = Vec::new();
    let mut extents: BTreeMap<usize, usize> = BTreeMap::new();
    for action in 0..actions {
        let wants_more = live.len() < 50 || random.below(2000) > live.len();
        match random.below(10) {
            0..5 if wants_more => {
                let (size, tag) = (random_size(random), tags[random.below(3)]);
                let alignment = 1 << if random.below(8) == 0 { random.below(14) } else { 4 };
                let content = if random.below(3) == 0 { Content::Zeroed } else { Content::Any };
                let at = world.pool.allocate(Request { size, alignment, tag, content }).unwrap();
                let start = at.addr().get();
                assert!(start.is_multiple_of(alignment));
                if let Some((below, length)) = extents.range(..=start).next_back() {
                    assert!(below + length <= start, "a block starts inside another");
                }
                if let Some((above, _)) = extents.range(start..).next() {
                    assert!(start + size.max(1) <= *above, "a block ends inside another");
                }
                extents.insert(start, size.max(1));
                if content == Content::Zeroed {
                    check_zeros(at, size);
                }
                let block = Block { at, size, tag, seed: random.below(256) as u8 };
                fill(&block);
                live.push(block);
            }
            5..9 if !live.is_empty() => {
                let block = live.swap_remove(random.below(live.len()));
                check(&block);
                extents.remove(&block.at.addr().get());
                free(world, block.at, block.tag).unwrap();
            }
            9 if !live.is_empty() => {
                let index = random.below(live.len());
                let block = &mut live[index];
                check(block);
                let size = random_size(random);
                // SAFETY: the block is the test's.
                if unsafe { world.pool.resize(block.at, size, Some(block.tag)) }.unwrap() {
                    block.size = size.min(block.size);
                    check(block);
                    block.size = size;
                    extents.insert(block.at.addr().get(), size.max(1));
                    fill(block);
                }
            }
            _ => {}
        }
        if action % 20_000 == 0 {
            world.pool.verify().unwrap();
            world.pool.trim().unwrap();
        }
    }
    live.into_iter().for_each(|block| {
        check(&block);
        free(world, block.at, block.tag).unwrap();
    });
    world.assert_empty();
}

fn check_zeros(at: NonNull<u8>, size: usize) {
    // SAFETY: the block is the test's and has that many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(at.as_ptr(), size) };
    assert!(bytes.iter().all(|byte| *byte == 0));
}

#[test]
fn blocks_keep_their_content_whatever_else_happens() {
    let actions = if cfg!(miri) { 300 } else { 60_000 };
    for world in worlds() {
        (1..4).for_each(|seed| play(&world, &mut Random(seed), actions));
    }
}

/// 10^6 allocations in the usual run; the environment variable POOL_SOAK says otherwise, up to 10^9 before a release.
#[test]
#[cfg_attr(miri, ignore = "takes too long there")]
fn a_long_run_does_not_grow() {
    let total: u64 = std::env::var("POOL_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let world = World::new(Setup { region: 256 << 20, ..Setup::default() });
    world.memory.poison.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut random = Random(1);
    let mut live: Vec<(NonNull<u8>, Tag)> = Vec::new();
    let tag = Tag::new(*b"Soak");
    let mut peaks = Vec::new();
    const ROUNDS: u64 = 20;
    for _ in 0..ROUNDS {
        world.memory.peak.store(0, std::sync::atomic::Ordering::Relaxed);
        for _ in 0..total / ROUNDS {
            live.push((world.pool.allocate(Request::new(random_size(&mut random), tag)).unwrap(), tag));
            // Around 2,000 blocks live.
            if live.len() > 2000 || random.below(100) < 40 {
                let (block, tag) = live.swap_remove(random.below(live.len()));
                free(&world, block, tag).unwrap();
            }
        }
        peaks.push(world.memory.peak.load(std::sync::atomic::Ordering::Relaxed));
    }
    println!("{total} allocations; the most pages in each twentieth of them: {peaks:?}");
    let (early, late) = (peaks[2..8].iter().max().unwrap(), peaks[14..].iter().max().unwrap());
    println!("XTOS-EVIDENCE {{\"what\":\"soak\",\"count\":{total},\"early\":{early},\"late\":{late}}}");
    assert!(*late * 100 <= *early * 106, "the footprint grows: {peaks:?}");
    live.into_iter().for_each(|(block, tag)| free(&world, block, tag).unwrap());
    world.assert_empty();
}

#[test]
fn full_checking_finds_nothing_wrong_with_a_quarantine_of_any_size() {
    use xtmm::pool::{Checking, Checks};
    let actions = if cfg!(miri) { 200 } else { 10_000 };
    for quarantine in [0, 100, 5000, 8 << 20] {
        let checks = Checks { checking: Checking::Full { quarantine }, ..FULL };
        play(&World::new(Setup { checks, ..Setup::default() }), &mut Random(9), actions);
    }
}
