//! Why a module is not loaded: always with its name, and with whose wish it was.

use core::fmt;

use arrayvec::ArrayVec;
use xtmodule::name::{Name, NoName};

use super::host::LoadFailure;
use super::image::ImageError;
use super::order::MAX_MODULES;
use crate::volume::FileFailure;

/// Why a module is not loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ModuleError<'a> {
    /// What is wanted is no module's name.
    NoName {
        /// What it is.
        text: &'a str,
    },
    /// Something is wrong with a module.
    Module {
        /// The module.
        module: Name,
        /// The module that depends on it, if it is not wanted for itself.
        wanted_by: Option<Name>,
        /// What is wrong.
        reason: Reason,
    },
}

/// What is wrong with a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its file cannot be had.
    File(FileFailure),
    /// Its file is too large.
    TooLarge {
        /// Bytes of the file.
        bytes: u64,
        /// The most it may have.
        limit: u64,
    },
    /// Its file is no module of this machine.
    Image(ImageError),
    /// It calls itself otherwise than its file is called.
    OtherName {
        /// What it calls itself.
        found: Name,
    },
    /// It depends on itself, by way of the others, each of which depends on the next.
    Cycle {
        /// The modules of the cycle, the first of them first.
        names: ArrayVec<Name, MAX_MODULES>,
    },
    /// There are too many modules at once.
    TooMany,
    /// The firmware doesn't load it, or it doesn't start.
    Load(LoadFailure),
}

impl fmt::Display for ModuleError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName { text } => {
                write!(out, "boot module \"")?;
                // A line of a message, whatever stands in the configuration.
                text.chars()
                    .take(60)
                    .try_for_each(|character| write!(out, "{}", character.escape_debug()))?;
                write!(out, "\": {NoName}")
            }
            Self::Module { module, wanted_by, reason } => {
                write!(out, "boot module {module}")?;
                if let Some(dependent) = wanted_by {
                    write!(out, ", which {dependent} depends on")?;
                }
                write!(out, ": {reason}")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(FileFailure::Missing) => write!(out, "there is no such file in {}", super::FOLDER),
            Self::File(failure) => write!(out, "its file: {failure}"),
            Self::TooLarge { bytes, limit } => {
                write!(out, "its file has {bytes} bytes, the limit is {limit}")
            }
            Self::Image(error) => error.fmt(out),
            Self::OtherName { found } => write!(out, "it calls itself {found}"),
            Self::Cycle { names } => {
                write!(out, "it depends on itself: ")?;
                names.iter().try_for_each(|name| write!(out, "{name} -> "))?;
                match names.first() {
                    Some(first) => first.fmt(out),
                    None => Ok(()),
                }
            }
            Self::TooMany => write!(out, "more than {MAX_MODULES} modules at once"),
            Self::Load(failure) => failure.fmt(out),
        }
    }
}

impl core::error::Error for ModuleError<'_> {}
impl core::error::Error for Reason {}
