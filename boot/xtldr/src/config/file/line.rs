//! The lines of a configuration.

use crate::config::error::Fault;

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::config) enum Line<'a> {
    /// A blank line or a comment.
    Nothing,
    /// `[Name]`, the name trimmed and not empty.
    Section(&'a str),
    /// Begins with `[` and is no section's name.
    Header {
        /// As much of it as can be shown.
        text: &'a str,
        /// Why it is none.
        fault: Fault<'a>,
    },
    /// `Key=Value`, both trimmed; the key is not empty.
    Pair {
        /// What stands before the first `=`.
        key: &'a str,
        /// What stands after it.
        value: &'a str,
    },
    /// Anything else.
    Damaged(Fault<'a>),
}

impl<'a> Line<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let bytes = bytes.trim_ascii();
        // A comment may be in any encoding.
        if matches!(bytes, [] | [b';' | b'#', ..]) {
            return Self::Nothing;
        }
        let text = match text(bytes) {
            Ok("") => return Self::Nothing,
            Ok(text) => text,
            Err((text, fault)) if bytes.starts_with(b"[") => {
                return Self::Header { text: shown(text), fault };
            }
            Err((_, fault)) => return Self::Damaged(fault),
        };
        if let Some(rest) = text.strip_prefix('[') {
            return match rest.strip_suffix(']').map(str::trim) {
                Some(name) if name.contains('\t') => {
                    Self::Header { text: shown(text), fault: Fault::Control { found: '\t' } }
                }
                Some(name) if !name.is_empty() => Self::Section(name),
                _ => Self::Header { text: shown(text), fault: Fault::Header { text } },
            };
        }
        match text.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some((key, value)) if !key.is_empty() => Self::Pair { key, value },
            _ => Self::Damaged(Fault::Unreadable { text }),
        }
    }
}

/// Returns the text without white space around it; or why it is none, and what comes before the first thing wrong.
fn text(bytes: &[u8]) -> Result<&str, (&str, Fault<'_>)> {
    let (text, fault) = match str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let text = bytes.get(..error.valid_up_to()).and_then(|bytes| str::from_utf8(bytes).ok());
            (text.unwrap_or_default(), Some(Fault::NotText))
        }
    };
    let found =
        control(text).map(|(at, found)| (text.get(..at).unwrap_or_default(), Fault::Control { found }));
    match (found, fault) {
        (Some(problem), _) => Err(problem),
        (None, Some(fault)) => Err((text, fault)),
        (None, None) => Ok(text.trim()),
    }
}

/// Returns the beginning of a name: names are shown to people, where a tabulator has no place.
fn shown(text: &str) -> &str {
    text.split('\t').next().unwrap_or_default()
}

/// Returns the first control character other than a tabulator, and where it is.
pub(in crate::config) fn control(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, character)| character.is_control() && *character != '\t')
}

/// The lines of a text with their numbers. They end in LF; a CR before it is white space at the line's end.
#[derive(Clone, Debug)]
pub(in crate::config) struct Lines<'a> {
    rest: Option<&'a [u8]>,
    number: usize,
}

impl<'a> Lines<'a> {
    /// Reads `text`, whose first line has the number `first`.
    pub(in crate::config) const fn new(text: &'a [u8], first: usize) -> Self {
        Self { rest: Some(text), number: first }
    }

    /// Returns what has not been read yet.
    pub(in crate::config) const fn rest(&self) -> &'a [u8] {
        match self.rest {
            Some(rest) => rest,
            None => &[],
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, Line<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest?;
        let mut parts = text.splitn(2, |byte| *byte == b'\n');
        let line = parts.next().unwrap_or_default();
        self.rest = parts.next();
        let number = self.number;
        self.number += 1;
        Some((number, Line::read(line)))
    }
}
