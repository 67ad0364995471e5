//! What asynchronous procedure calls do to their thread.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use xtke::RunLevel;
use xtke::defer::apc::{Apc, Ended, Interrupting, Kind, Occasion, Queue, critical_region, guarded_region};
use xtke::platform::{Parking, Platform};

use crate::host::{Host, Machine, Thread, thread};

type Log = Arc<Mutex<Vec<(u32, RunLevel, Occasion)>>>;
type Call = Pin<Arc<Apc<Host, Box<dyn Fn(Occasion) + Send + Sync>>>>;

fn call(name: u32, kind: Kind, log: &Log) -> Call {
    let log = Arc::clone(log);
    Arc::pin(Apc::new(
        kind,
        Box::new(move |occasion| log.lock().unwrap().push((name, Host::run_level(), occasion))),
    ))
}

fn names(log: &Log) -> Vec<u32> {
    std::mem::take(&mut *log.lock().unwrap()).into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn special_calls_come_first_and_each_kind_has_its_level() {
    Machine::start();
    let log = Log::default();
    let calls = [(1, Kind::Normal), (2, Kind::Special), (3, Kind::Normal), (4, Kind::Special)]
        .map(|(name, kind)| call(name, kind, &log));
    let raised = Host::raise(RunLevel::Apc);
    for call in &calls {
        assert_eq!(call.as_ref().insert(thread()), Ok(true));
        assert_eq!(call.as_ref().insert(thread()), Ok(false));
    }
    assert_eq!(names(&log), []);
    drop(raised);
    let ran = std::mem::take(&mut *log.lock().unwrap());
    let delivered = |name, level| (name, level, Occasion::Delivery);
    assert_eq!(
        ran,
        [
            delivered(2, RunLevel::Apc),
            delivered(4, RunLevel::Apc),
            delivered(1, RunLevel::Passive),
            delivered(3, RunLevel::Passive)
        ]
    );
    assert!(calls.iter().all(|call| !call.is_queued()));
}

#[test]
fn regions_hold_calls_back_and_deliver_them_at_their_end() {
    Machine::start();
    let log = Log::default();
    let (special, normal) = (call(1, Kind::Special, &log), call(2, Kind::Normal, &log));
    let insert = || {
        special.as_ref().insert(thread()).unwrap();
        normal.as_ref().insert(thread()).unwrap();
    };
    let outer = critical_region::<Host>();
    let inner = critical_region::<Host>();
    insert();
    assert_eq!(names(&log), [1]);
    drop(inner);
    assert_eq!(names(&log), []);
    drop(outer);
    assert_eq!(names(&log), [2]);
    let guarded = guarded_region::<Host>();
    insert();
    assert_eq!(names(&log), []);
    let critical = critical_region::<Host>();
    drop(guarded);
    assert_eq!(names(&log), [1]);
    assert!(normal.remove(thread()) && !normal.remove(thread()));
    drop(critical);
    assert_eq!(names(&log), []);
}

#[test]
fn a_normal_call_holds_back_others_but_not_special_ones() {
    Machine::start();
    let log = Log::default();
    let (special, other) = (call(1, Kind::Special, &log), call(2, Kind::Normal, &log));
    let first: Call = {
        let (log, special, other) = (Arc::clone(&log), special.clone(), other.clone());
        Arc::pin(Apc::new(
            Kind::Normal,
            Box::new(move |_| {
                other.as_ref().insert(thread()).unwrap();
                special.as_ref().insert(thread()).unwrap();
                log.lock().unwrap().push((3, Host::run_level(), Occasion::Delivery));
            }),
        ))
    };
    first.as_ref().insert(thread()).unwrap();
    assert_eq!(names(&log), [1, 3, 2]);
}

#[test]
fn whoever_delivered_calls_has_a_permit_afterwards() {
    Machine::start();
    let log = Log::default();
    let eats: Call = Arc::pin(Apc::new(Kind::Normal, Box::new(|_| Host::park())));
    let before = thread().unparked.load(Ordering::Relaxed);
    eats.as_ref().insert(thread()).unwrap();
    assert_eq!(thread().unparked.load(Ordering::Relaxed), before + 1);
    call(1, Kind::Normal, &log).as_ref().insert(thread()).unwrap();
}

#[test]
fn a_sleeping_thread_is_woken_to_run_a_call_of_another() {
    let machine = Machine::start();
    let (send, receive) = mpsc::channel::<&'static Thread>();
    let ran = Arc::new(AtomicUsize::new(0));
    let call: Call = {
        let ran = Arc::clone(&ran);
        Arc::pin(Apc::new(Kind::Special, Box::new(move |_| _ = ran.fetch_add(1, Ordering::Release))))
    };
    std::thread::scope(|scope| {
        let waits = Arc::clone(&ran);
        scope.spawn(move || {
            machine.enter(1);
            send.send(thread()).unwrap();
            while waits.load(Ordering::Acquire) == 0 {
                Host::park();
            }
        });
        assert_eq!(call.as_ref().insert(receive.recv().unwrap()), Ok(true));
    });
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

#[test]
fn an_ending_thread_tells_what_is_left_and_takes_no_more() {
    let log = Log::default();
    let calls =
        [(1, Kind::Normal), (2, Kind::Special), (3, Kind::Normal)].map(|(name, kind)| call(name, kind, &log));
    let late = call(4, Kind::Special, &log);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            Machine::start();
            let raised = Host::raise(RunLevel::Apc);
            for call in &calls {
                call.as_ref().insert(thread()).unwrap();
            }
            Queue::<Host>::run_down(thread());
            assert_eq!(late.as_ref().insert(thread()), Err(Ended));
            drop(raised);
        });
    });
    let ran = std::mem::take(&mut *log.lock().unwrap());
    assert!(ran.iter().all(|(_, _, occasion)| *occasion == Occasion::ThreadEnds));
    assert_eq!(ran.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), [2, 1, 3]);
    assert!(!late.is_queued() && !calls[0].is_queued());
}

#[test]
fn a_call_of_one_thread_is_not_taken_out_of_anothers_queue() {
    let machine = Machine::start();
    let log = Log::default();
    let call = call(1, Kind::Special, &log);
    let guarded = guarded_region::<Host>();
    let mine = thread();
    call.as_ref().insert(mine).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            machine.enter(1);
            assert!(!call.remove(thread()), "it is not in this thread's queue");
            assert_eq!(call.as_ref().insert(thread()), Ok(false), "but it is in one");
            assert!(call.remove(mine));
        });
    });
    assert!(!Host::apcs(mine).is_deliverable());
    drop(guarded);
    assert_eq!(names(&log), []);
}
