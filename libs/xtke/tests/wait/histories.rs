//! Random histories of several threads in which every kind of wait meets every kind of signal, in an order that a seed
//! decides. What holds at the end of each is bookkeeping: every signal was used once or is still there, a mutex had one
//! owner at a time, and nobody sleeps who could pass.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use xtke::time::Interval;
use xtke::wait::{
    Event, Handover, INCREMENT, Mutex, Permits, Semaphore, Timeout, WaitError, Waitable, Was, abandon_owned,
    wait, wait_all, wait_any,
};

use crate::sim::{Sim, Started, run, settle, start};

const EVENTS: usize = 3;
const SEMAPHORES: usize = 2;
const MUTEXES: usize = 2;
/// Events first, then semaphores, then mutexes.
const COUNT: usize = EVENTS + SEMAPHORES + MUTEXES;
const WORKERS: usize = 4;
const STEPS: usize = 25;

/// What a worker sleeps for, for whoever looks at the machine at rest.
#[derive(Default)]
struct Sleep {
    objects: std::sync::Mutex<(Vec<usize>, bool)>,
}

struct World {
    events: [Event<Sim>; EVENTS],
    semaphores: [Semaphore<Sim>; SEMAPHORES],
    mutexes: [Pin<Box<Mutex<Sim>>>; MUTEXES],
    /// How many signals each object was given, and how many waits it let pass or were reset away.
    given: [AtomicUsize; COUNT],
    used: [AtomicUsize; COUNT],
    inside: [AtomicBool; MUTEXES],
    abandoned: AtomicUsize,
    told: AtomicUsize,
    sleeps: [Sleep; WORKERS],
}

fn random(state: &mut u64, bound: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 20) as usize % bound
}

impl World {
    fn new() -> Self {
        let permits = Permits::new(0, NonZeroU32::MAX).unwrap();
        Self {
            events: std::array::from_fn(|_| Event::synchronisation()),
            semaphores: std::array::from_fn(|_| Semaphore::new(permits)),
            mutexes: std::array::from_fn(|_| Box::pin(Mutex::new())),
            given: Default::default(),
            used: Default::default(),
            inside: Default::default(),
            abandoned: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            sleeps: Default::default(),
        }
    }

    fn signal(&self, object: usize) {
        if object < EVENTS {
            if self.events[object].set(INCREMENT) == Was::Clear {
                self.given[object].fetch_add(1, Relaxed);
            }
        } else {
            self.semaphores[object - EVENTS].release(1, INCREMENT).unwrap();
            self.given[object].fetch_add(1, Relaxed);
        }
    }

    /// Books what a wait took.
    fn took(&self, object: usize, held: &mut Vec<usize>) {
        self.used[object].fetch_add(1, Relaxed);
        if let Some(mutex) = object.checked_sub(EVENTS + SEMAPHORES) {
            if !held.contains(&mutex) {
                assert!(!self.inside[mutex].swap(true, Relaxed), "two own a mutex");
            }
            held.push(mutex);
        }
    }

    fn release(&self, held: &mut Vec<usize>) {
        if let Some(mutex) = held.pop() {
            let last = !held.contains(&mutex);
            if last {
                assert!(self.inside[mutex].swap(false, Relaxed));
            }
            let left = self.mutexes[mutex].as_ref().release(INCREMENT);
            assert_eq!(left, Ok(held.iter().filter(|other| **other == mutex).count() as u32));
        }
    }

    /// Tells whether an object would let somebody pass who owns nothing.
    fn is_open(&self, object: usize) -> bool {
        match object {
            0..EVENTS => self.events[object].was() == Was::Set,
            _ if object < EVENTS + SEMAPHORES => self.semaphores[object - EVENTS].available() > 0,
            _ => self.mutexes[object - EVENTS - SEMAPHORES].owner().is_none(),
        }
    }

    /// One wait of a worker.
    fn wait(&self, worker: usize, seed: &mut u64, held: &mut Vec<usize>) {
        let mutexes = self.mutexes.each_ref().map(|mutex| mutex.as_ref());
        let object = |number: usize| match number {
            0..EVENTS => &self.events[number] as &dyn Waitable<Sim>,
            _ if number < EVENTS + SEMAPHORES => &self.semaphores[number - EVENTS],
            _ => &mutexes[number - EVENTS - SEMAPHORES],
        };
        let mut numbers: Vec<usize> = (0..COUNT).filter(|_| random(seed, 3) == 0).collect();
        if numbers.is_empty() {
            numbers.push(random(seed, COUNT));
        }
        let rotation = random(seed, numbers.len());
        numbers.rotate_left(rotation);
        // Who owns a mutex waits with a time-out only: two that own what the other wants would sleep for ever.
        let forever = held.is_empty() && random(seed, 2) == 0;
        let timeout = match (forever, random(seed, 4)) {
            (true, _) => Timeout::Never,
            (false, 0) => Timeout::NOW,
            (false, more) => Timeout::After(Interval::new(more as u64)),
        };
        let all = random(seed, 2) == 0;
        let objects: Vec<&dyn Waitable<Sim>> = numbers.iter().map(|number| object(*number)).collect();
        *self.sleeps[worker].objects.lock().unwrap() = (numbers.clone(), all);
        let left = if all {
            wait_all(&objects, timeout)
                .inspect(|_| numbers.iter().for_each(|number| self.took(*number, held)))
        } else if let [only] = objects[..] {
            wait(only, timeout).inspect(|_| self.took(numbers[0], held))
        } else {
            wait_any(&objects, timeout).map(|first| {
                self.took(numbers[first.index], held);
                first.left
            })
        };
        match left {
            Ok(Handover::Orderly) => {}
            Ok(Handover::Abandoned) => _ = self.told.fetch_add(1, Relaxed),
            Err(error) => assert_eq!(error, WaitError::TimedOut),
        }
    }

    fn work(&self, worker: usize, seed: &mut u64) {
        let mut held = Vec::new();
        for _ in 0..STEPS {
            match random(seed, 8) {
                0..3 => self.signal(random(seed, EVENTS + SEMAPHORES)),
                3 => {
                    let event = random(seed, EVENTS);
                    if self.events[event].reset() == Was::Set {
                        self.used[event].fetch_add(1, Relaxed);
                    }
                }
                4..6 => self.wait(worker, seed, &mut held),
                _ => self.release(&mut held),
            }
        }
        held.iter().for_each(|mutex| self.inside[*mutex].store(false, Relaxed));
        held.sort_unstable();
        held.dedup();
        assert_eq!(abandon_owned::<Sim>(INCREMENT), held.len());
        self.abandoned.fetch_add(held.len(), Relaxed);
    }

    /// Checks the machine at rest: who sleeps has reason to.
    fn check_sleepers(&self, workers: &[Started<()>], seed: u64) {
        for (worker, _) in workers.iter().enumerate().filter(|(_, worker)| !worker.has_ended()) {
            let (objects, all) = &*self.sleeps[worker].objects.lock().unwrap();
            let mut open = objects.iter().map(|object| self.is_open(*object));
            let may_pass = if *all { open.all(|open| open) } else { open.any(|open| open) };
            assert!(!may_pass, "seed {seed}: worker {worker} sleeps beside {objects:?}, all: {all}");
        }
    }
}

#[test]
fn every_signal_is_used_once_or_still_there_and_nobody_sleeps_without_reason() {
    let (mut slept, mut told) = (0, 0);
    for seed in 1..=400 {
        run(seed, || {
            let world = Arc::new(World::new());
            let workers: Vec<Started<()>> = (0..WORKERS)
                .map(|worker| {
                    let world = Arc::clone(&world);
                    let mut seed =
                        (seed * WORKERS as u64 + worker as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    start(move || world.work(worker, &mut seed))
                })
                .collect();
            loop {
                settle();
                world.check_sleepers(&workers, seed);
                if workers.iter().all(Started::has_ended) {
                    break;
                }
                slept += 1;
                (0..EVENTS + SEMAPHORES).for_each(|object| world.signal(object));
            }
            workers.into_iter().for_each(Started::result);
            for object in 0..EVENTS + SEMAPHORES {
                let left = match object {
                    0..EVENTS => usize::from(world.is_open(object)),
                    _ => world.semaphores[object - EVENTS].available() as usize,
                };
                let (given, used) = (world.given[object].load(Relaxed), world.used[object].load(Relaxed));
                assert_eq!(given, used + left, "seed {seed}: object {object}");
            }
            assert!(world.mutexes.iter().all(|mutex| mutex.owner().is_none()));
            told += world.told.load(Relaxed);
            assert!(world.told.load(Relaxed) <= world.abandoned.load(Relaxed));
        });
    }
    assert!(slept > 100 && told > 20, "the histories are dull: {slept} rests, {told} abandoned mutexes");
}
