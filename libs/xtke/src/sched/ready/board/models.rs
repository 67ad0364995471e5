//! Models of going idle beside work that comes, explored in every interleaving, each beside a twin that leaves a step out:
//! `RUSTFLAGS="--cfg loom" cargo test -p xtke --release --lib models`.

extern crate std;

use loom::sync::Mutex;
use loom::sync::{Arc, atomic};
use loom::thread;

use super::Board;
use crate::sched::thread::priority::{Priority, Rank};
use xtcore::CpuIndex;

const FIRST: CpuIndex = CpuIndex::new(0);
const SECOND: CpuIndex = CpuIndex::new(1);
const BUSY: Rank = Rank::of(Priority::HIGHEST);
const WORK: Rank = Rank::of(Priority::NORMAL);

/// The queue of the first processor holds at most one piece of work; the second has nothing else to do.
struct Pair {
    board: Board,
    queue: Mutex<u32>,
    interrupts: atomic::AtomicUsize,
}

/// What a twin leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    NoOrderWhereWorkComes,
    NoOrderWhereItFalls,
    ReadsBeforeItTakesTheRequest,
}

impl Pair {
    fn new(running: Rank) -> Arc<Self> {
        let pair =
            Self { board: Board::new(), queue: Mutex::new(0), interrupts: atomic::AtomicUsize::new(0) };
        pair.board.show_running(FIRST, BUSY);
        pair.board.show_running(SECOND, running);
        Arc::new(pair)
    }

    fn enqueue(&self, mistake: Mistake) {
        let mut queue = self.queue.lock().unwrap();
        *queue += 1;
        self.board.show_best(FIRST, WORK);
        drop(queue);
        if mistake != Mistake::NoOrderWhereWorkComes {
            self.board.order();
        }
        if self.board.running(SECOND) < WORK && self.board.ask(SECOND) {
            self.interrupts.fetch_add(1, atomic::Ordering::Release);
        }
    }

    /// Shows that the second has nothing to run, and looks whether it can have the first's work.
    fn fall(&self, mistake: Mistake) -> bool {
        self.board.show_running(SECOND, Rank::NOTHING);
        if mistake != Mistake::NoOrderWhereItFalls {
            self.board.order();
        }
        self.steal()
    }

    fn steal(&self) -> bool {
        if self.board.best(FIRST) <= Rank::NOTHING {
            return false;
        }
        let mut queue = self.queue.lock().unwrap();
        let found = *queue > 0;
        *queue = 0;
        found
    }
}

fn idle_beside_work(mistake: Mistake) {
    loom::model(move || {
        let pair = Pair::new(BUSY);
        let first = {
            let pair = Arc::clone(&pair);
            thread::spawn(move || pair.enqueue(mistake))
        };
        let found = pair.fall(mistake);
        first.join().unwrap();
        let told = pair.interrupts.load(atomic::Ordering::Acquire) > 0;
        assert!(found || told, "the second sleeps beside work");
    });
}

#[test]
fn a_processor_that_goes_idle_finds_the_work_or_is_told_of_it() {
    idle_beside_work(Mistake::None);
}

#[test]
#[should_panic(expected = "sleeps beside work")]
fn who_brings_work_must_order_it_before_looking() {
    idle_beside_work(Mistake::NoOrderWhereWorkComes);
}

#[test]
#[should_panic(expected = "sleeps beside work")]
fn who_falls_must_order_that_before_looking() {
    idle_beside_work(Mistake::NoOrderWhereItFalls);
}

/// The second is idle and was told to look for something that is gone; while it looks, work comes whose bringer sees that
/// it was told already.
fn told_twice(mistake: Mistake) {
    loom::model(move || {
        let pair = Pair::new(Rank::NOTHING);
        assert!(pair.board.ask(SECOND));
        let first = {
            let pair = Arc::clone(&pair);
            thread::spawn(move || pair.enqueue(mistake))
        };
        let found = if mistake == Mistake::ReadsBeforeItTakesTheRequest {
            let found = pair.fall(mistake);
            pair.board.was_asked(SECOND);
            found
        } else {
            pair.board.was_asked(SECOND);
            pair.fall(mistake)
        };
        first.join().unwrap();
        let told = pair.interrupts.load(atomic::Ordering::Acquire) > 0;
        assert!(found || told, "a request was taken for an older one");
    });
}

#[test]
fn a_request_that_is_not_repeated_is_not_lost() {
    told_twice(Mistake::None);
}

#[test]
#[should_panic(expected = "taken for an older one")]
fn the_request_must_be_taken_before_looking() {
    told_twice(Mistake::ReadsBeforeItTakesTheRequest);
}
