//! Setting an allocator up, until it has given out its first frame.
//!
//! What an allocator's books need is reserved before; what it writes of them, it pays for.

use std::hint::black_box;

use bitmap_allocator::{BitAlloc16M, BitAlloc256M};

use super::ours::{Books, Ours};
use super::peers::{BitAlloc4G, Bitmap, Buddy};
use super::{FrameSource, GIB, Shared};
use crate::harness::clock::timed;
use crate::harness::{Effort, Plan, Sample, Unit};

const REPEATS: usize = 7;

/// Sizes, in GiB, by name.
const SIZES: [(&str, usize); 3] = [("16GiB", 16), ("1TiB", 1 << 10), ("12TiB", 12 << 10)];

/// Adds the tests to the plan.
pub(super) fn add(plan: &mut Plan) {
    for (name, gib) in SIZES {
        let group = format!("frames/set-up/{name}");
        let frames = gib * GIB;
        let test = group.clone();
        plan.add(group.clone(), "xtmm", REPEATS, move |_| {
            let books = Box::new(Books::reserve(frames)?);
            let mut made = None;
            let time = timed(|| {
                let ours = Ours::on(books, frames);
                if let Ok(ours) = &ours {
                    black_box(ours.source().allocate());
                }
                made = Some(ours);
            });
            made.transpose()?;
            Ok(vec![microseconds(&test, time)])
        });
        // A bitmap of 12 TiB takes half a gigabyte and half a second.
        if plan.effort == Effort::Quick && gib > 1 << 10 {
            continue;
        }
        let test = group.clone();
        plan.add(group.clone(), "bitmap-allocator", REPEATS, move |_| {
            let mut kept = None;
            let time = timed(|| kept = Some(bitmap(frames)));
            drop(kept);
            Ok(vec![microseconds(&test, time)])
        });
        let test = group.clone();
        plan.add(group, "buddy_system_allocator", REPEATS, move |_| {
            let time = timed(|| {
                black_box(Buddy::new(frames).allocate());
            });
            Ok(vec![microseconds(&test, time)])
        });
    }
}

/// The smallest bitmap that holds the frames.
fn bitmap(frames: usize) -> Box<dyn std::any::Any> {
    fn first<A: bitmap_allocator::BitAlloc + super::peers::AllZeroIsEmpty + 'static>(
        frames: usize,
    ) -> Box<dyn std::any::Any> {
        let mut bitmap = Bitmap::<A>::new(frames);
        black_box(bitmap.allocate());
        Box::new(bitmap)
    }
    match frames {
        0..=0x100_0000 => first::<BitAlloc16M>(frames),
        0x100_0001..=0x1000_0000 => first::<BitAlloc256M>(frames),
        _ => first::<BitAlloc4G>(frames),
    }
}

fn microseconds(test: &str, time: std::time::Duration) -> Sample {
    Sample { test: test.to_owned(), unit: Unit::Microseconds, value: time.as_secs_f64() * 1e6 }
}
