//! Threads that really overlap: each processor is a thread of the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use xtke::platform::{Boost, Parking, Platform};
use xtke::sched::{CpuSet, Policy, Priority, Switching};
use xtke::{CpuIndex, RunLevel};

use crate::support::host::{Host, Machine, join, me, spawn, spawn_on};

const ROUNDS: usize = if cfg!(miri) { 20 } else { 20_000 };
const POLICY: Policy = Policy { quantum: 1, starvation: 20 };

/// A generator of numbers that look random; each thread has its own.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Waits until something holds, letting others run.
fn until(what: impl Fn() -> bool) {
    while !what() {
        Host::scheduler().yield_now();
        Host::relax();
    }
}

fn all_comes_back(machine: &'static Machine, before: i64) {
    until(|| machine.in_use() == before);
    let counts = machine.scheduler.counts();
    assert_eq!(counts.lingering(), 0);
}

#[test]
fn two_threads_wake_each_other_and_no_wake_up_is_lost() {
    for cpus in [1, 2, 3] {
        Machine::run(cpus, POLICY, |_| {
            let turn = Arc::new(AtomicUsize::new(0));
            let mine = Arc::clone(&turn);
            let main = Host::scheduler().find(me().id()).unwrap();
            let other = spawn("other", 8, move || {
                for round in 0..ROUNDS {
                    while mine.load(Ordering::Acquire) != 2 * round + 1 {
                        Host::park();
                    }
                    mine.store(2 * round + 2, Ordering::Release);
                    Host::unpark(&main, Boost::new((round % 3) as u8));
                }
            });
            for round in 0..ROUNDS {
                turn.store(2 * round + 1, Ordering::Release);
                Host::unpark(&other, Boost::NONE);
                while turn.load(Ordering::Acquire) != 2 * round + 2 {
                    Host::park();
                }
            }
            join(&other);
        });
    }
}

#[test]
fn threads_that_do_everything_at_once_lose_nothing() {
    for (cpus, seed) in [(2, 1), (3, 2), (4, 3)] {
        Machine::run(cpus, POLICY, move |machine| {
            const CROWD: usize = 6;
            let before = machine.in_use();
            let done = Arc::new(AtomicBool::new(false));
            let progress: Arc<[AtomicU32; CROWD]> = Arc::default();
            let crowd: Vec<_> = (0..CROWD)
                .map(|number| {
                    let (done, progress) = (Arc::clone(&done), Arc::clone(&progress));
                    spawn("one of the crowd", 7 + (number % 3) as u8, move || {
                        let mut dice = Dice(seed * 100 + number as u64);
                        while !done.load(Ordering::Relaxed) {
                            match dice.roll(4) {
                                0 => Host::park(),
                                1 => drop(Host::scheduler().yield_now()),
                                2 => drop(Host::raise(RunLevel::Dispatch)),
                                _ => Host::relax(),
                            }
                            progress[number].fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            let scheduler = Host::scheduler();
            let mut dice = Dice(seed);
            for _ in 0..ROUNDS {
                let thread = &crowd[dice.roll(CROWD)];
                match dice.roll(8) {
                    0 => drop(scheduler.set_priority(thread, Priority::new(5 + dice.roll(6) as u8).unwrap())),
                    1 => {
                        let set = CpuSet::from_bits(1 + dice.roll((1 << cpus) - 1));
                        scheduler.set_affinity(thread, set).unwrap();
                    }
                    2 => {
                        scheduler.suspend(thread).unwrap();
                        Host::unpark(thread, Boost::new(2));
                        assert!(scheduler.resume(thread) > 0);
                    }
                    3 => machine.tick_all(),
                    _ => Host::unpark(thread, Boost::new(dice.roll(3) as u8)),
                }
                Host::relax();
            }
            done.store(true, Ordering::Relaxed);
            for thread in &crowd {
                scheduler.set_affinity(thread, CpuSet::ALL).unwrap_or(CpuSet::ALL);
                Host::unpark(thread, Boost::NONE);
                join(thread);
            }
            assert!(progress.iter().all(|count| count.load(Ordering::Relaxed) > 0), "{progress:?}");
            drop(crowd);
            all_comes_back(machine, before);
        });
    }
}

#[test]
fn threads_are_created_and_end_everywhere_and_all_memory_comes_back() {
    Machine::run(3, POLICY, |machine| {
        let before = machine.in_use();
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..ROUNDS / 20 {
            let generation: Vec<_> = (0..4)
                .map(|cpu| {
                    let count = Arc::clone(&count);
                    spawn_on(CpuSet::from_bits(usize::MAX << (cpu % 3)), "short", 8, move || {
                        let count_too = Arc::clone(&count);
                        let child = spawn("shorter", 9, move || {
                            count_too.fetch_add(1, Ordering::Relaxed);
                        });
                        join(&child);
                        count.fetch_add(1, Ordering::Relaxed);
                    })
                })
                .collect();
            generation.iter().for_each(|thread| join(thread));
        }
        assert_eq!(count.load(Ordering::Relaxed), ROUNDS / 20 * 8);
        all_comes_back(machine, before);
    });
}

#[test]
fn work_that_is_there_is_spread_over_all_processors() {
    Machine::run(4, POLICY, |_| {
        let met = Arc::new(AtomicUsize::new(0));
        // Each waits for the others at Dispatch, which works only if they run at the same time.
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let met = Arc::clone(&met);
                spawn("one of three", 8, move || {
                    met.fetch_add(1, Ordering::SeqCst);
                    let _raised = Host::raise(RunLevel::Dispatch);
                    while met.load(Ordering::SeqCst) < 3 {
                        Host::relax();
                    }
                })
            })
            .collect();
        threads.iter().for_each(|thread| join(thread));
    });
}

#[test]
fn a_thread_is_where_its_affinity_says_when_it_changed_it_itself() {
    Machine::run(4, POLICY, |_| {
        let thread = spawn("wanderer", 8, || {
            for round in 0..ROUNDS {
                let cpu = CpuIndex::new(round % 4);
                Host::scheduler().set_affinity(me(), CpuSet::of(cpu)).unwrap();
                assert_eq!(Host::cpu(), cpu);
            }
        });
        join(&thread);
    });
}

#[test]
fn on_one_processor_the_same_program_runs_the_same_way() {
    let history = || {
        Machine::run(1, POLICY, |machine| {
            let log = Arc::new(std::sync::Mutex::new(Vec::new()));
            let threads: Vec<_> = (0..3)
                .map(|number| {
                    let log = Arc::clone(&log);
                    spawn("logger", 8, move || {
                        for step in 0..5 {
                            log.lock().unwrap().push((number, step));
                            if step == number {
                                Host::scheduler().yield_now();
                            }
                            machine.tick(0);
                            Host::relax();
                        }
                    })
                })
                .collect();
            threads.iter().for_each(|thread| join(thread));
            let log = log.lock().unwrap().clone();
            assert_eq!(log.len(), 15);
            log
        })
    };
    assert_eq!(history(), history());
}
