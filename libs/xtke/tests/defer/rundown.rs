//! Run-down protection.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xtke::defer::{AlreadyEnding, Rundown};

use crate::host::{Host, Machine};

#[test]
fn what_ends_is_acquired_no_more_until_it_is_used_again() {
    Machine::start();
    let mut rundown = Rundown::<Host>::new();
    let (first, second) = (rundown.acquire(), rundown.acquire());
    assert!(first.is_some() && second.is_some());
    drop((first, second));
    assert_eq!(rundown.wait(), Ok(()));
    assert!(rundown.acquire().is_none());
    assert_eq!(rundown.wait(), Err(AlreadyEnding));
    rundown.reuse();
    assert!(rundown.acquire().is_some());
}

#[test]
fn the_owner_waits_for_the_last_of_many_users() {
    let machine = Machine::start();
    for _ in 0..200 {
        let (rundown, gone, begun) = (Rundown::<Host>::new(), AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for cpu in 1..3 {
                let (rundown, gone, begun) = (&rundown, &gone, &begun);
                scope.spawn(move || {
                    machine.enter(cpu);
                    while let Some(protection) = rundown.acquire() {
                        begun.fetch_add(1, Ordering::SeqCst);
                        assert!(!gone.load(Ordering::SeqCst), "the owner has waited");
                        drop(protection);
                    }
                });
            }
            while begun.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            rundown.wait().unwrap();
            gone.store(true, Ordering::SeqCst);
        });
    }
}
