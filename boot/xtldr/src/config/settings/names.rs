//! A list of names in one value.

/// Names with blanks, commas or semicolons between them, in the order written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Names<'a> {
    text: &'a str,
}

impl<'a> Names<'a> {
    /// Wraps the text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Returns the names; none of them is empty.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.text
            .split(|character: char| character.is_whitespace() || matches!(character, ',' | ';'))
            .filter(|name| !name.is_empty())
    }

    /// Tells whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}
