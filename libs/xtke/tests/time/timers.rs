//! What timers do on one processor, and on two that take turns.

use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};

use xtke::platform::Platform;
use xtke::time::{Action, Due, Expiry, Instant, Interval, Period, Repeat, Timer, TimerQueue, during};
use xtke::{CpuIndex, RunLevel};

use crate::host::{Host, Machine, is_asked};

type Log = Arc<Mutex<Vec<(u32, u64, u64)>>>;

/// Writes down when it is called.
struct Writes {
    name: u32,
    log: Log,
}

impl Action for Writes {
    fn due(&self, expiry: Expiry) {
        assert_eq!(Host::run_level(), RunLevel::Dispatch);
        self.log.lock().unwrap().push((self.name, expiry.due.units(), expiry.now.units()));
    }
}

fn timer(name: u32, log: &Log) -> Pin<Arc<Timer<Host, Writes>>> {
    Arc::pin(Timer::new(Writes { name, log: Arc::clone(log) }))
}

fn at(moment: u64) -> Due {
    Due::At(Instant::new(moment))
}

fn every(units: u64) -> Repeat {
    Repeat::Every(Period::new(Interval::new(units)).unwrap())
}

fn taken(log: &Log) -> Vec<(u32, u64, u64)> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn timers_are_done_at_their_moments_and_in_order() {
    let (machine, log) = (Machine::start(), Log::default());
    let timers = [(1, 300), (2, 100), (3, 100), (4, 200)].map(|(name, due)| (timer(name, &log), due));
    for (timer, due) in &timers {
        assert!(!timer.as_ref().arm(at(*due), Repeat::Once));
        assert_eq!(timer.due(), Some(Instant::new(*due)));
    }
    machine.advance(99);
    assert_eq!(taken(&log), []);
    machine.advance(200);
    assert_eq!(taken(&log), [(2, 100, 200), (3, 100, 200), (4, 200, 200)]);
    machine.advance(300);
    assert_eq!(taken(&log), [(1, 300, 300)]);
    assert!(timers.iter().all(|(timer, _)| timer.due().is_none() && !timer.cancel()));
}

#[test]
fn a_relative_time_counts_from_now_and_the_past_is_due_at_once() {
    let (machine, log) = (Machine::start(), Log::default());
    machine.advance(1_000);
    let (late, early) = (timer(1, &log), timer(2, &log));
    late.as_ref().arm(Due::After(Interval::new(10)), Repeat::Once);
    early.as_ref().arm(at(5), Repeat::Once);
    machine.advance(1_009);
    assert_eq!(taken(&log), [(2, 5, 1_009)]);
    machine.advance(1_010);
    assert_eq!(taken(&log), [(1, 1_010, 1_010)]);
}

#[test]
fn the_clock_interrupt_only_asks_and_only_when_something_is_due() {
    let (machine, log) = (Machine::start(), Log::default());
    let timer = timer(1, &log);
    timer.as_ref().arm(at(50), Repeat::Once);
    assert_eq!(machine.timers(0).next_due(), Instant::new(50));
    let raised = Host::raise(RunLevel::Dispatch);
    machine.advance(49);
    assert!(!is_asked());
    machine.advance(50);
    assert!(is_asked() && taken(&log).is_empty());
    drop(raised);
    assert_eq!(taken(&log), [(1, 50, 50)]);
    assert_eq!(machine.timers(0).next_due(), Instant::NEVER);
}

#[test]
fn a_monitor_sees_what_is_armed_and_no_more_than_is_there() {
    let (machine, log) = (Machine::start(), Log::default());
    let timers = [timer(1, &log), timer(2, &log), timer(3, &log)];
    timers[0].as_ref().arm(at(50), Repeat::Once);
    timers[1].as_ref().arm(at(1 << 40), Repeat::Once);
    let seen = |most: usize, is_there: &dyn Fn(usize, usize) -> bool| {
        let mut dues = Vec::new();
        let looked = machine.timers(0).look(most, is_there, &mut |armed| {
            assert_eq!(armed.period, Interval::ZERO);
            dues.push(armed.due.units());
            ControlFlow::Continue(())
        });
        assert_eq!(looked, Some(()));
        dues.sort_unstable();
        dues
    };
    assert_eq!(seen(9, &|_, _| true), [50, 1 << 40]);
    assert_eq!(seen(1, &|_, _| true).len(), 1);
    assert!(seen(9, &|_, _| false).is_empty());
    timers[0].as_ref().cancel();
    assert_eq!(seen(9, &|_, _| true), [1 << 40]);
    timers[1].as_ref().cancel();
    assert!(taken(&log).is_empty());
}

#[test]
fn the_end_of_time_never_comes() {
    let (machine, log) = (Machine::start(), Log::default());
    let (never, last) = (timer(1, &log), timer(2, &log));
    never.as_ref().arm(Due::After(Interval::new(u64::MAX)), every(u64::MAX));
    last.as_ref().arm(at(u64::MAX - 1), Repeat::Once);
    machine.advance(u64::MAX);
    assert_eq!(taken(&log), [(2, u64::MAX - 1, u64::MAX - 1)]);
    assert!(never.cancel());
}

#[test]
fn what_is_cancelled_is_not_done_and_what_is_armed_again_is_done_once() {
    let (machine, log) = (Machine::start(), Log::default());
    let timer = timer(1, &log);
    timer.as_ref().arm(at(10), Repeat::Once);
    assert!(timer.cancel() && !timer.cancel());
    machine.advance(20);
    timer.as_ref().arm(at(30), Repeat::Once);
    assert!(timer.as_ref().arm(at(40), Repeat::Once));
    machine.advance(35);
    assert_eq!(taken(&log), []);
    machine.advance(45);
    assert_eq!(taken(&log), [(1, 40, 45)]);
}

#[test]
fn periods_do_not_drift_and_missed_moments_are_done_once() {
    let (machine, log) = (Machine::start(), Log::default());
    let timer = timer(1, &log);
    timer.as_ref().arm(at(100), every(10));
    machine.advance(103);
    machine.advance(111);
    machine.advance(119);
    assert_eq!(taken(&log), [(1, 100, 103), (1, 110, 111)]);
    // 120, 130, 140 and 150 in one: the phase stays.
    machine.advance(150);
    assert_eq!(taken(&log), [(1, 120, 150)]);
    machine.advance(160);
    assert_eq!(taken(&log), [(1, 160, 160)]);
    assert!(timer.cancel_and_wait());
    machine.advance(1_000);
    assert_eq!(taken(&log), []);
}

#[test]
fn an_action_arms_and_cancels_its_own_timer() {
    static COUNT: Mutex<u32> = Mutex::new(0);
    static TIMER: Timer<Host, Again> = Timer::new(Again);
    struct Again;
    impl Action for Again {
        fn due(&self, expiry: Expiry) {
            let mut count = COUNT.lock().unwrap();
            *count += 1;
            let timer = Pin::static_ref(&TIMER);
            match *count {
                1 => assert!(!timer.arm(Due::At(expiry.due + Interval::new(5)), Repeat::Once)),
                2 => assert!(!timer.arm(Due::At(expiry.due + Interval::new(5)), every(1))),
                3 => {
                    assert!(timer.cancel_and_wait(), "a periodic timer is armed again before its action runs")
                }
                _ => panic!("once too often"),
            }
        }
    }
    let machine = Machine::start();
    Pin::static_ref(&TIMER).arm(at(10), Repeat::Once);
    for now in 0..100 {
        machine.advance(now);
    }
    assert_eq!(*COUNT.lock().unwrap(), 3);
}

#[test]
fn a_timer_that_always_arms_itself_for_the_past_does_not_keep_the_processor() {
    let machine = Machine::start();
    let runs = Arc::new(Mutex::new((0, None::<Pin<Arc<Timer<Host, Box<dyn Fn(Expiry) + Send + Sync>>>>>)));
    let action: Box<dyn Fn(Expiry) + Send + Sync> = {
        let runs = Arc::clone(&runs);
        Box::new(move |_: Expiry| {
            let mut runs = runs.lock().unwrap();
            runs.0 += 1;
            let timer = runs.1.clone().unwrap();
            timer.as_ref().arm(at(0), Repeat::Once);
        })
    };
    let timer = Arc::pin(Timer::new(action));
    runs.lock().unwrap().1 = Some(timer.clone());
    timer.as_ref().arm(at(1), Repeat::Once);
    let raised = Host::raise(RunLevel::Dispatch);
    machine.timers(0).expire(Instant::new(5));
    assert_eq!(runs.lock().unwrap().0, TimerQueue::<Host>::BATCH);
    assert!(is_asked(), "the rest is asked for");
    timer.cancel();
    drop(raised);
    runs.lock().unwrap().1 = None;
}

#[test]
fn a_timer_goes_to_the_processor_that_arms_it() {
    let (machine, log) = (Machine::start(), Log::default());
    let timer = timer(1, &log);
    timer.as_ref().arm(at(10), Repeat::Once);
    machine.enter(1);
    assert!(timer.as_ref().arm(at(20), Repeat::Once));
    assert_eq!(machine.timers(0).next_due(), Instant::NEVER);
    assert_eq!(machine.timers(1).next_due(), Instant::new(20));
    assert_eq!(machine.timers(1).cpu(), CpuIndex::new(1));
    machine.enter(0);
    machine.advance(30);
    assert_eq!(taken(&log), []);
    assert!(timer.cancel(), "also from elsewhere");
}

#[test]
fn a_timer_that_is_dropped_is_cancelled() {
    let (machine, log) = (Machine::start(), Log::default());
    for periodic in [Repeat::Once, every(3)] {
        let timer = timer(1, &log);
        timer.as_ref().arm(at(10), periodic);
        drop(timer);
    }
    machine.advance(100);
    assert_eq!(taken(&log), []);
    assert_eq!(machine.timers(0).next_due(), Instant::NEVER);
}

#[test]
fn an_alarm_borrows_from_the_frame_and_ends_with_it() {
    let machine = Machine::start();
    let rang = Mutex::new(Vec::new());
    let rings = |expiry: Expiry| rang.lock().unwrap().push(expiry.due.units());
    during::<Host, _, _>(at(10), rings, || machine.advance(5));
    machine.advance(20);
    assert_eq!(*rang.lock().unwrap(), []);
    let result = during::<Host, _, _>(at(30), rings, || {
        during::<Host, _, _>(at(25), rings, || machine.advance(40));
        7
    });
    assert_eq!((result, &*rang.lock().unwrap()), (7, &vec![25, 30]));
}

#[test]
fn a_timer_may_lie_in_a_frame_when_its_action_owns_all_it_uses() {
    let (machine, log) = (Machine::start(), Log::default());
    {
        let timer = pin!(Timer::<Host, _>::new(Writes { name: 9, log: Arc::clone(&log) }));
        timer.as_ref().arm(at(5), every(5));
        machine.advance(7);
    }
    machine.advance(20);
    assert_eq!(taken(&log), [(9, 5, 7)]);
}
