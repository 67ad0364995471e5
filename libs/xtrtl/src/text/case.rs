//! Order and equality without case.

use core::cmp::Ordering;

use super::Unit;

/// Compares two texts unit by unit in upper case; one that goes on where the other ends is the greater.
#[must_use]
pub fn compare_ignore_case<U: Unit>(one: &[U], other: &[U]) -> Ordering {
    one.iter().map(|unit| unit.upper()).cmp(other.iter().map(|unit| unit.upper()))
}

/// Tells whether two texts are the same but for their case. A common beginning is not enough.
#[must_use]
pub fn eq_ignore_case<U: Unit>(one: &[U], other: &[U]) -> bool {
    one.len() == other.len() && starts_with_ignore_case(one, other)
}

/// Tells whether a text begins with another one, but for their case.
#[must_use]
pub fn starts_with_ignore_case<U: Unit>(text: &[U], beginning: &[U]) -> bool {
    text.len() >= beginning.len()
        && text.iter().zip(beginning).all(|(one, other)| one.upper() == other.upper())
}
