//! Who runs when: priorities, turns, boosts, and help against starvation.

use xtke::CpuIndex;
use xtke::sched::{CpuSet, Policy, Priority, Seat};

use crate::support::flat::Bench;

/// Runs a processor's clock until it has nothing to look at, and returns what it runs.
fn ticks(bench: &Bench, count: usize) -> Option<usize> {
    for _ in 0..count {
        bench.tick(0);
        bench.settle();
    }
    bench.runs(0)
}

fn one(policy: Policy) -> &'static Bench {
    Bench::new(1, policy, |_| Seat { core: 0, package: 0 })
}

#[test]
fn the_highest_runs_and_equals_run_in_the_order_in_which_they_came() {
    let bench = Bench::plain(1);
    let threads: Vec<_> =
        [7, 9, 8, 9, 0].into_iter().enumerate().map(|(tag, p)| bench.start(tag, p)).collect();
    bench.settle();
    let mut order = Vec::new();
    while let Some(tag) = bench.runs(0) {
        order.push(tag);
        bench.exit(0);
    }
    assert_eq!(order, [1, 3, 2, 0, 4]);
    drop(threads);
}

#[test]
fn whether_a_thread_is_bound_to_its_processor_does_not_change_its_turn() {
    let bench = Bench::plain(1);
    let bound = CpuSet::from_bits(1);
    let _threads: Vec<_> = [CpuSet::ALL, bound, CpuSet::ALL, CpuSet::ALL, bound, bound]
        .into_iter()
        .enumerate()
        .map(|(tag, affinity)| bench.start_on(tag, 8, affinity))
        .collect();
    bench.settle();
    for tag in 0..6 {
        assert_eq!(bench.runs(0), Some(tag));
        bench.exit(0);
    }
}

#[test]
fn a_higher_thread_preempts_and_the_preempted_one_goes_on_before_its_equals() {
    let bench = Bench::plain(1);
    let low = bench.start(0, 8);
    let equal = bench.start(1, 8);
    bench.settle();
    assert_eq!(bench.runs(0), Some(0));
    let high = bench.start(2, 9);
    assert_eq!(bench.runs(0), Some(0), "only when the processor looks");
    bench.settle();
    assert_eq!(bench.runs(0), Some(2));
    bench.exit(0);
    assert_eq!(bench.runs(0), Some(0));
    drop((low, equal, high));
}

#[test]
fn equals_take_turns_of_one_quantum() {
    let bench = one(Policy { quantum: 3, starvation: 1000 });
    let _threads: Vec<_> = (0..2).map(|tag| bench.start(tag, 8)).collect();
    bench.settle();
    let runs: Vec<_> = (0..9).map(|_| ticks(bench, 1)).collect();
    let expected = [0, 0, 1, 1, 1, 0, 0, 0, 1].map(Some);
    assert_eq!(runs, expected);
}

#[test]
fn a_preempted_thread_keeps_the_rest_of_its_quantum() {
    let bench = one(Policy { quantum: 3, starvation: 1000 });
    let _threads: Vec<_> = (0..2).map(|tag| bench.start(tag, 8)).collect();
    bench.settle();
    assert_eq!(ticks(bench, 2), Some(0));
    let _high = bench.start(2, 9);
    bench.settle();
    bench.exit(0);
    assert_eq!(bench.runs(0), Some(0));
    assert_eq!(ticks(bench, 1), Some(1));
}

#[test]
fn real_time_threads_take_turns_without_losing_priority() {
    let bench = one(Policy { quantum: 1, starvation: 1000 });
    let threads: Vec<_> = (0..2).map(|tag| bench.start(tag, 20)).collect();
    bench.settle();
    assert_eq!([ticks(bench, 1), ticks(bench, 1)], [Some(1), Some(0)]);
    assert!(threads.iter().all(|thread| thread.priority().get() == 20));
}

#[test]
fn a_yield_lets_equals_run_but_nobody_lower() {
    let bench = Bench::plain(1);
    let _threads: Vec<_> = [8, 8, 7].into_iter().enumerate().map(|(tag, p)| bench.start(tag, p)).collect();
    bench.settle();
    assert!(bench.on(0, |scheduler| scheduler.yield_now()));
    assert_eq!(bench.runs(0), Some(1));
    bench.exit(0);
    assert_eq!(bench.runs(0), Some(0));
    assert!(!bench.on(0, |scheduler| scheduler.yield_now()));
    assert_eq!(bench.runs(0), Some(0));
}

#[test]
fn a_wait_that_ends_with_a_boost_preempts_and_the_boost_decays_with_each_quantum() {
    let bench = one(Policy { quantum: 1, starvation: 1000 });
    let sleeper = bench.start(0, 8);
    bench.settle();
    bench.park(0);
    let _busy = bench.start(1, 8);
    bench.settle();
    bench.unpark(0, &sleeper, 2);
    bench.settle();
    assert_eq!((bench.runs(0), sleeper.priority().get()), (Some(0), 10));
    assert_eq!((ticks(bench, 1), sleeper.priority().get()), (Some(0), 9));
    assert_eq!((ticks(bench, 1), sleeper.priority().get()), (Some(1), 8));
    assert_eq!(sleeper.base_priority(), Priority::NORMAL);
}

#[test]
fn waits_use_the_quantum_up_as_well() {
    let bench = one(Policy { quantum: 1, starvation: 1000 });
    let sleeper = bench.start(0, 8);
    bench.settle();
    bench.park(0);
    bench.unpark(0, &sleeper, 5);
    bench.settle();
    assert_eq!(sleeper.priority().get(), 13);
    for _ in 0..3 {
        bench.park(0);
        bench.unpark(0, &sleeper, 0);
        bench.settle();
    }
    assert_eq!(sleeper.priority().get(), 12, "three units are one tick");
}

#[test]
fn who_waits_too_long_runs_before_everything_that_is_not_real_time() {
    let bench = one(Policy { quantum: 2, starvation: 16 });
    let _busy = bench.start(0, 14);
    let starved = bench.start(1, 3);
    bench.settle();
    let waited = (1..100).find(|_| ticks(bench, 1) == Some(1)).expect("it runs at last");
    assert!((16..=24).contains(&waited), "after {waited} ticks");
    assert_eq!(starved.priority(), Priority::HIGHEST_DYNAMIC);
    assert_eq!(ticks(bench, 1), Some(1), "for one quantum");
    assert_eq!((ticks(bench, 1), starved.priority().get()), (Some(0), 3));
}

#[test]
fn of_many_that_wait_too_long_each_runs_and_real_time_is_not_disturbed() {
    let bench = one(Policy { quantum: 1, starvation: 10 });
    let _busy = bench.start(0, 12);
    let starved: Vec<_> = (1..6).map(|tag| bench.start(tag, 4 + (tag % 2) as u8)).collect();
    bench.settle();
    for _ in 0..60 {
        ticks(bench, 1);
    }
    assert!(starved.iter().all(|thread| thread.switches() > 0), "{starved:?}");
    let _real_time = bench.start(9, 16);
    bench.settle();
    assert!((0..200).all(|_| ticks(bench, 1) == Some(9)));
}

#[test]
fn ticks_and_switches_are_counted_where_they_happen() {
    let bench = one(Policy { quantum: 2, starvation: 1000 });
    let threads: Vec<_> = (0..2).map(|tag| bench.start(tag, 8)).collect();
    bench.settle();
    ticks(bench, 7);
    assert_eq!(threads.iter().map(|thread| thread.ticks()).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(threads.iter().map(|thread| thread.switches()).collect::<Vec<_>>(), [2, 2]);
    let of = |cpu| bench.scheduler.switches(CpuIndex::new(cpu));
    assert_eq!([of(0), of(1)], [4, 0], "of a processor, and of one that there is not");
}
