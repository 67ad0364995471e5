//! Two threads, each with a population of its own; a quarter of all blocks is freed by the other thread.
#![allow(unsafe_code, reason = "blocks travel as words")]

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Heap;
use super::mix::{Block, Sizes};
use super::peers::Lazy;
use crate::harness::clock::{per_operation, timed};
use crate::harness::pair::{self, Ring};
use crate::harness::random::Random;
use crate::harness::{Plan, Sample};

const REPEATS: usize = 7;

/// Blocks of one thread.
const LIVE: usize = 16_384;

/// Blocks under way to the other thread.
const UNDER_WAY: usize = 4096;

/// Adds the test to the plan.
pub(super) fn add(plan: &mut Plan, name: &'static str, heap: &Lazy) {
    let operations = plan.effort.operations(1 << 20);
    let heap = heap.clone();
    plan.add("pools/remote", name, REPEATS, move |repeat| {
        let value = remote(heap.get()?, operations, repeat);
        Ok(vec![Sample::nanoseconds("pools/remote-25", per_operation(value, operations))])
    });
}

/// Returns the CPU time of the slower thread.
fn remote(heap: Heap, operations: usize, repeat: usize) -> Duration {
    let [there, back] = [Ring::new(UNDER_WAY), Ring::new(UNDER_WAY)];
    let finished = AtomicUsize::new(0);
    let seed = |number: usize| (1000 + number + 2 * repeat) as u64;
    let work = |mut side: Side<'_>, barrier: &Barrier| {
        barrier.wait();
        let time = timed(|| (0..operations).for_each(|_| side.replace_one()));
        side.finish(&finished);
        time
    };
    let (one, other) = pair::run(
        |barrier| work(Side::new(heap, &there, &back, seed(0)), barrier),
        |barrier| work(Side::new(heap, &back, &there, seed(1)), barrier),
    );
    one.max(other)
}

/// One of the threads.
struct Side<'a> {
    heap: Heap,
    /// Blocks that the other thread is to free.
    outbox: &'a Ring,
    /// Blocks that this one is to free.
    inbox: &'a Ring,
    random: Random,
    sizes: Sizes,
    blocks: Vec<Block>,
}

impl<'a> Side<'a> {
    fn new(heap: Heap, outbox: &'a Ring, inbox: &'a Ring, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut sizes = Sizes::draw(&mut random);
        let blocks = (0..LIVE).map(|_| Block::allocate(heap, sizes.next())).collect();
        Self { heap, outbox, inbox, random, sizes, blocks }
    }

    /// Replaces a random block; every fourth time the other thread is to free the old one. Frees what has arrived.
    fn replace_one(&mut self) {
        let (at, chance) = (self.random.below(LIVE), self.random.next());
        if let Some(place) = self.blocks.get_mut(at) {
            let old = std::mem::replace(place, Block::none());
            if chance % 4 == 0 {
                Self::send(self.heap, self.outbox, old);
            } else {
                old.free(self.heap);
            }
            *place = Block::allocate(self.heap, self.sizes.next());
        }
        self.receive();
    }

    /// Sends a block to the other thread. Where that one does not keep up, for it may have been preempted, the block is
    /// freed here.
    fn send(heap: Heap, outbox: &Ring, block: Block) {
        let word = block.into_word();
        if !outbox.try_send(word) {
            // SAFETY: the ring did not take the word, so this is its only use.
            unsafe { Block::from_word(word) }.free(heap);
        }
    }

    /// Frees a block that has arrived, if there is one.
    fn receive(&self) -> bool {
        let Some(word) = self.inbox.try_receive() else { return false };
        // SAFETY: the other thread made the word from a block, and the ring delivers it once.
        unsafe { Block::from_word(word) }.free(self.heap);
        true
    }

    /// Frees everything, when the other thread sends no more.
    fn finish(self, finished: &AtomicUsize) {
        finished.fetch_add(1, Ordering::AcqRel);
        while finished.load(Ordering::Acquire) < 2 {
            std::thread::yield_now();
        }
        while self.receive() {}
        self.blocks.into_iter().for_each(|block| block.free(self.heap));
    }
}
