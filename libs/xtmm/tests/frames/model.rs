//! Random actions against a set of frames: nothing is handed out twice, nothing is lost, every frame is in one place.

use std::collections::BTreeSet;

use crate::double::{Allocator, Ground, range};
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::frames::{FrameCrime, FrameError, Place, Reservation, RunRequest, Zone};

const ZONES: [Zone; 4] = [Zone::BelowOneMiB, Zone::BelowFourGiB, Zone::Window, Zone::Any];

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A machine to try: where RAM is, where the window ends, how large blocks and giants are.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) block: u64,
    pub(crate) giant: u64,
    pub(crate) window_end: u64,
    pub(crate) ram: Vec<FrameRange>,
}

impl Shape {
    /// Ragged RAM around 1 MiB, the window's end and 4 GiB, with pieces too small to use.
    pub(crate) fn ragged(block: u64, window_end: u64) -> Self {
        let ram = vec![
            range(1, 0x9F),
            range(0x100, 0x100 + 3 * block + 77),
            range(0x100 + 3 * block + 80, 0x100 + 3 * block + 83),
            range(8 * block - 5, 13 * block),
            range(0xF_FE00 - block, 0xF_FFF0),
            range(0x10_0003, 0x10_0000 + 17 * block + 2),
        ];
        Self { block, giant: 4 * block, window_end, ram }
    }

    fn limit(&self, zone: Zone) -> u64 {
        match zone {
            Zone::BelowOneMiB => 256,
            Zone::BelowFourGiB => 1 << 20,
            Zone::Window => self.window_end,
            Zone::Any => u64::MAX,
        }
    }
}

/// What a test holds.
#[derive(Default)]
struct Held<'a, 'm> {
    singles: Vec<Frame>,
    runs: Vec<FrameRange>,
    blocks: Vec<FrameRange>,
    giants: Vec<FrameRange>,
    reservations: Vec<Reservation<'a, 'm, crate::double::Host, crate::double::Books<'m>>>,
    frames: BTreeSet<u64>,
}

impl Held<'_, '_> {
    fn take(&mut self, shape: &Shape, run: FrameRange, zone: Zone) -> FrameRange {
        assert!(run.end().number() <= shape.limit(zone), "{run:?} is not in {zone:?}");
        assert!(shape.ram.iter().any(|ram| ram.encloses(run)), "{run:?} is no RAM");
        for frame in run.start().number()..run.end().number() {
            assert!(self.frames.insert(frame), "{frame:#x} is handed out twice");
        }
        run
    }

    fn give(&mut self, run: FrameRange) -> FrameRange {
        for frame in run.start().number()..run.end().number() {
            assert!(self.frames.remove(&frame));
        }
        run
    }
}

fn one(frame: Frame) -> FrameRange {
    FrameRange::with_count(frame, FrameCount::ONE)
}

fn pick<T>(random: &mut Random, items: &mut Vec<T>) -> Option<T> {
    let count = items.len() as u64;
    (count > 0).then(|| items.swap_remove(random.below(count) as usize))
}

/// Every frame is where the model says, and the counts say the same.
pub(crate) fn audit(frames: &Allocator<'_>, shape: &Shape, held: &BTreeSet<u64>) {
    let donated = frames.blocks().donated.lock().unwrap().clone();
    let counts = frames.counts();
    assert_eq!(counts.books.get(), donated.len() as u64);
    let total: u64 = shape.ram.iter().map(|ram| ram.count().get()).sum();
    assert_eq!(counts.known.get(), total);
    if cfg!(miri) {
        // Frame by frame takes an interpreter too long.
        assert_eq!(counts.taken.get(), (held.len() + donated.len()) as u64);
        return;
    }
    let (mut taken, mut fresh, mut free, mut cached) = (0, 0, 0, 0);
    for frame in shape.ram.iter().flat_map(|ram| ram.start().number()..ram.end().number()) {
        let place = frames.place_of(Frame::new(frame));
        let is_ours = held.contains(&frame) || donated.contains(&frame);
        assert_eq!(place == Place::Taken, is_ours, "{frame:#x} is {place:?}");
        match place {
            Place::Taken => taken += 1,
            Place::Fresh => fresh += 1,
            Place::Free => free += 1,
            Place::Cached => cached += 1,
            Place::Unknown => panic!("{frame:#x} is not known"),
        }
    }
    assert_eq!(
        (counts.taken.get(), counts.fresh.get(), counts.free.get()),
        (taken, fresh, free),
        "{counts:?}"
    );
    assert_eq!(counts.available().get() - fresh - free, cached);
}

/// Frees a giant in three parts, in any order. What has no room for its books stays held.
fn free_in_parts(frames: &Allocator<'_>, random: &mut Random, held: &mut Held<'_, '_>, giant: FrameRange) {
    let mut cuts = [random.below(giant.count().get()), random.below(giant.count().get())];
    // Often at the border of a block.
    cuts.iter_mut().for_each(|cut| *cut &= if random.below(2) == 0 { !0x1FF } else { !0 });
    cuts.sort_unstable();
    let [low, high] = cuts.map(|cut| Frame::new(giant.start().number() + cut));
    let mut parts: Vec<FrameRange> = [(giant.start(), low), (low, high), (high, giant.end())]
        .into_iter()
        .map(|(start, end)| FrameRange::new(start, end).unwrap())
        .collect();
    while let Some(part) = pick(random, &mut parts) {
        match frames.free_run(part) {
            Ok(()) => {
                held.give(part);
            }
            Err(FrameCrime::Indivisible(refused)) => {
                assert!(part.encloses(refused));
                held.runs.push(part);
            }
            Err(crime) => panic!("{crime}"),
        }
    }
}

fn act<'a, 'm>(frames: &'a Allocator<'m>, shape: &Shape, random: &mut Random, held: &mut Held<'a, 'm>) {
    let zone = ZONES[random.below(4) as usize];
    match random.below(15) {
        0 | 1 => {
            for _ in 0..random.below(200) {
                let Ok(frame) = frames.allocate(zone) else { break };
                held.take(shape, one(frame), zone);
                held.singles.push(frame);
            }
        }
        2 | 3 => {
            for _ in 0..random.below(250) {
                let Some(frame) = pick(random, &mut held.singles) else { break };
                held.give(one(frame));
                frames.free(frame).unwrap();
            }
        }
        4 => {
            if let Ok(frame) = frames.allocate_zeroed(zone) {
                held.take(shape, one(frame), zone);
                held.singles.push(frame);
            }
        }
        5 => {
            if let Some(frame) = pick(random, &mut held.singles) {
                held.give(one(frame));
                frames.free_zeroed(frame).unwrap();
            }
        }
        6 => {
            let count = FrameCount::new(1 + random.below(3 * shape.block));
            let request = RunRequest { count, alignment: FrameCount::new(1 << random.below(12)), zone };
            if let Ok(run) = frames.allocate_run(&request) {
                assert!(run.start().is_aligned(request.alignment) && run.count() == count);
                let run = held.take(shape, run, zone);
                held.runs.push(run);
            }
        }
        7 => {
            let order = random.below(u64::from(shape.giant.ilog2()) + 1) as u32;
            if let Ok(run) = frames.allocate_order(order, zone) {
                assert!(run.start().is_aligned(run.count()) && run.count().get() == 1 << order);
                let run = held.take(shape, run, zone);
                held.runs.push(run);
            }
        }
        8 => {
            if let Some(run) = pick(random, &mut held.runs) {
                // In two parts, the upper one first.
                let cut = Frame::new(run.start().number() + random.below(run.count().get()));
                for part in [FrameRange::new(cut, run.end()), FrameRange::new(run.start(), cut)] {
                    let part = part.unwrap();
                    match frames.free_run(part) {
                        Ok(()) => {
                            held.give(part);
                        }
                        // It may be part of a giant.
                        Err(FrameCrime::Indivisible(_)) => held.runs.push(part),
                        Err(crime) => panic!("{crime}"),
                    }
                }
            }
        }
        9 => {
            if let Ok(block) = frames.allocate_block(zone) {
                assert!(block.start().is_aligned(block.count()) && block.count().get() == shape.block);
                let block = held.take(shape, block, zone);
                held.blocks.push(block);
            }
        }
        10 => {
            if let Some(block) = pick(random, &mut held.blocks) {
                let block = held.give(block);
                if random.below(4) == 0 {
                    for frame in block.start().number()..block.end().number() {
                        frames.free(Frame::new(frame)).unwrap();
                    }
                } else {
                    frames.free_block(block).unwrap();
                }
            }
        }
        11 => {
            if random.below(2) == 0
                && let Ok(giant) = frames.allocate_giant(zone)
            {
                let giant = held.take(shape, giant, zone);
                held.giants.push(giant);
            } else if let Some(giant) = pick(random, &mut held.giants) {
                if random.below(2) == 0 {
                    frames.free_giant(held.give(giant)).unwrap();
                } else {
                    free_in_parts(frames, random, held, giant);
                }
            }
        }
        12 => {
            if random.below(2) == 0
                && let Ok(mut reservation) = frames.reserve(FrameCount::new(random.below(40)), zone)
            {
                for _ in 0..random.below(20) {
                    let Some(frame) = reservation.take() else { break };
                    held.take(shape, one(frame), zone);
                    held.singles.push(frame);
                }
                held.reservations.push(reservation);
            } else {
                drop(pick(random, &mut held.reservations));
            }
        }
        13 => {
            frames.zero_in_background(FrameCount::new(random.below(100)));
            (0..random.below(100)).for_each(|_| {
                frames.zero_ahead();
            });
        }
        _ => {
            if random.below(8) == 0 {
                frames.trim().unwrap();
            }
        }
    }
}

fn run(shape: &Shape, seed: u64, steps: u64) {
    let mut ground = Ground::new(shape.block, &shape.ram, 1);
    let frames = ground.allocator(shape.giant, shape.window_end);
    let mut random = Random(seed);
    let mut held = Held::default();
    for step in 0..steps {
        act(&frames, shape, &mut random, &mut held);
        if step % (steps / 4) == 0 {
            // What reservations hold is taken, but not known to the model.
            held.reservations.clear();
            audit(&frames, shape, &held.frames);
        }
    }
    held.reservations.clear();
    let Held { singles, runs, blocks, giants, .. } = held;
    singles.into_iter().for_each(|frame| frames.free(frame).unwrap());
    blocks.into_iter().for_each(|block| frames.free_block(block).unwrap());
    giants.into_iter().for_each(|giant| frames.free_giant(giant).unwrap());
    // Last, for among them are parts of giants that had no room for their books.
    runs.into_iter().for_each(|run| frames.free_run(run).unwrap());
    frames.trim().unwrap();
    audit(&frames, shape, &BTreeSet::new());
    let counts = frames.counts();
    assert_eq!(counts.available().get() + counts.books.get(), counts.known.get(), "nothing is lost");
}

/// Runs random actions for a number of seeds.
fn runs(shape: &Shape) {
    let (seeds, steps) = if cfg!(miri) { (1, 40) } else { (30, 800) };
    for seed in 0..seeds {
        run(shape, seed, steps);
    }
}

#[test]
fn random_actions_with_blocks_of_2_mib_and_all_in_the_window() {
    runs(&Shape::ragged(512, u64::MAX));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn random_actions_with_blocks_of_2_mib_and_a_small_window() {
    runs(&Shape::ragged(512, 10 * 512 + 3));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn random_actions_with_blocks_of_2_mib_and_a_window_across_4_gib() {
    runs(&Shape::ragged(512, 0x10_0000 + 4 * 512));
}

#[test]
#[cfg_attr(miri, ignore = "slow")]
fn random_actions_with_blocks_of_4_mib() {
    runs(&Shape::ragged(1024, 10 * 1024));
}

#[test]
fn everything_is_handed_out_and_everything_comes_back() {
    for shape in [Shape::ragged(512, u64::MAX), Shape::ragged(1024, 9 * 1024)] {
        let mut ground = Ground::new(shape.block, &shape.ram, 1);
        let frames = ground.allocator(shape.giant, shape.window_end);
        let mut books = None;
        for _ in 0..3 {
            let mut held = BTreeSet::new();
            let short = loop {
                match frames.allocate(Zone::Any) {
                    Ok(frame) => assert!(held.insert(frame.number())),
                    Err(short) => break short,
                }
            };
            assert_eq!(short.wanted, FrameCount::ONE);
            let counts = frames.counts();
            assert_eq!(counts.available(), counts.unusable, "only what is not worth it stays");
            assert!(counts.unusable.get() <= 3 * 4, "{counts:?}");
            audit(&frames, &shape, &held);
            assert_eq!(*books.get_or_insert(counts.books), counts.books, "a block is opened once");
            for frame in held {
                frames.free(Frame::new(frame)).unwrap();
            }
            frames.trim().unwrap();
        }
        audit(&frames, &shape, &BTreeSet::new());
    }
}

#[test]
fn senseless_requests_are_refused() {
    let shape = Shape::ragged(512, u64::MAX);
    let mut ground = Ground::new(shape.block, &shape.ram, 1);
    let frames = ground.allocator(shape.giant, shape.window_end);
    let request = |count, alignment| RunRequest {
        count: FrameCount::new(count),
        alignment: FrameCount::new(alignment),
        zone: Zone::Any,
    };
    assert_eq!(frames.allocate_run(&request(0, 1)), Err(FrameError::NothingWanted));
    for alignment in [0, 3, u64::MAX] {
        let expected = Err(FrameError::Alignment(FrameCount::new(alignment)));
        assert_eq!(frames.allocate_run(&request(1, alignment)), expected);
    }
    for (count, alignment) in [(u64::MAX, 1), (1 << 52, 1 << 63), (1, 1 << 63), (u64::MAX - 511, 512)] {
        let refused = frames.allocate_run(&request(count, alignment));
        assert!(matches!(refused, Err(FrameError::OutOfFrames(_))), "{refused:?}");
    }
    for order in [12, 63, 64, u32::MAX] {
        assert_eq!(frames.allocate_order(order, Zone::Any), Err(FrameError::Order(order)));
    }
    assert!(frames.reserve(FrameCount::new(u64::MAX), Zone::Any).is_err());
    assert!(frames.reserve(FrameCount::ZERO, Zone::BelowOneMiB).is_ok());
    frames.trim().unwrap();
    audit(&frames, &shape, &BTreeSet::new());
}
