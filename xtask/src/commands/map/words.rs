//! Amounts of memory and numbers as people read them.

const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Returns an amount with three digits that count and the unit that fits: `4 KiB`, `1.46 GiB`, `12 TiB`.
///
/// A whole number of units has no fraction; others are rounded down, so nothing looks larger than it is.
pub(crate) fn size(bytes: u128) -> String {
    let mut unit = 0;
    let mut amount = bytes;
    while amount >= 1024 && unit + 1 < UNITS.len() {
        amount >>= 10;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    let one = 1_u128 << (10 * unit);
    let (decimals, scale) = match amount {
        0..10 => (2, 100),
        10..100 => (1, 10),
        _ => (0, 1),
    };
    let rest = (bytes % one) * scale / one;
    if rest == 0 {
        return format!("{amount} {name}");
    }
    let fraction = format!("{rest:0decimals$}");
    format!("{amount}.{} {name}", fraction.trim_end_matches('0'))
}

/// Returns a number with its digits in groups of three.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns how many there are of something, in the right number.
pub(crate) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}
