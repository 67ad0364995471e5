//! Giants out of fresh memory: few books, and exact counts whatever becomes of them.

use std::collections::BTreeSet;

use crate::double::{Allocator, Ground, OPENING, range};
use crate::model::{Shape, audit};
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::frames::{FrameCrime, Place, RunRequest, Zone};

const BLOCK: u64 = 512;
const GIANT: u64 = 8 * BLOCK;

/// Eight giants, of which the first one lacks block 0.
fn shape() -> Shape {
    Shape { block: BLOCK, giant: GIANT, window_end: u64::MAX, ram: vec![range(BLOCK, 8 * GIANT)] }
}

/// Returns the block of a giant.
fn block_of(giant: FrameRange, index: u64) -> FrameRange {
    FrameRange::with_count(Frame::new(giant.start().number() + index * BLOCK), FrameCount::new(BLOCK))
}

fn opened(frames: &Allocator<'_>) -> usize {
    frames.blocks().opened.lock().unwrap().len()
}

/// Returns the frames of ranges.
fn all(ranges: &[FrameRange]) -> BTreeSet<u64> {
    ranges.iter().flat_map(|range| range.start().number()..range.end().number()).collect()
}

fn run_of(count: u64, alignment: u64) -> RunRequest {
    RunRequest { count: FrameCount::new(count), alignment: FrameCount::new(alignment), zone: Zone::Any }
}

/// Everything that there is, in the largest pieces that there are.
struct Everything {
    giants: Vec<FrameRange>,
    blocks: Vec<FrameRange>,
    singles: Vec<Frame>,
}

impl Everything {
    fn take(frames: &Allocator<'_>) -> Self {
        Self {
            giants: std::iter::from_fn(|| frames.allocate_giant(Zone::Any).ok()).collect(),
            blocks: std::iter::from_fn(|| frames.allocate_block(Zone::Any).ok()).collect(),
            singles: std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).collect(),
        }
    }

    fn sizes(&self) -> [usize; 3] {
        [self.giants.len(), self.blocks.len(), self.singles.len()]
    }

    fn give_back(self, frames: &Allocator<'_>) {
        self.giants.into_iter().for_each(|giant| frames.free_giant(giant).unwrap());
        self.blocks.into_iter().for_each(|block| frames.free_block(block).unwrap());
        self.singles.into_iter().for_each(|frame| frames.free(frame).unwrap());
        frames.trim().unwrap();
    }
}

#[test]
fn a_fresh_giant_opens_its_first_block_only() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let first = frames.allocate_giant(Zone::Any).unwrap();
    let before = opened(&frames);
    let second = frames.allocate_giant(Zone::Any).unwrap();
    assert_eq!(opened(&frames), before + 1);
    assert!(frames.blocks().opened.lock().unwrap().contains(&second.start().number()), "its head has books");
    audit(&frames, &shape, &all(&[first, second]));
    frames.free_giant(first).unwrap();
    frames.free_giant(second).unwrap();
    assert_eq!(frames.place_of(second.start()), Place::Fresh);
    audit(&frames, &shape, &BTreeSet::new());
    let again = frames.allocate_giant(Zone::Any).unwrap();
    assert_eq!((again, opened(&frames)), (second, before + 1), "as it was");
}

#[test]
fn everything_is_taken_and_given_back_as_often_as_one_likes() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let everything = Everything::take(&frames);
        let counts = frames.counts();
        assert_eq!(counts.available(), counts.unusable, "{counts:?}");
        assert_eq!(counts.books.get(), frames.blocks().donated.lock().unwrap().len() as u64);
        let sizes = everything.sizes();
        everything.give_back(&frames);
        audit(&frames, &shape, &BTreeSet::new());
        rounds.push((sizes, frames.counts()));
    }
    assert_eq!(rounds[0].0[0], 7, "all but the one without block 0, where the books are, too");
    assert_eq!(rounds[0], rounds[1]);
    assert_eq!(rounds[1], rounds[2]);
}

#[test]
fn ragged_memory_is_taken_and_given_back_as_often_as_one_likes() {
    for (block, window_end) in [(512, u64::MAX), (512, 10 * 512 + 3), (1024, 0x10_0000 + 6 * 1024)] {
        let shape = Shape::ragged(block, window_end);
        let mut ground = Ground::new(shape.block, &shape.ram, 1);
        let frames = ground.allocator(shape.giant, shape.window_end);
        let mut rounds = Vec::new();
        for _ in 0..4 {
            let everything = Everything::take(&frames);
            let counts = frames.counts();
            assert_eq!(counts.available(), counts.unusable, "{counts:?}");
            let taken: usize = everything.singles.len()
                + everything
                    .blocks
                    .iter()
                    .chain(&everything.giants)
                    .map(|all| all.count().get() as usize)
                    .sum::<usize>();
            assert_eq!(counts.taken.get(), taken as u64 + counts.books.get());
            everything.give_back(&frames);
            audit(&frames, &shape, &BTreeSet::new());
            rounds.push(frames.counts());
        }
        assert!(rounds.windows(2).all(|pair| pair[0] == pair[1]), "{rounds:?}");
    }
}

#[test]
fn free_giants_serve_single_frames_until_none_is_left() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    Everything::take(&frames).give_back(&frames);
    let before = opened(&frames);
    let mut held: BTreeSet<u64> = BTreeSet::new();
    for used_up in 1..=2 {
        let start = held.len() as u64;
        while (held.len() as u64) < start + 2 * GIANT {
            assert!(held.insert(frames.allocate(Zone::Any).unwrap().number()));
        }
        // Not a block of each of them.
        assert!(opened(&frames) <= before + used_up * 2 * 8, "one giant is used up after the other");
    }
    held.extend(std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).map(|frame| frame.number()));
    assert_eq!(frames.counts().available(), frames.counts().unusable);
    audit(&frames, &shape, &held);
    held.into_iter().for_each(|frame| frames.free(Frame::new(frame)).unwrap());
    frames.trim().unwrap();
    audit(&frames, &shape, &BTreeSet::new());
    assert!(frames.allocate_giant(Zone::Any).is_ok(), "a giant of single frames is a giant again");
}

#[test]
fn free_giants_serve_blocks_and_runs_across_them() {
    let shape = shape();
    for (count, alignment) in
        [(BLOCK, 1), (BLOCK + 1, 1), (3 * BLOCK, 4 * BLOCK), (GIANT + 700, 1), (3 * GIANT, GIANT)]
    {
        let mut ground = Ground::new(BLOCK, &shape.ram, 1);
        let frames = ground.allocator(GIANT, u64::MAX);
        Everything::take(&frames).give_back(&frames);
        let block = frames.allocate_block(Zone::Any).unwrap();
        let run = frames.allocate_run(&run_of(count, alignment)).unwrap();
        assert!(run.start().is_aligned(FrameCount::new(alignment)) && run.count().get() == count);
        audit(&frames, &shape, &all(&[block, run]));
        frames.free_run(run).unwrap();
        frames.free_block(block).unwrap();
        frames.trim().unwrap();
        audit(&frames, &shape, &BTreeSet::new());
    }
}

#[test]
fn parts_of_a_giant_come_back_in_any_order() {
    let shape = shape();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut ground = Ground::new(BLOCK, &shape.ram, 1);
        let frames = ground.allocator(GIANT, u64::MAX);
        let giant = frames.allocate_giant(Zone::Any).unwrap();
        let start = giant.start().number();
        let cuts = [start, start + 3 * BLOCK + 5, start + 6 * BLOCK, giant.end().number()];
        let mut parts = cuts.windows(2).map(|cut| Some(range(cut[0], cut[1]))).collect::<Vec<_>>();
        for part in order {
            frames.free_run(parts[part].take().unwrap()).unwrap();
            let rest: Vec<FrameRange> = parts.iter().flatten().copied().collect();
            audit(&frames, &shape, &all(&rest));
        }
    }
}

#[test]
fn several_giants_come_back_as_one_run_without_books() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let mut giants: Vec<FrameRange> = (0..3).map(|_| frames.allocate_giant(Zone::Any).unwrap()).collect();
    giants.sort_unstable_by_key(|giant| giant.start());
    let run = FrameRange::new(giants[0].start(), giants[2].end()).unwrap();
    assert_eq!(run.count().get(), 3 * GIANT);
    let before = opened(&frames);
    frames.free_run(run).unwrap();
    assert_eq!(opened(&frames), before);
    audit(&frames, &shape, &BTreeSet::new());
}

#[test]
fn a_part_holds_the_books_for_the_rest_when_there_is_no_other_memory() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let everything = Everything::take(&frames);
    let giant = everything.giants[0];
    let (before, counts) = (opened(&frames), frames.counts());
    let page = FrameRange::with_count(Frame::new(giant.end().number() - 3), FrameCount::new(1));
    assert_eq!(frames.free_run(page), Err(FrameCrime::Indivisible(page)));
    assert_eq!((opened(&frames), frames.counts()), (before, counts), "nothing has changed");
    let part = block_of(giant, 4);
    frames.free_run(part).unwrap();
    assert_eq!(opened(&frames), before + 4);
    let books = 4 * OPENING.get();
    assert!((books..books + 4).contains(&(frames.counts().books.get() - counts.books.get())));
    assert_eq!(
        frames.counts().taken.get(),
        counts.taken.get() - BLOCK + frames.counts().books.get() - counts.books.get()
    );
    frames.free_run(page).unwrap();
}

#[test]
fn frames_of_a_giant_do_not_come_back_one_by_one() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let giant = frames.allocate_giant(Zone::Any).unwrap();
    let inner = block_of(giant, 5);
    let outcome = frames.free(inner.start()).and_then(|()| frames.trim());
    assert_eq!(outcome, Err(FrameCrime::NotWhole(giant)));
    assert_eq!(frames.free_block(inner), Err(FrameCrime::NotWhole(giant)));
    audit(&frames, &shape, &all(&[giant]));
    frames.free_giant(giant).unwrap();
    for frame in [giant.start(), inner.start()] {
        let outcome = frames.free(frame).and_then(|()| frames.trim());
        assert_eq!(outcome, Err(FrameCrime::AlreadyFree(frame)));
        let one = FrameRange::with_count(frame, FrameCount::ONE);
        assert_eq!(frames.free_run(one), Err(FrameCrime::AlreadyFree(frame)));
    }
    assert_eq!(frames.free_block(block_of(giant, 0)), Err(FrameCrime::AlreadyFree(giant.start())));
    assert_eq!(frames.free_giant(giant), Err(FrameCrime::AlreadyFree(giant.start())));
    audit(&frames, &shape, &BTreeSet::new());
}

#[test]
fn a_giant_whose_first_block_is_in_use_is_not_freed_as_one() {
    let shape = shape();
    let mut ground = Ground::new(BLOCK, &shape.ram, 1);
    let frames = ground.allocator(GIANT, u64::MAX);
    let giants: Vec<FrameRange> = std::iter::from_fn(|| frames.allocate_giant(Zone::Any).ok()).collect();
    frames.free_giant(giants[0]).unwrap();
    let blocks: Vec<FrameRange> = std::iter::from_fn(|| {
        let is_used_up = frames.place_of(giants[0].start()) == Place::Taken;
        (!is_used_up).then(|| frames.allocate_block(Zone::Any).unwrap())
    })
    .collect();
    assert_eq!(blocks.last().copied(), Some(block_of(giants[0], 0)), "the first block of it first");
    assert_eq!(frames.free_giant(giants[0]), Err(FrameCrime::AlreadyFree(block_of(giants[0], 1).start())));
}
