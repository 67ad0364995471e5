//! The clock interrupt: what each processor does at each tick, and the time that everybody can read.
//!
//! The boot processor keeps the time and writes it to the shared page, which has a page of memory to itself so that it can be
//! mapped for whoever may only read.

use spin::Once;
use xtcore::CpuIndex;
use xthal::Vector;
use xthal::apic::Target;
use xtke::platform::Platform;
use xtke::time::{Clock, Interval, Period, SharedPage, SystemTime};

use super::{Kernel, SCHEDULER, services};
use crate::hl::time::clock::Reach;
use crate::hl::{apic, time};
use crate::kd::{log, monitor};
use crate::ke::{interrupt, processor, translations};

/// Between two ticks.
const PERIOD: Interval = Interval::from_millis(10);

/// A page of its own.
#[repr(align(4096))]
struct Page(SharedPage);

static PAGE: Page = Page(SharedPage::new());

static CLOCK: Once<Clock<Kernel>> = Once::new();

/// Returns the page that shows the time.
pub(crate) fn page() -> &'static SharedPage {
    &PAGE.0
}

/// Begins to keep the time, from what the battery-backed clock showed when the machine's count of time began; from the
/// beginning of 1601 where it showed nothing. The first call counts.
pub(super) fn keep() {
    let Some(period) = Period::new(PERIOD) else { return };
    let started = SystemTime::new(time::get().and_then(time::Time::started).unwrap_or(0));
    CLOCK.call_once(|| Clock::new(page(), CpuIndex::BOOT, started, period));
}

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

/// Counts a tick, and passes it on where one processor ticks for all. Reading the counter, which the time comes from, keeps a
/// narrow one from being lost.
fn tick(vector: Vector) {
    let now = Kernel::now();
    if processor::current() == CpuIndex::BOOT {
        if let Some(clock) = CLOCK.get() {
            clock.tick(now);
        }
        let clock = time::get().and_then(time::Time::clock);
        if clock.is_some_and(|clock| clock.reach() == Reach::OneForAll)
            && let Some(apic) = apic::local()
        {
            // Who misses a tick has the next one.
            let _ = apic.interrupt(vector, Target::Others);
        }
    }
    services::tick(now);
    SCHEDULER.tick();
    // So each tick looks at timers and deferred calls, and makes up for a message that could not be sent.
    translations::service();
    interrupt::request_dispatch();
    if processor::current() == CpuIndex::BOOT {
        monitor::poll();
    }
}
