//! The clock interrupt: what each processor does at each tick.

use xtcore::CpuIndex;
use xthal::Vector;
use xthal::apic::Target;
use xthal::time::Span;

use super::SCHEDULER;
use crate::hl::time::clock::Reach;
use crate::hl::{apic, time};
use crate::kd::log;
use crate::ke::{interrupt, processor};

/// Between two ticks.
const PERIOD: Span = Span::from_micros(10_000);

/// Lets the clock interrupt this processor, or everybody through the boot processor where there is one clock for all.
pub(crate) fn start() {
    let Some(clock) = time::get().and_then(time::Time::clock) else { return };
    let is_first = processor::current() == CpuIndex::BOOT;
    if is_first && let Err(error) = interrupt::register(Vector::CLOCK, tick) {
        log!("xtoskrnl: warning: clock ticks go unnoticed: {error:?}");
    }
    if (is_first || clock.reach() == Reach::EachItsOwn)
        && let Err(error) = clock.start(PERIOD)
    {
        log!("xtoskrnl: warning: the clock of CPU {} stands still: {error}", processor::current().get());
    }
}

/// Counts a tick, and passes it on where one processor ticks for all. Reading the counter keeps a narrow one from being lost.
fn tick(vector: Vector) {
    let clock = time::get().and_then(time::Time::clock);
    if processor::current() == CpuIndex::BOOT {
        if let Some(counter) = time::get().and_then(time::Time::counter) {
            let _ = counter.read();
        }
        if clock.is_some_and(|clock| clock.reach() == Reach::OneForAll)
            && let Some(apic) = apic::local()
        {
            // Who misses a tick has the next one.
            let _ = apic.interrupt(vector, Target::Others);
        }
    }
    SCHEDULER.tick();
    // A message that could not be sent is made up for here.
    interrupt::request_dispatch();
}
