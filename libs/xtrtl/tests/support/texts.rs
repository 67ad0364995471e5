//! Texts of both kinds against what the standard library makes of the same.

use std::cmp::Ordering;
use std::fmt::Debug;

use xtrtl::text::{
    BadNumber, Base, Buffer, Unit, common_prefix, compare_ignore_case, eq_ignore_case, lines, lossy, parse,
    parse_leading, parse_signed, split_at_first, starts_with_ignore_case, tokens, trim, until_nul,
};

/// Judges everything that can be done with a text and a second one, of bytes and of pairs of bytes.
pub(crate) fn judge(input: &[u8]) {
    let (first, rest) = input.split_first().unwrap_or((&0, &[]));
    let (one, other) = rest.split_at(usize::from(*first).min(rest.len()));
    bytes(one, other);
    let wide = |text: &[u8]| -> Vec<u16> {
        text.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
    };
    words(&wide(one), &wide(other));
    // Most pairs of random bytes are no ASCII, so the bytes are judged as UTF-16, too.
    let widened = |text: &[u8]| -> Vec<u16> { text.iter().copied().map(u16::from).collect() };
    words(&widened(one), &widened(other));
    numbers(rest);
}

fn bytes(one: &[u8], other: &[u8]) {
    any(one, other);
    assert_eq!(eq_ignore_case(one, other), one.eq_ignore_ascii_case(other));
    assert_eq!(lossy(one).to_string(), String::from_utf8_lossy(one));
    assert_eq!(trim(one), one.trim_ascii());
}

fn words(one: &[u16], other: &[u16]) {
    any(one, other);
    assert_eq!(lossy(one).to_string(), String::from_utf16_lossy(one));
    if let Ok(text) = String::from_utf16(one) {
        let mut room = vec![0; one.len()];
        let mut buffer = Buffer::new(&mut room);
        write!(buffer, "{text}").unwrap();
        assert_eq!(buffer.text(), one, "there and back");
        assert!(write!(buffer, "x").is_err());
        assert_eq!(buffer.text(), one, "what does not fit changes nothing");
    }
}

fn any<U: Unit + From<u8> + Debug>(one: &[U], other: &[U]) {
    let order = compare_ignore_case(one, other);
    assert_eq!(order.reverse(), compare_ignore_case(other, one));
    assert_eq!(order == Ordering::Equal, eq_ignore_case(one, other));
    assert_eq!(
        starts_with_ignore_case(one, other),
        one.get(..other.len()).is_some_and(|part| eq_ignore_case(part, other))
    );
    assert!(eq_ignore_case(one, one) && starts_with_ignore_case(one, &one[..one.len() / 2]));

    let common = common_prefix(one, other);
    assert_eq!(one[..common], other[..common]);
    assert!(one.get(common).is_none() || one.get(common) != other.get(common));

    let separator = other.first().copied().unwrap_or(U::from(b' '));
    let parts: Vec<&[U]> = tokens(one, |unit| unit == separator).collect();
    assert!(parts.iter().all(|part| !part.is_empty() && !part.contains(&separator)));
    let kept: Vec<U> = one.iter().copied().filter(|unit| *unit != separator).collect();
    assert_eq!(parts.concat(), kept);
    let (before, behind) = split_at_first(one, separator);
    assert!(!before.contains(&separator));
    match behind {
        Some(behind) => assert_eq!([before, behind].join(&separator), one),
        None => assert_eq!(before, one),
    }
    assert_eq!(until_nul(one), one.split(|unit| *unit == U::from(0)).next().unwrap());

    let feed = U::from(b'\n');
    let mut ends = one.iter().filter(|unit| **unit == feed).count();
    ends += usize::from(one.last().is_some_and(|last| *last != feed));
    assert_eq!(lines(one).count(), ends);
    assert!(lines(one).all(|line| !line.contains(&feed)));

    let mut room = vec![U::from(0); one.len() + other.len()];
    let mut buffer = Buffer::new(&mut room);
    buffer.append(one).unwrap();
    buffer.append(other).unwrap();
    assert!(buffer.append(&[feed]).is_err());
    assert_eq!(buffer.text(), [one, other].concat());
}

/// A number is read as the standard library reads it, and what is written is read again.
fn numbers(input: &[u8]) {
    for (base, radix) in [(Base::Binary, 2), (Base::Octal, 8), (Base::Decimal, 10), (Base::Hexadecimal, 16)] {
        let text = str::from_utf8(input).ok().filter(|text| !text.starts_with(['+', '-']));
        let expected = text.and_then(|text| u64::from_str_radix(text, radix).ok());
        assert_eq!(parse(input, base).ok(), expected);
        let signed = str::from_utf8(input).ok().and_then(|text| i64::from_str_radix(text, radix).ok());
        assert_eq!(parse_signed(input, base).ok(), signed);
        match parse_leading(input, base) {
            Ok((number, rest)) => {
                assert_eq!(parse(&input[..input.len() - rest.len()], base), Ok(number));
                assert!(rest.first().is_none_or(|next| !char::from(*next).is_digit(radix)));
            }
            Err(BadNumber::Ends { at }) => assert_eq!(at, input.len()),
            Err(BadNumber::NotADigit { at }) => assert!(!char::from(input[at]).is_digit(radix)),
            Err(BadNumber::TooLarge { at }) => {
                assert!(parse(&input[..at], base).is_ok(), "without that digit it fits");
                assert!(parse(&input[..=at], base).is_err());
            }
        }
    }
    let number = input.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut room = [0_u16; 80];
    let forms = [
        (number.to_string(), Base::Decimal),
        (format!("{number:#x}"), Base::Prefixed),
        (format!("{number:#o}"), Base::Prefixed),
        (format!("{number:#b}"), Base::Prefixed),
        (format!("{number:X}"), Base::Hexadecimal),
    ];
    for (form, base) in forms {
        let mut buffer = Buffer::new(&mut room);
        write!(buffer, "{form}").unwrap();
        assert_eq!(parse(buffer.text(), base), Ok(number));
    }
    let mut buffer = Buffer::new(&mut room);
    write!(buffer, "{}", number.cast_signed()).unwrap();
    assert_eq!(parse_signed(buffer.text(), Base::Decimal), Ok(number.cast_signed()));
}
