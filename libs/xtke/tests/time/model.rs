//! Random timers against an ordered map: who is done when, and in which order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use xtke::time::{Due, Expiry, Instant, Interval, Period, Repeat, Timer};

use crate::host::{Host, Machine};

/// One step of a random history, of moments relative to the time.
#[derive(Clone, Debug)]
enum Step {
    Arm { timer: usize, after: u64, period: u64 },
    Cancel { timer: usize },
    Advance { by: u64 },
}

const TIMERS: usize = 24;

/// An interval of any order of magnitude.
fn interval() -> impl Strategy<Value = u64> {
    (0..64_u32, any::<u64>()).prop_map(|(bits, random)| random >> bits)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..TIMERS, interval(), prop_oneof![3 => Just(0), 1 => interval()])
            .prop_map(|(timer, after, period)| Step::Arm { timer, after, period }),
        2 => (0..TIMERS).prop_map(|timer| Step::Cancel { timer }),
        3 => (16..64_u32, any::<u64>()).prop_map(|(bits, random)| Step::Advance { by: random >> bits }),
    ]
}

type Writes = Timer<Host, Box<dyn Fn(Expiry) + Send + Sync>>;
type Log = Arc<Mutex<Vec<(usize, u64)>>>;

/// What should happen: by moment and order of arming, whose turn it is and how often again.
#[derive(Default)]
struct Model {
    armed: BTreeMap<(u64, u64), (usize, u64)>,
    order: u64,
    now: u64,
    passed: u64,
}

impl Model {
    fn cancel(&mut self, timer: usize) -> bool {
        let before = self.armed.len();
        self.armed.retain(|_, (other, _)| *other != timer);
        self.armed.len() != before
    }

    fn arm(&mut self, timer: usize, due: u64, period: u64) {
        self.order += 1;
        self.armed.insert((due, self.order), (timer, period));
    }

    fn advance(&mut self, now: u64) -> Vec<(usize, u64)> {
        self.now = now;
        let mut done = Vec::new();
        while let Some(entry) =
            self.armed.first_entry().filter(|entry| entry.key().0 <= now.min(u64::MAX - 1))
        {
            let ((due, _), (timer, period)) = entry.remove_entry();
            done.push((timer, due));
            if period != 0 {
                let phase = (now - due) % period;
                self.arm(timer, now.saturating_add(period - phase), period);
            }
        }
        self.passed += done.len() as u64;
        done
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn timers_do_what_an_ordered_map_says(steps in prop::collection::vec(step(), 1..400)) {
        let machine = Machine::start();
        let (log, mut model) = (Log::default(), Model::default());
        let timers: Vec<Pin<Arc<Writes>>> = (0..TIMERS).map(|name| {
            let log = Arc::clone(&log);
            let action: Box<dyn Fn(Expiry) + Send + Sync> =
                Box::new(move |expiry: Expiry| log.lock().unwrap().push((name, expiry.due.units())));
            Arc::pin(Timer::new(action))
        }).collect();
        for step in steps {
            match step {
                Step::Arm { timer, after, period } => {
                    let due = model.now.saturating_add(after);
                    let repeat = Period::new(Interval::new(period)).map_or(Repeat::Once, Repeat::Every);
                    let was = timers[timer].as_ref().arm(Due::At(Instant::new(due)), repeat);
                    prop_assert_eq!(was, model.cancel(timer));
                    model.arm(timer, due, period);
                }
                Step::Cancel { timer } => prop_assert_eq!(timers[timer].cancel(), model.cancel(timer)),
                Step::Advance { by } => {
                    let now = model.now.saturating_add(by);
                    machine.advance(now);
                    prop_assert_eq!(std::mem::take(&mut *log.lock().unwrap()), model.advance(now));
                }
            }
            let next = model.armed.first_key_value().map_or(u64::MAX, |((due, _), _)| *due);
            prop_assert!(machine.timers(0).next_due().units() <= next);
        }
    }
}
