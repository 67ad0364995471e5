//! The section `.modinfo`: what a module says of itself before any of its code runs.
//!
//! It is a list of `key=value` strings, each ended by a NUL, in any order; zeros between and behind them do not count:
//!
//! ```text
//!   name=dummy NUL            as the file is called, without .EFI; the only key that must be there
//!   version=0.1.0 NUL
//!   author=… NUL
//!   license=… NUL
//!   description=… NUL         one line
//!   depends=acpi framebuf NUL the modules that must be started first, separated by blanks
//! ```
//!
//! Values are UTF-8 without control characters. Keys that this version does not know are left to later ones; each of the
//! others may be there once. The section has at most [`MAX_BYTES`] bytes.

#[cfg(test)]
mod tests;

use core::fmt;

use crate::name::{Name, NoName};

/// The section's name in the PE file.
pub const SECTION: [u8; 8] = *b".modinfo";

/// The most bytes of the section.
pub const MAX_BYTES: usize = 4096;

/// The most modules that one module may depend on.
pub const MAX_DEPENDENCIES: usize = 16;

/// What a module says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Info<'a> {
    /// What it is called.
    pub name: Name,
    /// Its version; empty where it doesn't say, as are the following.
    pub version: &'a str,
    /// Who wrote it.
    pub author: &'a str,
    /// Under which terms it may be used.
    pub license: &'a str,
    /// What it does.
    pub description: &'a str,
    /// Names that were checked, separated by blanks.
    depends: &'a str,
}

/// A key of the section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// `name`.
    Name,
    /// `version`.
    Version,
    /// `author`.
    Author,
    /// `license`.
    License,
    /// `description`.
    Description,
    /// `depends`.
    Depends,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::Version, Self::Author, Self::License, Self::Description, Self::Depends];

    /// Returns the key as it is written.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Version => "version",
            Self::Author => "author",
            Self::License => "license",
            Self::Description => "description",
            Self::Depends => "depends",
        }
    }
}

/// Why a section cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InfoError {
    /// It has too many bytes.
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// A string is neither empty nor `key=value`, is no UTF-8, or has control characters.
    Unreadable {
        /// Where it begins, in bytes from the section's start.
        at: usize,
    },
    /// A key is there twice.
    Repeated {
        /// Which.
        key: Key,
    },
    /// There is no name.
    NoName,
    /// The name, or one of those it depends on, is none.
    BadName {
        /// The key that holds it.
        key: Key,
    },
    /// It depends on too many modules.
    TooManyDependencies {
        /// How many.
        found: usize,
    },
}

impl<'a> Info<'a> {
    /// Reads the section's bytes. Linear in them.
    ///
    /// # Errors
    /// [`InfoError`], for the first thing that is wrong.
    pub fn parse(section: &'a [u8]) -> Result<Self, InfoError> {
        if section.len() > MAX_BYTES {
            return Err(InfoError::TooLong { bytes: section.len() });
        }
        let mut values = [None; Key::ALL.len()];
        let mut at = 0;
        for bytes in section.split(|byte| *byte == 0) {
            let start = at;
            at += bytes.len() + 1;
            if bytes.is_empty() {
                continue;
            }
            let (key, value) = pair(bytes).ok_or(InfoError::Unreadable { at: start })?;
            let known = Key::ALL.into_iter().zip(&mut values).find(|(known, _)| known.text() == key);
            let Some((known, place)) = known else { continue };
            if place.replace(value).is_some() {
                return Err(InfoError::Repeated { key: known });
            }
        }
        let [name, version, author, license, description, depends] = values;
        let name = Name::new(name.ok_or(InfoError::NoName)?);
        let info = Self {
            name: name.map_err(|NoName| InfoError::BadName { key: Key::Name })?,
            version: version.unwrap_or_default(),
            author: author.unwrap_or_default(),
            license: license.unwrap_or_default(),
            description: description.unwrap_or_default(),
            depends: depends.unwrap_or_default(),
        };
        let words = info.depends.split_ascii_whitespace();
        if words.clone().any(|word| Name::new(word).is_err()) {
            return Err(InfoError::BadName { key: Key::Depends });
        }
        match words.count() {
            0..=MAX_DEPENDENCIES => Ok(info),
            found => Err(InfoError::TooManyDependencies { found }),
        }
    }

    /// Returns the modules that must be started first.
    pub fn depends(&self) -> impl Iterator<Item = Name> + Clone + 'a {
        // `parse` has seen that each of them is a name.
        self.depends.split_ascii_whitespace().flat_map(Name::new)
    }
}

fn pair(bytes: &[u8]) -> Option<(&str, &str)> {
    let text = str::from_utf8(bytes).ok()?;
    if text.chars().any(char::is_control) {
        return None;
    }
    text.split_once('=').filter(|(key, _)| !key.is_empty())
}

/// Returns the bytes of `text`, which has `N` of them, as an array: what a `static` in the section is made of. Text of
/// another length gives zeros, which say nothing.
#[must_use]
pub const fn section<const N: usize>(text: &str) -> [u8; N] {
    match text.as_bytes().first_chunk() {
        Some(bytes) if N == text.len() => *bytes,
        _ => [0; N],
    }
}

impl fmt::Display for InfoError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLong { bytes } => write!(out, "its {bytes} bytes are more than {MAX_BYTES}"),
            Self::Unreadable { at } => write!(out, "the string at {at} is no key=value"),
            Self::Repeated { key } => write!(out, "the key {} is there twice", key.text()),
            Self::NoName => write!(out, "it has no key name"),
            Self::BadName { key } => write!(out, "key {}: {NoName}", key.text()),
            Self::TooManyDependencies { found } => {
                write!(out, "{found} dependencies are more than {MAX_DEPENDENCIES}")
            }
        }
    }
}

impl core::error::Error for InfoError {}
