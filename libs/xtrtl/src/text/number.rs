//! Numbers out of text. The way back is [`Buffer`](super::Buffer) and `core`'s formatting.

use core::fmt;

use super::Unit;

/// In which digits a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// 0 and 1.
    Binary,
    /// 0 to 7.
    Octal,
    /// 0 to 9.
    Decimal,
    /// 0 to 9, and A to F in either case.
    Hexadecimal,
    /// As the number says itself: `0b`, `0o` or `0x` before it, in either case, else decimal.
    Prefixed,
}

/// Why a text is no number. Places are counted in units from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadNumber {
    /// It ends where a digit is wanted.
    Ends {
        /// Where.
        at: usize,
    },
    /// There is something else than a digit.
    NotADigit {
        /// Where.
        at: usize,
    },
    /// It does not fit.
    TooLarge {
        /// Where the digit is with which it became too large.
        at: usize,
    },
}

impl fmt::Display for BadNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends { at } => write!(out, "a digit is missing at place {at}"),
            Self::NotADigit { at } => write!(out, "there is no digit at place {at}"),
            Self::TooLarge { at } => write!(out, "the number is too large with the digit at place {at}"),
        }
    }
}

impl core::error::Error for BadNumber {}

impl BadNumber {
    const fn behind(self, units: usize) -> Self {
        match self {
            Self::Ends { at } => Self::Ends { at: at + units },
            Self::NotADigit { at } => Self::NotADigit { at: at + units },
            Self::TooLarge { at } => Self::TooLarge { at: at + units },
        }
    }
}

/// Returns the number that a text is, without a sign.
///
/// ```
/// use xtrtl::text::{BadNumber, Base, parse};
///
/// assert_eq!(parse(b"0xF4", Base::Prefixed), Ok(0xF4));
/// assert_eq!(parse(b"244k", Base::Decimal), Err(BadNumber::NotADigit { at: 3 }));
/// ```
///
/// # Errors
/// [`BadNumber`], also for anything behind the number.
pub fn parse<U: Unit>(text: &[U], base: Base) -> Result<u64, BadNumber> {
    let (number, rest) = parse_leading(text, base)?;
    if rest.is_empty() { Ok(number) } else { Err(BadNumber::NotADigit { at: text.len() - rest.len() }) }
}

/// Returns the number that a text is, with or without a sign.
///
/// # Errors
/// [`BadNumber`], also for anything behind the number.
pub fn parse_signed<U: Unit>(text: &[U], base: Base) -> Result<i64, BadNumber> {
    let (is_negative, digits) = match text {
        [sign, digits @ ..] if *sign == U::of_ascii(b'-') => (true, digits),
        [sign, digits @ ..] if *sign == U::of_ascii(b'+') => (false, digits),
        digits => (false, digits),
    };
    let number = parse(digits, base).map_err(|bad| bad.behind(text.len() - digits.len()))?;
    let signed = if is_negative { 0_i64.checked_sub_unsigned(number) } else { i64::try_from(number).ok() };
    // What fits 64 bits fits 63 without its last digit.
    signed.ok_or(BadNumber::TooLarge { at: text.len() - 1 })
}

/// Returns the number that a text begins with, and the rest.
///
/// # Errors
/// [`BadNumber`] when it begins with none, or with one that is too large.
pub fn parse_leading<U: Unit>(text: &[U], base: Base) -> Result<(u64, &[U]), BadNumber> {
    let (radix, digits) = match base {
        Base::Binary => (2, text),
        Base::Octal => (8, text),
        Base::Decimal => (10, text),
        Base::Hexadecimal => (16, text),
        Base::Prefixed => prefixed(text),
    };
    let (mut number, mut count) = (0_u64, text.len() - digits.len());
    for unit in digits {
        let Some(digit) = unit.ascii().and_then(|byte| char::from(byte).to_digit(radix)) else { break };
        let larger =
            number.checked_mul(u64::from(radix)).and_then(|number| number.checked_add(u64::from(digit)));
        number = larger.ok_or(BadNumber::TooLarge { at: count })?;
        count += 1;
    }
    match text.get(count..) {
        Some(rest) if count > text.len() - digits.len() => Ok((number, rest)),
        Some([]) | None => Err(BadNumber::Ends { at: count }),
        Some(_) => Err(BadNumber::NotADigit { at: count }),
    }
}

/// Returns the radix that a number names, and its digits.
fn prefixed<U: Unit>(text: &[U]) -> (u32, &[U]) {
    let [zero, letter, digits @ ..] = text else { return (10, text) };
    let radix = match letter.ascii() {
        Some(b'b' | b'B') => 2,
        Some(b'o' | b'O') => 8,
        Some(b'x' | b'X') => 16,
        _ => return (10, text),
    };
    if *zero == U::of_ascii(b'0') { (radix, digits) } else { (10, text) }
}
