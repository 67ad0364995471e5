//! The clock's registers: binary or decimal digits, 12 or 24 hours, with or without a century.

use core::fmt;

use xtrtl::time::{DateTime, NotADate};

/// Index of each register.
pub mod index {
    /// Seconds.
    pub const SECOND: u8 = 0x00;
    /// Minutes.
    pub const MINUTE: u8 = 0x02;
    /// Hours.
    pub const HOUR: u8 = 0x04;
    /// Day of the week.
    pub const WEEKDAY: u8 = 0x06;
    /// Day of the month.
    pub const DAY: u8 = 0x07;
    /// Month.
    pub const MONTH: u8 = 0x08;
    /// The last two digits of the year.
    pub const YEAR: u8 = 0x09;
    /// Register A.
    pub const STATUS_A: u8 = 0x0A;
    /// Register B.
    pub const STATUS_B: u8 = 0x0B;
}

/// Register A: the time changes within the next 244 microseconds, or does right now.
pub const UPDATE_IN_PROGRESS: u8 = 1 << 7;
/// Register B: the time stands still, so that it can be written.
pub const SET: u8 = 1 << 7;

const BINARY: u8 = 1 << 2;
const HOURS_24: u8 = 1 << 1;
/// In a 12-hour clock's hours.
const AFTERNOON: u8 = 1 << 7;

/// How numbers are written: bits of register B.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format(u8);

/// What the registers show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fields {
    /// [`index::SECOND`].
    pub second: u8,
    /// [`index::MINUTE`].
    pub minute: u8,
    /// [`index::HOUR`].
    pub hour: u8,
    /// [`index::DAY`].
    pub day: u8,
    /// [`index::MONTH`].
    pub month: u8,
    /// [`index::YEAR`].
    pub year: u8,
    /// The register that the FADT names, if it names one.
    pub century: Option<u8>,
}

/// Why the registers show no time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadClock {
    /// A register does not hold two decimal digits although its clock counts in them.
    NotDecimal(u8),
    /// A 12-hour clock has another hour than 1 to 12.
    NoSuchHour(u8),
    /// There is no such moment.
    NotADate(NotADate),
}

impl fmt::Display for BadClock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDecimal(byte) => write!(out, "{byte:#04x} is not two decimal digits"),
            Self::NoSuchHour(hour) => write!(out, "a 12-hour clock has no hour {hour}"),
            Self::NotADate(moment) => moment.fmt(out),
        }
    }
}

impl From<NotADate> for BadClock {
    fn from(moment: NotADate) -> Self {
        Self::NotADate(moment)
    }
}

impl Format {
    /// Takes the format out of register B.
    #[must_use]
    pub const fn new(status_b: u8) -> Self {
        Self(status_b & (BINARY | HOURS_24))
    }

    const fn number(self, byte: u8) -> Result<u16, BadClock> {
        let (tens, ones) = (byte >> 4, byte & 0xF);
        match self.0 & BINARY {
            0 if tens > 9 || ones > 9 => Err(BadClock::NotDecimal(byte)),
            0 => Ok((tens * 10 + ones) as u16),
            _ => Ok(byte as u16),
        }
    }

    const fn byte(self, number: u16) -> u8 {
        let number = number as u8;
        if self.0 & BINARY == 0 { ((number / 10) << 4) | (number % 10) } else { number }
    }

    const fn hour(self, byte: u8) -> Result<u16, BadClock> {
        if self.0 & HOURS_24 != 0 {
            return self.number(byte);
        }
        let afternoon = if byte & AFTERNOON != 0 { 12 } else { 0 };
        match self.number(byte & !AFTERNOON) {
            // Midnight and noon are 12; both begin their half of the day.
            Ok(hour @ 1..=12) => Ok(hour % 12 + afternoon),
            Ok(hour) => Err(BadClock::NoSuchHour(hour as u8)),
            Err(bad) => Err(bad),
        }
    }

    const fn hour_byte(self, hour: u16) -> u8 {
        if self.0 & HOURS_24 != 0 {
            return self.byte(hour);
        }
        let afternoon = if hour >= 12 { AFTERNOON } else { 0 };
        self.byte((hour + 11) % 12 + 1) | afternoon
    }

    /// Returns the moment that the registers show.
    ///
    /// Without a century, years from 70 on belong to the twentieth and the others to the twenty-first.
    ///
    /// # Errors
    /// All of [`BadClock`].
    pub fn decode(self, fields: &Fields) -> Result<DateTime, BadClock> {
        let short = self.number(fields.year)?;
        let century = match fields.century {
            Some(byte) => self.number(byte)?,
            None if short >= 70 => 19,
            None => 20,
        };
        // A register that firmware never set shows 0: that is no century.
        let century = if century == 0 { 20 } else { century };
        let date = [century * 100 + short, self.number(fields.month)?, self.number(fields.day)?];
        let time = [self.hour(fields.hour)?, self.number(fields.minute)?, self.number(fields.second)?];
        Ok(DateTime::new(date, time)?)
    }

    /// Returns what the registers have to hold to show a moment, and the one of the weekday.
    ///
    /// The century is always there: who has no register for it does not write it.
    #[must_use]
    pub const fn encode(self, moment: &DateTime) -> (Fields, u8) {
        let ([year, month, day], [hour, minute, second]) = (moment.date(), moment.time());
        let fields = Fields {
            second: self.byte(second),
            minute: self.byte(minute),
            hour: self.hour_byte(hour),
            day: self.byte(day),
            month: self.byte(month),
            year: self.byte(year % 100),
            century: Some(self.byte(year / 100)),
        };
        (fields, self.byte(moment.weekday() as u16))
    }
}
