//! Timers that several processors arm, cancel and free at the same time.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use xtke::platform::Platform;
use xtke::time::{Action, Due, Expiry, Interval, Repeat, Timer};

use crate::host::{CPUS, Host, Machine, serve};

/// A timer that is freed by another processor than the one that does it.
type Freed = Pin<Box<Timer<Host, Counter>>>;

/// Counts its runs, and finds a run after its owner took it away.
struct Counts {
    runs: AtomicUsize,
    gone: AtomicBool,
}

struct Counter(Arc<Counts>);

impl Action for Counter {
    fn due(&self, _: Expiry) {
        assert!(!self.0.gone.load(Ordering::SeqCst), "it was waited for");
        self.0.runs.fetch_add(1, Ordering::SeqCst);
    }
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn each_arming_is_done_or_cancelled_whoever_does_it() {
    const ROUNDS: usize = 20_000;
    let machine = Machine::start();
    let counts: Vec<Arc<Counts>> = (0..3 * CPUS)
        .map(|_| Arc::new(Counts { runs: AtomicUsize::new(0), gone: AtomicBool::new(false) }))
        .collect();
    let timers: Vec<_> =
        counts.iter().map(|count| Arc::pin(Timer::<Host, _>::new(Counter(Arc::clone(count))))).collect();
    let (armed, cancelled, time) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for cpu in 0..CPUS {
            let (timers, armed, cancelled, time) = (&timers, &armed, &cancelled, &time);
            scope.spawn(move || {
                machine.enter(cpu);
                let mut seed = cpu as u64 + 1;
                for _ in 0..ROUNDS {
                    // Of the last ones anybody may take what another one arms to himself, uncounted; of the others each
                    // processor arms its own.
                    let which = random(&mut seed) as usize % timers.len();
                    let (timer, counted) = (&timers[which], usize::from(which < 2 * CPUS));
                    match random(&mut seed) % 4 {
                        0 | 1 if counted == 0 || which % CPUS == cpu => {
                            let due = Due::After(Interval::new(random(&mut seed) % 50));
                            if timer.as_ref().arm(due, Repeat::Once) {
                                cancelled.fetch_add(counted, Ordering::Relaxed);
                            }
                            armed.fetch_add(counted, Ordering::Relaxed);
                        }
                        2 if timer.cancel() => _ = cancelled.fetch_add(counted, Ordering::Relaxed),
                        _ => machine.advance(time.fetch_add(1, Ordering::Relaxed)),
                    }
                }
            });
        }
    });
    for cpu in 0..CPUS {
        machine.enter(cpu);
        machine.advance(u64::MAX / 2);
    }
    let runs: usize = counts.iter().take(2 * CPUS).map(|count| count.runs.load(Ordering::SeqCst)).sum();
    assert_eq!(armed.into_inner(), cancelled.into_inner() + runs);
    assert!(runs > 100, "{runs}");
}

#[test]
fn a_timer_is_freed_while_its_processor_is_about_to_do_it() {
    const ROUNDS: usize = 1_000;
    let machine = Machine::start();
    let over = AtomicBool::new(false);
    let slot: Mutex<Option<Freed>> = Mutex::new(None);
    let mut done = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            machine.enter(1);
            let mut seed = 9;
            while !over.load(Ordering::Relaxed) {
                if let Some(timer) = &*slot.lock().unwrap() {
                    timer.as_ref().arm(Due::After(Interval::new(random(&mut seed) % 3)), Repeat::Once);
                }
                machine.timers(1).advance(Host::now());
                serve();
                // The other one wants the slot, too.
                std::thread::yield_now();
            }
        });
        for round in 0..ROUNDS {
            let count = Arc::new(Counts { runs: AtomicUsize::new(0), gone: AtomicBool::new(false) });
            *slot.lock().unwrap() = Some(Box::pin(Timer::new(Counter(Arc::clone(&count)))));
            machine.advance(round as u64);
            std::thread::yield_now();
            let timer = slot.lock().unwrap().take();
            drop(timer);
            count.gone.store(true, Ordering::SeqCst);
            done += usize::from(count.runs.load(Ordering::SeqCst) != 0);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(done > 0, "no timer was ever done");
}
