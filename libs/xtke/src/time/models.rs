//! Models of timers and of the shared time, explored in every interleaving:
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

use xtcore::CpuIndex;

use super::*;
use crate::model::{Model, explore, on};

/// What an action uses, and its owner takes away when the action cannot run any more.
struct Used(UnsafeCell<()>);

// SAFETY: the checker finds whoever reaches the cell at the wrong time.
unsafe impl Sync for Used {}
// SAFETY: the same.
unsafe impl Send for Used {}

fn used() -> Arc<Used> {
    Arc::new(Used(UnsafeCell::new(())))
}

const SOON: Due = Due::At(Instant::new(1));

type Alarm = Timer<Model, Box<dyn Fn(Expiry) + Send + Sync>>;

/// Returns a timer that is leaked, so that a model that fails does not wait for it in the middle of its panic.
fn leaked(action: Box<dyn Fn(Expiry) + Send + Sync>) -> Pin<&'static Alarm> {
    Pin::static_ref(Box::leak(Box::new(Timer::new(action))))
}

/// Processor 1 cancels a timer of processor 0 and then takes away what the action uses.
fn cancelled_and_freed(cancel: fn(&Alarm)) {
    explore(3, move || {
        let used = used();
        let action: Box<dyn Fn(Expiry) + Send + Sync> = {
            let used = Arc::clone(&used);
            Box::new(move |_: Expiry| used.0.with(|_| ()))
        };
        let timer = leaked(action);
        timer.arm(SOON, Repeat::Once);
        let canceller = {
            on(1, move || {
                cancel(&timer);
                used.0.with_mut(|_| ());
            })
        };
        Model::timers(CpuIndex::BOOT).expire(Instant::new(1));
        canceller.join().unwrap();
    });
}

#[test]
fn what_a_cancelled_timer_used_may_be_freed() {
    cancelled_and_freed(|timer| {
        timer.cancel_and_wait();
    });
}

#[test]
#[should_panic]
fn a_canceller_that_does_not_wait_is_found_out() {
    cancelled_and_freed(|timer| {
        timer.cancel();
    });
}

#[test]
fn a_timer_that_two_processors_arm_stands_in_one_queue_and_is_done_once() {
    explore(3, || {
        let runs = Arc::new(AtomicUsize::new(0));
        let action: Box<dyn Fn(Expiry) + Send + Sync> = {
            let runs = Arc::clone(&runs);
            Box::new(move |_: Expiry| {
                runs.fetch_add(1, Ordering::Relaxed);
            })
        };
        let timer = leaked(action);
        let other = { on(1, move || timer.arm(SOON, Repeat::Once)) };
        let mine = timer.arm(SOON, Repeat::Once);
        let theirs = other.join().unwrap();
        // Each cancels the other's, unless one comes between the cancelling and the arming of the other.
        assert!(!(mine && theirs));
        Model::timers(CpuIndex::BOOT).expire(Instant::new(1));
        on(1, || Model::timers(CpuIndex::new(1)).expire(Instant::new(1))).join().unwrap();
        assert_eq!((runs.load(Ordering::Relaxed), timer.due()), (1, None));
    });
}

/// One writes a time whose high half changes, another reads it.
fn shared(read: fn(&SharedTime) -> u64) {
    const TIMES: [u64; 3] = [0, 0xFFFF_FFFF, 0x1_0000_0000];
    explore(3, move || {
        let time = Arc::new(SharedTime::new());
        let writer = {
            let time = Arc::clone(&time);
            on(1, move || TIMES.iter().for_each(|&value| time.write(value)))
        };
        let first = read(&time);
        let second = read(&time);
        assert!(
            TIMES.contains(&first) && TIMES.contains(&second) && first <= second,
            "{first:#x} {second:#x}"
        );
        writer.join().unwrap();
    });
}

#[test]
fn a_shared_time_is_read_whole_and_never_goes_back() {
    shared(SharedTime::read);
}

#[test]
#[should_panic]
fn a_reader_that_does_not_compare_the_highs_is_found_out() {
    shared(|time| {
        let high = time.high1.load(Ordering::Acquire);
        u64::from(high) << 32 | u64::from(time.low.load(Ordering::Acquire))
    });
}

#[test]
#[should_panic]
fn a_reader_that_reads_in_the_order_of_the_writer_is_found_out() {
    shared(|time| {
        loop {
            let high = time.high2.load(Ordering::Acquire);
            let low = time.low.load(Ordering::Acquire);
            if time.high1.load(Ordering::Acquire) == high {
                return u64::from(high) << 32 | u64::from(low);
            }
            loom::thread::yield_now();
        }
    });
}
