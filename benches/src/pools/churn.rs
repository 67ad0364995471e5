//! One thread: a block taken and given back at once, and a population of blocks replaced at random.

use anyhow::Result;

use super::Heap;
use super::mix::{Block, Sizes};
use super::peers::Lazy;
use crate::harness::clock::{per_operation, timed};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

const REPEATS: usize = 7;

/// Sizes of the populations, by name.
pub(super) const LIVE: [(&str, usize); 2] = [("16K", 16_384), ("256K", 262_144)];

/// Sizes of the blocks that are taken and given back at once.
const PAIRS: [usize; 2] = [64, 1024];

/// Adds the pairs to the plan.
pub(super) fn pairs(plan: &mut Plan, name: &'static str, heap: &Lazy) {
    let operations = plan.effort.operations(4 << 20);
    let heap = heap.clone();
    plan.add("pools/pair", name, REPEATS, move |_| {
        let heap = heap.get()?;
        PAIRS.iter().map(|&bytes| Ok(pair(heap, bytes, operations))).collect()
    });
}

fn pair(heap: Heap, bytes: usize, operations: usize) -> Sample {
    let work = |count: usize| {
        for _ in 0..count {
            // Nothing is known about the heap here, so no call can be left out.
            Block::allocate(heap, bytes).free(heap);
        }
    };
    work(operations / 16);
    let time = timed(|| work(operations));
    Sample::nanoseconds(format!("pools/pair-{bytes}"), per_operation(time, operations))
}

/// Adds the churn of a population to the plan.
pub(super) fn add(plan: &mut Plan, name: &'static str, heap: &Lazy, (size, live): (&'static str, usize)) {
    let operations = plan.effort.operations(2 << 20);
    let heap = heap.clone();
    let test = format!("pools/churn-{size}");
    plan.add(test.clone(), name, REPEATS, move |repeat| {
        let value = churn(heap.get()?, live, operations, repeat)?;
        Ok(vec![Sample::nanoseconds(test.clone(), value)])
    });
}

/// Frees random blocks of a population, each followed by an allocation of another size.
fn churn(heap: Heap, live: usize, operations: usize, repeat: usize) -> Result<f64> {
    let mut random = Random::new(42 + repeat as u64);
    let mut sizes = Sizes::draw(&mut random);
    let mut blocks: Vec<Block> = (0..live).map(|_| Block::allocate(heap, sizes.next())).collect();
    let mut work = |count: usize| {
        for _ in 0..count {
            let at = random.below(live);
            if let Some(place) = blocks.get_mut(at) {
                std::mem::replace(place, Block::none()).free(heap);
                *place = Block::allocate(heap, sizes.next());
            }
        }
    };
    work(live.min(operations));
    let time = timed(|| work(operations));
    blocks.into_iter().for_each(|block| block.free(heap));
    Ok(per_operation(time, operations))
}
