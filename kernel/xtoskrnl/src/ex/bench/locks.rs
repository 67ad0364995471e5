//! Run levels, and a lock that nobody else wants.

use xtke::lock::{Class, SpinLock};
use xtmm::machine::RunLevel;

use super::Bench;
use crate::ke::processor;
use crate::ke::threads::Kernel;

const COUNT: u32 = 1000;

static LOCK: SpinLock<Kernel, ()> = SpinLock::new(Class::new("bench"), ());

pub(super) fn run(bench: &mut Bench) {
    bench.measure("run level, raise and lower", COUNT, &mut || drop(processor::raise(RunLevel::Dispatch)));
    bench.measure("spin lock, acquire and release", COUNT, &mut || drop(LOCK.lock()));
}
