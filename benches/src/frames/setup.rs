//! Setting an allocator up, until it has given out its first frame.
//!
//! What is measured is what an allocator does. The memory that its books lie in is there before: for our records the page or
//! two that the first frame needs, for the bitmap all of it, for the tree a heap that has made one before. Small
//! set-ups are measured several at a time, each with books of its own.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use bitmap_allocator::{BitAlloc, BitAlloc16M, BitAlloc256M};

use super::ours::{Books, Ours};
use super::peers::{AllZeroIsEmpty, BitAlloc4G, Bitmap, Buddy};
use super::{FrameSource, GIB, Shared};
use crate::harness::clock::timed;
use crate::harness::{Effort, Plan, Sample, Unit};

const REPEATS: usize = 7;

/// Set-ups that are measured together: one takes less than it takes to ask for the time.
const AT_ONCE: usize = 16;

/// Sizes, in GiB, by name.
const SIZES: [(&str, usize); 3] = [("16GiB", 16), ("1TiB", 1 << 10), ("12TiB", 12 << 10)];

/// Adds the tests to the plan.
pub(super) fn add(plan: &mut Plan) {
    for (name, gib) in SIZES {
        let group = format!("frames/set-up/{name}");
        let frames = gib * GIB;
        let test = group.clone();
        plan.add(group.clone(), "xtmm", REPEATS, move |_| {
            let first = Ours::on(Box::new(Books::reserve(frames)?), frames)?.source().allocate();
            let first = first.context("a new allocator has no frame")?;
            let prepared = || -> Result<_> {
                let books = Box::new(Books::reserve(frames)?);
                books.populate_around(first, frames)?;
                Ok(books)
            };
            let books = (0..AT_ONCE).map(|_| prepared()).collect::<Result<Vec<_>>>()?;
            let mut made = Vec::with_capacity(AT_ONCE);
            let time = timed(|| {
                for books in books {
                    let ours = Ours::on(books, frames);
                    if let Ok(ours) = &ours {
                        black_box(ours.source().allocate());
                    }
                    made.push(ours);
                }
            });
            made.into_iter().try_for_each(|ours| ours.map(drop))?;
            Ok(vec![microseconds(&test, time / AT_ONCE as u32)])
        });
        // A bitmap of 12 TiB takes half a gigabyte and half a second.
        if plan.effort == Effort::Quick && gib > 1 << 10 {
            continue;
        }
        let test = group.clone();
        plan.add(group.clone(), "bitmap-allocator", REPEATS, move |_| {
            Ok(vec![microseconds(&test, bitmap(frames))])
        });
        let test = group.clone();
        plan.add(group, "buddy_system_allocator", REPEATS, move |_| {
            black_box(Buddy::new(frames).allocate());
            let mut made = Vec::with_capacity(AT_ONCE);
            let time = timed(|| {
                for _ in 0..AT_ONCE {
                    let mut buddy = Buddy::new(frames);
                    black_box(buddy.allocate());
                    made.push(buddy);
                }
            });
            Ok(vec![microseconds(&test, time / AT_ONCE as u32)])
        });
    }
}

/// Measures the smallest bitmap that holds the frames.
fn bitmap(frames: usize) -> Duration {
    fn measured<A: BitAlloc + AllZeroIsEmpty>(frames: usize) -> Duration {
        let mut bitmap = Bitmap::<A>::empty();
        timed(|| {
            bitmap.fill(frames);
            black_box(bitmap.allocate());
        })
    }
    match frames {
        0..=0x100_0000 => measured::<BitAlloc16M>(frames),
        0x100_0001..=0x1000_0000 => measured::<BitAlloc256M>(frames),
        _ => measured::<BitAlloc4G>(frames),
    }
}

fn microseconds(test: &str, time: Duration) -> Sample {
    Sample { test: test.to_owned(), unit: Unit::Microseconds, value: time.as_secs_f64() * 1e6 }
}
