//! Where threads run: idle cores, preemption across processors, stealing, affinity, processors that join late.

use xtke::CpuIndex;
use xtke::sched::{AdoptError, ControlError, CpuSet, CreateError, Name, Policy, Seat, State};

use crate::support::flat::Bench;

fn only(cpu: usize) -> CpuSet {
    CpuSet::of(CpuIndex::new(cpu))
}

fn running(bench: &Bench) -> Vec<Option<usize>> {
    bench.settle();
    bench.cpus().map(|cpu| bench.runs(cpu)).collect()
}

/// Two cores of two processors.
fn smt() -> &'static Bench {
    Bench::new(4, Policy::DEFAULT, |cpu| Seat { core: (cpu / 2) as u32, package: 0 })
}

#[test]
fn new_threads_fill_idle_cores_before_idle_siblings() {
    let bench = smt();
    let _first = bench.on(0, |_| bench.start(0, 8));
    let _second = bench.on(0, |_| bench.start(1, 8));
    assert_eq!(running(bench), [Some(0), None, Some(1), None]);
    let _others = [bench.start(2, 8), bench.start(3, 8)];
    assert!(running(bench).iter().all(Option::is_some));
}

#[test]
fn a_thread_goes_back_to_where_it_ran_if_that_core_is_idle() {
    let bench = smt();
    let thread = bench.start_on(0, 8, only(3));
    running(bench);
    bench.scheduler.set_affinity(&thread, CpuSet::ALL).unwrap();
    bench.settle();
    bench.park(3);
    bench.unpark(0, &thread, 0);
    assert_eq!(running(bench), [None, None, None, Some(0)]);
}

#[test]
fn the_lowest_that_runs_anywhere_gives_way() {
    let bench = smt();
    let _busy: Vec<_> = [9, 6, 8, 7].into_iter().enumerate().map(|(tag, p)| bench.start(tag, p)).collect();
    running(bench);
    let _high = bench.start(4, 10);
    let now = running(bench);
    assert!([0, 2, 3, 4].iter().all(|&tag| now.contains(&Some(tag))), "{now:?}");
}

#[test]
fn a_processor_that_becomes_idle_takes_what_waits_elsewhere() {
    let bench = Bench::plain(2);
    let _threads: Vec<_> = (0..3).map(|tag| bench.start(tag, 8)).collect();
    let ran = running(bench);
    bench.exit(1);
    let now = running(bench);
    assert_eq!(now[0], ran[0]);
    assert_eq!(now[1], Some(2));
}

#[test]
fn a_processor_that_falls_takes_the_higher_one_from_elsewhere_not_its_own_lower_one() {
    let bench = Bench::plain(2);
    let _busy = [bench.start_on(0, 12, only(0)), bench.start_on(1, 12, only(1))];
    running(bench);
    let _own = bench.start_on(2, 5, only(1));
    let _other = bench.on(0, |_| bench.start(3, 9));
    running(bench);
    bench.exit(1);
    assert_eq!(running(bench), [Some(0), Some(3)]);
    bench.exit(1);
    assert_eq!(running(bench), [Some(0), Some(2)]);
}

#[test]
fn what_is_bound_to_a_busy_processor_waits_there_beside_idle_ones() {
    let bench = Bench::plain(2);
    let _busy = bench.start_on(0, 8, only(1));
    running(bench);
    let bound = bench.start_on(1, 8, only(1));
    assert_eq!(running(bench), [None, Some(0)]);
    assert_eq!((bound.state(), bound.cpu()), (State::Ready, CpuIndex::new(1)));
}

#[test]
fn a_displaced_thread_runs_elsewhere_if_it_outranks_what_runs_there() {
    let bench = Bench::plain(2);
    let _low = [bench.start_on(0, 4, only(0)), bench.start_on(1, 4, only(1))];
    running(bench);
    // Both come before the processor looks: the second displaces the first, which finds the other processor.
    let first = bench.on(0, |_| bench.start(2, 8));
    let target = first.cpu().get();
    let _second = bench.start_on(3, 9, only(target));
    let now = running(bench);
    assert_eq!((now[target], now[1 - target]), (Some(3), Some(2)));
}

#[test]
fn a_running_thread_leaves_a_processor_that_it_may_not_use_any_more() {
    let bench = Bench::plain(2);
    let thread = bench.start_on(0, 8, only(0));
    running(bench);
    assert_eq!(bench.scheduler.set_affinity(&thread, only(1)), Ok(only(0)));
    assert_eq!(running(bench), [None, Some(0)]);
}

#[test]
fn a_waiting_thread_moves_to_where_it_may_run() {
    let bench = Bench::plain(2);
    let _busy = bench.start_on(0, 9, only(0));
    let thread = bench.start_on(1, 8, only(0));
    assert_eq!(running(bench), [Some(0), None]);
    bench.scheduler.set_affinity(&thread, only(1)).unwrap();
    assert_eq!(running(bench), [Some(0), Some(1)]);
}

#[test]
fn an_affinity_without_a_processor_is_refused() {
    let bench = Bench::plain(2);
    let nowhere = only(5);
    assert_eq!(bench.create(0, 8, nowhere).err(), Some(CreateError::NoProcessor(nowhere)));
    let thread = bench.start(0, 8);
    assert_eq!(bench.scheduler.set_affinity(&thread, nowhere), Err(ControlError::NoProcessor(nowhere)));
    assert_eq!(thread.affinity(), CpuSet::ALL);
}

#[test]
fn a_processor_that_has_not_joined_gets_nothing_and_one_that_joins_takes_what_waits() {
    let bench = Bench::empty(3, Policy::DEFAULT);
    bench.adopt(0, Seat { core: 0, package: 0 });
    let _threads: Vec<_> = (0..3).map(|tag| bench.start(tag, 8)).collect();
    assert_eq!(running(bench), [Some(0), None, None]);
    bench.adopt(2, Seat { core: 2, package: 0 });
    assert_eq!(running(bench), [Some(0), None, Some(1)]);
    assert_eq!(bench.scheduler.processors(), CpuSet::from_bits(0b101));
}

#[test]
fn a_processor_joins_once_and_only_if_there_is_room() {
    let bench = Bench::plain(1);
    let seat = Seat { core: 0, package: 0 };
    let again = bench.on(0, |scheduler| scheduler.adopt(seat, Name::new("idle"), 0));
    assert_eq!(again, Err(AdoptError::Joined(CpuIndex::BOOT)));
}

#[test]
fn who_wakes_an_idle_processor_kicks_it_once_and_nobody_else() {
    let bench = Bench::plain(4);
    let thread = bench.start_on(0, 8, only(2));
    running(bench);
    bench.park(2);
    let before = bench.kicks.get();
    bench.unpark(0, &thread, 0);
    assert_eq!(bench.kicks.get(), before + 1);
    assert_eq!(running(bench), [None, None, Some(0), None]);
    assert_eq!(bench.kicks.get(), before + 1);
}

#[test]
fn a_processor_that_took_a_higher_thread_from_elsewhere_is_not_disturbed_for_a_lower_one() {
    let bench = Bench::plain(2);
    let _busy = [bench.start_on(0, 12, only(0)), bench.start_on(1, 12, only(1))];
    running(bench);
    let _waits = bench.on(0, |_| bench.start(2, 9));
    bench.exit(1);
    assert_eq!(running(bench), [Some(0), Some(2)]);
    let before = bench.kicks.get();
    let _lower = bench.on(0, |_| bench.start_on(3, 5, only(1)));
    assert_eq!(bench.kicks.get(), before);
    assert_eq!(running(bench), [Some(0), Some(2)]);
}
