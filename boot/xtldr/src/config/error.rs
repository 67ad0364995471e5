//! What is wrong, and where: every message names the file, and the line, section and key as far as there are any.

use core::fmt;

use xtboot::parameters;

use super::entry::MAX_PATH_BYTES;
use super::file::MAX_BYTES;
use super::settings::MAX_PORTS;
use crate::report::{Quoted, Short};
use crate::volume::ArcError;

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The configuration file with this path.
    File(&'static str),
    /// The command line that the firmware hands to the loader.
    CommandLine,
    /// What somebody has typed for this boot.
    Editor,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "configuration {path}"),
            Self::CommandLine => out.write_str("command line"),
            Self::Editor => out.write_str("as edited"),
        }
    }
}

/// A place in a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At<'a> {
    /// The text.
    pub source: Source,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The section's name.
    pub section: Option<&'a str>,
    /// The key.
    pub key: Option<&'a str>,
}

impl<'a> At<'a> {
    /// Names a text as a whole.
    #[must_use]
    pub const fn whole(source: Source) -> Self {
        Self { source, line: None, section: None, key: None }
    }

    pub(super) const fn line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    pub(super) const fn section(self, name: &'a str) -> Self {
        Self { section: Some(name), ..self }
    }

    pub(super) const fn key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(super) const fn error(self, fault: Fault<'a>) -> ConfigError<'a> {
        ConfigError { at: self, fault }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(out)?;
        if let Some(line) = self.line {
            write!(out, ", line {line}")?;
        }
        if let Some(section) = self.section {
            write!(out, ", section [{}]", Short(section))?;
        }
        if let Some(key) = self.key {
            write!(out, ", key {}", Short(key))?;
        }
        Ok(())
    }
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault<'a> {
    /// The text is longer than any configuration.
    TooLong {
        /// Its bytes.
        bytes: u64,
        /// The most that it may have.
        limit: usize,
    },
    /// No line says anything.
    Empty,
    /// There is no section for a system.
    NoEntries,
    /// The line is not UTF-8, or holds half of a surrogate pair.
    NotText,
    /// The line holds a control character other than a tabulator; a NUL is one.
    Control {
        /// The first one.
        found: char,
    },
    /// The line is no comment, no section and no key with a value.
    Unreadable {
        /// What it says.
        text: &'a str,
    },
    /// The line begins like a section's name, and isn't one.
    Header {
        /// What it says.
        text: &'a str,
    },
    /// The key stands before the first section.
    Outside,
    /// The key has been given before; the first one counts.
    RepeatedKey {
        /// The line of the first one.
        first: usize,
    },
    /// There has been a section with that name; the first one counts.
    RepeatedSection {
        /// The line of the first one.
        first: usize,
    },
    /// Nobody knows the key.
    UnknownKey,
    /// A key that must be there isn't.
    MissingKey,
    /// The key must have a value.
    EmptyValue,
    /// The value is neither yes nor no.
    Boolean {
        /// The value.
        found: &'a str,
    },
    /// The value is no number of seconds.
    Seconds {
        /// The value.
        found: &'a str,
    },
    /// A word of the value is no port to write to.
    Port {
        /// The word.
        found: &'a str,
    },
    /// There are more than [`MAX_PORTS`] serial ports.
    Ports,
    /// There is no system with that name.
    NoEntry {
        /// The name.
        name: &'a str,
    },
    /// The value is no path.
    Path(ArcError<'a>),
    /// The value is no name of a file.
    FileName {
        /// The value.
        found: &'a str,
    },
    /// Folder and file name are too long together.
    PathBytes {
        /// Their bytes.
        bytes: usize,
    },
    /// The kernel parameters are too long.
    Parameters {
        /// Their bytes.
        bytes: usize,
    },
    /// The value is no SHA-256.
    Digest {
        /// The value.
        found: &'a str,
    },
    /// A word of the command line has no value.
    NoValue {
        /// The word.
        word: &'a str,
    },
    /// A quotation mark of the command line has no other.
    Unclosed {
        /// The word that begins with it.
        word: &'a str,
    },
    /// There are more problems than anybody reads.
    More,
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLong { bytes, limit } => write!(out, "{bytes} bytes are too long, the limit is {limit}"),
            Self::Empty => out.write_str("it is empty: no line says anything"),
            Self::NoEntries => out.write_str("no section describes a system to boot"),
            Self::NotText => out.write_str("this is not UTF-8 text"),
            Self::Control { found } => {
                write!(out, "it holds the control character U+{:04X}", u32::from(found))
            }
            Self::Unreadable { text } => {
                write!(out, "{} is no comment, [section] or key=value", Quoted(text))
            }
            Self::Header { text } => {
                write!(out, "{} is no [section]; what follows belongs to none", Quoted(text))
            }
            Self::Outside => out.write_str("it stands before the first [section]"),
            Self::RepeatedKey { first } => write!(out, "line {first} has given it already, and counts"),
            Self::RepeatedSection { first } => {
                write!(out, "line {first} has begun a section of that name already, and that one counts")
            }
            Self::UnknownKey => out.write_str("nobody knows it, it is ignored"),
            Self::MissingKey => out.write_str("it must be given, and the section lacks it"),
            Self::EmptyValue => out.write_str("it has no value"),
            Self::Boolean { found } => {
                write!(
                    out,
                    "{} is neither YES, ON, TRUE, ENABLED nor NO, OFF, FALSE, DISABLED",
                    Quoted(found)
                )
            }
            Self::Seconds { found } => write!(out, "{} is no number of seconds", Quoted(found)),
            Self::Port { found } => write!(
                out,
                "{} is none of COM1 to COM4, COM0:0xADDRESS (each with ,baud if wanted) and SCREEN",
                Quoted(found)
            ),
            Self::Ports => write!(out, "more than {MAX_PORTS} serial ports"),
            Self::NoEntry { name } => write!(out, "there is no system's section [{}]", Short(name)),
            Self::Path(error) => error.fmt(out),
            Self::FileName { found } => {
                write!(out, "{} is no file name: it has no folder in it", Quoted(found))
            }
            Self::PathBytes { bytes } => {
                write!(out, "with the folders before it {bytes} bytes, the limit is {MAX_PATH_BYTES}")
            }
            Self::Parameters { bytes } => {
                write!(out, "{bytes} bytes are too long, the limit is {}", parameters::MAX_BYTES)
            }
            Self::Digest { found } => {
                write!(out, "{} is no SHA-256, which has 64 hexadecimal digits", Quoted(found))
            }
            Self::NoValue { word } => write!(out, "{} is no KEY=VALUE, it is ignored", Quoted(word)),
            Self::Unclosed { word } => write!(out, "the quotation mark in {} is never closed", Quoted(word)),
            Self::More => out.write_str("there are more problems than these"),
        }
    }
}

/// What is wrong, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigError<'a> {
    /// Where.
    pub at: At<'a>,
    /// What.
    pub fault: Fault<'a>,
}

impl ConfigError<'_> {
    /// Says of a file that it is too long to be read.
    #[must_use]
    pub const fn too_long(path: &'static str, bytes: u64) -> Self {
        At::whole(Source::File(path)).error(Fault::TooLong { bytes, limit: MAX_BYTES })
    }
}

impl fmt::Display for ConfigError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.at, self.fault)
    }
}

impl core::error::Error for ConfigError<'_> {}
