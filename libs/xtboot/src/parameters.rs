//! The kernel parameters: text that a user typed, read as tokens.
//!
//! A parameter is `KEY` or `KEY=VALUE`; white space of any kind and amount separates them, so the text may come from a
//! file with CRLF line ends. Keys match as whole tokens and without regard to ASCII case; values keep theirs. Where a
//! key is repeated the last one counts, so that something appended overrides what a configuration says. Reading
//! changes nothing, and a token without a key (`=X`) is skipped.

/// The most bytes that the parameters may have. Checked by the loader when it seals a block, and by the kernel.
pub const MAX_BYTES: usize = 4096;

/// The parameters of a boot, in the order typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parameters<'a> {
    text: &'a str,
}

/// One parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameter<'a> {
    /// What stands before the first `=`, never empty.
    pub key: &'a str,
    /// What stands after it; `None` where there is no `=`.
    pub value: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Wraps the text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Returns the text as it was typed.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the parameters in the order typed.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Parameter<'a>> + use<'a> {
        self.text.split_ascii_whitespace().filter_map(|token| {
            let (key, value) = match token.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (token, None),
            };
            if key.is_empty() { None } else { Some(Parameter { key, value }) }
        })
    }

    /// Returns the last parameter with that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Parameter<'a>> {
        self.iter().rfind(|parameter| parameter.key.eq_ignore_ascii_case(key))
    }

    /// Tells whether there is a parameter with that key, with or without a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns the value of the last parameter with that key; `None` where there is no such parameter or it has no
    /// value.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.value
    }

    /// Returns the value of that key as a number: decimal, or hexadecimal behind `0x`. `None` where there is no value
    /// or it is not a number below 2^64.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        let value = self.value(key)?;
        let (digits, radix) = match value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (value, 10),
        };
        // `from_str_radix` would take a sign.
        if digits.starts_with(['+', '-']) {
            return None;
        }
        u64::from_str_radix(digits, radix).ok()
    }
}

#[cfg(test)]
mod tests;
