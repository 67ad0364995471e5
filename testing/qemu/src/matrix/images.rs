//! The built files that the matrix boots.

use std::fmt;
use std::path::PathBuf;

use xtcore::choice::Architecture;

/// The built files of one architecture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchitectureImages {
    /// The loader.
    pub loader: PathBuf,
    /// The kernel.
    pub kernel: PathBuf,
    /// The kernel that checks its assertions.
    pub checked_kernel: Option<PathBuf>,
    /// The loader with the feature `tamper`.
    pub tampering_loader: Option<PathBuf>,
    /// The application that enters 5-level paging and starts `\EFI\BOOT\XTLDR64.EFI`; amd64 only.
    pub five_level_shim: Option<PathBuf>,
}

/// The built files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Images {
    /// Those for amd64.
    pub amd64: Option<ArchitectureImages>,
    /// Those for i686.
    pub i686: Option<ArchitectureImages>,
}

/// A file that a cell needs was not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageMissing {
    /// Nothing for this architecture.
    Architecture(Architecture),
    /// The kernel that checks its assertions.
    CheckedKernel,
    /// The loader that tampers.
    TamperingLoader,
    /// The application that enters 5-level paging.
    FiveLevelShim,
}

impl Images {
    /// Returns the files of `architecture`.
    ///
    /// # Errors
    /// [`ImageMissing::Architecture`] when there are none.
    pub fn of(&self, architecture: Architecture) -> Result<&ArchitectureImages, ImageMissing> {
        let images = match architecture {
            Architecture::Amd64 => &self.amd64,
            Architecture::I686 => &self.i686,
        };
        images.as_ref().ok_or(ImageMissing::Architecture(architecture))
    }
}

impl fmt::Display for ImageMissing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Architecture(architecture) => write!(out, "nothing was built for {}", architecture.name()),
            Self::CheckedKernel => out.write_str("the kernel that checks its assertions was not built"),
            Self::TamperingLoader => out.write_str("the loader with the feature 'tamper' was not built"),
            Self::FiveLevelShim => out.write_str("the application that enters 5-level paging was not built"),
        }
    }
}

impl std::error::Error for ImageMissing {}
