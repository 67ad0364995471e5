//! Moments against the crate `time`, which counts days in its own way.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};
use xtrtl::time::{DateTime, NotADate, UNITS_A_SECOND, Unix, days_in_month, is_leap_year};

/// Units from 1601 to 1970.
const EPOCH: i128 = 116_444_736_000_000_000;

/// Judges the moment that the first eight bytes count, and the fields that the next twelve are.
pub(crate) fn judge(input: &[u8]) {
    let mut bytes = [0; 20];
    bytes.iter_mut().zip(input).for_each(|(to, from)| *to = *from);
    let (count, fields) = bytes.split_at(8);
    let count = count.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let fields: Vec<u16> =
        fields.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    // One of seven numbers of 64 bits is in the calendar; of their eighth parts, all are.
    for units in [count, count / 8] {
        moment(units);
    }
    let [year, month, day, hour, minute, second] = fields[..] else { unreachable!() };
    written([year, month, day], [hour, minute, second]);
    // Most random fields are no date: closer ones.
    written([1590 + year % 8_420, month % 14, day % 33], [hour % 25, minute % 61, second % 61]);
}

fn moment(units: u64) {
    let unix = Unix::from_1601(units);
    assert_eq!(unix.since_1601(), Some(units), "exact");
    let nanoseconds = (i128::from(units) - EPOCH) * 100;
    assert_eq!(i128::from(unix.seconds()) * 1_000_000_000 + i128::from(unix.nanoseconds()), nanoseconds);

    let Some((moment, fraction)) = DateTime::split_1601(units) else {
        assert!(
            OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).is_err(),
            "its calendar ends with 9999 as well"
        );
        assert_eq!(DateTime::from_1601(units), None);
        return;
    };
    let judge = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap();
    let date = [judge.year() as u16, u16::from(u8::from(judge.month())), u16::from(judge.day())];
    assert_eq!(moment.date(), date);
    assert_eq!(moment.time(), [judge.hour(), judge.minute(), judge.second()].map(u16::from));
    assert_eq!(moment.weekday(), judge.weekday().number_from_sunday());
    assert_eq!((fraction * 100, unix.nanoseconds()), (judge.nanosecond(), judge.nanosecond()));
    assert_eq!(moment.since_1601() + u64::from(fraction), units, "exact");
    assert_eq!(moment.since_1601() % UNITS_A_SECOND, 0);
    assert_eq!(moment.since_1970(), judge.unix_timestamp());
    assert_eq!(DateTime::from_1970(moment.since_1970()), Some(moment));
}

fn written(date: [u16; 3], time: [u16; 3]) {
    let ([year, month, day], [hour, minute, second]) = (date, time);
    let narrow = |number: u16| u8::try_from(number).ok();
    let judged = narrow(month).and_then(|month| Month::try_from(month).ok()).and_then(|month| {
        assert_eq!(
            days_in_month(year, u16::from(u8::from(month))),
            Some(u16::from(month.length(i32::from(year))))
        );
        let date = Date::from_calendar_date(i32::from(year), month, narrow(day)?).ok()?;
        let time = Time::from_hms(narrow(hour)?, narrow(minute)?, narrow(second)?).ok()?;
        Some(PrimitiveDateTime::new(date, time))
    });
    assert_eq!(is_leap_year(year), time::util::is_leap_year(i32::from(year)));
    match (judged.filter(|_| year >= 1601), DateTime::new(date, time)) {
        (Some(judged), Ok(moment)) => {
            assert_eq!(moment.since_1970(), judged.assume_utc().unix_timestamp());
            assert_eq!(DateTime::from_1601(moment.since_1601()), Some(moment));
            assert_eq!((moment.date(), moment.time()), (date, time));
        }
        (judged, refused) => {
            assert_eq!((judged, refused), (None, Err(NotADate([year, month, day, hour, minute, second]))));
        }
    }
}
