//! One line of a configuration.

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line<'a> {
    /// A blank line or a comment.
    Nothing,
    /// `[Name]`.
    Section(&'a str),
    /// `Key=Value`, both trimmed; the key is not empty.
    Pair {
        /// What stands before the first `=`.
        key: &'a str,
        /// What stands after it.
        value: &'a str,
    },
    /// Anything else, trimmed.
    Unreadable(&'a str),
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        if text.is_empty() || text.starts_with([';', '#']) {
            return Self::Nothing;
        }
        if let Some(rest) = text.strip_prefix('[') {
            return match rest.strip_suffix(']').map(str::trim) {
                Some(name) if !name.is_empty() => Self::Section(name),
                _ => Self::Unreadable(text),
            };
        }
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Self::Pair { key: key.trim(), value: value.trim() }
            }
            _ => Self::Unreadable(text),
        }
    }
}

/// Returns the lines with their numbers, from 1. A CR before the LF is white space at the line's end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, Line<'_>)> {
    text.split('\n').enumerate().map(|(index, line)| (index + 1, Line::read(line)))
}
