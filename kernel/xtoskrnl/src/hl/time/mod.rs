//! Time: counters to read it from, and sources of the clock interrupt.
//!
//! ```text
//!   counters, best first           clock interrupts, best first
//!   TSC    if it is invariant      LAPIC  one timer in each processor
//!   HPET   32 or 64 bits           HPET   one comparator, for one processor
//!   PM     24 or 32 bits           PIT    channel 0, for one processor
//!   PIT    channel 2, 16 bits
//! ```
//!
//! [`start`] finds what there is, discards what stands still, measures what does not tell how fast it is, and chooses: the
//! best, or what the user asked for with `TIMER=` and `CLOCK=`. Then it reads the battery-backed clock, once; `TIME=` sets it
//! before. After that everything is read only.

mod calibrate;
pub(crate) mod clock;
pub(crate) mod counter;
pub(crate) mod hpet;
mod pit;
pub(crate) mod pm;
pub(crate) mod rtc;
mod tsc;

use arrayvec::ArrayVec;
use spin::Once;
use xtboot::parameters::Parameters;
use xtcore::interrupt::Line;
use xthal::rtc::DateTime;
use xthal::time::{Frequency, Scale};

use crate::kd::log;
pub(crate) use calibrate::compare;
pub(crate) use clock::Clock;
pub(crate) use counter::{Counter, Kind};
use hpet::Hpet;
use pm::PmTimer;
use rtc::{Rtc, RtcError};

/// What the machine's tables say.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The registers of the high precision event timer.
    pub(crate) hpet: Option<hpet::Window>,
    /// The ACPI PM timer.
    pub(crate) pm: Option<PmTimer>,
    /// Where the PIT's interrupt arrives.
    pub(crate) pit_line: Line,
    /// The battery-backed clock.
    pub(crate) rtc: Rtc,
}

/// What was found and chosen.
#[derive(Debug)]
pub(crate) struct Time {
    counters: ArrayVec<Counter, 4>,
    counter: Kind,
    clock: Option<Clock>,
    /// What the battery-backed clock showed, in the time zone that it is set to.
    date: Result<DateTime, RtcError>,
    /// What the performance counter showed then.
    start: u64,
    /// The way from its ticks to units of 100 ns.
    units: Option<Scale>,
}

static TIME: Once<Time> = Once::new();

/// Returns what was found; `None` before [`start`].
pub(crate) fn get() -> Option<&'static Time> {
    TIME.get()
}

/// Tells whether nobody is in the middle of reading a counter that takes a lock: while he stands, so does the time.
pub(crate) fn is_at_rest() -> bool {
    pit::is_at_rest()
}

/// Waits, busily, for at least that many microseconds. Before [`start`], and where nothing counts, there is nothing to wait
/// by: false then.
#[must_use]
pub(crate) fn stall(microseconds: u64) -> bool {
    let counter = get().and_then(Time::counter);
    if let Some(counter) = counter {
        counter.stall(microseconds);
    }
    counter.is_some()
}

/// Finds the counters and the clocks, and chooses; the first call counts. Takes up to a tenth of a second when
/// something has to be measured. The local APIC of this processor must be on, if there is one.
pub(crate) fn start(facts: Facts, parameters: &Parameters<'_>) -> &'static Time {
    TIME.call_once(|| {
        let hpet = facts.hpet.and_then(|window| {
            let opened = Hpet::open(window);
            if opened.is_none() {
                log!("xtoskrnl: warning: no HPET answers where the tables say that one is");
            }
            opened
        });
        let counters = counters(hpet, facts.pm);
        let counter = choose(parameters, "TIMER", Kind::parse, counters.iter().map(Counter::kind));
        let counter = counter.unwrap_or(Kind::Pit);
        let mut clocks = ArrayVec::<Clock, 3>::new();
        // Measured by the best counter, whichever is chosen.
        if let Some(known) = counters.first() {
            clocks.extend(clock::all(known, hpet, facts.pit_line));
        }
        let clock = choose(parameters, "CLOCK", clock::Kind::parse, clocks.iter().map(Clock::kind));
        let clock = clocks.into_iter().find(|found| Some(found.kind()) == clock);
        set(facts.rtc, parameters);
        let date = facts.rtc.read();
        let chosen = counters.iter().find(|found| found.kind() == counter);
        let start = chosen.map_or(0, Counter::read);
        let units =
            chosen.zip(Frequency::new(10_000_000)).map(|(counter, to)| Scale::new(counter.frequency(), to));
        Time { counters, counter, clock, date, start, units }
    })
}

/// Sets the battery-backed clock, if the user says to what.
fn set(rtc: Rtc, parameters: &Parameters<'_>) {
    let Some(asked) = parameters.value("TIME") else { return };
    match DateTime::parse(asked) {
        Some(moment) => rtc.write(&moment),
        None => log!("xtoskrnl: warning: TIME={asked} is no moment as 2031-02-03T04:05:06; nothing is set"),
    }
}

/// Collects the counters that run, best first.
fn counters(hpet: Option<Hpet>, pm: Option<PmTimer>) -> ArrayVec<Counter, 4> {
    let known = [hpet.map(Counter::hpet), pm.map(Counter::pm), Some(Counter::pit())];
    let mut counters = ArrayVec::<Counter, 4>::new();
    for counter in known.into_iter().flatten() {
        if calibrate::moves(&counter) {
            // There is room for each kind.
            let _ = counters.try_push(counter);
        } else {
            log!("xtoskrnl: warning: the counter {} stands still and is not used", counter.kind().name());
        }
    }
    if let Some(frequency) = tsc::frequency(counters.first()) {
        let _ = counters.try_insert(0, Counter::tsc(frequency));
    }
    counters
}

/// Returns what a parameter asks for, or the first of what there is; says so when the two differ.
fn choose<K: Copy + PartialEq>(
    parameters: &Parameters<'_>,
    key: &str,
    parse: impl Fn(&str) -> Option<K>,
    present: impl Iterator<Item = K> + Clone,
) -> Option<K> {
    let default = present.clone().next();
    let Some(asked) = parameters.value(key) else { return default };
    match parse(asked) {
        Some(kind) if present.clone().any(|found| found == kind) => Some(kind),
        Some(_) => {
            log!(
                "xtoskrnl: warning: {key}={asked}: this machine has none that can be used; the default is taken"
            );
            default
        }
        None => {
            log!("xtoskrnl: warning: {key}={asked} is unknown; the default is taken");
            default
        }
    }
}

impl Time {
    /// Returns the performance counter; `None` on a machine where nothing counts.
    pub(crate) fn counter(&self) -> Option<&Counter> {
        self.counters.iter().find(|found| found.kind() == self.counter)
    }

    /// Returns all counters that run, best first.
    pub(crate) fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Returns what the battery-backed clock showed.
    ///
    /// # Errors
    /// All of [`RtcError`].
    pub(crate) const fn date(&self) -> Result<DateTime, RtcError> {
        self.date
    }

    /// Returns the time since [`start`] in units of 100 ns; 0 on a machine where nothing counts.
    pub(crate) fn elapsed(&self) -> u64 {
        let Some((counter, units)) = self.counter().zip(self.units.as_ref()) else { return 0 };
        units.apply(counter.read().saturating_sub(self.start))
    }

    /// Returns what the battery-backed clock showed at [`start`], to the second, if it showed something: units of 100 ns since
    /// the beginning of 1601.
    pub(crate) fn started(&self) -> Option<u64> {
        self.date.ok().map(|date| date.since_1601())
    }

    /// Returns the source of the clock interrupt.
    pub(crate) fn clock(&self) -> Option<&Clock> {
        self.clock.as_ref()
    }
}
