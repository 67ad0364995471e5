//! What went wrong elsewhere with strings, and the edges. Random texts: `tests/properties.rs`.

extern crate std;
use std::string::ToString;
use std::vec::Vec;

use core::cmp::Ordering;

use super::unit::sealed::Unit as _;
use super::*;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[test]
fn a_common_beginning_is_not_equality() {
    assert!(!eq_ignore_case(b"DEBUG", b"DEBUGEXIT") && !eq_ignore_case(b"DEBUGEXIT", b"DEBUG"));
    assert!(!eq_ignore_case(b"", b"a") && eq_ignore_case(b"debug", b"DEBUG"));
    assert_eq!(compare_ignore_case(b"debug", b"DEBUGEXIT"), Ordering::Less);
    assert!(starts_with_ignore_case(b"debugexit", b"DEBUG") && !starts_with_ignore_case(b"DEB", b"debug"));
}

#[test]
fn case_is_folded_per_unit_and_by_unicode() {
    for (one, other) in [("straße", "STRAßE"), ("ÄÖÜ", "äöü"), ("ΣΟΦΟΣ", "σοφος"), ("Жук", "жУК"), ("ÿ", "Ÿ")]
    {
        assert!(eq_ignore_case(&wide(one), &wide(other)), "{one} {other}");
    }
    // One of these becomes two letters, another one is a sign of its own, the third has no case for NT: outside a unit.
    for (one, other) in [("straße", "STRASSE"), ("K", "\u{212A}"), ("𐐨", "𐐀")] {
        assert!(!eq_ignore_case(&wide(one), &wide(other)), "{one} {other}");
    }
    assert!(!eq_ignore_case("ä".as_bytes(), "Ä".as_bytes()), "bytes are folded as ASCII");
}

#[test]
fn every_unit_is_folded_once_and_for_all() {
    // The interpreter looks at every 61st.
    for unit in (0..=u16::MAX).step_by(if cfg!(miri) { 61 } else { 1 }) {
        assert_eq!(unit.upper().upper(), unit.upper());
        if (0xD800..0xE000).contains(&unit) {
            assert_eq!(unit.upper(), unit, "half of a pair");
        }
    }
    for byte in 0..=u8::MAX {
        let expected = if byte.is_ascii() { u16::from(byte.upper()) } else { u16::from(byte).upper() };
        assert_eq!(u16::from(byte).upper(), expected);
    }
}

#[test]
fn tokens_leave_what_they_are_taken_from() {
    let text = wide("  DEBUG=COM1,115200   NOXPA ");
    let before = text.clone();
    let all = || tokens(&text, |unit| unit == u16::from(b' ')).map(|token| lossy(token).to_string());
    assert_eq!(all().count(), 2, "counted first");
    assert_eq!(all().collect::<Vec<_>>(), ["DEBUG=COM1,115200", "NOXPA"]);
    assert_eq!(text, before);
    assert_eq!(tokens(b"   ", |unit| unit == b' ').count(), 0);
}

#[test]
fn lines_end_as_either_system_ends_them() {
    let text = b"one\r\ntwo\nthree\rstill three\r\n\r\n\nlast\r";
    let expected: [&[u8]; 6] = [b"one", b"two", b"three\rstill three", b"", b"", b"last\r"];
    assert_eq!(lines(text).collect::<Vec<_>>(), expected);
    assert_eq!(lines::<u8>(b"").count(), 0);
    assert_eq!(lines(b"a\n").collect::<Vec<_>>(), [b"a"]);
}

#[test]
fn parts_are_found_at_the_edges() {
    assert_eq!(split_at_first(b"a=b=c", b'='), (&b"a"[..], Some(&b"b=c"[..])));
    assert_eq!(split_at_first(b"=", b'='), (&b""[..], Some(&b""[..])));
    assert_eq!(split_at_first(b"", b'='), (&b""[..], None));
    assert_eq!(
        (trim(b" \t\r\n"), trim(b" a b "), trim(&wide("\u{A0} a"))),
        (&b""[..], &b"a b"[..], &wide("\u{A0} a")[..])
    );
    assert_eq!((until_nul(b"a\0b\0"), until_nul(b"ab"), until_nul(b"\0")), (&b"a"[..], &b"ab"[..], &b""[..]));
    assert_eq!(
        (common_prefix(b"abc", b"abd"), common_prefix(b"", b"a"), common_prefix(b"ab", b"abc")),
        (2, 0, 2)
    );
}

#[test]
fn a_buffer_counts_units_and_not_bytes() {
    let mut room = [0_u16; 4];
    let mut buffer = Buffer::new(&mut room);
    buffer.append(&wide("日本語")).unwrap();
    // One character, two units: they do not fit where one does.
    assert_eq!(write!(buffer, "𝄞"), Err(Full { capacity: 4, length: 3 }));
    assert_eq!(write!(buffer, "!"), Ok(()));
    assert_eq!(lossy(buffer.text()).to_string(), "日本語!");
    let mut bytes = [0_u8; 4];
    let mut buffer = Buffer::new(&mut bytes);
    assert_eq!(write!(buffer, "日本"), Err(Full { capacity: 4, length: 0 }));
    assert_eq!((write!(buffer, "日"), buffer.text()), (Ok(()), "日".as_bytes()));
}

#[test]
fn what_does_not_fit_leaves_a_buffer_as_it_was() {
    let mut room = [b'?'; 8];
    let mut buffer = Buffer::new(&mut room);
    buffer.append(b"four").unwrap();
    let full = Err(Full { capacity: 8, length: 4 });
    assert_eq!(write!(buffer, "{}{}{}", "a", "b", "cde"), full);
    assert_eq!(buffer.append(b"abcde"), full);
    assert_eq!(buffer.text(), b"four");
    assert_eq!(buffer.append(b"abcd"), Ok(()));
    assert_eq!((buffer.append(b""), buffer.append(b"x").is_err(), buffer.capacity()), (Ok(()), true, 8));
    buffer.clear();
    assert_eq!(buffer.text(), b"");
}

#[test]
fn numbers_of_64_bits_are_read_and_written_whole() {
    let largest = wide("18446744073709551615");
    assert_eq!(parse(&largest, Base::Decimal), Ok(u64::MAX));
    assert_eq!(parse(b"18446744073709551616", Base::Decimal), Err(BadNumber::TooLarge { at: 19 }));
    assert_eq!(parse(b"0xFFFFFFFFFFFFFFFF", Base::Prefixed), Ok(u64::MAX));
    assert_eq!(parse(b"0x10000000000000000", Base::Prefixed), Err(BadNumber::TooLarge { at: 18 }));
    assert_eq!(parse(b"000000000000000000000000000001", Base::Decimal), Ok(1));
    let mut room = [0_u16; 20];
    let mut buffer = Buffer::new(&mut room);
    write!(buffer, "{}", u64::MAX).unwrap();
    assert_eq!(buffer.text(), largest);
}

#[test]
fn signed_numbers_reach_both_ends() {
    assert_eq!(parse_signed(b"-9223372036854775808", Base::Decimal), Ok(i64::MIN));
    assert_eq!(parse_signed(b"+9223372036854775807", Base::Decimal), Ok(i64::MAX));
    assert_eq!(parse_signed(b"9223372036854775808", Base::Decimal), Err(BadNumber::TooLarge { at: 18 }));
    assert_eq!(parse_signed(b"-9223372036854775809", Base::Decimal), Err(BadNumber::TooLarge { at: 19 }));
    assert_eq!(parse_signed(b"-0x10", Base::Prefixed), Ok(-16));
    assert_eq!(parse_signed(b"--1", Base::Decimal), Err(BadNumber::NotADigit { at: 1 }));
    assert_eq!(parse_signed(b"-", Base::Decimal), Err(BadNumber::Ends { at: 1 }));
}

#[test]
fn what_is_no_number_says_where() {
    assert_eq!(parse::<u8>(b"", Base::Prefixed), Err(BadNumber::Ends { at: 0 }));
    assert_eq!(parse(b"0x", Base::Prefixed), Err(BadNumber::Ends { at: 2 }));
    assert_eq!(parse(b"0xg", Base::Prefixed), Err(BadNumber::NotADigit { at: 2 }));
    assert_eq!(parse(b"0b12", Base::Prefixed), Err(BadNumber::NotADigit { at: 3 }));
    assert_eq!(parse(b"0b12", Base::Hexadecimal), Ok(0xB12));
    assert_eq!(parse(b"+1", Base::Decimal), Err(BadNumber::NotADigit { at: 0 }));
    assert_eq!(parse(b"1 ", Base::Decimal), Err(BadNumber::NotADigit { at: 1 }));
    assert_eq!((parse(b"0", Base::Prefixed), parse(b"0O17", Base::Prefixed)), (Ok(0), Ok(15)));
    // A digit of another script is none.
    assert_eq!(parse(&wide("１"), Base::Decimal), Err(BadNumber::NotADigit { at: 0 }));
    assert_eq!(parse_leading(b"115200,COM1", Base::Decimal), Ok((115_200, &b",COM1"[..])));
}

#[test]
fn text_for_people_hides_no_fault() {
    assert_eq!(lossy(&[0x41_u16, 0xD800, 0x42]).to_string(), "A\u{FFFD}B");
    assert_eq!(lossy(b"A\xFFB").to_string(), "A\u{FFFD}B");
}
