//! What a thread is called: every thread has a name, so that a bug check can say who it was.

use core::fmt;

/// The name of a thread: a text, and a number where there are several of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    text: &'static str,
    number: Option<u32>,
}

impl Name {
    /// Names a thread that is the only one of its kind.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, number: None }
    }

    /// Names one of several.
    #[must_use]
    pub const fn numbered(text: &'static str, number: u32) -> Self {
        Self { text, number: Some(number) }
    }

    /// Returns the text without the number.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Returns the number, if it has one.
    #[must_use]
    pub const fn number(&self) -> Option<u32> {
        self.number
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            None => out.write_str(self.text),
            Some(number) => write!(out, "{} {number}", self.text),
        }
    }
}
