//! Parts of texts: slices of what was given, to which nothing is written.

use super::Unit;

/// Returns the parts of a text between separators, without empty ones.
///
/// ```
/// use xtrtl::text::{split_at_first, tokens};
///
/// let mut parameters = tokens(b"DEBUG=COM1,115200  NOXPA ", |unit| unit == b' ');
/// assert_eq!(parameters.next().map(|first| split_at_first(first, b'=')), Some((&b"DEBUG"[..], Some(&b"COM1,115200"[..]))));
/// assert_eq!(parameters.next(), Some(&b"NOXPA"[..]));
/// assert_eq!(parameters.next(), None);
/// ```
pub fn tokens<U: Unit>(text: &[U], is_separator: impl Fn(U) -> bool) -> impl Iterator<Item = &[U]> {
    text.split(move |unit| is_separator(*unit)).filter(|token| !token.is_empty())
}

/// Returns the lines of a text without their ends: line feeds, with or without a carriage return before. The last line
/// needs none; after the last line feed there is no line.
pub fn lines<U: Unit>(text: &[U]) -> impl Iterator<Item = &[U]> {
    let (feed, carriage_return) = (U::of_ascii(b'\n'), U::of_ascii(b'\r'));
    text.split_inclusive(move |unit| *unit == feed).map(move |line| match line {
        [line @ .., last, end] if *end == feed && *last == carriage_return => line,
        [line @ .., end] if *end == feed => line,
        line => line,
    })
}

/// Returns what is before the first such unit, and what is behind it if there is one.
#[must_use]
pub fn split_at_first<U: Unit>(text: &[U], separator: U) -> (&[U], Option<&[U]>) {
    let mut parts = text.splitn(2, |unit| *unit == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Returns a text without the white space of ASCII at both ends.
#[must_use]
pub fn trim<U: Unit>(text: &[U]) -> &[U] {
    let is_white = |unit: &U| unit.ascii().is_some_and(|byte| byte.is_ascii_whitespace());
    let Some(start) = text.iter().position(|unit| !is_white(unit)) else { return &[] };
    let end = text.iter().rposition(|unit| !is_white(unit)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// Returns what is before the first NUL; all of a text that has none.
#[must_use]
pub fn until_nul<U: Unit>(text: &[U]) -> &[U] {
    split_at_first(text, U::of_ascii(0)).0
}

/// Returns how many units two texts have in common at their beginning.
#[must_use]
pub fn common_prefix<U: Unit>(one: &[U], other: &[U]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
