//! The file: where it lies, how its characters are encoded, and what its lines are.

mod encoding;
mod line;

pub(crate) use encoding::Encoded;
pub use encoding::room;
pub(super) use encoding::{utf8, utf16};
pub(super) use line::{Line, Lines, control};

use xtcore::choice::Architecture;

use crate::volume::{FileFailure, Files, Place, Volume};

/// Where the configuration lies on the loader's own volume.
pub const PATH: &str = r"\EFI\BOOT\XTLDR\XTLDR.INI";

/// The most bytes that a configuration may have.
pub const MAX_BYTES: usize = 64 << 10;

/// Returns where a configuration may lie, the first place first: the one that serves both architectures, then the
/// architecture's own.
#[must_use]
pub const fn paths(architecture: Architecture) -> [&'static str; 2] {
    match architecture {
        Architecture::Amd64 => [PATH, r"\EFI\BOOT\XTLDR64\XTLDR.INI"],
        Architecture::I686 => [PATH, r"\EFI\BOOT\XTLDR32\XTLDR.INI"],
    }
}

/// A configuration file that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located {
    /// Its path on the loader's own volume.
    pub path: &'static str,
    /// Its size in bytes; may exceed [`MAX_BYTES`].
    pub bytes: u64,
}

/// Finds the configuration file: the first of [`paths`] that is there.
///
/// # Errors
/// The path and the reason, when none is there or the first one found cannot be opened.
pub fn locate(files: &dyn Files, architecture: Architecture) -> Result<Located, (&'static str, FileFailure)> {
    for path in paths(architecture) {
        match files.bytes(&Place { volume: Volume::Own, path }) {
            Ok(bytes) => return Ok(Located { path, bytes }),
            Err(FileFailure::Missing) => {}
            Err(failure) => return Err((path, failure)),
        }
    }
    Err((PATH, FileFailure::Missing))
}
