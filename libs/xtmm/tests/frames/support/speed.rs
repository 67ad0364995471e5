//! Times to steer by: `cargo test -p xtmm --release --test frames -- --ignored --nocapture speed`. They gate nothing.

use std::hint::black_box;
use std::time::Duration;

use crate::double::{Ground, range};
use xtcore::Frame;
use xtmm::frames::Zone;

const ANY: u64 = u64::MAX;
const GIANT: u64 = 1 << 18;

/// Returns the processor time of this thread so far.
fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn report(name: &str, operations: u64, work: impl FnOnce()) {
    // The figure is updated when the scheduler looks, and when the thread gives way.
    std::thread::yield_now();
    let start = thread_time();
    work();
    std::thread::yield_now();
    let spent = thread_time() - start;
    println!("{name:28} {:7.2} ns", spent.as_nanos() as f64 / operations as f64);
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, (self.next() % (index as u64 + 1)) as usize);
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn speed_of_each_path() {
    for gib in [1_u64, 16, 64] {
        println!("{gib} GiB");
        let mut ground = Ground::new(512, &[range(512, gib << 18)], 1);
        let frames = ground.allocator(GIANT, ANY);
        let mut random = Random(42);
        let all = (gib << 18) / 64 * 63;

        let mut held: Vec<Frame> = Vec::with_capacity(all as usize);
        report("bulk allocation, fresh", all, || {
            held.extend((0..all).map(|_| frames.allocate(Zone::Any).unwrap()));
        });
        report("bulk free, in order", all, || {
            for frame in held.drain(..) {
                frames.free(frame).unwrap();
            }
        });
        report("bulk allocation", all, || {
            held.extend((0..all).map(|_| frames.allocate(Zone::Any).unwrap()));
        });
        random.shuffle(&mut held);
        report("bulk free, shuffled", all, || {
            for frame in held.drain(..) {
                frames.free(frame).unwrap();
            }
        });
        report("pair", 100_000_000, || {
            for _ in 0..100_000_000 {
                frames.free(black_box(frames.allocate(Zone::Any).unwrap())).unwrap();
            }
        });
        held.extend((0..all).map(|_| frames.allocate(Zone::Any).unwrap()));
        random.shuffle(&mut held);
        for frame in held.drain(all as usize / 4..) {
            frames.free(frame).unwrap();
        }
        let live = held.len() as u64;
        report("random pair", 20_000_000, || {
            for _ in 0..20_000_000 {
                let place = &mut held[(random.next() % live) as usize];
                frames.free(*place).unwrap();
                *place = frames.allocate(Zone::Any).unwrap();
            }
        });
        report("burst of 1024, pair", 20_000 * 1024, || {
            for _ in 0..20_000 {
                let start = (random.next() % (live - 1024)) as usize;
                for frame in &held[start..start + 1024] {
                    frames.free(*frame).unwrap();
                }
                for frame in &mut held[start..start + 1024] {
                    *frame = frames.allocate(Zone::Any).unwrap();
                }
            }
        });
        for frame in held.drain(..) {
            frames.free(frame).unwrap();
        }
        frames.trim().unwrap();
        report("block pair", 50_000_000, || {
            for _ in 0..50_000_000 {
                let block = frames.allocate_block(Zone::Any).unwrap();
                frames.free_block(black_box(block)).unwrap();
            }
        });
        let mut blocks = Vec::new();
        let mut many = 0;
        report("block bulk, each block", gib * 512, || {
            while let Ok(block) = frames.allocate_block(Zone::Any) {
                blocks.push(block);
            }
            for block in blocks.drain(..) {
                many += 1;
                frames.free_block(block).unwrap();
            }
        });
        assert!(many > gib * 512 / 64 * 63, "{many}");
    }
}

#[test]
#[ignore = "a measurement"]
fn speed_of_setting_up() {
    for gib in [16_u64, 1 << 10, 12 << 10] {
        let mut ground = Ground::new(512, &[range(512, gib << 18)], 1);
        report(&format!("set-up, {gib} GiB"), 1, || {
            let frames = ground.allocator(GIANT, ANY);
            black_box(frames.allocate(Zone::Any).unwrap());
        });
    }
}

#[test]
#[ignore = "a measurement"]
fn floor_of_an_array() {
    let mut stack = black_box([0_usize; 256]);
    let mut count = black_box(128_usize);
    report("array pop and push", 100_000_000, || {
        for _ in 0..100_000_000 {
            count -= 1;
            let frame = black_box(stack[count]);
            stack[count] = frame;
            count += 1;
        }
    });
    black_box(count);
}
