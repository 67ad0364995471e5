//! How fast the pool is, and how much memory it takes, beside the host's allocator. Run with `--release`.
//!
//! Sizes are a mix that kernels see; times are of the thread's processor, so that other work on the machine does not count.
#![allow(unsafe_code, reason = "uses the pool, the host's allocator and its clock")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "an example may stop")]

#[path = "../tests/pool/support/double.rs"]
mod double;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

use double::{Random, Setup, World};
use xtmm::pool::{Request, Tag};

const TAG: Tag = Tag::new(*b"Time");

/// Upper bounds of size ranges, and their share of a hundred.
const MIX: [(usize, usize); 11] = [
    (16, 10),
    (32, 15),
    (64, 20),
    (96, 8),
    (128, 12),
    (192, 8),
    (256, 8),
    (512, 8),
    (1024, 5),
    (2048, 3),
    (4096, 3),
];

fn mixed_size(random: &mut Random) -> usize {
    let mut share = random.below(100);
    let mut below = 8;
    for (upper, weight) in MIX {
        if share < weight {
            return below + 1 + random.below(upper - below);
        }
        share -= weight;
        below = upper;
    }
    64
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

fn thread_time() -> f64 {
    const THREAD_CPUTIME: i32 = 3;
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the structure is the one that the call fills.
    unsafe { clock_gettime(THREAD_CPUTIME, &raw mut time) };
    time.seconds as f64 * 1e9 + time.nanoseconds as f64
}

trait Allocator {
    fn take(&self, size: usize) -> NonNull<u8>;
    fn give(&self, block: NonNull<u8>, size: usize);
}

impl Allocator for World {
    fn take(&self, size: usize) -> NonNull<u8> {
        self.pool.allocate(Request::new(size, TAG)).unwrap()
    }

    fn give(&self, block: NonNull<u8>, _size: usize) {
        // SAFETY: the block is not used any more.
        unsafe { self.pool.free(block, Some(TAG)) }.unwrap();
    }
}

impl Allocator for System {
    fn take(&self, size: usize) -> NonNull<u8> {
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { self.alloc(Layout::from_size_align(size, 16).unwrap()) }).unwrap()
    }

    fn give(&self, block: NonNull<u8>, size: usize) {
        // SAFETY: the block was allocated with this layout.
        unsafe { self.dealloc(block.as_ptr(), Layout::from_size_align(size, 16).unwrap()) };
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn pair(allocator: &dyn Allocator, size: usize) -> f64 {
    let rounds = 2_000_000;
    let start = thread_time();
    for _ in 0..rounds {
        let block = std::hint::black_box(allocator.take(size));
        allocator.give(block, size);
    }
    (thread_time() - start) / f64::from(rounds)
}

fn churn(allocator: &dyn Allocator, live: usize) -> f64 {
    let mut random = Random(42);
    let take = |random: &mut Random| {
        let size = mixed_size(random);
        let block = allocator.take(size);
        // SAFETY: the block has more than eight bytes.
        unsafe { block.cast::<u64>().write(size as u64) };
        (block, size)
    };
    let mut blocks: Vec<_> = (0..live).map(|_| take(&mut random)).collect();
    let rounds = 3_000_000;
    let warm = live * 2;
    let mut start = 0.0;
    for round in 0..rounds + warm {
        if round == warm {
            start = thread_time();
        }
        let slot = random.below(live);
        let (block, size) = blocks[slot];
        allocator.give(block, size);
        blocks[slot] = take(&mut random);
    }
    let time = (thread_time() - start) / rounds as f64;
    blocks.into_iter().for_each(|(block, size)| allocator.give(block, size));
    time
}

fn null_churn(live: usize) -> f64 {
    let mut random = Random(42);
    let mut sizes: Vec<_> = (0..live).map(|_| mixed_size(&mut random)).collect();
    let start = thread_time();
    for _ in 0..3_000_000 {
        let slot = random.below(live);
        sizes[slot] = std::hint::black_box(mixed_size(&mut random));
    }
    (thread_time() - start) / 3_000_000.0
}

fn footprint() {
    let world = World::new(Setup { region: 512 << 20, ..Setup::default() });
    let mut random = Random(5);
    let count = 200_000;
    let mut live = 0;
    let mut blocks = Vec::new();
    for _ in 0..count {
        let size = mixed_size(&mut random);
        live += size;
        blocks.push((world.take(size), size));
    }
    let ratio = |world: &World, live: usize| (world.memory.in_use() * 4096) as f64 / live as f64;
    println!("footprint: filled {:.3}", ratio(&world, live));
    for _ in 0..4 * count {
        let slot = random.below(count);
        let (block, size) = blocks[slot];
        world.give(block, size);
        let new = mixed_size(&mut random);
        live = live - size + new;
        blocks[slot] = (world.take(new), new);
    }
    println!("footprint: steady {:.3}", ratio(&world, live));
    let target = live;
    for _ in 0..count * 3 / 4 {
        let (block, size) = blocks.swap_remove(random.below(blocks.len()));
        world.give(block, size);
        live -= size;
    }
    println!("footprint: three quarters freed {:.3}", ratio(&world, live));
    while live < target {
        let size = 2 * mixed_size(&mut random);
        live += size;
        blocks.push((world.take(size), size));
    }
    println!("footprint: after the phase shift {:.3}   {:?}", ratio(&world, live), world.pool.counts());
    blocks.into_iter().for_each(|(block, size)| world.give(block, size));
    world.assert_empty();
}

fn main() {
    let world = World::new(Setup { region: 1 << 30, ..Setup::default() });
    world.memory.poison.store(false, std::sync::atomic::Ordering::Relaxed);
    if std::env::args().nth(1).is_some_and(|only| only == "pair") {
        println!("{:.1}", median((0..40).map(|_| pair(&world, 64)).collect()));
        return;
    }
    if std::env::args().nth(1).is_some_and(|only| only == "churn") {
        println!("{:.1}", median((0..10).map(|_| churn(&world, 16_384)).collect()));
        return;
    }
    if std::env::args().nth(1).is_some_and(|only| only == "footprint") {
        return footprint();
    }
    let allocators: [(&str, &dyn Allocator); 2] = [("pool", &world), ("host", &System)];
    for (name, allocator) in allocators {
        let of = |run: &dyn Fn() -> f64| median((0..5).map(|_| run()).collect());
        println!(
            "{name}: pair 64 B {:.1} ns, 60 B {:.1}, 1 KiB {:.1}, 1000 B {:.1}; churn 16 K {:.1}, 256 K {:.1}",
            of(&|| pair(allocator, 64)),
            of(&|| pair(allocator, 60)),
            of(&|| pair(allocator, 1024)),
            of(&|| pair(allocator, 1000)),
            of(&|| churn(allocator, 16_384)),
            of(&|| churn(allocator, 262_144)),
        );
    }
    println!(
        "loop without allocator: churn 16 K {:.1}, 256 K {:.1}",
        null_churn(16_384),
        null_churn(262_144)
    );
    world.assert_empty();
    footprint();
}
