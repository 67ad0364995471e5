//! Why a configuration is refused: always the file, and the line or the key.

use core::fmt;

use xtboot::parameters;

use super::{MAX_BYTES, PATH};

/// Why a configuration is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigError<'a> {
    /// The file has more than [`MAX_BYTES`] bytes.
    TooLong {
        /// Its size, as far as it is known.
        bytes: usize,
    },
    /// The file has no line that says anything.
    Empty,
    /// A line is not UTF-8.
    NotText {
        /// Its number, from 1.
        line: usize,
    },
    /// A line is neither a comment, nor a section, nor a key with a value.
    Unreadable {
        /// Its number.
        line: usize,
        /// What it says.
        text: &'a str,
    },
    /// A key stands before the first section.
    NoSection {
        /// Its line.
        line: usize,
        /// The key.
        key: &'a str,
    },
    /// A section has a key twice.
    Repeated {
        /// The second line.
        line: usize,
        /// The first one.
        first: usize,
        /// The key.
        key: &'a str,
    },
    /// A key that must be there isn't.
    MissingKey {
        /// The section.
        section: &'a str,
        /// The key.
        key: &'static str,
    },
    /// A key that must have a value has none.
    EmptyValue {
        /// Its line.
        line: usize,
        /// The key.
        key: &'static str,
    },
    /// `Default` names no system's section.
    NoEntry {
        /// What it names.
        name: &'a str,
    },
    /// The system is of a type that this loader can't start.
    SystemType {
        /// The section.
        section: &'a str,
        /// The type.
        found: &'a str,
    },
    /// A path or file name can't be one.
    Path {
        /// The section.
        section: &'a str,
        /// The key.
        key: &'static str,
        /// Its value.
        found: &'a str,
    },
    /// The kernel parameters are too long.
    Parameters {
        /// The section.
        section: &'a str,
        /// Their length in bytes.
        bytes: usize,
    },
}

impl fmt::Display for ConfigError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "configuration {PATH}: ")?;
        match *self {
            Self::TooLong { bytes } => write!(out, "{bytes} bytes are too long, the limit is {MAX_BYTES}"),
            Self::Empty => write!(out, "the file is empty"),
            Self::NotText { line } => write!(out, "line {line} is not UTF-8 text"),
            Self::Unreadable { line, text } => {
                write!(out, "line {line} is no comment, [section] or key=value: {}", Short(text))
            }
            Self::NoSection { line, key } => {
                write!(out, "line {line}: the key {} stands before the first [section]", Short(key))
            }
            Self::Repeated { line, first, key } => {
                write!(out, "line {line}: the key {} was given on line {first} already", Short(key))
            }
            Self::MissingKey { section, key } => {
                write!(out, "section [{}] lacks the key {key}", Short(section))
            }
            Self::EmptyValue { line, key } => write!(out, "line {line}: the key {key} has no value"),
            Self::NoEntry { name } => {
                write!(out, "key Default: there is no system's section [{}]", Short(name))
            }
            Self::SystemType { section, found } => write!(
                out,
                "section [{}], key SystemType: {} is not a type this loader can start, only XTOS is",
                Short(section),
                Short(found)
            ),
            Self::Path { section, key, found } => write!(
                out,
                "section [{}], key {key}: {} cannot be used (a path starts with \\, a file name has no folder, \
                 together they have at most {} bytes)",
                Short(section),
                Short(found),
                super::entry::MAX_PATH_BYTES
            ),
            Self::Parameters { section, bytes } => write!(
                out,
                "section [{}], key Parameters: {bytes} bytes are too long, the limit is {}",
                Short(section),
                parameters::MAX_BYTES
            ),
        }
    }
}

impl core::error::Error for ConfigError<'_> {}

/// Text from the file as part of a message: its first characters, so that one line stays one line.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHARACTERS: usize = 60;
        write!(out, "\"")?;
        for character in self.0.chars().take(CHARACTERS) {
            write!(out, "{}", character.escape_debug())?;
        }
        let rest = if self.0.chars().nth(CHARACTERS).is_some() { "…" } else { "" };
        write!(out, "{rest}\"")
    }
}
