//! What is deferred: by time, to a lower run level, to a thread.

use core::pin::Pin;

use xtke::defer::apc::{Apc, Kind, Occasion};
use xtke::defer::{Dpc, Importance, Target};
use xtke::platform::Platform;
use xtke::time::{Due, Expiry, Instant, Repeat, Timer};

use super::{Bench, Missing};
use crate::ke::threads::{self, Kernel};

/// Operations of a batch.
const COUNT: u32 = 100;

/// A moment that no measurement lives to see: after a thousand years.
const FAR: Due = Due::At(Instant::new(1000 * 365 * 86_400 * 10_000_000));

static TIMER: Timer<Kernel, fn(Expiry)> = Timer::new(|_| {});
static CALL: Dpc<Kernel, fn()> = Dpc::new(Target::Inserter, Importance::Medium, || {});
static THREAD_CALL: Apc<Kernel, fn(Occasion)> = Apc::new(Kind::Special, |_| {});

pub(super) fn run(bench: &mut Bench) -> Result<(), Missing> {
    let (timer, call, thread_call) =
        (Pin::static_ref(&TIMER), Pin::static_ref(&CALL), Pin::static_ref(&THREAD_CALL));
    bench.measure("time since the start, read", COUNT, &mut || {
        Kernel::now();
    });
    bench.measure("timer, set and cancel", COUNT, &mut || {
        timer.arm(FAR, Repeat::Once);
        timer.cancel();
    });
    bench.measure("deferred procedure call, queue and run", COUNT, &mut || {
        call.insert();
    });
    let own = threads::running().ok_or(Missing::Thread)?;
    bench.measure("asynchronous procedure call, queue and deliver", COUNT, &mut || {
        let _ = thread_call.insert(own);
    });
    Ok(())
}
