//! What processors show one another without a lock: what each runs, and what others could take from it.
//!
//! # The protocol that loses nothing
//! * Who leaves a thread *waiting* in a queue first shows it ([`Board::show_best`]), then looks what the others run.
//! * Whose processor *falls* to something lower first shows that ([`Board::show_running`]), then looks what waits.
//!
//! Between the two steps both sides pass [`Board::order`], a sequentially consistent fence. So of two that do this at the
//! same time at least one sees the other: no processor sleeps, or runs something lower, beside a thread that it could take
//! without either having found it or being told to look. The set of idle processors is only a hint for placing.

use xtcore::CpuIndex;

use crate::cpus::{CpuSet, Seat};
use crate::sched::thread::priority::Rank;
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering, constructors, fence};

/// How many processors have a row. A model explores two.
#[cfg(not(loom))]
const ROWS: usize = CpuSet::CAPACITY;
#[cfg(loom)]
const ROWS: usize = 2;

/// What one processor shows.
#[derive(Debug)]
struct Row {
    /// The highest rank that waits there and that another could take.
    best: AtomicU8,
    /// The rank of what it runs, or is about to.
    running: AtomicU8,
    /// It was told to look whether another thread should run.
    look: AtomicBool,
    core: AtomicU32,
    package: AtomicU32,
    /// All processors of its core, itself included.
    siblings: AtomicUsize,
}

impl Row {
    constructors! {
        fn new() -> Self {
            Self {
                best: AtomicU8::new(0),
                running: AtomicU8::new(0),
                look: AtomicBool::new(false),
                core: AtomicU32::new(0),
                package: AtomicU32::new(0),
                siblings: AtomicUsize::new(0),
            }
        }
    }
}

/// What all processors show.
#[derive(Debug)]
pub(crate) struct Board {
    online: AtomicUsize,
    idle: AtomicUsize,
    rows: [Row; ROWS],
}

impl Board {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { online: AtomicUsize::new(0), idle: AtomicUsize::new(0), rows: [const { Row::new() }; ROWS] }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            online: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            rows: core::array::from_fn(|_| Row::new()),
        }
    }

    fn row(&self, cpu: CpuIndex) -> Option<&Row> {
        self.rows.get(cpu.get())
    }

    /// Lets a processor take part. The caller sees to it that only one joins at a time.
    pub(crate) fn join(&self, cpu: CpuIndex, seat: Seat) {
        let Some(row) = self.row(cpu) else { return };
        row.core.store(seat.core, Ordering::Relaxed);
        row.package.store(seat.package, Ordering::Relaxed);
        let mut siblings = CpuSet::of(cpu);
        for other in self.online().iter() {
            let Some(row) = self.row(other) else { continue };
            if row.core.load(Ordering::Relaxed) == seat.core {
                siblings = siblings | CpuSet::of(other);
                row.siblings.fetch_or(CpuSet::of(cpu).bits(), Ordering::Relaxed);
            }
        }
        row.siblings.store(siblings.bits(), Ordering::Relaxed);
        self.online.fetch_or(CpuSet::of(cpu).bits(), Ordering::Release);
    }

    /// Returns the processors that take part.
    pub(crate) fn online(&self) -> CpuSet {
        CpuSet::from_bits(self.online.load(Ordering::Acquire))
    }

    /// Returns the processors that have nothing to run. A hint.
    pub(crate) fn idle(&self) -> CpuSet {
        CpuSet::from_bits(self.idle.load(Ordering::Relaxed))
    }

    /// Puts a processor among the idle ones.
    pub(crate) fn set_idle(&self, cpu: CpuIndex) {
        if !self.idle().contains(cpu) {
            self.idle.fetch_or(CpuSet::of(cpu).bits(), Ordering::Relaxed);
        }
    }

    /// Takes a processor from among the idle ones; tells whether it was there, so that only one thread is sent to it.
    pub(crate) fn claim_idle(&self, cpu: CpuIndex) -> bool {
        self.idle().contains(cpu) && {
            let before = self.idle.fetch_and((!CpuSet::of(cpu)).bits(), Ordering::Relaxed);
            CpuSet::from_bits(before).contains(cpu)
        }
    }

    /// Shows what a processor runs, or is about to run.
    pub(crate) fn show_running(&self, cpu: CpuIndex, rank: Rank) {
        if let Some(row) = self.row(cpu) {
            show(&row.running, rank);
        }
    }

    /// Shows the highest rank that waits at a processor and that another could take.
    pub(crate) fn show_best(&self, cpu: CpuIndex, rank: Rank) {
        if let Some(row) = self.row(cpu) {
            show(&row.best, rank);
        }
    }

    /// Returns what a processor runs, or is about to run. Nothing for one that there is not.
    pub(crate) fn running(&self, cpu: CpuIndex) -> Rank {
        self.row(cpu).map_or(Rank::NOTHING, |row| Rank::from_byte(row.running.load(Ordering::Relaxed)))
    }

    /// Returns the highest rank that waits at a processor and that another could take.
    pub(crate) fn best(&self, cpu: CpuIndex) -> Rank {
        self.row(cpu).map_or(Rank::NOTHING, |row| Rank::from_byte(row.best.load(Ordering::Relaxed)))
    }

    /// Orders what was shown before what is read next, against everybody who does the same.
    pub(crate) fn order(&self) {
        fence(Ordering::SeqCst);
    }

    /// Tells a processor to look; tells the caller whether it has to be interrupted for that.
    pub(crate) fn ask(&self, cpu: CpuIndex) -> bool {
        self.row(cpu).is_some_and(|row| {
            let news = !row.look.load(Ordering::Relaxed);
            if news {
                row.look.store(true, Ordering::Relaxed);
            }
            news
        })
    }

    /// Takes the request to look. What is looked at afterwards is at least as new as what the request was made for: behind
    /// a queue's lock by that lock, on this board by [`Board::order`].
    pub(crate) fn was_asked(&self, cpu: CpuIndex) -> bool {
        self.row(cpu).is_some_and(|row| {
            let asked = row.look.load(Ordering::Relaxed);
            if asked {
                row.look.store(false, Ordering::Relaxed);
            }
            asked
        })
    }

    /// Chooses an idle processor out of `allowed`: a whole idle core before an idle sibling of a busy one; among those the
    /// one where the thread ran last, then one of the same package. Costs one look at each idle processor.
    pub(crate) fn choose_idle(&self, allowed: CpuSet, last: CpuIndex) -> Option<CpuIndex> {
        let idle = self.idle();
        let candidates = idle & allowed;
        let whole = |cpu: CpuIndex| {
            self.row(cpu)
                .is_some_and(|row| idle.contains_all(CpuSet::from_bits(row.siblings.load(Ordering::Relaxed))))
        };
        let fallback = if candidates.contains(last) { Some(last) } else { candidates.first() };
        if fallback.is_none_or(|cpu| cpu == last && whole(cpu)) {
            return fallback;
        }
        let package = self.row(last).map(|row| row.package.load(Ordering::Relaxed));
        let mut far = None;
        for cpu in candidates.iter().filter(|&cpu| whole(cpu)) {
            if self.row(cpu).map(|row| row.package.load(Ordering::Relaxed)) == package {
                return Some(cpu);
            }
            far = far.or(Some(cpu));
        }
        far.or(fallback)
    }

    /// Returns the processor out of `allowed` that runs the lowest. Costs one look at each.
    pub(crate) fn lowest(&self, allowed: CpuSet) -> Option<(CpuIndex, Rank)> {
        allowed.iter().map(|cpu| (cpu, self.running(cpu))).min_by_key(|&(_, rank)| rank)
    }
}

/// Stores a rank, unless it stands there: a store would take the line away from everybody who reads it.
fn show(place: &AtomicU8, rank: Rank) {
    if place.load(Ordering::Relaxed) != rank.byte() {
        place.store(rank.byte(), Ordering::Relaxed);
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(test)]
mod tests;
