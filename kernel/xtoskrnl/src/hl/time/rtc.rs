//! The battery-backed clock: reading it while it runs, and setting it.
//!
//! Its registers are reached through an index and a data port, so there is a lock, held with interrupts off; reading takes
//! up to some milliseconds when the time changes meanwhile, so not all of it is under the lock.
#![allow(unsafe_code, reason = "naming I/O ports")]

use core::fmt;

use spin::Mutex;
use xthal::rtc::{BadClock, DateTime, Fields, Format, SET, UPDATE_IN_PROGRESS, index};

use crate::ar::control::{pause, without_interrupts};
use crate::ar::port::Port;

/// Index and data port.
struct Ports {
    index: Port,
    data: Port,
}

impl Ports {
    /// Bit 7 of the index stays clear: non-maskable interrupts are let through.
    fn read(&self, index: u8) -> u8 {
        self.index.write(index & 0x7F);
        self.data.read()
    }

    fn write(&self, index: u8, value: u8) {
        self.index.write(index & 0x7F);
        self.data.write(value);
    }
}

static PORTS: Mutex<Ports> = Mutex::new(Ports { index: port(0x70), data: port(0x71) });

/// Names one of the two ports above.
const fn port(number: u16) -> Port {
    // SAFETY: the two ports are the clock's and its memory's; neither touches ours.
    unsafe { Port::new(number) }
}

fn with<R>(act: impl FnOnce(&Ports) -> R) -> R {
    without_interrupts(|| act(&PORTS.lock()))
}

/// The register of the century, if the machine's tables name one; else the century is guessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rtc {
    century: Option<u8>,
}

/// Why the clock cannot be read or set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RtcError {
    /// It is always about to change, or never shows the same time twice: there is no clock.
    NoAnswer,
    /// What it shows is no time.
    Bad(BadClock),
}

impl fmt::Display for RtcError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => out.write_str("it does not answer"),
            Self::Bad(bad) => bad.fmt(out),
        }
    }
}

/// How often to look whether an update is over: it takes two milliseconds, and a look at least two microseconds.
const PATIENCE: u32 = 20_000;
/// How often to read until two readings are the same: they are, unless a second ends between them.
const READINGS: u32 = 8;

impl Rtc {
    /// Names the clock. `century` is the register that the FADT names; 0 and what lies beyond the clock's memory is none.
    pub(crate) const fn new(century: Option<u8>) -> Self {
        match century {
            Some(register @ 0x0E..=0x7F) => Self { century: Some(register) },
            _ => Self { century: None },
        }
    }

    /// Reads date and time, in whatever time zone the clock is set to. Takes two milliseconds when a second is just ending.
    ///
    /// # Errors
    /// All of [`RtcError`].
    pub(crate) fn read(self) -> Result<DateTime, RtcError> {
        let mut before = self.fields()?;
        for _ in 0..READINGS {
            let now = self.fields()?;
            if now == before {
                let (fields, format) = now;
                return format.decode(&fields).map_err(RtcError::Bad);
            }
            before = now;
        }
        Err(RtcError::NoAnswer)
    }

    /// Sets date and time. The clock stands still meanwhile, so it loses up to a second.
    pub(crate) fn write(self, moment: &DateTime) {
        with(|ports| {
            let status = ports.read(index::STATUS_B);
            let (fields, weekday) = Format::new(status).encode(moment);
            ports.write(index::STATUS_B, status | SET);
            for (register, value) in [
                (index::SECOND, fields.second),
                (index::MINUTE, fields.minute),
                (index::HOUR, fields.hour),
                (index::WEEKDAY, weekday),
                (index::DAY, fields.day),
                (index::MONTH, fields.month),
                (index::YEAR, fields.year),
            ] {
                ports.write(register, value);
            }
            if let Some((register, value)) = self.century.zip(fields.century) {
                ports.write(register, value);
            }
            ports.write(index::STATUS_B, status & !SET);
        });
    }

    /// Reads all registers at a moment when none of them is about to change.
    fn fields(self) -> Result<(Fields, Format), RtcError> {
        for _ in 0..PATIENCE {
            let fields = with(|ports| {
                let is_changing = ports.read(index::STATUS_A) & UPDATE_IN_PROGRESS != 0;
                (!is_changing).then(|| (self.read_all(ports), Format::new(ports.read(index::STATUS_B))))
            });
            if let Some(fields) = fields {
                return Ok(fields);
            }
            pause();
        }
        Err(RtcError::NoAnswer)
    }

    fn read_all(self, ports: &Ports) -> Fields {
        Fields {
            second: ports.read(index::SECOND),
            minute: ports.read(index::MINUTE),
            hour: ports.read(index::HOUR),
            day: ports.read(index::DAY),
            month: ports.read(index::MONTH),
            year: ports.read(index::YEAR),
            century: self.century.map(|register| ports.read(register)),
        }
    }
}
