//! Deferred procedure calls that several processors insert, remove and free at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use xtke::CpuIndex;
use xtke::defer::{Dpc, Importance, Target, flush};
use xtke::platform::Platform;

use crate::host::{CPUS, Host, Machine};

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn each_insertion_runs_once_or_is_removed() {
    const ROUNDS: usize = 10_000;
    let machine = Machine::start();
    let runs = Arc::new(AtomicUsize::new(0));
    // The last ones are each of one processor, which alone inserts them, elsewhere, and waits for them.
    let calls: Vec<_> = (0..12 + CPUS)
        .map(|which| {
            let runs = Arc::clone(&runs);
            let target = match which {
                4..12 => Target::Inserter,
                _ => Target::Cpu(CpuIndex::new((which + 1) % CPUS)),
            };
            let importance = [Importance::Low, Importance::Medium, Importance::High][which % 3];
            Arc::pin(Dpc::<Host, _>::new(target, importance, move || {
                _ = runs.fetch_add(1, Ordering::SeqCst);
            }))
        })
        .collect();
    let (inserted, removed, at_work) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(CPUS));
    std::thread::scope(|scope| {
        for cpu in 0..CPUS {
            let (calls, inserted, removed, at_work) = (&calls, &inserted, &removed, &at_work);
            scope.spawn(move || {
                machine.enter(cpu);
                let mut seed = cpu as u64 + 77;
                for _ in 0..ROUNDS {
                    let call = &calls[random(&mut seed) as usize % 12];
                    match random(&mut seed) % 8 {
                        0 => _ = removed.fetch_add(usize::from(call.remove()), Ordering::SeqCst),
                        1 => {
                            let own = &calls[12 + cpu];
                            assert!(own.as_ref().insert());
                            inserted.fetch_add(1, Ordering::SeqCst);
                            removed.fetch_add(usize::from(own.remove_and_wait()), Ordering::SeqCst);
                            assert!(!own.is_queued());
                        }
                        2 => Host::relax(),
                        _ => _ = inserted.fetch_add(usize::from(call.as_ref().insert()), Ordering::SeqCst),
                    }
                }
                flush::<Host>((0..CPUS).map(CpuIndex::new));
                at_work.fetch_sub(1, Ordering::SeqCst);
                while at_work.load(Ordering::SeqCst) != 0 {
                    Host::relax();
                }
            });
        }
    });
    let (runs, removed) = (runs.load(Ordering::SeqCst), removed.into_inner());
    assert_eq!(inserted.into_inner(), runs + removed);
    assert!(runs > 1_000 && removed > 100, "{runs} {removed}");
}
