use proptest::prelude::*;

use super::{BadClock, DateTime, Fields, Format, NotADate};

const DECIMAL_12: u8 = 0;
const DECIMAL_24: u8 = 1 << 1;
const BINARY_12: u8 = 1 << 2;
const BINARY_24: u8 = 1 << 1 | 1 << 2;

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
    for number in 1..if cfg!(miri) { 1_200 } else { 146_097 * 2 } {
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

#[test]
fn one_moment_is_read_from_all_four_formats() {
    let expected = moment([2026, 11, 21], [12, 34, 56]);
    let decimal = Fields {
        second: 0x56,
        minute: 0x34,
        hour: 0x12,
        day: 0x21,
        month: 0x11,
        year: 0x26,
        century: Some(0x20),
    };
    assert_eq!(Format::new(DECIMAL_24).decode(&decimal), Ok(expected));
    assert_eq!(Format::new(DECIMAL_12).decode(&Fields { hour: 0x92, ..decimal }), Ok(expected));
    let binary = Fields { second: 56, minute: 34, hour: 12, day: 21, month: 11, year: 26, century: Some(20) };
    assert_eq!(Format::new(BINARY_24).decode(&binary), Ok(expected));
    assert_eq!(Format::new(BINARY_12).decode(&Fields { hour: 12 | 0x80, ..binary }), Ok(expected));
}

#[test]
fn midnight_and_noon_are_both_twelve() {
    let fields = Fields { hour: 0x12, day: 1, month: 1, year: 0, century: Some(0x20), ..Fields::default() };
    let hour = |byte| Format::new(DECIMAL_12).decode(&Fields { hour: byte, ..fields }).unwrap().time()[0];
    assert_eq!([hour(0x12), hour(0x92), hour(0x01), hour(0x91)], [0, 12, 1, 23]);
    for (byte, shown) in [(0x00, 0), (0x80, 0), (0x13, 13), (0x93, 13)] {
        let refused = Err(BadClock::NoSuchHour(shown));
        assert_eq!(Format::new(DECIMAL_12).decode(&Fields { hour: byte, ..fields }), refused);
    }
}

#[test]
fn without_a_century_the_years_from_70_on_are_the_last_ones() {
    let fields = Fields { day: 1, month: 1, ..Fields::default() };
    let year =
        |year, century| Format::new(BINARY_24).decode(&Fields { year, century, ..fields }).unwrap().date()[0];
    assert_eq!([year(69, None), year(70, None), year(99, None), year(0, None)], [2069, 1970, 1999, 2000]);
    assert_eq!([year(26, Some(20)), year(26, Some(0)), year(26, Some(21))], [2026, 2026, 2126]);
}

#[test]
fn digits_that_are_none_are_refused() {
    let fields = Fields { day: 1, month: 1, ..Fields::default() };
    for byte in [0x0A, 0xA0, 0xFF] {
        let refused = Err(BadClock::NotDecimal(byte));
        assert_eq!(Format::new(DECIMAL_24).decode(&Fields { minute: byte, ..fields }), refused);
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(units in 0_u64..2_650_467_743_990_000_000, bits: u8, has_century: bool) {
        let expected = DateTime::from_1601(units).unwrap();
        let format = Format::new(bits);
        let (mut fields, weekday) = format.encode(&expected);
        prop_assert!((1..=7).contains(&weekday));
        if !has_century {
            prop_assume!((1970..2070).contains(&expected.date()[0]));
            fields.century = None;
        }
        prop_assert_eq!(format.decode(&fields), Ok(expected));
    }

    #[test]
    fn any_bytes_are_a_time_or_refused(bytes: [u8; 6], century: Option<u8>, bits: u8) {
        let [second, minute, hour, day, month, year] = bytes;
        let fields = Fields { second, minute, hour, day, month, year, century };
        if let Ok(moment) = Format::new(bits).decode(&fields) {
            prop_assert_eq!(DateTime::from_1601(moment.since_1601()), Some(moment));
        }
    }
}
