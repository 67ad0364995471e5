//! Sources of the clock interrupt, behind one interface: all of them raise [`Vector::CLOCK`].

use arrayvec::ArrayVec;
use core::fmt;

use xtcore::interrupt::{Gsi, Line, Signal};
use xthal::Vector;
use xthal::apic::Setting;
use xthal::ioapic::{Mask, Route};
use xthal::time::hpet::{self as bits, Legacy};
use xthal::time::pit::Divisor;
use xthal::time::{Frequency, Interval, Width};

use super::calibrate::calibrate;
use super::counter::Counter;
use super::hpet::{Hpet, Wiring};
use super::pit;
use crate::hl::apic::{self, LocalApic, RouteError};
use crate::kd::log;

/// Which source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The timer of the local APIC.
    LocalApic,
    /// A comparator of the event timer.
    Hpet,
    /// Channel 0 of the interval timer.
    Pit,
}

impl Kind {
    /// Returns the name that logs, reports and the parameter `CLOCK` use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LocalApic => "LAPIC",
            Self::Hpet => "HPET",
            Self::Pit => "PIT",
        }
    }

    /// Reads a value of the parameter `CLOCK`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let kinds = [Self::LocalApic, Self::Hpet, Self::Pit];
        kinds.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text))
    }
}

/// Who is interrupted by a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// The processor that starts it; each has its own.
    EachItsOwn,
    /// The processor that starts it, and nobody else: it has to pass the tick on.
    OneForAll,
}

/// A source of the clock interrupt.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The local APIC's timer, and what its undivided input has.
    LocalApic(&'static LocalApic, Frequency),
    /// A comparator, and where it interrupts.
    Hpet(Comparator),
    /// Channel 0, and where it interrupts.
    Pit(Line),
}

/// A comparator of the event timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparator {
    hpet: Hpet,
    number: u32,
    line: Line,
    wiring: Wiring,
}

/// Why a clock does not start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClockError {
    /// It cannot have that period.
    Period(Interval),
    /// There is no local APIC that could take the interrupt.
    NoLocalApic,
    /// Its interrupt cannot be routed.
    Route(RouteError),
}

impl fmt::Display for ClockError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period(interval) => write!(out, "it cannot have a period of {interval}"),
            Self::NoLocalApic => out.write_str("no local APIC could take its interrupt"),
            Self::Route(error) => error.fmt(out),
        }
    }
}

/// What the input of a local APIC's timer can have, in hertz.
const PLAUSIBLE: core::ops::RangeInclusive<u64> = 1_000_000..=20_000_000_000;

/// Collects the sources that this machine has, best first. `known` is what the local APIC's timer is measured by.
pub(super) fn all(known: &Counter, hpet: Option<Hpet>, pit: Line) -> ArrayVec<Clock, 3> {
    let local = apic::local().and_then(|local| match measure(known, local) {
        Ok(input) => Some(Clock::LocalApic(local, input)),
        Err(doubt) => {
            log!("xtoskrnl: warning: the timer of the local APIC is not used: {doubt}");
            None
        }
    });
    let comparator = hpet.and_then(|hpet| Comparator::find(hpet, pit)).map(Clock::Hpet);
    let channel = apic::io_of(pit.gsi).map(|_| Clock::Pit(pit));
    [local, comparator, channel].into_iter().flatten().collect()
}

fn measure(known: &Counter, local: &LocalApic) -> Result<Frequency, xthal::time::Doubt> {
    local.start_free();
    // It counts down; seen from the other end it counts up.
    let measured = calibrate(known, Width::BITS_32, || (!local.timer_count()).into(), PLAUSIBLE);
    local.stop_timer();
    measured.map(|measured| measured.frequency)
}

impl Comparator {
    /// Finds a comparator and an input for it: the PIT's, whose place it can take, which no device shares; else one of
    /// those that it can raise, the higher ones first, because the low ones belong to devices of old.
    fn find(hpet: Hpet, pit: Line) -> Option<Self> {
        if hpet.legacy() == Legacy::Possible
            && hpet.periodic_comparator() == Some(0)
            && apic::io_of(pit.gsi).is_some()
        {
            return Some(Self { hpet, number: 0, line: pit, wiring: Wiring::Legacy });
        }
        let number = hpet.periodic_comparator()?;
        let routes = hpet.routes(number);
        let input = (0..32)
            .rev()
            .find(|input| routes >> input & 1 != 0 && apic::io_of(Gsi::new(*input)).is_some())?;
        // What it is told to do, and what nobody else does who has that input: it is not shared.
        let line = Line { gsi: Gsi::new(input), signal: Signal::ISA };
        Some(Self { hpet, number, line, wiring: Wiring::Own })
    }
}

impl Clock {
    /// Returns which source it is.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::LocalApic(..) => Kind::LocalApic,
            Self::Hpet(_) => Kind::Hpet,
            Self::Pit(_) => Kind::Pit,
        }
    }

    /// Returns who is interrupted.
    pub(crate) const fn reach(&self) -> Reach {
        match self {
            Self::LocalApic(..) => Reach::EachItsOwn,
            Self::Hpet(_) | Self::Pit(_) => Reach::OneForAll,
        }
    }

    /// Interrupts this processor every `period`, or as close to it as the source can. Returns the period that it has.
    ///
    /// A line is opened when its device is through with what moves the line: a channel's output goes up as soon as it is
    /// told its mode, and an I/O APIC forgets an edge that comes while the line is masked.
    ///
    /// # Errors
    /// All of [`ClockError`]; then it does not run.
    pub(crate) fn start(&self, period: Interval) -> Result<Interval, ClockError> {
        let refused = ClockError::Period(period);
        match self {
            Self::LocalApic(local, input) => {
                let setting = Setting::for_period(*input, period).ok_or(refused)?;
                local.start_periodic(Vector::CLOCK, &setting);
                Ok(setting.period)
            }
            Self::Hpet(Comparator { hpet, number, line, wiring }) => {
                let (ticks, real) = bits::ticks_for(hpet.frequency(), period).ok_or(refused)?;
                pit::silence();
                hpet.set_wiring(*wiring);
                open(line)?;
                hpet.interrupt_every(*number, ticks, line.gsi.get());
                Ok(real)
            }
            Self::Pit(line) => {
                let (divisor, real) = Divisor::for_period(period).ok_or(refused)?;
                pit::interrupt_every(divisor);
                open(line).inspect_err(|_| pit::silence())?;
                Ok(real)
            }
        }
    }

    /// Stops it, on this processor. An interrupt that is already requested still comes.
    pub(crate) fn stop(&self) {
        match self {
            Self::LocalApic(local, _) => local.stop_timer(),
            Self::Hpet(Comparator { hpet, number, line, .. }) => {
                hpet.silence(*number);
                // Before the PIT gets its place back, and with it the line.
                close(line);
                hpet.set_wiring(Wiring::Own);
            }
            Self::Pit(line) => {
                close(line);
                pit::silence();
            }
        }
    }
}

/// Has a line interrupt this processor.
fn open(line: &Line) -> Result<(), ClockError> {
    let local = apic::local().ok_or(ClockError::NoLocalApic)?;
    let Line { gsi, signal } = *line;
    let route = Route { vector: Vector::CLOCK, destination: local.id(), signal };
    let io = apic::io_of(gsi).ok_or(ClockError::Route(RouteError::NotHere(gsi)))?;
    io.route(gsi, route, Mask::Open).map_err(ClockError::Route)
}

/// Masks a line. Where there is no I/O APIC for it, it was never opened.
fn close(line: &Line) {
    if let Some(io) = apic::io_of(line.gsi) {
        let _ = io.set_mask(line.gsi, Mask::Masked);
    }
}
