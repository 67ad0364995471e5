//! The values of a section's known keys, each with the place it comes from.

use crate::config::error::{At, ConfigError, Fault};

/// A set of keys that a kind of section has.
pub(in crate::config) trait Key: Copy + 'static {
    /// All of them; the place of a key in this list is its [`Key::slot`].
    const ALL: &'static [Self];

    /// Returns the key as it is written.
    fn name(self) -> &'static str;

    /// Returns the key's number.
    fn slot(self) -> usize;

    /// Returns the key that is written like this, without regard to ASCII case.
    fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name().eq_ignore_ascii_case(text))
    }
}

/// A value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::config) struct Value<'a> {
    /// Where it stands.
    pub(in crate::config) at: At<'a>,
    /// What it is, trimmed.
    pub(in crate::config) text: &'a str,
}

impl<'a> Value<'a> {
    /// Says what is wrong with it.
    pub(in crate::config) const fn error(&self, fault: Fault<'a>) -> ConfigError<'a> {
        self.at.error(fault)
    }
}

/// The values of the `N` keys of a kind of section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::config) struct Values<'a, const N: usize> {
    slots: [Option<Value<'a>>; N],
}

impl<'a, const N: usize> Values<'a, N> {
    /// No values.
    pub(in crate::config) const NONE: Self = Self { slots: [None; N] };

    /// Returns a key's value, if it was given.
    pub(in crate::config) fn get(&self, key: impl Key) -> Option<Value<'a>> {
        self.slots.get(key.slot()).copied().flatten()
    }

    /// Returns a key's value, if it was given and is not empty.
    pub(in crate::config) fn some(&self, key: impl Key) -> Option<Value<'a>> {
        self.get(key).filter(|value| !value.text.is_empty())
    }

    /// Gives a key a value, instead of any that it had.
    pub(in crate::config) fn set(&mut self, key: impl Key, value: Value<'a>) {
        if let Some(slot) = self.slots.get_mut(key.slot()) {
            *slot = Some(value);
        }
    }
}
