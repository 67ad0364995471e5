//! The wheel against an ordered map of the standard library.

extern crate std;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::{Entry, LEVELS, SLOTS, Wheel};
use crate::time::Instant;
use core::ptr::NonNull;

/// A wheel, its entries, and what should be in it: by moment and order of insertion.
struct Bench {
    wheel: Box<Wheel>,
    owned: Box<[Entry]>,
    model: BTreeMap<(u64, u64), usize>,
    places: Vec<Option<(u64, u64)>>,
    order: u64,
    now: u64,
    random: u64,
}

impl Bench {
    fn new(entries: usize, seed: u64) -> Self {
        Self {
            wheel: Box::new(Wheel::new()),
            owned: (0..entries).map(|_| Entry::new()).collect(),
            model: BTreeMap::new(),
            places: std::vec![None; entries],
            order: 0,
            now: 0,
            random: seed | 1,
        }
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn pointer(&self, which: usize) -> NonNull<Entry> {
        NonNull::from(&self.owned[which])
    }

    fn insert(&mut self, which: usize, due: u64) {
        self.order += 1;
        // What is due in the past is due now, after what was there before.
        let key = (due.max(self.now), self.order);
        self.places[which] = Some(key);
        self.model.insert(key, which);
        let pointer = self.pointer(which);
        // SAFETY: the bench inserts what is nowhere, and keeps its entries longer than the wheel.
        unsafe { self.wheel.insert(pointer, Instant::new(due)) };
    }

    fn remove(&mut self, which: usize) {
        let key = self.places[which].take();
        let pointer = self.pointer(which);
        // SAFETY: there is no other wheel.
        let was = unsafe { self.wheel.remove(pointer) };
        assert_eq!(was, Ok(key.is_some()));
        if let Some(key) = key {
            self.model.remove(&key);
        }
    }

    fn pop(&mut self, now: u64) -> Option<usize> {
        let popped = self.wheel.pop(Instant::new(now)).unwrap();
        let first = self.model.first_key_value().map(|(key, which)| (*key, *which));
        let due = first.filter(|((due, _), _)| *due <= now);
        assert_eq!(popped, due.map(|(_, which)| self.pointer(which)));
        let (key, which) = due?;
        self.now = self.now.max(key.0);
        self.model.remove(&key);
        self.places[which] = None;
        Some(which)
    }

    fn advance(&mut self, now: u64) {
        while self.pop(now).is_some() {}
        self.now = now;
        let first = self.model.first_key_value().map(|((due, _), _)| *due);
        let earliest = self.wheel.earliest().map(Instant::units);
        assert_eq!(earliest.is_some(), first.is_some());
        assert!(
            earliest <= first && earliest.is_none_or(|earliest| earliest > now),
            "{earliest:?} {first:?} {now}"
        );
    }
}

fn rounds(full: usize) -> usize {
    if cfg!(miri) { full / 500 } else { full }
}

#[test]
fn a_hundred_thousand_random_operations_agree_with_an_ordered_map() {
    for (seed, spread) in [(1, 8), (2, 14), (3, 20), (4, 40), (5, 64)] {
        let mut bench = Bench::new(200, seed * 0x9E37_79B9);
        for _ in 0..rounds(100_000) {
            let which = bench.random() as usize % 200;
            let bits = 1 + bench.random() as u32 % spread;
            let distance = bench.random() >> (64 - bits);
            match bench.random() % 8 {
                0..4 if bench.places[which].is_none() => {
                    bench.insert(which, bench.now.saturating_add(distance))
                }
                4 if bench.places[which].is_none() => bench.insert(which, bench.now.saturating_sub(distance)),
                0..7 => bench.remove(which),
                _ => bench.advance(bench.now.saturating_add(distance >> (bits / 2)).min(u64::MAX - 1)),
            }
        }
        bench.advance(u64::MAX);
        assert!(bench.model.is_empty() && bench.wheel.earliest().is_none());
    }
}

#[test]
fn the_moments_around_each_digit_and_the_end_of_time_come_in_order() {
    let mut moments: Vec<u64> = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).collect();
    moments.extend([u64::MAX - 1, u64::MAX, u64::MAX]);
    let mut bench = Bench::new(moments.len(), 7);
    for (which, &due) in moments.iter().enumerate().rev() {
        bench.insert(which, due);
    }
    for now in moments {
        bench.advance(now.min(u64::MAX - 1));
    }
    assert_eq!(bench.model.len(), 2, "what is due at the end of time is left");
    assert_eq!(bench.wheel.earliest(), Some(Instant::NEVER));
}

#[test]
fn equal_moments_leave_in_the_order_of_arrival_however_early_they_came() {
    let mut bench = Bench::new(3, 7);
    let due = 1 << 40;
    bench.insert(2, due);
    bench.advance(due - 5_000);
    bench.insert(0, due);
    bench.advance(due - 3);
    bench.insert(1, due);
    assert_eq!([bench.pop(due), bench.pop(due), bench.pop(due)], [Some(2), Some(0), Some(1)]);
}

#[test]
fn an_entry_moves_less_often_than_there_are_levels_and_a_lonely_one_not_at_all() {
    let mut bench = Bench::new(2, 7);
    bench.insert(0, 1 << 60);
    bench.advance(1 << 60);
    assert_eq!(bench.wheel.moves(), 1);
    // Two of one moment keep each other company down to the lowest level.
    let due = u64::MAX - 1;
    bench.insert(0, due);
    bench.insert(1, due);
    for step in (0..64).rev() {
        bench.advance(due.saturating_sub(1 << step).max(bench.now));
    }
    bench.advance(due);
    assert!(bench.wheel.moves() <= 1 + 2 * LEVELS as u64, "{}", bench.wheel.moves());
}

/// What the choice of the wheel rests on: moves for each timer, in a load of time-outs and in one where all are due.
#[test]
fn time_outs_cost_one_move_and_timers_that_are_due_only_a_few() {
    let mut bench = Bench::new(1_000, 11);
    let count = rounds(200_000) as u64;
    for step in 0..count {
        let which = (step % 1_000) as usize;
        bench.remove(which);
        let distance = 100_000_000 + bench.random() % 100_000_000;
        bench.insert(which, bench.now + distance);
        bench.advance(bench.now + 10_000);
    }
    let time_outs = bench.wheel.moves() as f64 / count as f64;
    for which in 0..1_000 {
        bench.remove(which);
    }
    let (before, mut inserted) = (bench.wheel.moves(), 0);
    for _ in 0..count / 100 {
        for which in 0..100 {
            if bench.places[which].is_none() {
                let distance = bench.random() % 2_000_000;
                bench.insert(which, bench.now + distance);
                inserted += 1;
            }
        }
        bench.advance(bench.now + 156_250);
    }
    let due = (bench.wheel.moves() - before) as f64 / f64::from(inserted);
    std::println!(
        "moves a timer: {time_outs:.2} when cancelled, {due:.2} when due; {} slots",
        LEVELS * SLOTS
    );
    assert!(time_outs < 1.5 && due < 4.0, "{time_outs} {due}");
}
