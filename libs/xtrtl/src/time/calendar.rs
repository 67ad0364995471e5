//! The Gregorian calendar, and NT's time: units of 100 nanoseconds since the beginning of 1601.
//!
//! Years have four digits, as in the battery-backed clock and in what people read; NT's `TIME_FIELDS` go on to 30827.

use core::fmt;

use super::{UNITS_A_SECOND, Unix};

/// A date and a time of day, without a time zone. Always one that exists, of the years 1601 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DateTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// There is no such moment. Carries year, month, day, hour, minute and second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotADate(pub [u16; 6]);

impl fmt::Display for NotADate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.0;
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} does not exist")
    }
}

impl core::error::Error for NotADate {}

const DAY: u64 = 24 * 60 * 60 * UNITS_A_SECOND;
/// Days of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;

/// Days from 1 March of the year 0 to 1 January 1601: four eras and ten months.
const EPOCH: u64 = 4 * ERA + 306;

/// Tells whether a year has a 29 February.
#[must_use]
pub const fn is_leap_year(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Returns how many days a month has; nothing for another month than 1 to 12.
#[must_use]
pub const fn days_in_month(year: u16, month: u16) -> Option<u16> {
    match month {
        2 if is_leap_year(year) => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        _ => None,
    }
}

impl DateTime {
    /// Checks a moment: year, month from 1, day from 1; hour, minute, second from 0.
    ///
    /// # Errors
    /// [`NotADate`] with what was given.
    pub const fn new(date: [u16; 3], time: [u16; 3]) -> Result<Self, NotADate> {
        let ([year, month, day], [hour, minute, second]) = (date, time);
        let is_year = year >= 1601 && year <= 9999;
        let is_time = hour < 24 && minute < 60 && second < 60;
        match days_in_month(year, month) {
            // The casts are of numbers that were checked.
            Some(days) if is_year && is_time && day >= 1 && day <= days => Ok(Self {
                year,
                month: month as u8,
                day: day as u8,
                hour: hour as u8,
                minute: minute as u8,
                second: second as u8,
            }),
            _ => Err(NotADate([year, month, day, hour, minute, second])),
        }
    }

    /// Reads a moment as a person writes it, `2031-02-03T04:05:06`; `None` for any other text, and when there is no such
    /// moment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't'])?;
        Self::new(three_numbers(date, '-')?, three_numbers(time, ':')?).ok()
    }

    /// Returns year, month and day.
    #[must_use]
    pub const fn date(&self) -> [u16; 3] {
        [self.year, self.month as u16, self.day as u16]
    }

    /// Returns hour, minute and second.
    #[must_use]
    pub const fn time(&self) -> [u16; 3] {
        [self.hour as u16, self.minute as u16, self.second as u16]
    }

    /// Returns the days since 1 January 1601, a Monday.
    const fn days(&self) -> u64 {
        // Years that begin in March have the leap day at their end, so the days before a month follow one formula.
        let (year, month) = match self.month {
            1 | 2 => (self.year as u64 - 1, self.month as u64 + 9),
            _ => (self.year as u64, self.month as u64 - 3),
        };
        let leaps = year / 4 - year / 100 + year / 400;
        let before_month = (153 * month + 2) / 5;
        year * 365 + leaps + before_month + self.day as u64 - 1 - EPOCH
    }

    /// Returns units of 100 nanoseconds since the beginning of 1601.
    #[must_use]
    pub const fn since_1601(&self) -> u64 {
        let seconds = (self.hour as u64 * 60 + self.minute as u64) * 60 + self.second as u64;
        self.days() * DAY + seconds * UNITS_A_SECOND
    }

    /// Returns the moment that many units of 100 nanoseconds after the beginning of 1601, without the fraction of a
    /// second; `None` after the year 9999.
    #[must_use]
    pub fn from_1601(units: u64) -> Option<Self> {
        Self::split_1601(units).map(|(moment, _)| moment)
    }

    /// Returns the same moment, and the fraction of its second in units of 100 nanoseconds, fewer than
    /// [`UNITS_A_SECOND`]: together they are exact.
    #[must_use]
    pub fn split_1601(units: u64) -> Option<(Self, u32)> {
        let days = units / DAY + EPOCH;
        let (era, day) = (days / ERA, days % ERA);
        // How many whole years of 365 days lie before a day of the era, once its leap days are taken out.
        let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (year, month) = (400 * era + year, month + 3);
        let (year, month) = if month > 12 { (year + 1, month - 12) } else { (year, month) };
        let seconds = units % DAY / UNITS_A_SECOND;
        let narrow = |number: u64| u16::try_from(number).unwrap_or(u16::MAX);
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(narrow);
        let moment = Self::new([year, month, day].map(narrow), time).ok()?;
        Some((moment, (units % UNITS_A_SECOND) as u32))
    }

    /// Returns seconds since the beginning of 1970; negative before.
    #[must_use]
    pub const fn since_1970(&self) -> i64 {
        Unix::from_1601(self.since_1601()).seconds()
    }

    /// Returns the moment that many seconds after the beginning of 1970, or before it; `None` outside 1601 to 9999.
    #[must_use]
    pub fn from_1970(seconds: i64) -> Option<Self> {
        Self::from_1601(Unix::new(seconds, 0)?.since_1601()?)
    }

    /// Returns the day of the week; Sunday is 1, as the clock counts it.
    #[must_use]
    pub const fn weekday(&self) -> u8 {
        ((self.days() + 1) % 7) as u8 + 1
    }
}

/// Returns three numbers with something between them.
fn three_numbers(text: &str, between: char) -> Option<[u16; 3]> {
    let mut parts = text.split(between);
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    // Digits alone: a number's own reader would take a sign.
    let are_digits = numbers.iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let [first, second, third] = numbers.map(|number| number.parse().ok());
    (are_digits && parts.next().is_none()).then_some([first?, second?, third?])
}

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}
