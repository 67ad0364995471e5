//! Suspending, critical regions, and changing priorities from outside.

use xtke::RunLevel;
use xtke::misuse::Misuse;
use xtke::platform::{Parking, Platform};
use xtke::sched::{ControlError, Handle, Policy, Priority, Seat, State};

use crate::support::flat::{Bench, Flat, misuse_of};

fn busy(count: usize) -> (&'static Bench, Vec<Handle<Flat>>) {
    let bench = Bench::plain(1);
    let threads = (0..count).map(|tag| bench.start(tag, 8)).collect();
    bench.settle();
    (bench, threads)
}

fn priority(number: u8) -> Priority {
    Priority::new(number).unwrap()
}

#[test]
fn a_suspended_thread_stops_when_its_processor_looks_and_goes_on_when_all_took_it_back() {
    let (bench, threads) = busy(1);
    let thread = &threads[0];
    assert_eq!(bench.scheduler.suspend(thread), Ok(0));
    assert_eq!(bench.scheduler.suspend(thread), Ok(1));
    bench.settle();
    assert_eq!((bench.runs(0), thread.state(), thread.suspensions()), (None, State::Held, 2));
    assert_eq!(bench.scheduler.resume(thread), 2);
    bench.settle();
    assert_eq!(bench.runs(0), None);
    assert_eq!(bench.scheduler.resume(thread), 1);
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
    assert_eq!(bench.scheduler.resume(thread), 0, "it was not suspended");
}

#[test]
fn a_waiting_thread_is_held_at_once() {
    let (bench, threads) = busy(2);
    bench.scheduler.suspend(&threads[1]).unwrap();
    assert_eq!(threads[1].state(), State::Held);
    bench.exit(0);
    assert_eq!(bench.runs(0), None);
}

#[test]
fn a_sleeping_thread_that_is_suspended_is_woken_but_does_not_run() {
    let (bench, threads) = busy(1);
    bench.park(0);
    bench.scheduler.suspend(&threads[0]).unwrap();
    assert_eq!(threads[0].state(), State::Parked);
    bench.unpark(0, &threads[0], 3);
    assert_eq!(threads[0].state(), State::Held);
    bench.scheduler.resume(&threads[0]);
    bench.settle();
    assert_eq!((bench.runs(0), threads[0].priority().get()), (Some(0), 11));
}

#[test]
fn a_thread_can_be_suspended_before_it_starts() {
    let bench = Bench::plain(1);
    let thread = bench.create(0, 8, xtke::sched::CpuSet::ALL).unwrap();
    bench.scheduler.suspend(&thread).unwrap();
    let thread = thread.start();
    bench.settle();
    assert_eq!((bench.runs(0), thread.state()), (None, State::Held));
    bench.scheduler.resume(&thread);
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
}

#[test]
fn suspensions_are_counted_up_to_a_limit() {
    let (bench, threads) = busy(1);
    for count in 0..127 {
        assert_eq!(bench.scheduler.suspend(&threads[0]), Ok(count));
    }
    assert_eq!(bench.scheduler.suspend(&threads[0]), Err(ControlError::TooManySuspensions(127)));
    assert_eq!(threads[0].suspensions(), 127);
}

#[test]
fn a_thread_in_a_critical_region_is_not_suspended_until_it_leaves_the_outermost() {
    let (bench, threads) = busy(2);
    let outer = bench.on(0, |scheduler| scheduler.critical());
    let inner = bench.on(0, |scheduler| scheduler.critical());
    bench.scheduler.suspend(&threads[0]).unwrap();
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
    // Not even when it loses its processor meanwhile.
    bench.on(0, |scheduler| scheduler.yield_now());
    assert_eq!((bench.runs(0), threads[0].state()), (Some(1), State::Ready));
    bench.on(0, |scheduler| scheduler.yield_now());
    drop(inner);
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
    drop(outer);
    bench.settle();
    assert_eq!((bench.runs(0), threads[0].state()), (Some(1), State::Held));
}

#[test]
fn a_priority_that_rises_or_falls_takes_effect_when_the_processor_looks() {
    let (bench, threads) = busy(2);
    assert_eq!(bench.scheduler.set_priority(&threads[1], priority(9)), Ok(priority(8)));
    bench.settle();
    assert_eq!(bench.runs(0), Some(1));
    bench.scheduler.set_priority(&threads[1], priority(7)).unwrap();
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
}

#[test]
fn a_new_priority_ends_a_boost() {
    let (bench, threads) = busy(1);
    bench.park(0);
    bench.unpark(0, &threads[0], 4);
    bench.scheduler.set_priority(&threads[0], priority(5)).unwrap();
    assert_eq!((threads[0].priority(), threads[0].base_priority()), (priority(5), priority(5)));
}

#[test]
fn a_thread_whose_priority_falls_lets_another_processors_waiting_thread_run() {
    let bench = Bench::new(2, Policy::DEFAULT, |cpu| Seat { core: cpu as u32, package: 0 });
    let running = [bench.start(0, 10), bench.start(1, 10)];
    bench.settle();
    let waiting = bench.start(2, 8);
    bench.settle();
    assert_eq!(waiting.state(), State::Ready);
    let other = running.iter().find(|thread| thread.cpu() != waiting.cpu()).unwrap();
    bench.scheduler.set_priority(other, priority(3)).unwrap();
    bench.settle();
    assert_eq!(waiting.state(), State::Running);
}

#[test]
fn ended_threads_and_idle_threads_are_not_changed() {
    let (bench, threads) = busy(1);
    bench.exit(0);
    let thread = &threads[0];
    assert_eq!(bench.scheduler.suspend(thread), Err(ControlError::Ended));
    assert_eq!(bench.scheduler.set_priority(thread, priority(3)), Err(ControlError::Ended));
    assert_eq!(bench.scheduler.set_affinity(thread, xtke::sched::CpuSet::ALL), Err(ControlError::Ended));
    bench.unpark(0, thread, 0);
    assert_eq!(thread.state(), State::Ended);
    let mut idle = None;
    bench.scheduler.each(|thread| idle = idle.or(thread.is_idle().then(|| thread.id())));
    let idle = bench.scheduler.find(idle.unwrap()).unwrap();
    assert_eq!(bench.scheduler.suspend(&idle), Err(ControlError::IdleThread));
    assert_eq!(bench.scheduler.set_priority(&idle, priority(3)), Err(ControlError::IdleThread));
}

#[test]
fn sleeping_yielding_and_ending_at_a_raised_level_is_misuse() {
    let (bench, _threads) = busy(1);
    let raised = Flat::raise(RunLevel::Dispatch);
    let level = RunLevel::Dispatch;
    assert_eq!(misuse_of(Flat::park), Misuse::WaitAtRaisedLevel { level });
    assert_eq!(misuse_of(|| bench.scheduler.yield_now()), Misuse::WaitAtRaisedLevel { level });
    let highest = RunLevel::Passive;
    let exit = misuse_of(|| bench.scheduler.exit());
    assert_eq!(exit, Misuse::LevelTooHigh { operation: "exit", level, highest });
    drop(raised);
}

#[test]
fn waking_above_dispatch_is_misuse() {
    let (_bench, threads) = busy(1);
    let raised = Flat::raise(RunLevel::Device);
    let found = misuse_of(|| Flat::unpark(&threads[0], xtke::platform::Boost::NONE));
    assert!(matches!(found, Misuse::LevelTooHigh { operation: "unpark", .. }), "{found:?}");
    drop(raised);
}

#[test]
fn ending_in_a_critical_region_or_as_an_idle_thread_is_misuse() {
    let (bench, _threads) = busy(1);
    let region = bench.on(0, |scheduler| scheduler.critical());
    let found = misuse_of(|| bench.scheduler.exit());
    assert!(matches!(found, Misuse::EndedWhileHolding { what: "a critical region", .. }), "{found:?}");
    drop(region);
    bench.exit(0);
    let found = misuse_of(|| bench.scheduler.exit());
    assert!(matches!(found, Misuse::EndedWhileHolding { what: "a processor", .. }), "{found:?}");
}
