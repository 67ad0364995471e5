//! Whether clocks and interrupt controllers do what they are for. Only counters of the machine are compared with each other,
//! never with the time of a host; and interrupts stay off: one that has been requested is seen waiting.

use xtcore::interrupt::Signal;
use xthal::Vector;
use xthal::apic::{Errors, Target};
use xthal::ioapic::{Entry, Mask, Route};
use xthal::time::{Doubt, Interval, agree};

use crate::hl::apic::{IoApic, LocalApic};
use crate::hl::time::{Counter, Time, compare};
use crate::kd::log;

/// The period that the clock is asked for.
const PERIOD: Interval = Interval::from_millis(10);
/// How long an interrupt is waited for, in microseconds: long for an emulator on a busy host.
const PATIENCE: u64 = 2_000_000;
/// How far counters may be apart, in percent.
const TOLERANCE: u64 = 5;
/// How often each counter is read to see whether it ever goes back.
const READINGS: u32 = 2_000;

/// What came of an interrupt that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    /// There is nothing that could ask.
    Untried,
    /// It was waiting already, so its arrival cannot be seen.
    Unseen,
    /// It came as it should.
    Right,
    /// It came long before its time.
    Early,
    /// It did not come.
    Never,
    /// It could not be asked for.
    Refused,
}

impl Arrival {
    /// Tells whether an interrupt has come as it should.
    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::Right)
    }

    const fn is_wrong(self) -> bool {
        matches!(self, Self::Early | Self::Never | Self::Refused)
    }
}

/// What the checks found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checks {
    /// Pairs of counters that do not agree.
    pub(super) disagreements: u32,
    /// Readings of a counter below the one before.
    pub(super) backwards: u32,
    /// Entries of an I/O APIC that do not show what was written.
    pub(super) forgotten: u32,
    /// The period that the clock really had.
    pub(super) period: Option<Interval>,
    /// The clock interrupt.
    pub(super) clock: Arrival,
    /// The interrupt that the processor sent itself.
    pub(super) command: Arrival,
    /// What the local APIC reported as wrong.
    pub(super) errors: Errors,
}

impl Checks {
    /// Tells whether nothing is wrong.
    pub(super) const fn are_clean(&self) -> bool {
        self.disagreements == 0
            && self.backwards == 0
            && self.forgotten == 0
            && !self.clock.is_wrong()
            && !self.command.is_wrong()
            && self.errors.is_empty()
    }

    /// Prints what is wrong.
    pub(super) fn complain(&self) {
        if !self.are_clean() {
            log!("xtoskrnl: clocks or interrupt controllers do not work: {self:?}");
        }
    }
}

/// Checks everything that was found.
pub(super) fn run(local: Option<&LocalApic>, io: &[IoApic], time: &Time) -> Checks {
    let (clock, period) = tick(local, time);
    Checks {
        disagreements: disagreements(time.counters()),
        backwards: time.counters().iter().map(backwards).sum(),
        forgotten: io.iter().map(|io| forgotten(local, io)).sum(),
        period,
        clock,
        command: send(local, time.counters().first()),
        errors: local.map_or(Errors::empty(), LocalApic::errors),
    }
}

/// Counts the counters that do not run as fast as they claim, by each other one.
fn disagreements(counters: &[Counter]) -> u32 {
    let mut count = 0;
    for (index, known) in counters.iter().enumerate() {
        for other in counters.iter().skip(index + 1) {
            let does_agree = match compare(known, other) {
                Ok(measured) => agree(other.frequency(), &measured, TOLERANCE),
                // A host that is too busy for a single short measurement says nothing about the counters.
                Err(Doubt::TookTooLong(_)) => true,
                Err(_) => false,
            };
            if !does_agree {
                let [known, other] = [known, other].map(|counter| counter.kind().name());
                log!("xtoskrnl: the counter {other} does not agree with {known}");
            }
            count += u32::from(!does_agree);
        }
    }
    count
}

/// Counts the readings that are below the one before.
fn backwards(counter: &Counter) -> u32 {
    let mut last = counter.read();
    let mut count = 0;
    for _ in 0..READINGS {
        let now = counter.read();
        count += u32::from(now < last);
        last = now;
    }
    count
}

/// Writes an entry of an I/O APIC, masked, and reads it back. Then it leads nowhere again.
fn forgotten(local: Option<&LocalApic>, io: &IoApic) -> u32 {
    let Some(local) = local else { return 0 };
    let (gsi, destination) = (io.first(), local.id());
    let route = Route { vector: Vector::FIRST_DEVICE, destination, signal: Signal::SHARED };
    let shows = io.route(gsi, route, Mask::Masked).is_ok()
        && io.entry(gsi).is_ok_and(|entry| entry.route() == route && entry.mask() == Mask::Masked);
    let reset = io.reset(gsi).is_ok() && io.entry(gsi) == Ok(Entry::NOTHING);
    u32::from(!shows) + u32::from(!reset)
}

/// Has the processor send itself an interrupt, and sees it wait.
fn send(local: Option<&LocalApic>, counter: Option<&Counter>) -> Arrival {
    let (Some(local), Some(counter)) = (local, counter) else { return Arrival::Untried };
    if local.is_requested(Vector::INBOX) {
        return Arrival::Unseen;
    }
    if local.interrupt(Vector::INBOX, Target::Own).is_err() {
        return Arrival::Refused;
    }
    if arrives(local, counter, Vector::INBOX) { Arrival::Right } else { Arrival::Never }
}

/// Starts the clock, and sees its first interrupt wait.
fn tick(local: Option<&LocalApic>, time: &Time) -> (Arrival, Option<Interval>) {
    // By the best counter, whichever was chosen: a narrow one, read by a busy host, may miss a wrap.
    let (Some(local), Some(counter), Some(clock)) = (local, time.counters().first(), time.clock()) else {
        return (Arrival::Untried, None);
    };
    if local.is_requested(Vector::CLOCK) {
        return (Arrival::Unseen, None);
    }
    let start = counter.read();
    let period = match clock.start(PERIOD) {
        Ok(period) => period,
        Err(error) => {
            log!("xtoskrnl: warning: the clock {} does not start: {error}", clock.kind().name());
            return (Arrival::Refused, None);
        }
    };
    let arrives = arrives(local, counter, Vector::CLOCK);
    let elapsed = counter.frequency().interval_of(counter.read().saturating_sub(start));
    clock.stop();
    let arrival = match elapsed {
        _ if !arrives => Arrival::Never,
        Some(elapsed) if elapsed.units() < period.units() / 10 * 9 => Arrival::Early,
        _ => Arrival::Right,
    };
    (arrival, Some(period))
}

/// Waits until an interrupt has been requested.
fn arrives(local: &LocalApic, counter: &Counter, vector: Vector) -> bool {
    const STEP: u64 = 20;
    (0..PATIENCE / STEP).any(|_| {
        let is_there = local.is_requested(vector);
        if !is_there {
            counter.stall(STEP);
        }
        is_there
    })
}
