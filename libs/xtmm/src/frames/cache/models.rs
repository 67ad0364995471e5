//! Models of what processors do to each other's caches, explored in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtmm --release --lib models`.
#![allow(unsafe_code, reason = "a lock of the model's own atomics")]

extern crate std;
use std::boxed::Box;
use std::vec::Vec;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::depot::{Batch, Depot};
use super::{BATCH, CpuCache, Kind, MAGAZINE};
use crate::frames::units::Pfn;

/// A spin lock whose memory order a model chooses.
struct Lock<T> {
    taken: AtomicBool,
    orders: (Ordering, Ordering),
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by the holder of the lock only; the model checks that.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: the lock goes wherever its value may go.
unsafe impl<T: Send> Send for Lock<T> {}

impl<T> Lock<T> {
    fn new(orders: (Ordering, Ordering), value: T) -> Self {
        Self { taken: AtomicBool::new(false), orders, value: UnsafeCell::new(value) }
    }

    fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        while self.taken.compare_exchange(false, true, self.orders.0, Ordering::Relaxed).is_err() {
            thread::yield_now();
        }
        // SAFETY: the lock is taken, so nobody else has a reference.
        let result = self.value.with_mut(|value| act(unsafe { &mut *value }));
        self.taken.store(false, self.orders.1);
        result
    }
}

/// One more than a magazine holds, its front included.
const FRAMES: usize = MAGAZINE + 2;

const SOUND: (Ordering, Ordering) = (Ordering::Acquire, Ordering::Release);
const BROKEN: (Ordering, Ordering) = (Ordering::Relaxed, Ordering::Relaxed);

/// Two processors with caches, a depot and rows, as the allocator uses them.
struct Machine {
    caches: [CpuCache; 2],
    depot: Lock<Depot<'static>>,
    rows: Lock<Vec<usize>>,
}

impl Machine {
    fn new(orders: (Ordering, Ordering)) -> Arc<Self> {
        let batches: &'static [Batch] = Box::leak(Box::new([Batch::new(), Batch::new()]));
        Arc::new(Self {
            caches: [CpuCache::new(), CpuCache::new()],
            depot: Lock::new(orders, Depot::new(batches).unwrap()),
            rows: Lock::new(orders, Vec::new()),
        })
    }

    fn free(&self, cpu: usize, pfn: Pfn) {
        let cache = &self.caches[cpu];
        let magazine = cache.magazine(Kind::Free);
        if magazine.push(pfn) {
            return;
        }
        self.serve(cpu);
        if magazine.room() == 0 && !self.depot.with(|depot| depot.put(Kind::Free, magazine)) {
            self.rows.with(|rows| rows.extend(magazine.oldest(BATCH).map(|pfn| pfn.0)));
            magazine.forget_oldest(BATCH);
        }
        assert!(magazine.push(pfn));
    }

    fn allocate(&self, cpu: usize) -> Option<Pfn> {
        let magazine = self.caches[cpu].magazine(Kind::Free);
        magazine.pop().or_else(|| {
            self.serve(cpu);
            self.depot.with(|depot| depot.take(Kind::Free, magazine)).then(|| magazine.pop()).flatten()
        })
    }

    /// The beginning of every slow path.
    fn serve(&self, cpu: usize) {
        let cache = &self.caches[cpu];
        if cache.is_drain_requested() {
            let magazine = cache.magazine(Kind::Free);
            self.rows.with(|rows| rows.extend(magazine.iter().map(|pfn| pfn.0)));
            magazine.forget_all();
            cache.end_drain();
        }
    }

    /// Takes everything out of all places.
    fn collect(&self) -> Vec<usize> {
        let mut all = self.rows.with(core::mem::take);
        for cache in &self.caches {
            let magazine = cache.magazine(Kind::Free);
            loop {
                all.extend(core::iter::from_fn(|| magazine.pop()).map(|pfn| pfn.0));
                if !self.depot.with(|depot| depot.take(Kind::Free, magazine)) {
                    break;
                }
            }
        }
        all
    }
}

/// Processor 0 frees more than its magazine holds, processor 1 takes what it finds.
fn hand_over(orders: (Ordering, Ordering)) {
    loom::model(move || {
        let machine = Machine::new(orders);
        let giver = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || (1..=FRAMES).for_each(|frame| machine.free(0, Pfn(frame))))
        };
        let mut got: Vec<usize> = (0..2).filter_map(|_| machine.allocate(1)).map(|pfn| pfn.0).collect();
        giver.join().unwrap();
        got.extend(machine.collect());
        got.sort_unstable();
        assert!(got.iter().copied().eq(1..=FRAMES), "each frame once: {got:?}");
    });
}

#[test]
fn a_batch_reaches_another_processor_once_and_whole() {
    hand_over(SOUND);
}

#[test]
#[should_panic]
fn a_lock_that_orders_nothing_is_found_out() {
    hand_over(BROKEN);
}

#[test]
fn no_request_to_hand_back_is_lost() {
    loom::model(|| {
        let machine = Machine::new(SOUND);
        let owner = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || {
                machine.free(0, Pfn(1));
                machine.serve(0);
                machine.free(0, Pfn(2));
            })
        };
        // Twice: the second may come while the first is being honoured.
        machine.caches[0].request_drain();
        machine.caches[0].request_drain();
        let found = machine.rows.with(|rows| rows.len());
        owner.join().unwrap();
        // What was handed back is found; what was not, at the next slow path, unless it came after the request was met.
        machine.serve(0);
        let rows = machine.rows.with(core::mem::take);
        assert!(rows.len() >= found && rows.contains(&1), "{rows:?}");
        let mut all = machine.collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2].into_iter().filter(|frame| !rows.contains(frame)).collect::<Vec<_>>());
    });
}
