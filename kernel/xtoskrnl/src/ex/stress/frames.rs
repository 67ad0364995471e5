//! Frames through every interface of the allocator: zones, orders, blocks, giants, runs, reservations, zeroed ones.

use arrayvec::ArrayVec;
use xtcore::{Frame, FrameCount, FrameRange};
use xtmm::frames::{Counts, RunRequest, Zone};

use super::random::Random;
use super::{Complaint, check};
use crate::mm::{Memory, Piece, Taken};

/// Steps of a run.
const STEPS: u64 = 4_000;

/// Pieces that are held at once.
const HELD: usize = 64;

/// The frames at 1 MiB and 4 GiB.
const ONE_MIB: Frame = Frame::new(1 << 8);
const FOUR_GIB: Frame = Frame::new(1 << 20);

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let mut operations = singles(memory, random)?;
    operations += runs(memory, random)?;
    operations += reservations(memory)?;
    operations += zeroed(memory)?;
    Ok(operations)
}

/// Single frames, blocks and giants of random zones, written and compared.
fn singles(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let mut held = ArrayVec::<Taken, HELD>::new();
    for step in 0..STEPS {
        if held.is_full() || (random.below(2) == 0 && !held.is_empty()) {
            let index = random.below(held.len() as u64) as usize;
            let taken = held.swap_remove(index);
            let first = taken.frames().start();
            let wrong = taken.count_unlike(first, first.number() as usize);
            check(wrong == 0, "a frame lost what was written", [first.number(), wrong as u64])?;
            free(taken)?;
            continue;
        }
        let zone = match random.below(8) {
            0 => Zone::BelowOneMiB,
            1 => Zone::BelowFourGiB,
            2 => Zone::Window,
            _ => Zone::Any,
        };
        let piece = match random.below(64) {
            0 => Piece::Giant,
            1..4 => Piece::Block,
            _ => Piece::Single,
        };
        // A small machine has no giant, and few frames below 1 MiB.
        let Ok(mut taken) = Taken::new(memory, piece, zone) else { continue };
        let frames = taken.frames();
        let end = match zone {
            Zone::BelowOneMiB => ONE_MIB,
            Zone::BelowFourGiB => FOUR_GIB,
            Zone::Window | Zone::Any => Frame::new(u64::MAX),
        };
        let is_right = frames.end() <= end && frames.start() != Frame::new(0);
        // The window shows all frames up to some last one, so the last one of a piece tells of all.
        let last = Frame::new(frames.end().number().saturating_sub(1));
        let is_shown = zone != Zone::Window || memory.reach().is_in_window(last);
        check(is_right && is_shown, "a frame of another zone", [frames.start().number(), step])?;
        check(
            frames.start().is_aligned(frames.count()),
            "a piece is not aligned",
            [frames.start().number(), step],
        )?;
        let first = FrameRange::with_count(frames.start(), FrameCount::ONE);
        taken.fill(first, frames.start().number() as usize);
        // The list was found to have room.
        let _ = held.try_push(taken);
    }
    while let Some(taken) = held.pop() {
        free(taken)?;
    }
    Ok(STEPS)
}

fn free(taken: Taken) -> Result<(), Complaint> {
    let first = taken.frames().start().number();
    taken.give_back().map_err(|_| Complaint::new("a frame could not be freed", [first, 0]))
}

/// Powers of two and odd runs with alignments, and requests that make no sense.
fn runs(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let frames = memory.frames();
    let mut operations = 0;
    let mut held = ArrayVec::<FrameRange, HELD>::new();
    for _ in 0..STEPS / 8 {
        operations += 1;
        if held.is_full() || (random.below(2) == 0 && !held.is_empty()) {
            let index = random.below(held.len() as u64) as usize;
            let range = held.swap_remove(index);
            frames
                .free_run(range)
                .map_err(|_| Complaint::new("a run could not be freed", [range.start().number(), 0]))?;
            continue;
        }
        let order = random.below(10) as u32;
        let alignment = FrameCount::new(1 << random.below(7));
        let count = FrameCount::new(1 + random.below(200));
        let taken = if random.below(2) == 0 {
            frames
                .allocate_order(order, Zone::Any)
                .map(|range| (range, FrameCount::new(1 << order), FrameCount::new(1 << order)))
        } else {
            let request = RunRequest { count, alignment, zone: Zone::Any };
            frames.allocate_run(&request).map(|range| (range, count, alignment))
        };
        let Ok((range, count, alignment)) = taken else { continue };
        let fits = range.count() == count && range.start().is_aligned(alignment);
        check(fits, "a run is not what was asked for", [range.start().number(), count.get()])?;
        let free_of_others = !held.iter().any(|other| other.overlaps(range));
        check(free_of_others, "a run was given out twice", [range.start().number(), count.get()])?;
        let _ = held.try_push(range);
    }
    while let Some(range) = held.pop() {
        frames
            .free_run(range)
            .map_err(|_| Complaint::new("a run could not be freed", [range.start().number(), 1]))?;
    }
    for (count, alignment) in [(0, 1), (u64::MAX, 1), (1, 3), (1, u64::MAX), (u64::MAX, 1 << 63)] {
        let request = RunRequest {
            count: FrameCount::new(count),
            alignment: FrameCount::new(alignment),
            zone: Zone::Any,
        };
        check(frames.allocate_run(&request).is_err(), "nonsense was given out", [count, alignment])?;
        operations += 1;
    }
    Ok(operations)
}

/// Reservations: used up, used in part, too large.
fn reservations(memory: &'static Memory) -> Result<u64, Complaint> {
    let frames = memory.frames();
    let before = frames.counts();
    for count in [1, 7, 100, 1000] {
        let count = FrameCount::new(count);
        let Ok(mut reservation) = frames.reserve(count, Zone::Any) else { continue };
        for _ in 0..count.get() / 2 {
            let Some(frame) = reservation.take() else {
                return Err(Complaint::new("a reservation was short", [count.get(), 0]));
            };
            frames
                .free(frame)
                .map_err(|_| Complaint::new("a reserved frame could not be freed", [frame.number(), 0]))?;
        }
    }
    check(
        frames.reserve(FrameCount::new(u64::MAX), Zone::Any).is_err(),
        "all of memory was reserved",
        [0, 0],
    )?;
    let after = frames.counts();
    let of = |counts: &Counts| counts.available().saturating_add(counts.books);
    // What opening blocks has used is in their books.
    check(of(&after) == of(&before), "reservations lost memory", [of(&before).get(), of(&after).get()])?;
    Ok(8)
}

/// Frames that must be zero are.
fn zeroed(memory: &'static Memory) -> Result<u64, Complaint> {
    const FRAMES: usize = 32;
    let mut held = ArrayVec::<Taken, FRAMES>::new();
    while !held.is_full() {
        let Ok(mut taken) = Taken::new(memory, Piece::Single, Zone::Any) else { break };
        let all = taken.frames();
        taken.fill(all, usize::MAX);
        let _ = held.try_push(taken);
    }
    while let Some(taken) = held.pop() {
        free(taken)?;
    }
    // What is kept zeroed already would leave nothing to do.
    memory.trim();
    let wanted = FrameCount::new(FRAMES as u64 / 2);
    let done = memory.frames().zero_in_background(wanted);
    check(done == wanted, "frames were not zeroed ahead of demand", [done.get(), wanted.get()])?;
    for nth in 0..FRAMES as u64 {
        let none = |_| Complaint::new("there was no zeroed frame", [nth, FRAMES as u64]);
        let taken = Taken::zeroed(memory, Zone::Any).map_err(none)?;
        let first = taken.frames().start();
        let wrong = taken.count_unlike(first, 0);
        check(wrong == 0, "a zeroed frame is not", [first.number(), wrong as u64])?;
        let _ = held.try_push(taken);
    }
    while let Some(taken) = held.pop() {
        free(taken)?;
    }
    Ok(3 * FRAMES as u64 + done.get())
}
