//! Models of deferred work, explored in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib models`.
//!
//! Each has a twin that is broken in one step, which it must find.
#![allow(unsafe_code, reason = "what may be freed stands in cells of the checker")]

extern crate std;
use std::boxed::Box;
use std::pin::Pin;
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use xtcore::CpuIndex;

use super::done::Done;
use super::runs::Runs;
use super::*;
use crate::model::{Model, end, explore, kicked, on};

type Call = Dpc<Model, Box<dyn Fn() + Send + Sync>>;

/// What a routine uses, and its owner takes away when it cannot run any more.
struct Used(UnsafeCell<()>);

// SAFETY: the checker finds whoever reaches the cell at the wrong time.
unsafe impl Sync for Used {}
// SAFETY: the same.
unsafe impl Send for Used {}

impl Used {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(())))
    }

    fn touch(&self) {
        self.0.with(|_| ());
    }

    fn free(&self) {
        self.0.with_mut(|_| ());
    }
}

fn call(routine: impl Fn() + Send + Sync + 'static) -> Pin<&'static Call> {
    let routine: Box<dyn Fn() + Send + Sync> = Box::new(routine);
    // Leaked, so that a model that fails does not wait for a call in the middle of its panic.
    Pin::static_ref(Box::leak(Box::new(Dpc::new(Target::Cpu(CpuIndex::BOOT), Importance::Medium, routine))))
}

fn queue() -> &'static DpcQueue<Model> {
    <Model as Deferring>::dpcs(CpuIndex::BOOT)
}

/// Processor 1 inserts two calls, one after the other, and processor 0 drains only when it is kicked.
fn asked(drain: fn(&DpcQueue<Model>)) {
    explore(3, move || {
        let runs = Arc::new(AtomicUsize::new(0));
        let calls = [(); 2].map(|()| {
            let runs = Arc::clone(&runs);
            call(move || _ = runs.fetch_add(1, Ordering::Relaxed))
        });
        let inserter = { on(1, move || calls.iter().for_each(|call| assert!(call.insert()))) };
        for _ in 0..2 {
            if kicked(0) {
                drain(queue());
            }
            thread::yield_now();
        }
        inserter.join().unwrap();
        if kicked(0) {
            drain(queue());
        }
        assert_eq!(runs.load(Ordering::Relaxed), 2, "a kick was lost");
    });
}

#[test]
fn no_kick_is_lost() {
    asked(DpcQueue::drain);
}

#[test]
#[should_panic]
fn a_drain_that_lets_others_ask_again_too_late_is_found_out() {
    asked(|queue| {
        queue.turn();
        queue.asked.swap(false, Ordering::AcqRel);
    });
}

/// Processor 1 writes something and inserts a call that may be queued already.
fn told(insert: fn(Pin<&Call>) -> bool) {
    explore(3, move || {
        let (told, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let routine = {
            let (told, seen) = (Arc::clone(&told), Arc::clone(&seen));
            move || seen.store(told.load(Ordering::Relaxed), Ordering::Relaxed)
        };
        let call = call(routine);
        call.insert();
        let inserter = {
            on(1, move || {
                told.store(1, Ordering::Relaxed);
                insert(call)
            })
        };
        queue().drain();
        let queued = inserter.join().unwrap();
        if queued {
            queue().drain();
        }
        assert_eq!(seen.load(Ordering::Relaxed), 1, "queued again: {queued}");
    });
}

#[test]
fn a_run_sees_what_was_done_before_each_insertion() {
    told(|call| call.insert());
}

#[test]
#[should_panic]
fn an_insertion_that_only_looks_is_found_out() {
    told(|call| !call.is_queued() && call.insert());
}

/// Processor 1 removes a call of processor 0 and takes away what it uses.
fn removed_and_freed(remove: fn(&Call)) {
    explore(3, move || {
        let used = Used::new();
        let call = {
            let used = Arc::clone(&used);
            call(move || used.touch())
        };
        call.insert();
        let remover = {
            on(1, move || {
                remove(&call);
                used.free();
            })
        };
        queue().drain();
        remover.join().unwrap();
    });
}

#[test]
fn what_a_removed_call_used_may_be_freed() {
    removed_and_freed(|call| {
        call.remove_and_wait();
    });
}

#[test]
#[should_panic]
fn a_remover_that_does_not_wait_is_found_out() {
    removed_and_freed(|call| {
        call.remove();
    });
}

#[test]
fn calls_of_two_inserters_run_once_each_and_in_the_order_of_each() {
    explore(2, || {
        let order = Arc::new(AtomicUsize::new(0));
        let calls = [1, 2, 3].map(|digit| {
            let order = Arc::clone(&order);
            call(move || order.store(order.load(Ordering::Relaxed) * 10 + digit, Ordering::Relaxed))
        });
        let [first, second, third] = calls;
        let inserter = on(1, move || [first, second].map(|call| call.insert()));
        third.insert();
        queue().drain();
        inserter.join().unwrap();
        queue().drain();
        let order = order.load(Ordering::Relaxed);
        assert!([123, 132, 312].contains(&order), "{order}");
    });
}

/// One waits for another and ends.
fn awaited(complete: fn(&Done<Model>)) {
    explore(3, move || {
        let (done, used) = (Arc::new(Done::<Model>::new()), Used::new());
        let waiter = {
            let (done, used) = (Arc::clone(&done), Arc::clone(&used));
            on(1, move || {
                done.wait();
                used.free();
                end();
            })
        };
        used.touch();
        complete(&done);
        waiter.join().unwrap();
    });
}

#[test]
fn a_waiter_leaves_when_nobody_touches_it_any_more() {
    awaited(Done::complete);
}

#[test]
#[should_panic]
fn a_waiter_that_may_leave_before_it_is_woken_is_found_out() {
    awaited(Done::complete_too_early);
}

/// Two run something while its owner waits for them.
fn settled(finish: fn(&Runs<Model>)) {
    explore(2, move || {
        let (runs, used) = (Arc::new(Runs::<Model>::new()), Used::new());
        for _ in 0..2 {
            assert!(runs.claim());
            runs.begin();
        }
        let runners = [(); 2].map(|()| {
            let (runs, used) = (Arc::clone(&runs), Arc::clone(&used));
            on(1, move || {
                used.touch();
                finish(&runs);
            })
        });
        runs.settle();
        used.free();
        end();
        for runner in runners {
            runner.join().unwrap();
        }
    });
}

#[test]
fn an_owner_waits_for_the_last_of_two_runs() {
    settled(Runs::finish);
}

#[test]
#[should_panic]
fn a_run_that_ends_without_a_look_for_the_owner_is_found_out() {
    settled(Runs::finish_unseen);
}

/// A user acquires, or not, while the owner ends the thing.
fn run_down(acquire: fn(&Rundown<Model>) -> Option<Protection<'_, Model>>) {
    explore(3, move || {
        let (rundown, used) = (Arc::new(Rundown::<Model>::new()), Used::new());
        let user = {
            let (rundown, used) = (Arc::clone(&rundown), Arc::clone(&used));
            on(1, move || {
                if let Some(protection) = acquire(&rundown) {
                    used.touch();
                    drop(protection);
                }
            })
        };
        rundown.wait().unwrap();
        used.free();
        end();
        user.join().unwrap();
    });
}

#[test]
fn what_is_run_down_is_used_by_nobody() {
    run_down(Rundown::acquire);
}

#[test]
#[should_panic]
fn a_user_who_looks_first_and_counts_later_is_found_out() {
    run_down(Rundown::acquire_in_two_steps);
}
