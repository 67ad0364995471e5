use proptest::prelude::*;

use super::{BadClock, DateTime, Fields, Format};

const DECIMAL_12: u8 = 0;
const DECIMAL_24: u8 = 1 << 1;
const BINARY_12: u8 = 1 << 2;
const BINARY_24: u8 = 1 << 1 | 1 << 2;

fn moment(date: [u16; 3], time: [u16; 3]) -> DateTime {
    DateTime::new(date, time).unwrap()
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
