//! The date and the time of day as NT counts them: units of 100 ns since the beginning of the year 1601.
//!
//! 1601 begins a cycle of 400 years of the Gregorian calendar, so the leap days before a year are plain divisions.
//! What a real-time clock says is checked here, field by field: firmware and batteries fail.

use core::fmt;
use core::ops::Add;

use super::Interval;

const UNITS_PER_SECOND: u64 = 10_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// A moment in the world, in units of 100 ns since 1601-01-01 00:00:00 UTC. NT's system time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SystemTime(u64);

impl SystemTime {
    /// Wraps a number of units of 100 ns.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Returns the number of units of 100 ns.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Returns the date and the time of day; those of the last second that the calendar knows for a later moment.
    #[must_use]
    pub fn calendar(self) -> Calendar {
        let seconds = self.0 / UNITS_PER_SECOND;
        let (mut days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        // A guess from the mean length of a year, 365.2425 days, is right or one too high or too low.
        let mut years = days * 10_000 / 3_652_425;
        while first_day(years) > days {
            years -= 1;
        }
        while first_day(years + 1) <= days {
            years += 1;
        }
        if years > u64::from(Calendar::LAST_YEAR - Calendar::FIRST_YEAR) {
            return Calendar::LAST;
        }
        days -= first_day(years);
        let year = Calendar::FIRST_YEAR + years as u16;
        let mut month = 1;
        while days >= u64::from(days_of(year, month)) {
            days -= u64::from(days_of(year, month));
            month += 1;
        }
        Calendar {
            year,
            month,
            // Each of these is below 60 now.
            day: days as u8 + 1,
            hour: (second / 3_600) as u8,
            minute: (second / 60 % 60) as u8,
            second: (second % 60) as u8,
        }
    }
}

impl Add<Interval> for SystemTime {
    type Output = Self;

    /// Returns a later moment; the last one where the count ends.
    fn add(self, interval: Interval) -> Self {
        Self(self.0.saturating_add(interval.units()))
    }
}

/// A date and a time of day, UTC, as a real-time clock counts them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Calendar {
    /// From 1601 to 30827, as in NT.
    pub year: u16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 59: real-time clocks know no leap seconds, and NT's count has none.
    pub second: u8,
}

/// Which field of a date makes no sense, with its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CalendarError {
    /// The year is out of the calendar.
    Year(u16),
    /// There is no such month.
    Month(u8),
    /// The month has no such day.
    Day(u8),
    /// The day has no such hour.
    Hour(u8),
    /// The hour has no such minute.
    Minute(u8),
    /// The minute has no such second.
    Second(u8),
}

impl fmt::Display for CalendarError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(out, "the year {year} is not between 1601 and 30827"),
            Self::Month(month) => write!(out, "there is no month {month}"),
            Self::Day(day) => write!(out, "the month has no day {day}"),
            Self::Hour(hour) => write!(out, "there is no hour {hour}"),
            Self::Minute(minute) => write!(out, "there is no minute {minute}"),
            Self::Second(second) => write!(out, "there is no second {second}"),
        }
    }
}

impl core::error::Error for CalendarError {}

impl Calendar {
    const FIRST_YEAR: u16 = 1601;
    const LAST_YEAR: u16 = 30_827;
    const LAST: Self = Self { year: Self::LAST_YEAR, month: 12, day: 31, hour: 23, minute: 59, second: 59 };

    /// Returns the moment.
    ///
    /// # Errors
    /// The first field that makes no sense, the year first.
    pub fn system_time(self) -> Result<SystemTime, CalendarError> {
        let Self { year, month, day, hour, minute, second } = self;
        if !(Self::FIRST_YEAR..=Self::LAST_YEAR).contains(&year) {
            return Err(CalendarError::Year(year));
        }
        if !(1..=12).contains(&month) {
            return Err(CalendarError::Month(month));
        }
        if !(1..=days_of(year, month)).contains(&day) {
            return Err(CalendarError::Day(day));
        }
        if hour > 23 {
            return Err(CalendarError::Hour(hour));
        }
        if minute > 59 {
            return Err(CalendarError::Minute(minute));
        }
        if second > 59 {
            return Err(CalendarError::Second(second));
        }
        let months: u64 = (1..month).map(|month| u64::from(days_of(year, month))).sum();
        let days = first_day(u64::from(year - Self::FIRST_YEAR)) + months + u64::from(day) - 1;
        let seconds =
            days * SECONDS_PER_DAY + u64::from(hour) * 3_600 + u64::from(minute) * 60 + u64::from(second);
        Ok(SystemTime(seconds * UNITS_PER_SECOND))
    }
}

/// Returns the number of days before the first one of a year, the year counted from 1601.
const fn first_day(years: u64) -> u64 {
    years * 365 + years / 4 - years / 100 + years / 400
}

/// Returns the length of a month in days.
const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
