//! Blocks, giants, runs, zones, and memory that comes late.

use std::collections::BTreeSet;

use crate::double::{Ground, Host, range};
use xtcore::{Frame, FrameCount};
use xtmm::frames::{AdoptError, Blocks, FrameAllocator, FrameCrime, Place, RunRequest, Zone};

const ANY: u64 = u64::MAX;

#[test]
fn memory_used_frame_by_frame_becomes_blocks_and_giants_again() {
    let mut ground = Ground::new(512, &[range(512, 64 * 512)], 1);
    let frames = ground.allocator(8 * 512, ANY);
    let held: Vec<Frame> = std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).collect();
    assert!(held.len() > 62 * 500);
    for frame in held.iter().rev() {
        frames.free(*frame).unwrap();
    }
    let giants: Vec<_> = std::iter::from_fn(|| frames.allocate_giant(Zone::Any).ok()).collect();
    assert_eq!(giants.len(), 7, "all but the one without block 0, where the books are, too");
    let blocks: Vec<_> = std::iter::from_fn(|| frames.allocate_block(Zone::Any).ok()).collect();
    assert_eq!(blocks.len(), 63 - 7 * 8 - 1, "all but the one with the books");
}

#[test]
fn a_block_or_giant_of_fresh_memory_takes_its_books_from_elsewhere() {
    let mut ground = Ground::new(512, &[range(512, 16 * 512)], 1);
    let frames = ground.allocator(4 * 512, ANY);
    let giant = frames.allocate_giant(Zone::Any).unwrap();
    let block = frames.allocate_block(Zone::Any).unwrap();
    let books = frames.blocks().donated.lock().unwrap().clone();
    assert!(!books.is_empty());
    assert!(
        books.iter().all(|frame| !giant.contains(Frame::new(*frame)) && !block.contains(Frame::new(*frame)))
    );
}

#[test]
fn the_scarce_memory_goes_last() {
    const FOUR_GIB: u64 = 1 << 20;
    let ram = [range(1, 4096), range(FOUR_GIB, FOUR_GIB + 1024), range(FOUR_GIB + 4096, FOUR_GIB + 5120)];
    let mut ground = Ground::new(512, &ram, 1);
    let frames = ground.allocator(1 << 18, FOUR_GIB + 4096);
    let all: Vec<u64> =
        std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).map(|frame| frame.number()).collect();
    let class = |frame: u64| match frame {
        0..256 => 0,
        256..512 => 1,
        512..FOUR_GIB => 2,
        _ if frame < FOUR_GIB + 4096 => 3,
        _ => 4,
    };
    let descends = |pair: &[u64]| class(pair[0]) >= class(pair[1]);
    let end = all.windows(2).position(|pair| !descends(pair)).map_or(all.len(), |last| last + 1);
    assert!(all.len() - end < 512, "after the last of block 0 only what was kept for books");
    assert!(all[end..].windows(2).all(descends));
    assert!(all.iter().any(|frame| class(*frame) == 0) && !all.contains(&0));
}

#[test]
fn zeroed_frames_are_zero_and_are_zeroed_once() {
    let mut ground = Ground::new(512, &[range(512, 4096)], 1);
    let frames = ground.allocator(1 << 18, ANY);
    assert_eq!(frames.zero_in_background(FrameCount::new(300)), FrameCount::new(300));
    let counts = frames.counts();
    assert_eq!(counts.zeroed.get() + counts.depot_zeroed.get(), 300);
    for _ in 0..300 {
        let frame = frames.allocate_zeroed(Zone::Any).unwrap();
        assert!(
            frames.machine().zeroed.lock().unwrap().remove(&frame.number()),
            "zeroed, and handed out once"
        );
    }
    assert!(frames.machine().zeroed.lock().unwrap().is_empty(), "no more were zeroed than asked for");
    let frame = frames.allocate_zeroed(Zone::Any).unwrap();
    assert!(frames.machine().zeroed.lock().unwrap().remove(&frame.number()), "zeroed on demand");
    frames.free_zeroed(frame).unwrap();
    assert_eq!(frames.allocate_zeroed(Zone::Any), Ok(frame));
    assert!(frames.machine().zeroed.lock().unwrap().is_empty(), "not zeroed again");
    // More than can be kept: the background work ends by itself.
    let zeroed = frames.zero_in_background(FrameCount::new(u64::MAX));
    assert!(zeroed.get() > 1000, "{zeroed:?}");
}

/// Has an idle processor go on until nothing is left to do, and returns how many frames it has zeroed.
fn idle<B: Blocks>(frames: &FrameAllocator<'_, Host, B>) -> usize {
    std::iter::from_fn(|| frames.zero_ahead().then_some(())).count()
}

#[test]
fn an_idle_processor_zeroes_what_is_not_warm_and_becomes_quiet() {
    let mut ground = Ground::new(512, &[range(512, 4096)], 1);
    let frames = ground.allocator(1 << 18, ANY);
    assert_eq!(idle(&frames), 0, "nobody has fetched a frame: there is nothing to touch");
    let held: Vec<_> = (0..200).map(|_| frames.allocate(Zone::Window).unwrap()).collect();
    frames.trim().unwrap();
    held.iter().for_each(|frame| frames.free(*frame).unwrap());
    let before = frames.counts();
    assert_eq!((before.cached.get(), before.zeroed.get()), (200, 0));
    assert_eq!(idle(&frames), 64, "enough");
    assert!(!frames.zero_ahead(), "and nothing more, for ever");
    let after = frames.counts();
    assert_eq!((after.cached.get(), after.zeroed.get()), (136, 64));
    assert_eq!(after.available(), before.available());
    // The first one that was freed lies in front of the others, where it comes next; it and the 63 freed last are warm.
    let expected: BTreeSet<_> = held[73..137].iter().map(|frame| frame.number()).collect();
    assert_eq!(*frames.machine().zeroed.lock().unwrap(), expected);
    assert!(held.iter().all(|frame| frames.place_of(*frame) == Place::Cached));
    // Who wants zeros gets these; nothing is zeroed on demand.
    let zeroed: BTreeSet<_> = (0..64).map(|_| frames.allocate_zeroed(Zone::Any).unwrap().number()).collect();
    assert_eq!(zeroed, expected);
    assert_eq!(*frames.machine().zeroed.lock().unwrap(), expected);
    // With 136 others there is something to do again, until 64 are left as they are.
    assert_eq!(idle(&frames), 64);
    assert!((0..8).all(|_| frames.allocate_zeroed(Zone::Any).is_ok()));
    assert_eq!(idle(&frames), 8);
    assert!((0..8).all(|_| frames.allocate_zeroed(Zone::Any).is_ok()));
    assert_eq!(idle(&frames), 0, "64 frames stay for those who want any content");
    assert_eq!((frames.counts().cached.get(), frames.counts().zeroed.get()), (64, 56));
}

#[test]
fn a_reservation_is_kept_whatever_others_take() {
    let mut ground = Ground::new(512, &[range(512, 2048)], 1);
    let frames = ground.allocator(1 << 18, ANY);
    let mut reservation = frames.reserve(FrameCount::new(100), Zone::Any).unwrap();
    let held: Vec<Frame> = std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).collect();
    assert!(frames.reserve(FrameCount::ONE, Zone::Any).is_err());
    let taken: Vec<Frame> = (0..60).map(|_| reservation.take().unwrap()).collect();
    assert!(taken.iter().all(|frame| !held.contains(frame)));
    assert_eq!(reservation.left(), FrameCount::new(40));
    drop(reservation);
    assert_eq!(frames.counts().available().get() - frames.counts().unusable.get(), 40);
    let short = frames.reserve(FrameCount::new(41), Zone::Any).unwrap_err();
    assert_eq!((short.wanted.get(), short.available.get()), (41, 40));
    assert_eq!(frames.reserve(FrameCount::new(40), Zone::Any).unwrap().left().get(), 40);
}

#[test]
fn adopted_frames_count_as_taken_until_they_are_given_back() {
    let mut ground = Ground::with_end(512, &[range(600, 5000)], 1, Frame::new(8192));
    let frames = ground.allocator(1 << 18, ANY);
    // Beside fresh memory, and in blocks that have none.
    for adopted in [range(512, 600), range(6000, 6001), range(7000, 7600)] {
        frames.adopt(adopted).unwrap();
        assert_eq!(frames.place_of(adopted.start()), Place::Taken);
        let again = AdoptError::Crime(FrameCrime::AlreadyFree(adopted.start()));
        assert_eq!(frames.adopt(adopted), Err(again));
    }
    let counts = frames.counts();
    assert_eq!(counts.taken.get(), 88 + 1 + 600 + counts.books.get());
    for adopted in [range(512, 600), range(6000, 6001), range(7000, 7600)] {
        frames.give_back(adopted).unwrap();
        assert_eq!(frames.place_of(adopted.start()), Place::Free);
    }
    assert_eq!(frames.counts().taken, frames.counts().books);
}

#[test]
fn memory_that_nobody_knew_becomes_fresh_and_costs_nothing() {
    let mut ground = Ground::with_end(512, &[range(600, 5000)], 1, Frame::new(1 << 16));
    let frames = ground.allocator(1 << 18, ANY);
    frames.give_back(range(0, 200)).unwrap();
    frames.give_back(range(5000, 60_000)).unwrap();
    let counts = frames.counts();
    assert_eq!(counts.books, FrameCount::ZERO);
    assert_eq!(counts.fresh.get(), 199 + 59_400, "frame 0 stays out");
    let low = frames.allocate(Zone::BelowOneMiB).unwrap();
    assert!((1..200).contains(&low.number()));
    // Into a block that is open by now.
    frames.give_back(range(200, 250)).unwrap();
    assert_eq!(frames.place_of(Frame::new(200)), Place::Free);
    frames.give_back(range(62_000, 62_001)).unwrap();
    frames.give_back(range(60_000, 62_000)).unwrap();
    assert_eq!(frames.counts().known.get(), 249 + 61_401);
}

#[test]
fn full_sets_refuse_what_would_need_another_place() {
    let mut ground = Ground::with_end(512, &[range(600, 5000)], 1, Frame::new(1 << 16));
    let frames = ground.allocator(1 << 18, ANY);
    let refused = (0..20)
        .map(|index| range(6000 + 1024 * index, 6100 + 1024 * index))
        .find_map(|late| frames.give_back(late).err().map(|error| (late, error)));
    let (late, error) = refused.unwrap();
    assert!(matches!(error, AdoptError::NoRoom(full) if full.range == late), "{error:?}");
    assert_eq!(frames.place_of(late.start()), Place::Unknown, "nothing has changed");
    assert!(frames.allocate(Zone::Any).is_ok());
}

#[test]
fn runs_of_opened_memory_are_found_when_nothing_is_fresh() {
    let mut ground = Ground::new(512, &[range(512, 32 * 512)], 1);
    let frames = ground.allocator(1 << 18, ANY);
    let held: Vec<Frame> = std::iter::from_fn(|| frames.allocate(Zone::Any).ok()).collect();
    for frame in held {
        frames.free(frame).unwrap();
    }
    frames.trim().unwrap();
    assert_eq!(frames.counts().fresh, FrameCount::ZERO);
    let request = |count, alignment| RunRequest {
        count: FrameCount::new(count),
        alignment: FrameCount::new(alignment),
        zone: Zone::Any,
    };
    for (count, alignment) in [(1, 1), (300, 256), (512, 512), (513, 1), (2000, 2048), (10 * 512 + 1, 512)] {
        let run = frames.allocate_run(&request(count, alignment)).unwrap();
        assert!(run.start().is_aligned(FrameCount::new(alignment)));
        frames.free_run(run).unwrap();
    }
    assert!(frames.allocate_run(&request(31 * 512, 1)).is_err(), "the books are in the way");
}

#[test]
fn a_processor_without_a_cache_works_all_the_same() {
    let mut ground = Ground::new(512, &[range(512, 4096)], 0);
    let frames = ground.allocator(1 << 18, ANY);
    let frame = frames.allocate(Zone::Any).unwrap();
    let block = frames.allocate_block(Zone::Any).unwrap();
    frames.free(frame).unwrap();
    assert_eq!(frames.free(frame), Err(FrameCrime::AlreadyFree(frame)), "found at once without magazines");
    frames.free_block(block).unwrap();
    assert_eq!(frames.counts().taken, frames.counts().books);
}

#[test]
fn the_first_run_of_all_spares_the_scarce_memory_too() {
    const FOUR_GIB: u64 = 1 << 20;
    for count in [1, 60, 100, 256] {
        let ram = [range(512, 8192), range(FOUR_GIB, FOUR_GIB + 4096)];
        let mut ground = Ground::new(512, &ram, 1);
        let frames = ground.allocator(1 << 18, ANY);
        let request =
            RunRequest { count: FrameCount::new(count), alignment: FrameCount::ONE, zone: Zone::Any };
        let run = frames.allocate_run(&request).unwrap();
        assert!(run.start().number() >= FOUR_GIB, "{run:?}");
    }
}

#[test]
fn where_memory_is_plentiful_fresh_blocks_are_opened_together_and_nothing_is_lost() {
    const BLOCKS: u64 = 400;
    let mut ground = Ground::new(512, &[range(512, BLOCKS * 512)], 1);
    let frames = ground.allocator(8 * 512, ANY);
    let opened = || frames.blocks().opened.lock().unwrap().len();
    // The first one brings the stock of frames for the books.
    let first = frames.allocate_block(Zone::Any).unwrap();
    let before = opened();
    let second = frames.allocate_block(Zone::Any).unwrap();
    assert!(opened() > before + 8, "{} and {before}", opened());
    assert!(!first.overlaps(second));
    // What was opened ahead is free, and whoever frees it is a criminal.
    let cached = range(second.end().number(), second.end().number() + 512);
    assert_eq!(frames.place_of(cached.start()), Place::Cached);
    assert_eq!(frames.free_block(cached), Err(FrameCrime::AlreadyFree(cached.start())));
    let counts = frames.counts();
    assert_eq!(counts.taken.get(), counts.books.get() + 2 * 512);
    // All of memory can be had, each block once, and becomes giants again.
    let mut held: Vec<_> = std::iter::from_fn(|| frames.allocate_block(Zone::Any).ok()).collect();
    held.extend([first, second]);
    held.sort_unstable_by_key(|block| block.start());
    assert!(held.windows(2).all(|pair| pair[0].end() <= pair[1].start()));
    // The others hold books, each perhaps in a giant of its own; no giant has block 0.
    let with_books = BLOCKS - 1 - held.len() as u64;
    assert!(with_books <= BLOCKS * 4 / 448 + 2, "{with_books}");
    for block in held {
        frames.free_block(block).unwrap();
    }
    frames.trim().unwrap();
    let giants = std::iter::from_fn(|| frames.allocate_giant(Zone::Any).ok()).count() as u64;
    assert!(giants >= BLOCKS / 8 - 1 - with_books, "{giants} giants, books in {with_books} blocks");
}

#[test]
fn where_memory_is_scarce_no_block_is_opened_ahead_of_demand() {
    let mut ground = Ground::new(512, &[range(512, 32 * 512)], 1);
    let frames = ground.allocator(8 * 512, ANY);
    for _ in 0..2 {
        frames.allocate_block(Zone::Any).unwrap();
    }
    assert_eq!(frames.blocks().opened.lock().unwrap().len(), 3, "two, and the one with the books");
}

#[test]
fn at_most_a_sixteenth_of_the_fresh_memory_is_opened_ahead_of_demand() {
    const BLOCKS: usize = 299;
    let mut ground = Ground::new(512, &[range(512, (1 + BLOCKS as u64) * 512)], 1);
    let frames = ground.allocator(8 * 512, ANY);
    let (mut before, mut steps, mut with_books) = (0, 0, 0);
    while frames.allocate_block(Zone::Any).is_ok() {
        let opened = frames.blocks().opened.lock().unwrap().len();
        let (now, allowed) = (opened - before, ((BLOCKS - before) / 16).max(1));
        assert!(now <= allowed + 1, "{now} of {}", BLOCKS - before);
        steps += usize::from(now > 0);
        with_books += usize::from(now > allowed);
        before = opened;
    }
    assert_eq!(before, BLOCKS);
    assert!(with_books <= BLOCKS * 4 / 448 + 1, "one more now and then, for the books: {with_books}");
    assert!(steps < BLOCKS / 3, "together while there is much: {steps}");
}
