//! What work items do, with workers that are threads of the host.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use xtke::defer::work::{Stopped, WorkItem, WorkQueue};

use crate::host::{Host, Machine};

type Item = Pin<Arc<WorkItem<Host, Box<dyn Fn() + Send + Sync>>>>;

fn queue() -> &'static WorkQueue<Host> {
    Box::leak(Box::new(WorkQueue::new()))
}

fn item(queue: &'static WorkQueue<Host>, routine: impl Fn() + Sync + Send + 'static) -> Item {
    Arc::pin(WorkItem::new(queue, Box::new(routine)))
}

/// Runs `act` as processor 0, while so many workers serve the queue, and stops the queue.
fn with_workers(queue: &'static WorkQueue<Host>, workers: usize, act: impl FnOnce(&'static Machine)) {
    let machine = Machine::start();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                machine.enter(1 + worker);
                queue.run_worker();
            });
        }
        let acted = catch_unwind(AssertUnwindSafe(|| act(machine)));
        // Also after a failure, which would otherwise wait here for workers that nobody stops.
        queue.stop();
        acted.unwrap_or_else(|failure| resume_unwind(failure));
        // A worker that comes late finds the queue stopped and leaves.
    });
}

#[test]
fn items_begin_in_their_order_and_each_submission_is_run_once() {
    let (queue, log) = (queue(), Arc::new(Mutex::new(Vec::new())));
    let items: Vec<Item> = (0..50)
        .map(|name| {
            let log = Arc::clone(&log);
            item(queue, move || log.lock().unwrap().push(name))
        })
        .collect();
    Machine::start();
    for item in &items {
        assert_eq!(item.as_ref().submit(), Ok(true));
        assert_eq!(item.as_ref().submit(), Ok(false));
    }
    assert!(items[7].cancel() && !items[7].cancel());
    with_workers(queue, 1, |_| queue.flush());
    assert_eq!(*log.lock().unwrap(), (0..50).filter(|name| *name != 7).collect::<Vec<_>>());
    assert_eq!(items[7].as_ref().submit(), Err(Stopped));
    assert!(!items[7].cancel(), "it was not put in");
}

#[test]
fn a_flush_waits_for_the_slowest_of_several_workers_and_for_nothing_later() {
    let queue = queue();
    let (gate, slow_done, later_gate) =
        (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let slow = {
        let (gate, done) = (Arc::clone(&gate), Arc::clone(&slow_done));
        item(queue, move || {
            gate.wait();
            std::thread::sleep(std::time::Duration::from_millis(20));
            done.store(1, Ordering::SeqCst);
        })
    };
    let quick = item(queue, || ());
    let later = {
        let gate = Arc::clone(&later_gate);
        item(queue, move || _ = gate.wait())
    };
    with_workers(queue, 3, |_| {
        slow.as_ref().submit().unwrap();
        quick.as_ref().submit().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| gate.wait());
            queue.flush();
        });
        assert_eq!(slow_done.load(Ordering::SeqCst), 1);
        later.as_ref().submit().unwrap();
        later_gate.wait();
        queue.flush();
    });
}

#[test]
fn stopping_waits_for_what_was_submitted_and_what_runs_may_be_submitted_again() {
    let (queue, runs) = (queue(), Arc::new(AtomicUsize::new(0)));
    let again: Arc<Mutex<Option<Item>>> = Arc::default();
    let item = {
        let (runs, again) = (Arc::clone(&runs), Arc::clone(&again));
        item(queue, move || {
            if runs.fetch_add(1, Ordering::SeqCst) < 9 {
                let me = again.lock().unwrap().clone().unwrap();
                // It runs, so it is not queued.
                let _ = me.as_ref().submit();
            }
        })
    };
    *again.lock().unwrap() = Some(item.clone());
    with_workers(queue, 2, |_| {
        item.as_ref().submit().unwrap();
        while runs.load(Ordering::SeqCst) < 10 {
            queue.flush();
        }
    });
    assert_eq!(runs.load(Ordering::SeqCst), 10);
    *again.lock().unwrap() = None;
}

#[test]
fn an_item_that_is_dropped_is_cancelled_or_waited_for() {
    let (queue, runs) = (queue(), Arc::new(AtomicUsize::new(0)));
    with_workers(queue, 2, |_| {
        for _ in 0..500 {
            let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let item = {
                let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
                item(queue, move || {
                    begun.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    ended.fetch_add(1, Ordering::SeqCst);
                })
            };
            item.as_ref().submit().unwrap();
            std::thread::yield_now();
            drop(item);
            assert_eq!(begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst));
            assert_eq!(Arc::strong_count(&begun), 1, "nobody knows the item any more");
            runs.fetch_add(begun.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    });
    assert!(runs.load(Ordering::SeqCst) <= 500);
}

#[test]
fn many_submitters_and_workers_lose_nothing() {
    const ROUNDS: usize = 3_000;
    let queue = queue();
    let counts: Arc<Vec<AtomicUsize>> = Arc::new((0..6).map(|_| AtomicUsize::new(0)).collect());
    let items: Vec<Item> = (0..6)
        .map(|which| {
            let counts = Arc::clone(&counts);
            item(queue, move || _ = counts[which].fetch_add(1, Ordering::SeqCst))
        })
        .collect();
    let (accepted, cancelled) = (AtomicUsize::new(0), AtomicUsize::new(0));
    with_workers(queue, 2, |machine| {
        std::thread::scope(|scope| {
            for submitter in 0..2 {
                let (items, accepted, cancelled) = (&items, &accepted, &cancelled);
                scope.spawn(move || {
                    machine.enter(3 + submitter);
                    for round in 0..ROUNDS {
                        let item = &items[(round * 7 + submitter * 3) % items.len()];
                        if round % 5 == 4 {
                            cancelled.fetch_add(usize::from(item.cancel()), Ordering::SeqCst);
                        } else {
                            accepted
                                .fetch_add(usize::from(item.as_ref().submit().unwrap()), Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        queue.flush();
        let ran: usize = counts.iter().map(|count| count.load(Ordering::SeqCst)).sum();
        assert_eq!(ran + cancelled.load(Ordering::SeqCst), accepted.load(Ordering::SeqCst));
        assert!(ran > 0);
    });
}
