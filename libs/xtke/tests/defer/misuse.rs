//! What callers do wrong with deferred work.

use std::pin::Pin;

use xtke::defer::apc::{Apc, Kind, Occasion, Queue, critical_region, guarded_region};
use xtke::defer::work::{WorkItem, WorkQueue};
use xtke::defer::{Deferring, Dpc, Importance, Rundown, Target, flush};
use xtke::misuse::Misuse;
use xtke::platform::Platform;
use xtke::{CpuIndex, RunLevel};

use crate::host::{Host, caught, thread};

static QUEUE: WorkQueue<Host> = WorkQueue::new();

/// Does something at a level.
fn at(level: RunLevel, act: fn()) -> Misuse {
    caught(move || {
        let _raised = Host::raise(level);
        act();
    })
}

#[test]
fn nobody_waits_at_dispatch() {
    let waits: [fn(); 5] = [
        || flush::<Host>([CpuIndex::BOOT]),
        || QUEUE.flush(),
        || QUEUE.stop(),
        || QUEUE.run_worker(),
        || _ = Rundown::<Host>::new().wait(),
    ];
    for wait in waits {
        assert_eq!(at(RunLevel::Dispatch, wait), Misuse::WaitAtRaisedLevel { level: RunLevel::Dispatch });
    }
}

#[test]
fn what_takes_a_lock_is_not_for_interrupt_handlers() {
    let calls: [(&str, fn()); 6] = [
        ("WorkItem::submit", || {
            _ = Pin::static_ref(leak(WorkItem::<Host, fn()>::new(&QUEUE, || ()))).submit()
        }),
        ("WorkItem::cancel", || _ = leak(WorkItem::<Host, fn()>::new(&QUEUE, || ())).cancel()),
        ("Apc::insert", || _ = Pin::static_ref(leak(apc())).insert(thread())),
        ("Apc::remove", || _ = leak(apc()).remove(thread())),
        ("Rundown::acquire", || drop(Rundown::<Host>::new().acquire())),
        ("DpcQueue::drain", || Host::dpcs(CpuIndex::BOOT).drain()),
    ];
    for (operation, call) in calls {
        let (level, highest) = (RunLevel::Device, RunLevel::Dispatch);
        assert_eq!(at(RunLevel::Device, call), Misuse::LevelTooHigh { operation, level, highest });
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn apc() -> Apc<Host, fn(Occasion)> {
    Apc::new(Kind::Special, |_| ())
}

#[test]
fn calls_are_delivered_at_apc_and_not_above() {
    let found = at(RunLevel::Dispatch, || Queue::<Host>::deliver(thread()));
    let (level, highest) = (RunLevel::Dispatch, RunLevel::Apc);
    assert_eq!(found, Misuse::LevelTooHigh { operation: "apc::Queue::deliver", level, highest });
}

#[test]
fn a_deferred_procedure_call_does_not_wait_for_its_own_processor() {
    let found = at(RunLevel::Dispatch, || {
        // Leaked: its drop would find the same again.
        let call = leak(Dpc::<Host, fn()>::new(Target::Inserter, Importance::Medium, || ()));
        Pin::static_ref(call).insert();
        call.remove_and_wait();
    });
    assert!(matches!(found, Misuse::LevelTooHigh { highest: RunLevel::Apc, .. }), "{found:?}");
}

#[test]
fn a_thread_does_not_end_in_a_region() {
    for (region, name) in [
        (critical_region::<Host> as fn() -> _, "a critical region"),
        (guarded_region::<Host>, "a guarded region"),
    ] {
        let found = caught(move || {
            let _region = region();
            Queue::<Host>::run_down(thread());
        });
        assert!(matches!(found, Misuse::EndedWhileHolding { what, .. } if what == name), "{found:?}");
    }
}

#[test]
fn an_asynchronous_procedure_call_is_not_freed_while_it_is_queued() {
    let found = caught(|| {
        let _raised = Host::raise(RunLevel::Apc);
        let call = Box::pin(apc());
        call.as_ref().insert(thread()).unwrap();
    });
    assert!(matches!(found, Misuse::CorruptQueue { .. }), "{found:?}");
}
