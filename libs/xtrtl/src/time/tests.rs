//! Known moments, the ends of the calendar, and every day of it. Random moments beside another calendar:
//! `tests/properties.rs`.

extern crate std;

use super::*;

fn moment(date: [u16; 3], time: [u16; 3]) -> DateTime {
    DateTime::new(date, time).unwrap()
}

#[test]
fn nt_time_begins_with_1601_and_passes_known_moments() {
    assert_eq!(moment([1601, 1, 1], [0, 0, 0]).since_1601(), 0);
    assert_eq!(moment([1970, 1, 1], [0, 0, 0]).since_1601(), 116_444_736_000_000_000);
    assert_eq!(moment([2000, 2, 29], [12, 0, 0]).since_1601(), 125_962_992_000_000_000);
    assert_eq!(moment([2038, 1, 19], [3, 14, 7]).since_1601(), 137_919_572_470_000_000);
}

#[test]
fn every_day_of_four_centuries_follows_the_day_before() {
    const DAY: u64 = 864_000_000_000;
    let mut before = moment([1601, 1, 1], [0, 0, 0]);
    // The interpreter looks at the first leap years only.
    let days = if cfg!(miri) { 366 * 9 } else { 146_097 * 2 };
    for number in 1..days {
        let day = DateTime::from_1601(number * DAY).unwrap();
        assert_eq!(day.since_1601(), number * DAY);
        let ([_, month, date], [_, old_month, old_date]) = (day.date(), before.date());
        assert!(date == old_date + 1 && month == old_month || date == 1 && month != old_month, "{day}");
        assert_eq!(day.weekday(), before.weekday() % 7 + 1);
        before = day;
    }
}

#[test]
fn the_weekday_is_counted_from_sunday() {
    // A Monday, a Thursday, a Saturday.
    assert_eq!(moment([1601, 1, 1], [0, 0, 0]).weekday(), 2);
    assert_eq!(moment([1970, 1, 1], [0, 0, 0]).weekday(), 5);
    assert_eq!(moment([2000, 1, 1], [0, 0, 0]).weekday(), 7);
}

#[test]
fn moments_that_do_not_exist_are_refused() {
    for (date, time) in [
        ([1600, 12, 31], [0, 0, 0]),
        ([10_000, 1, 1], [0, 0, 0]),
        ([2001, 2, 29], [0, 0, 0]),
        ([1900, 2, 29], [0, 0, 0]),
        ([2000, 0, 1], [0, 0, 0]),
        ([2000, 13, 1], [0, 0, 0]),
        ([2000, 257, 1], [0, 0, 0]),
        ([2000, 1, 0], [0, 0, 0]),
        ([2000, 4, 31], [0, 0, 0]),
        ([2000, 1, 257], [0, 0, 0]),
        ([2000, 1, 1], [24, 0, 0]),
        ([2000, 1, 1], [0, 60, 0]),
        ([2000, 1, 1], [0, 0, 60]),
    ] {
        let ([y, m, d], [h, n, s]) = (date, time);
        assert_eq!(DateTime::new(date, time), Err(NotADate([y, m, d, h, n, s])));
    }
    assert!(DateTime::new([2000, 2, 29], [23, 59, 59]).is_ok());
}

#[test]
fn nothing_comes_after_the_year_9999() {
    let last = moment([9999, 12, 31], [23, 59, 59]);
    assert_eq!(DateTime::from_1601(last.since_1601() + 9_999_999), Some(last));
    assert_eq!(DateTime::from_1601(last.since_1601() + 10_000_000), None);
    assert_eq!(DateTime::from_1601(u64::MAX), None);
}

#[test]
fn leap_years_are_every_fourth_but_three_in_four_centuries() {
    let leap = [1604, 1696, 1704, 1904, 2000, 2024, 2400, 9996];
    let common = [1601, 1700, 1800, 1900, 2001, 2100, 2200, 2300, 9999];
    assert!(leap.iter().all(|&year| is_leap_year(year)) && !common.iter().any(|&year| is_leap_year(year)));
    assert_eq!((1601..2001).filter(|&year| is_leap_year(year)).count(), 97);
    assert_eq!(
        [days_in_month(2000, 2), days_in_month(1900, 2), days_in_month(2001, 13)],
        [Some(29), Some(28), None]
    );
    let year = |year| (1..=12).filter_map(|month| days_in_month(year, month)).sum::<u16>();
    assert_eq!((year(2023), year(2024), days_in_month(2024, 0)), (365, 366, None));
}

#[test]
fn unix_time_is_signed_and_passes_the_limit_of_32_bits() {
    for (date, time, seconds) in [
        ([1970, 1, 1], [0, 0, 0], 0),
        ([1969, 12, 31], [23, 59, 59], -1),
        ([1901, 12, 13], [20, 45, 52], i64::from(i32::MIN)),
        ([2038, 1, 19], [3, 14, 7], i64::from(i32::MAX)),
        ([2038, 1, 19], [3, 14, 8], i64::from(i32::MAX) + 1),
        ([2106, 2, 7], [6, 28, 16], 1 << 32),
        ([1601, 1, 1], [0, 0, 0], -11_644_473_600),
        ([9999, 12, 31], [23, 59, 59], 253_402_300_799),
    ] {
        assert_eq!(moment(date, time).since_1970(), seconds);
        assert_eq!(DateTime::from_1970(seconds), Some(moment(date, time)));
    }
    for outside in [-11_644_473_601, 253_402_300_800, i64::MIN, i64::MAX] {
        assert_eq!(DateTime::from_1970(outside), None);
    }
}

#[test]
fn a_fraction_before_1970_goes_forward_from_the_second_before() {
    let before = Unix::from_1601(116_444_736_000_000_000 - 1);
    assert_eq!((before.seconds(), before.nanoseconds()), (-1, 999_999_900));
    assert_eq!(Unix::new(-1, 999_999_999).and_then(Unix::since_1601), before.since_1601(), "rounded down");
    assert_eq!((Unix::new(0, 1_000_000_000), Unix::new(0, 999_999_999).is_some()), (None, true));
}

#[test]
fn both_counts_reach_as_far_as_64_bits() {
    let last = Unix::from_1601(u64::MAX);
    assert_eq!(
        (last.seconds(), last.nanoseconds(), last.since_1601()),
        (1_833_029_933_770, 955_161_500, Some(u64::MAX))
    );
    let next = Unix::new(1_833_029_933_770, 955_161_600).unwrap();
    assert_eq!(next.since_1601(), None);
    let first = Unix::new(-11_644_473_600, 0).unwrap();
    assert_eq!(
        (first.since_1601(), Unix::new(-11_644_473_601, 999_999_999).unwrap().since_1601()),
        (Some(0), None)
    );
    for seconds in [i64::MIN, i64::MAX] {
        assert_eq!(Unix::new(seconds, 0).unwrap().since_1601(), None);
    }
}

#[test]
fn a_second_has_all_its_units() {
    let start = moment([1999, 12, 31], [23, 59, 59]);
    let units = start.since_1601();
    assert_eq!(DateTime::split_1601(units + 9_999_999), Some((start, 9_999_999)));
    assert_eq!(DateTime::split_1601(units + 10_000_000), Some((moment([2000, 1, 1], [0, 0, 0]), 0)));
}

#[test]
fn a_moment_is_read_as_it_is_written() {
    let expected = moment([2031, 2, 3], [4, 5, 6]);
    for text in ["2031-02-03T04:05:06", "2031-2-3t4:5:6"] {
        assert_eq!(DateTime::parse(text), Some(expected), "{text}");
    }
    for text in [
        "",
        "2031-02-03",
        "2031-02-03 04:05:06",
        "2031-02-03T04:05",
        "2031-02-03T04:05:06:07",
        "2031-02-30T04:05:06",
        "+2031-02-03T04:05:06",
        "2031--3T04:05:06",
        "99999999999999999999-02-03T04:05:06",
    ] {
        assert_eq!(DateTime::parse(text), None, "{text}");
    }
}
