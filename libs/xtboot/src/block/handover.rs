//! What a loader knows at the end of its life, as types: the input of [`seal`](super::seal), and what the accessors of a
//! [`VerifiedBlock`](super::VerifiedBlock) give back.

use xtcore::choice::{Architecture, Choice};
use xtcore::{FrameCount, FrameRange, MemoryRun, PhysAddr, VirtAddr, VirtRange};

use super::origin::LayoutOrigin;
use super::wire::{Framebuffer, PixelFormat, SectionProtection, SectionRecord, Stamps, flags, machine};
use crate::map::Counts;
use crate::parameters::Parameters;

/// Everything that the block tells the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Handover<'a> {
    /// The architecture of loader and kernel.
    pub architecture: Architecture,
    /// The active paging mode, and why.
    pub choice: Choice,
    /// What the processor has and the loader set up.
    pub features: Features,
    /// The root table: CR3 without its flag bits.
    pub page_root: PhysAddr,
    /// The slot of the self-map in the tables at the geometry's self-map level.
    pub self_map_slot: usize,
    /// MAXPHYADDR, in bits.
    pub physical_bits: u32,
    /// The kernel's image.
    pub image: Image,
    /// The block itself.
    pub block: Placed,
    /// The stack that the kernel is entered on.
    pub stack: Placed,
    /// The loader's identity-mapped hand-over code, data and stack.
    pub identity: FrameRange,
    /// The final memory map, with the loader's ledger laid over it.
    pub runs: &'a [MemoryRun],
    /// The image's sections, sorted and disjoint.
    pub sections: &'a [Section],
    /// The kernel parameters.
    pub parameters: Parameters<'a>,
    /// What became of the firmware's descriptors.
    pub counts: Counts,
    /// The ACPI RSDP.
    pub acpi_rsdp: Option<PhysAddr>,
    /// The SMBIOS entry point, version 3 preferred.
    pub smbios: Option<PhysAddr>,
    /// The UEFI system table.
    pub system_table: PhysAddr,
    /// The framebuffer, where there is one.
    pub screen: Option<Screen>,
    /// The loader's time stamps.
    pub stamps: Stamps,
    /// Where image and self-map got their places from.
    pub layout: LayoutOrigin,
    /// SHA-256 of the kernel's file.
    pub kernel_sha256: [u8; 32],
}

/// Returns the PE machine number of an architecture, as the block and an image's header use it.
pub(super) const fn machine_of(architecture: Architecture) -> u32 {
    match architecture {
        Architecture::I686 => machine::I686,
        Architecture::Amd64 => machine::AMD64,
    }
}

/// A set of the bits in [`flags`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features(u32);

impl Features {
    /// All bits that this version knows.
    pub(super) const KNOWN: u32 =
        flags::NO_EXECUTE | flags::GLOBAL | flags::PAT | flags::FRAMEBUFFER | flags::GIGABYTE_PAGES;

    /// Wraps the bits, or `None` when one is unknown.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::KNOWN == 0 { Some(Self(bits)) } else { None }
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Tells whether all the bits of `flag` are set.
    #[must_use]
    pub const fn has(self, flag: u32) -> bool {
        self.0 & flag == flag
    }
}

/// Contiguous frames and the virtual address at which they are mapped, page by page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The frames.
    pub frames: FrameRange,
    /// The virtual address of the first one.
    pub base: VirtAddr,
}

impl Placed {
    /// Returns the virtual addresses, or `None` when they would pass 2^64.
    #[must_use]
    pub const fn pages(&self) -> Option<VirtRange> {
        VirtRange::with_length(self.base, self.frames.count().bytes())
    }
}

/// The kernel's image in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Image {
    /// Where it lies.
    pub placed: Placed,
    /// The entry point.
    pub entry: VirtAddr,
}

/// A section of the kernel's image, as it is mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// Pages from the image's base to the section's first page.
    pub offset: FrameCount,
    /// Pages of the section.
    pub pages: FrameCount,
    /// The section's rights.
    pub protection: SectionProtection,
}

impl Section {
    /// Returns the record, or `None` when a number does not fit 32 bits.
    pub(super) fn record(&self) -> Option<SectionRecord> {
        Some(SectionRecord {
            page: u32::try_from(self.offset.get()).ok()?,
            pages: u32::try_from(self.pages.get()).ok()?,
            protection: self.protection as u32,
            reserved: 0,
        })
    }

    /// Returns the section of a record, or `None` when its protection has no meaning.
    pub(super) fn from_record(record: &SectionRecord) -> Option<Self> {
        Some(Self {
            offset: FrameCount::new(u64::from(record.page)),
            pages: FrameCount::new(u64::from(record.pages)),
            protection: SectionProtection::from_number(record.protection)?,
        })
    }
}

/// A linear framebuffer of 32-bit pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Its first pixel.
    pub address: PhysAddr,
    /// Where that pixel is mapped, write-combining.
    pub base: VirtAddr,
    /// Pixels of a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Pixels from one line to the next.
    pub stride: u32,
    /// The order of the colours.
    pub format: PixelFormat,
}

impl Screen {
    /// Returns the bytes from the first pixel to the end of the last line: `stride * height * 4`. Saturates.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (u64::from(self.stride) * u64::from(self.height)).saturating_mul(4)
    }

    /// Returns the screen as the block's header describes it.
    #[must_use]
    pub fn record(&self) -> Framebuffer {
        Framebuffer {
            address: self.address.get(),
            bytes: self.bytes(),
            base: self.base.get(),
            width: self.width,
            height: self.height,
            stride: self.stride,
            format: self.format as u32,
        }
    }

    /// Returns the format with that number, or `None` when there is none.
    pub(super) const fn format_of(number: u32) -> Option<PixelFormat> {
        match number {
            0 => Some(PixelFormat::Rgb),
            1 => Some(PixelFormat::Bgr),
            _ => None,
        }
    }
}
