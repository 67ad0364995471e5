//! The Gregorian calendar, and NT's time: units of 100 nanoseconds since the beginning of 1601.

use core::fmt;

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

const SECOND: u64 = 10_000_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
/// Days of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;

/// Returns the days of a month.
const fn days_in(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl DateTime {
    /// Checks a moment: year, month from 1, day from 1; hour, minute, second from 0.
    ///
    /// # Errors
    /// [`NotADate`] with what was given.
    pub const fn new(date: [u16; 3], time: [u16; 3]) -> Result<Self, NotADate> {
        let ([year, month, day], [hour, minute, second]) = (date, time);
        let is_year = year >= 1601 && year <= 9999 && month >= 1 && month <= 12;
        // The casts are of small numbers: the months have been checked, and what they cut off is looked at uncut.
        if is_year
            && day >= 1
            && day <= days_in(year, month as u8) as u16
            && hour < 24
            && minute < 60
            && second < 60
        {
            return Ok(Self {
                year,
                month: month as u8,
                day: day as u8,
                hour: hour as u8,
                minute: minute as u8,
                second: second as u8,
            });
        }
        Err(NotADate([year, month, day, hour, minute, second]))
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
        self.days() * DAY + seconds * SECOND
    }

    /// Returns the moment that many units of 100 nanoseconds after the beginning of 1601, without the fraction of a
    /// second; `None` after the year 9999.
    #[must_use]
    pub fn from_1601(units: u64) -> Option<Self> {
        let days = units / DAY + EPOCH;
        let (era, day) = (days / ERA, days % ERA);
        // How many whole years of 365 days lie before a day of the era, once its leap days are taken out.
        let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (year, month) = (400 * era + year, month + 3);
        let (year, month) = if month > 12 { (year + 1, month - 12) } else { (year, month) };
        let seconds = units % DAY / SECOND;
        let narrow = |number: u64| u16::try_from(number).unwrap_or(u16::MAX);
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(narrow);
        Self::new([year, month, day].map(narrow), time).ok()
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

/// Days from 1 March of the year 0 to 1 January 1601: four eras and ten months.
const EPOCH: u64 = 4 * ERA + 306;

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}
