//! What the kernel's own operations cost here, for the parameter `BENCH=kernel`.
//!
//! A row is the median of several batches. A batch is a loop between two readings of the time stamp counter, less what the same
//! loop costs with nothing in it; the median leaves out those that a clock interrupt fell into. Under instruction counting the
//! ticks are instructions (design D12), of all processors together: the emulator runs one after another and has one count.
//!
//! Each operation is called through a pointer, so that nothing of it moves out of the loop, and all of it counts: run levels,
//! locks, and what other threads do before the operation is complete.

mod deferred;
mod locks;
mod mapping;
mod memory;
mod threads;

use core::fmt;
use core::hint::black_box;

use arrayvec::ArrayVec;
use xtboot::parameters::Parameters;
use xtkd::json::Array;

use crate::ar::control::time_stamp;
use crate::kd::log;
use crate::mm::Memory;

/// Batches of a row.
const BATCHES: usize = 9;

/// Rows at most.
const ROWS: usize = 32;

/// What an operation costs.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    /// Operations of a batch.
    count: u32,
    /// Ticks of the middle batch.
    ticks: u64,
}

/// What all of them cost.
#[derive(Debug)]
pub(crate) struct Bench(ArrayVec<Row, ROWS>);

/// Why a row is missing.
#[derive(Clone, Copy, Debug)]
enum Missing {
    /// There was no memory.
    Memory,
    /// A thread could not be created.
    Thread,
}

/// Measures everything, if the user asks for it.
#[inline(never)]
pub(crate) fn run(memory: &'static Memory, parameters: &Parameters<'_>) -> Option<Bench> {
    (parameters.value("BENCH") == Some("kernel")).then(|| measure(memory))
}

/// Measures everything, and tells what each operation costs.
pub(crate) fn tell(memory: &'static Memory) {
    for Row { name, count, ticks } in &measure(memory).0 {
        let each = ticks / u64::from(*count).max(1);
        log!("    {each:>10} ticks  {name}");
    }
}

/// Measures everything.
fn measure(memory: &'static Memory) -> Bench {
    log!("xtoskrnl: measuring what the kernel's operations cost");
    let mut bench = Bench(ArrayVec::new());
    locks::run(&mut bench);
    let subjects = [
        ("threads", threads::run(&mut bench)),
        ("deferred work", deferred::run(&mut bench)),
        ("memory", memory::run(memory, &mut bench)),
        ("mapping", mapping::run(memory, &mut bench)),
    ];
    for (subject, outcome) in subjects {
        if let Err(missing) = outcome {
            log!("xtoskrnl: rows about {subject} are missing: {missing:?}");
        }
    }
    bench
}

impl Bench {
    /// Measures an operation, `count` times a batch.
    fn measure(&mut self, name: &'static str, count: u32, act: &mut dyn FnMut()) {
        self.measure_batches(name, count, &mut || ticks_of(count, act));
    }

    /// Measures batches of `count` operations each; `batch` returns the ticks of one. Once in the image, not once a row.
    #[inline(never)]
    fn measure_batches(&mut self, name: &'static str, count: u32, batch: &mut dyn FnMut() -> u64) {
        let ticks = median(batch);
        if self.0.try_push(Row { name, count, ticks }).is_err() {
            log!("xtoskrnl: there is no room for the row {name}");
        }
    }
}

/// Returns the ticks of calling a function `count` times, the loop left out.
fn ticks_of(count: u32, act: &mut dyn FnMut()) -> u64 {
    let empty = looped(count, &mut || {});
    looped(count, act).saturating_sub(empty)
}

/// Returns the ticks of a loop that calls a function. Whose function it is, the compiler must not see: the loop has to
/// be the same for all.
#[inline(never)]
fn looped(count: u32, act: &mut dyn FnMut()) -> u64 {
    let act = black_box(act);
    let before = time_stamp();
    for _ in 0..count {
        act();
    }
    time_stamp().wrapping_sub(before)
}

/// Returns the middle one of several batches.
fn median(batch: &mut dyn FnMut() -> u64) -> u64 {
    let mut ticks = [0; BATCHES];
    ticks.fill_with(batch);
    // So few that looking is shorter than sorting, as code too: at most half are less, and more than half are not more.
    let is_middle = |one: &u64| {
        let less = ticks.iter().filter(|other| *other < one).count();
        let not_more = ticks.iter().filter(|other| *other <= one).count();
        less <= BATCHES / 2 && BATCHES / 2 < not_more
    };
    ticks.into_iter().find(is_middle).unwrap_or(0)
}

impl Bench {
    /// Writes what the report says about it.
    pub(crate) fn fill(&self, out: &mut Array<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Row { name, count, ticks }| {
            out.object(|row| {
                row.text("name", name)?;
                row.number("count", *count)?;
                row.number("ticks", *ticks)
            })
        })
    }
}
