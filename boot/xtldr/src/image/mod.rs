//! The kernel image: from the bytes of a PE file to frames that hold it.
//!
//! ```text
//!   file bytes --validate--> Validated --place--> copied into frames --relocate--> at its address
//! ```
//!
//! # What validation proves
//! No number of the file is used before it has been checked. A [`Validated`] image
//! * is for our machine, executable, of the PE32 or PE32+ form that belongs to the machine, with pages of 4 KiB;
//! * has headers and sections that lie inside the file and inside the image, in ascending order, without overlap;
//! * has no section that is writable and executable;
//! * has its entry point in an executable section, at an address of the kernel's half in both of the architecture's
//!   modes;
//! * imports nothing, and has relocations of the machine's own kind only, each inside a section;
//! * declares in its [`Manifest`] which protocol version and paging modes it understands.
//!
//! It doesn't prove that the code in it does anything sensible.
//!
//! Source: Microsoft, "PE Format" (COFF file header, optional header, section table, base relocation blocks).

mod error;
mod headers;
mod relocations;
mod sections;

pub use error::{Directory, ImageError, Part, Within};
pub use sections::{MAX_SECTIONS, Mapped};

use arrayvec::ArrayVec;
use object::pe;
use xtboot::block::{MANIFEST_MAGIC, MANIFEST_SECTION, Manifest, Section, SectionProtection, VERSION};
use xtcore::choice::{Architecture, ModeSet};
use xtcore::{FrameCount, PAGE_BYTES, VirtAddr};
use zerocopy::FromBytes;

use headers::Headers;

/// The most bytes that a kernel file may have.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// A kernel image that may be used. See the [module](self) for what that means.
#[derive(Clone, Debug)]
pub struct Validated<'a> {
    file: &'a [u8],
    base: VirtAddr,
    entry: VirtAddr,
    pages: FrameCount,
    /// The headers first, then the sections, ascending.
    mapped: ArrayVec<Mapped, MAX_SECTIONS>,
    relocations: &'a [u8],
    modes: ModeSet,
}

/// Checks a PE file completely. The slice must be aligned to 8 bytes, as any allocation of pages is.
///
/// Linear in the number of sections and relocations; copies nothing.
///
/// # Errors
/// The first thing that is wrong, as an [`ImageError`].
pub fn validate(file: &[u8], architecture: Architecture) -> Result<Validated<'_>, ImageError> {
    let headers = Headers::read(file, architecture)?;
    let mapped = sections::check(file, &headers)?;
    check_entry(&headers, &mapped)?;
    for (number, directory) in FORBIDDEN {
        let (at, bytes) = headers.directory(number);
        if at != 0 || bytes != 0 {
            return Err(ImageError::Forbidden { directory, at, bytes });
        }
    }
    let relocations = relocations::locate(file, &headers, &mapped)?;
    relocations::check(relocations, &headers, &mapped)?;
    let image = Validated {
        file,
        base: headers.base,
        entry: VirtAddr::new(headers.base.get() + u64::from(headers.entry)),
        pages: FrameCount::new(u64::from(headers.image_bytes) / PAGE_BYTES),
        modes: read_manifest(file, &mapped)?,
        mapped,
        relocations,
    };
    Ok(image)
}

/// Directories whose contents this loader would have to act upon, and doesn't.
const FORBIDDEN: [(usize, Directory); 4] = [
    (pe::IMAGE_DIRECTORY_ENTRY_IMPORT, Directory::Imports),
    (pe::IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT, Directory::BoundImports),
    (pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, Directory::DelayedImports),
    (pe::IMAGE_DIRECTORY_ENTRY_TLS, Directory::ThreadStorage),
];

fn check_entry(headers: &Headers<'_>, mapped: &[Mapped]) -> Result<(), ImageError> {
    let at = headers.entry;
    let code = mapped
        .iter()
        .any(|section| section.protection == SectionProtection::ReadExecute && section.holds(at, 1));
    if code { Ok(()) } else { Err(ImageError::Entry { at }) }
}

fn read_manifest(file: &[u8], mapped: &[Mapped]) -> Result<ModeSet, ImageError> {
    let section = mapped.iter().find(|section| section.name == MANIFEST_SECTION);
    let section = section.ok_or(ImageError::NoManifest)?;
    let bytes = section.file_bytes(file).unwrap_or_default();
    let Ok((manifest, _)) = Manifest::read_from_prefix(bytes) else {
        return Err(ImageError::ManifestShort { bytes: bytes.len() });
    };
    if manifest.magic != MANIFEST_MAGIC {
        return Err(ImageError::ManifestMagic { found: u64::from_le_bytes(manifest.magic) });
    }
    if manifest.version != VERSION {
        return Err(ImageError::ManifestVersion { found: manifest.version, known: VERSION });
    }
    Ok(ModeSet::from_bits(manifest.modes))
}

impl Validated<'_> {
    /// Returns the address that the image was linked for.
    #[must_use]
    pub const fn base(&self) -> VirtAddr {
        self.base
    }

    /// Tells whether the image can lie elsewhere: it has relocations.
    #[must_use]
    pub const fn is_movable(&self) -> bool {
        !self.relocations.is_empty()
    }

    /// Returns the entry point, for an image at its [`Validated::base`].
    #[must_use]
    pub const fn entry(&self) -> VirtAddr {
        self.entry
    }

    /// Returns the entry point of an image that lies at `base`.
    #[must_use]
    pub const fn entry_at(&self, base: VirtAddr) -> VirtAddr {
        VirtAddr::new(base.get().wrapping_add(self.entry.get() - self.base.get()))
    }

    /// Returns the size of the image in memory.
    #[must_use]
    pub const fn pages(&self) -> FrameCount {
        self.pages
    }

    /// Returns the paging modes that the kernel runs in.
    #[must_use]
    pub const fn modes(&self) -> ModeSet {
        self.modes
    }

    /// Returns the mapped parts, headers first, ascending and disjoint.
    #[must_use]
    pub fn mapped(&self) -> &[Mapped] {
        &self.mapped
    }

    /// Returns the mapped parts as the boot protocol knows them.
    pub fn sections(&self) -> impl Iterator<Item = Section> + '_ {
        self.mapped.iter().map(Mapped::section)
    }

    /// Copies headers and sections to their places in `memory` and zeroes everything else.
    ///
    /// # Errors
    /// [`ImageError::Memory`] when `memory` is not as large as the image.
    pub fn place(&self, memory: &mut [u8]) -> Result<(), ImageError> {
        let wrong = ImageError::Memory { needed: self.pages.bytes(), given: memory.len() as u64 };
        if memory.len() as u64 != self.pages.bytes() {
            return Err(wrong);
        }
        memory.fill(0);
        for section in &self.mapped {
            let bytes = section.file_bytes(self.file).ok_or(wrong)?;
            let target = section.address as usize..section.address as usize + bytes.len();
            memory.get_mut(target).ok_or(wrong)?.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Moves a placed image to `base`: adds the distance from its linked base at each relocation.
    ///
    /// # Errors
    /// [`ImageError::Memory`] when `memory` is not as large as the image.
    pub fn relocate(&self, memory: &mut [u8], base: VirtAddr) -> Result<(), ImageError> {
        if memory.len() as u64 != self.pages.bytes() {
            return Err(ImageError::Memory { needed: self.pages.bytes(), given: memory.len() as u64 });
        }
        let slide = base.get().wrapping_sub(self.base.get());
        if slide == 0 {
            return Ok(());
        }
        relocations::apply(self.relocations, memory, slide)
    }
}
