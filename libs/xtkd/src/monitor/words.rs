//! Numbers as people write them.

/// Returns a number: decimal, or hexadecimal behind `0x`, or hexadecimal with the accent that WinDbg puts between the
/// halves of an address.
#[must_use]
pub fn parse_number(text: &str) -> Option<u64> {
    match hexadecimal_prefix(text) {
        Some(digits) => digits_of(digits, 16),
        None if text.contains('`') => digits_of(text, 16),
        None => digits_of(text, 10),
    }
}

/// Returns an address: hexadecimal, with or without `0x`, with or without WinDbg's accent.
#[must_use]
pub fn parse_address(text: &str) -> Option<u64> {
    digits_of(hexadecimal_prefix(text).unwrap_or(text), 16)
}

fn hexadecimal_prefix(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// Returns what digits mean, if there are any, nothing else but accents, and no more than 64 bits.
fn digits_of(text: &str, radix: u32) -> Option<u64> {
    let mut digits = text.chars().filter(|character| *character != '`').peekable();
    digits.peek()?;
    digits.try_fold(0_u64, |number, character| {
        number.checked_mul(radix.into())?.checked_add(character.to_digit(radix)?.into())
    })
}
