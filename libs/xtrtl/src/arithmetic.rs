//! Arithmetic that `core` does not have.

/// Returns `number * times / by` without losing the upper half of the product, rounded down; nothing if that does not fit,
/// or if `by` is 0.
///
/// It scales ticks to units of time: neither the product of the numbers nor their quotient alone would do.
///
/// ```
/// use xtrtl::arithmetic::mul_div;
///
/// // A counter at 3 GHz that has run for a year, in nanoseconds.
/// assert_eq!(mul_div(94_608_000_000_000_000, 1_000_000_000, 3_000_000_000), Some(31_536_000_000_000_000));
/// ```
#[must_use]
pub const fn mul_div(number: u64, times: u64, by: u64) -> Option<u64> {
    let product = number as u128 * times as u128;
    match product.checked_div(by as u128) {
        Some(quotient) if quotient <= u64::MAX as u128 => Some(quotient as u64),
        _ => None,
    }
}

/// Returns the same, rounded up.
#[must_use]
pub const fn mul_div_up(number: u64, times: u64, by: u64) -> Option<u64> {
    let product = number as u128 * times as u128;
    // The largest product is 2^128 - 2^65 + 1: adding less than 2^64 does not overflow.
    match (product + (by as u128).saturating_sub(1)).checked_div(by as u128) {
        Some(quotient) if quotient <= u64::MAX as u128 => Some(quotient as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
