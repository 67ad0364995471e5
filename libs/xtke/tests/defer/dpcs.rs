//! What deferred procedure calls do on processors that take turns.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use xtke::defer::{Deferring, Dpc, Importance, Routine, Target, flush};
use xtke::platform::Platform;
use xtke::{CpuIndex, RunLevel};

use crate::host::{CPUS, Host, Machine, is_asked, serve};

type Log = Arc<Mutex<Vec<u32>>>;

/// Writes down that it ran.
struct Writes {
    name: u32,
    log: Log,
}

impl Routine for Writes {
    fn run(&self) {
        assert_eq!(Host::run_level(), RunLevel::Dispatch);
        self.log.lock().unwrap().push(self.name);
    }
}

type Call = Pin<Arc<Dpc<Host, Writes>>>;

fn call(name: u32, target: Target, importance: Importance, log: &Log) -> Call {
    Arc::pin(Dpc::new(target, importance, Writes { name, log: Arc::clone(log) }))
}

fn here(name: u32, log: &Log) -> Call {
    call(name, Target::Inserter, Importance::Medium, log)
}

fn taken(log: &Log) -> Vec<u32> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn calls_run_in_their_order_when_the_level_falls_urgent_ones_first() {
    Machine::start();
    let log = Log::default();
    let calls: Vec<Call> =
        [Importance::Medium, Importance::High, Importance::Low, Importance::High, Importance::Medium]
            .into_iter()
            .zip(1..)
            .map(|(importance, name)| call(name, Target::Inserter, importance, &log))
            .collect();
    let raised = Host::raise(RunLevel::High);
    for call in &calls {
        assert!(call.as_ref().insert() && !call.as_ref().insert() && call.is_queued());
    }
    assert_eq!(taken(&log), []);
    drop(raised);
    assert_eq!(taken(&log), [2, 4, 1, 3, 5]);
    assert!(calls.iter().all(|call| !call.is_queued()));
}

#[test]
fn a_call_of_low_importance_waits_for_another_or_for_the_clock() {
    Machine::start();
    let log = Log::default();
    let low = call(1, Target::Inserter, Importance::Low, &log);
    low.as_ref().insert();
    serve();
    assert_eq!(taken(&log), []);
    here(2, &log).as_ref().insert();
    assert_eq!(taken(&log), [1, 2]);
    low.as_ref().insert();
    Host::dpcs(CpuIndex::BOOT).tick();
    assert_eq!(taken(&log), [1]);
}

#[test]
fn a_removed_call_does_not_run_and_one_inserted_again_takes_its_old_place() {
    Machine::start();
    let log = Log::default();
    let [first, second, third] = [1, 2, 3].map(|name| here(name, &log));
    let raised = Host::raise(RunLevel::Dispatch);
    for call in [&first, &second, &third] {
        call.as_ref().insert();
    }
    assert!(first.remove() && !first.remove());
    assert!(second.remove() && second.as_ref().insert());
    drop(raised);
    assert_eq!(taken(&log), [2, 3]);
    assert!(!third.remove() && first.as_ref().insert());
    assert_eq!(taken(&log), [1]);
}

#[test]
fn a_call_for_another_processor_kicks_it_once_and_runs_there() {
    let machine = Machine::start();
    let log = Log::default();
    let calls = [1, 2, 3].map(|name| call(name, Target::Cpu(CpuIndex::new(2)), Importance::Medium, &log));
    for call in &calls {
        call.as_ref().insert();
    }
    serve();
    assert_eq!((taken(&log), machine.kicks.load(Ordering::Relaxed)), (vec![], 1));
    machine.enter(2);
    serve();
    assert_eq!(taken(&log), [1, 2, 3]);
    machine.enter(0);
    calls[1].as_ref().insert();
    assert_eq!(machine.kicks.load(Ordering::Relaxed), 2);
    machine.enter(2);
    serve();
    assert_eq!(taken(&log), [2]);
}

#[test]
fn a_call_that_inserts_itself_runs_once_a_turn_and_lets_others_come_between() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static CALL: Dpc<Host, fn()> = Dpc::new(Target::Inserter, Importance::High, || {
        if RUNS.fetch_add(1, Ordering::Relaxed) < 2 {
            assert!(Pin::static_ref(&CALL).insert());
        }
    });
    let _machine = Machine::start();
    let raised = Host::raise(RunLevel::Dispatch);
    Pin::static_ref(&CALL).insert();
    for turn in 1..=3 {
        Host::dpcs(CpuIndex::BOOT).drain();
        assert_eq!((RUNS.load(Ordering::Relaxed), is_asked()), (turn, true));
        assert_eq!(Host::dpcs(CpuIndex::BOOT).is_empty(), turn == 3);
    }
    drop(raised);
    assert_eq!(RUNS.load(Ordering::Relaxed), 3);
}

#[test]
fn a_call_that_is_dropped_while_queued_is_waited_out() {
    Machine::start();
    let log = Log::default();
    let low = call(1, Target::Inserter, Importance::Low, &log);
    low.as_ref().insert();
    drop(low);
    assert_eq!(taken(&log), []);
    assert!(Host::dpcs(CpuIndex::BOOT).is_empty());
}

#[test]
fn a_flush_waits_for_what_is_queued_on_all_processors() {
    let machine = Machine::start();
    let (log, over) = (Log::default(), AtomicUsize::new(0));
    let calls: Vec<Call> = (0..CPUS as u32)
        .map(|cpu| call(cpu, Target::Cpu(CpuIndex::new(cpu as usize)), Importance::Low, &log))
        .collect();
    std::thread::scope(|scope| {
        for cpu in 1..CPUS {
            let over = &over;
            scope.spawn(move || {
                machine.enter(cpu);
                while over.load(Ordering::Relaxed) == 0 {
                    Host::relax();
                }
            });
        }
        for call in &calls {
            call.as_ref().insert();
        }
        assert_eq!(taken(&log), []);
        flush::<Host>((0..CPUS).map(CpuIndex::new));
        over.store(1, Ordering::Relaxed);
    });
    let mut ran = taken(&log);
    ran.sort_unstable();
    assert_eq!(ran, (0..CPUS as u32).collect::<Vec<_>>());
}
