//! Why an image is refused: what, where, and what was expected instead.

use core::fmt;

use xtcore::VirtAddr;
use xtcore::choice::Architecture;

/// A part of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The DOS header at the start.
    DosHeader,
    /// The PE signature.
    Signature,
    /// The COFF file header.
    FileHeader,
    /// The optional header.
    OptionalHeader,
    /// The data directories.
    Directories,
    /// The section table.
    SectionTable,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::DosHeader => "DOS header",
            Self::Signature => "PE signature",
            Self::FileHeader => "file header",
            Self::OptionalHeader => "optional header",
            Self::Directories => "data directories",
            Self::SectionTable => "section table",
        }
    }
}

/// A data directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directory {
    /// Imports.
    Imports,
    /// Bound imports.
    BoundImports,
    /// Delayed imports.
    DelayedImports,
    /// Thread-local storage.
    ThreadStorage,
    /// Base relocations.
    Relocations,
}

impl Directory {
    const fn name(self) -> &'static str {
        match self {
            Self::Imports => "import",
            Self::BoundImports => "bound-import",
            Self::DelayedImports => "delayed-import",
            Self::ThreadStorage => "thread-storage",
            Self::Relocations => "relocation",
        }
    }
}

/// What a section must lie inside of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Within {
    /// The file.
    File,
    /// The image in memory.
    Image,
}

/// Why an image is refused. Sections count from 0 in the order of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields are what the variants' sentences speak of")]
pub enum ImageError {
    /// A part of the headers is not wholly inside the file, or not aligned.
    Headers { part: Part, at: u64, bytes: u64 },
    /// The file doesn't begin with `MZ`.
    NoExecutable { magic: u16 },
    /// There is no PE signature where the DOS header says.
    Signature { at: u32, found: u32 },
    /// The image is for another machine.
    Machine { found: u16, architecture: Architecture },
    /// The image isn't marked as executable.
    NotLinked { characteristics: u16 },
    /// The optional header is of the other width.
    Width { magic: u16, architecture: Architecture },
    /// Section or file alignment is not one that can be mapped page by page.
    Alignment { section: u32, file: u32 },
    /// The image's size is zero, too large, or not whole pages.
    ImageBytes { found: u32, limit: u32 },
    /// The image's address is not in the kernel's half in both modes, or not a multiple of 64 KiB.
    Base { base: VirtAddr, bytes: u32 },
    /// More data directories than the optional header has room for.
    Directories { count: u32, bytes: usize },
    /// The size of the headers doesn't cover the section table, or exceeds file or image.
    HeaderBytes { found: u32, table_end: u64, file: u64 },
    /// No sections, or more than can be mapped.
    SectionCount { found: usize, limit: usize },
    /// A section is empty or doesn't start on a page.
    SectionPlace { index: usize, at: u32, bytes: u32 },
    /// A section reaches beyond the file or the image.
    SectionRange { index: usize, within: Within, end: u64, limit: u64 },
    /// A section begins before its predecessor's last page ends.
    Overlap { index: usize, at: u32, previous_end: u64 },
    /// A section's contents in the file are another's or the headers' too.
    SharedContents { index: usize, start: u64, end: u64 },
    /// A section is writable and executable.
    WritableCode { index: usize },
    /// The entry point is not in an executable section.
    Entry { at: u32 },
    /// The image has a directory that a kernel can't have.
    Forbidden { directory: Directory, at: u32, bytes: u32 },
    /// A directory lies outside all sections' contents.
    DirectoryRange { directory: Directory, at: u32, bytes: u32 },
    /// A relocation block's header is cut off or its size or page is impossible.
    RelocationBlock { offset: usize, bytes: usize },
    /// A relocation's kind is unknown.
    RelocationKind { at: u32, kind: u16 },
    /// A relocation's width is not that of the machine's addresses.
    RelocationWidth { at: u32, bytes: u32 },
    /// A relocation's target lies outside all sections.
    RelocationRange { at: u32, image: u32 },
    /// There is no section with the kernel's manifest.
    NoManifest,
    /// The manifest's section is too short.
    ManifestShort { bytes: usize },
    /// The manifest's first bytes are others.
    ManifestMagic { found: u64 },
    /// The kernel understands another version of the boot protocol.
    ManifestVersion { found: u32, known: u32 },
    /// The memory for the image is of another size than the image.
    Memory { needed: u64, given: u64 },
}

impl ImageError {
    pub(super) const fn outside(part: Part, at: u64, bytes: u64) -> Self {
        Self::Headers { part, at, bytes }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Headers { part, at, bytes } => {
                write!(out, "the {bytes} bytes of the {} at {at:#x} are cut off or misaligned", part.name())
            }
            Self::NoExecutable { magic } => {
                write!(out, "not an executable: it begins with {magic:#06x} instead of MZ")
            }
            Self::Signature { at, found } => {
                write!(out, "no PE signature at {at:#x}: found {found:#010x}")
            }
            Self::Machine { found, architecture } => {
                write!(out, "wrong machine {found:#06x}: this loader starts {} kernels", architecture.name())
            }
            Self::NotLinked { characteristics } => {
                write!(out, "not marked as executable (characteristics {characteristics:#06x})")
            }
            Self::Width { magic, architecture } => write!(
                out,
                "optional header of type {magic:#06x}, which is not that of an {} image",
                architecture.name()
            ),
            Self::Alignment { section, file } => write!(
                out,
                "alignment of sections {section:#x} and in the file {file:#x}: sections must be aligned to 0x1000"
            ),
            Self::ImageBytes { found, limit } => {
                write!(out, "image size {found:#x} is not whole pages between 0x1000 and {limit:#x}")
            }
            Self::Base { base, bytes } => write!(
                out,
                "{bytes:#x} bytes at base {base:#x} do not lie in the kernel's half of every paging mode, \
                 at a multiple of 64 KiB"
            ),
            Self::Directories { count, bytes } => {
                write!(out, "{count} data directories do not fit an optional header of {bytes} bytes")
            }
            Self::HeaderBytes { found, table_end, file } => write!(
                out,
                "size of headers {found:#x} does not cover the section table up to {table_end:#x}, \
                 or exceeds the file's {file:#x} bytes or the image"
            ),
            Self::SectionCount { found, limit } => {
                write!(out, "{found} sections, there may be 1 to {limit}")
            }
            Self::SectionPlace { index, at, bytes } => write!(
                out,
                "section {index} ({bytes:#x} bytes at {at:#x}) is empty or does not start on a page"
            ),
            Self::SectionRange { index, within, end, limit } => write!(
                out,
                "section {index} ends at {end:#x}, outside the {} of {limit:#x} bytes",
                match within {
                    Within::File => "file",
                    Within::Image => "image",
                }
            ),
            Self::Overlap { index, at, previous_end } => write!(
                out,
                "section {index} at {at:#x} overlaps what lies before it and ends at {previous_end:#x}"
            ),
            Self::SharedContents { index, start, end } => write!(
                out,
                "the contents of section {index}, {start:#x} to {end:#x} in the file, belong to others too"
            ),
            Self::WritableCode { index } => write!(out, "section {index} is writable and executable"),
            Self::Entry { at } => write!(out, "entry point {at:#x} is not in an executable section"),
            Self::Forbidden { directory, at, bytes } => write!(
                out,
                "there is an {} directory ({bytes:#x} bytes at {at:#x}); a kernel cannot have one",
                directory.name()
            ),
            Self::DirectoryRange { directory, at, bytes } => write!(
                out,
                "the {} directory ({bytes:#x} bytes at {at:#x}) lies outside the contents of every section",
                directory.name()
            ),
            Self::RelocationBlock { offset, bytes } => write!(
                out,
                "the relocation block at {offset:#x} of the directory has an impossible size or page ({bytes:#x} bytes)"
            ),
            Self::RelocationKind { at, kind } => {
                write!(out, "the relocation at {at:#x} is of the unknown kind {kind}")
            }
            Self::RelocationWidth { at, bytes } => {
                write!(out, "the relocation at {at:#x} is {bytes} bytes wide, which is not this machine's")
            }
            Self::RelocationRange { at, image } => {
                write!(
                    out,
                    "the relocation at {at:#x} lies outside every section of the image ({image:#x} bytes)"
                )
            }
            Self::NoManifest => write!(out, "no section .xtboot: not a kernel for this boot protocol"),
            Self::ManifestShort { bytes } => {
                write!(out, "the manifest in .xtboot has only {bytes} bytes")
            }
            Self::ManifestMagic { found } => {
                write!(out, "the manifest in .xtboot begins with {found:#018x} instead of XTOSKRNL")
            }
            Self::ManifestVersion { found, known } => write!(
                out,
                "the kernel understands version {found} of the boot protocol, this loader version {known}"
            ),
            Self::Memory { needed, given } => {
                write!(out, "the image needs {needed:#x} bytes of memory and was given {given:#x}")
            }
        }
    }
}

impl core::error::Error for ImageError {}
