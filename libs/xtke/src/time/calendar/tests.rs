//! Dates against known moments and against each other.

use super::{Calendar, CalendarError, SystemTime, UNITS_PER_SECOND};

const fn date(year: u16, month: u8, day: u8) -> Calendar {
    Calendar { year, month, day, hour: 0, minute: 0, second: 0 }
}

#[test]
fn the_count_begins_in_1601_and_agrees_with_known_moments() {
    assert_eq!(date(1601, 1, 1).system_time(), Ok(SystemTime(0)));
    // The epoch of Unix in NT's count.
    assert_eq!(date(1970, 1, 1).system_time(), Ok(SystemTime(116_444_736_000_000_000)));
    // 2000-02-29 is 951782400 seconds after that.
    assert_eq!(
        date(2000, 2, 29).system_time(),
        Ok(SystemTime(116_444_736_000_000_000 + 951_782_400 * UNITS_PER_SECOND))
    );
}

#[test]
fn each_day_of_four_centuries_follows_the_one_before_and_comes_back() {
    let step = if cfg!(miri) { 997 } else { 1 };
    let mut before = date(1600, 12, 31);
    for day in (0..146_097_u64 + 500).step_by(step) {
        let time = SystemTime(day * 86_400 * UNITS_PER_SECOND + 86_399 * UNITS_PER_SECOND);
        let calendar = time.calendar();
        assert_eq!(calendar.system_time(), Ok(time), "{calendar:?}");
        assert_eq!((calendar.hour, calendar.minute, calendar.second), (23, 59, 59));
        assert!(calendar > before);
        before = calendar;
    }
}

#[test]
fn a_date_that_makes_no_sense_is_refused_with_its_field() {
    let good = Calendar { year: 2024, month: 2, day: 29, hour: 23, minute: 59, second: 59 };
    assert!(good.system_time().is_ok());
    for (bad, error) in [
        (Calendar { year: 1600, ..good }, CalendarError::Year(1600)),
        (Calendar { year: 30_828, ..good }, CalendarError::Year(30_828)),
        (Calendar { month: 0, ..good }, CalendarError::Month(0)),
        (Calendar { month: 13, ..good }, CalendarError::Month(13)),
        (Calendar { day: 0, ..good }, CalendarError::Day(0)),
        (Calendar { day: 30, ..good }, CalendarError::Day(30)),
        (Calendar { year: 2100, ..good }, CalendarError::Day(29)),
        (Calendar { hour: 24, ..good }, CalendarError::Hour(24)),
        (Calendar { minute: 60, ..good }, CalendarError::Minute(60)),
        (Calendar { second: 60, ..good }, CalendarError::Second(60)),
    ] {
        assert_eq!(bad.system_time(), Err(error));
    }
}

#[test]
fn a_moment_after_the_calendar_is_its_last_second() {
    assert_eq!(SystemTime(u64::MAX).calendar(), Calendar::LAST);
    let last = Calendar::LAST.system_time().unwrap();
    assert_eq!(last.calendar(), Calendar::LAST);
    assert_eq!(SystemTime(last.0 + 5 * UNITS_PER_SECOND).calendar(), Calendar::LAST);
}
