//! The wire format: `repr(C)` records of fixed-width little-endian integers, equal on both architectures.
//!
//! Every record consists of naturally aligned `u32` and `u64` fields with no padding (the derives refuse padding),
//! so a 32-bit loader and a 64-bit reader see the same bytes. Fields are raw numbers here; they become types in
//! `verify`, which is the only door.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first eight bytes of a loader block.
pub const MAGIC: [u8; 8] = *b"XTOSBOOT";

/// The protocol version that this crate speaks.
pub const VERSION: u32 = 2;

/// The name of the image section that holds the kernel's [`Manifest`].
pub const MANIFEST_SECTION: [u8; 8] = *b".xtboot\0";

/// The first eight bytes of a manifest.
pub const MANIFEST_MAGIC: [u8; 8] = *b"XTOSKRNL";

/// PE machine numbers, as `Header::machine` uses them.
pub mod machine {
    /// IMAGE_FILE_MACHINE_I386.
    pub const I686: u32 = 0x14C;
    /// IMAGE_FILE_MACHINE_AMD64.
    pub const AMD64: u32 = 0x8664;
}

/// Bits of `Header::flags`.
pub mod flags {
    /// IA32_EFER.NXE is set and the page tables use the no-execute bit.
    pub const NO_EXECUTE: u32 = 1 << 0;
    /// Kernel mappings carry the global bit (CR4.PGE exists; the kernel turns it on).
    pub const GLOBAL: u32 = 1 << 1;
    /// IA32_PAT holds the protocol's value (see `docs/boot-protocol.md`).
    pub const PAT: u32 = 1 << 2;
    /// The framebuffer record is valid and its pages are mapped.
    pub const FRAMEBUFFER: u32 = 1 << 3;
    /// 1 GiB pages may be mapped: the processor has them, and no parameter leaves them alone.
    pub const GIGABYTE_PAGES: u32 = 1 << 4;
}

/// What the kernel image declares about itself, in the section named [`MANIFEST_SECTION`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Manifest {
    /// [`MANIFEST_MAGIC`].
    pub magic: [u8; 8],
    /// The protocol version that the kernel understands.
    pub version: u32,
    /// The paging modes that it runs in: bit `n` stands for `n` levels (see `xtcore::choice::ModeSet`).
    pub modes: u32,
}

/// The fixed part of the loader block.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`VERSION`].
    pub version: u32,
    /// Bytes of this record.
    pub header_bytes: u32,
    /// Bytes of the whole block, arrays and text included.
    pub block_bytes: u64,
    /// FNV-1a (64 bits) over the whole block, taken with this field as zero.
    pub checksum: u64,

    /// PE machine number of loader and kernel, see [`machine`].
    pub machine: u32,
    /// Levels of the active paging mode, 2 to 5.
    pub paging_levels: u32,
    /// Why this mode: a number of `xtcore::choice::Reason`.
    pub paging_reason: u32,
    /// Bits of [`flags`].
    pub flags: u32,
    /// Physical address of the root table: CR3 without its flag bits.
    pub page_root: u64,
    /// Slot of the self-map in the tables at the geometry's self-map level.
    pub self_map_slot: u32,
    /// MAXPHYADDR of the processor, in bits.
    pub physical_bits: u32,

    /// First frame of the kernel image. The image is contiguous in physical memory.
    pub image_frame: u64,
    /// Frames of the kernel image.
    pub image_frames: u64,
    /// Virtual address of the image's first byte.
    pub image_base: u64,
    /// Virtual address of the entry point.
    pub image_entry: u64,

    /// First frame of this block.
    pub block_frame: u64,
    /// Frames of this block.
    pub block_frames: u64,
    /// Virtual address of this block, mapped read-only.
    pub block_base: u64,

    /// First frame of the boot stack.
    pub stack_frame: u64,
    /// Frames of the boot stack.
    pub stack_frames: u64,
    /// Lowest virtual address of the boot stack; the page below is not mapped.
    pub stack_base: u64,

    /// First frame of the identity-mapped hand-over code, data and stack of the loader.
    pub identity_frame: u64,
    /// Frames of it.
    pub identity_frames: u64,

    /// Byte offset of the [`RunRecord`] array from the start of the block.
    pub runs_offset: u32,
    /// Number of runs.
    pub runs_count: u32,
    /// Byte offset of the [`SectionRecord`] array.
    pub sections_offset: u32,
    /// Number of sections.
    pub sections_count: u32,
    /// Byte offset of the kernel parameters, UTF-8 without terminator.
    pub parameters_offset: u32,
    /// Bytes of the kernel parameters.
    pub parameters_bytes: u32,

    /// Firmware descriptors in the final memory map.
    pub descriptors_given: u32,
    /// Descriptors that contributed frames.
    pub descriptors_kept: u32,
    /// Descriptors that contributed none (empty, wrapping, or nothing left after rounding).
    pub descriptors_dropped: u32,
    /// Kept descriptors that joined a neighbour or vanished under a more restrictive one.
    pub descriptors_merged: u32,

    /// Physical address of the ACPI RSDP, or zero.
    pub acpi_rsdp: u64,
    /// Physical address of the SMBIOS entry point (version 3 preferred), or zero.
    pub smbios: u64,
    /// Physical address of the UEFI system table.
    pub system_table: u64,
    /// The framebuffer, where [`flags::FRAMEBUFFER`] is set; else zeros.
    pub framebuffer: Framebuffer,
    /// Time stamps of the loader.
    pub stamps: Stamps,

    /// The seed of the image's place and the self-map's slot; zero where they are the standard ones.
    pub layout_seed: u64,
    /// Who chose it: a number of [`LayoutSource`](super::LayoutSource).
    pub layout_source: u32,
    /// Zero.
    pub reserved: u32,
    /// SHA-256 of the kernel's file.
    pub kernel_sha256: [u8; 32],
}

/// A linear framebuffer.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Framebuffer {
    /// Physical address of the first pixel.
    pub address: u64,
    /// Bytes of the framebuffer that are visible: `stride * height * 4`.
    pub bytes: u64,
    /// Virtual address at which the loader mapped it, write-combining.
    pub base: u64,
    /// Pixels of a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Pixels from one line to the next.
    pub stride: u32,
    /// A number of [`PixelFormat`].
    pub format: u32,
}

/// The order of the colour bytes of a 32-bit pixel (UEFI, GRAPHICS_PIXEL_FORMAT).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum PixelFormat {
    /// Red in the lowest byte.
    Rgb = 0,
    /// Blue in the lowest byte.
    Bgr = 1,
}

/// Time stamps of the loader, in TSC ticks; zero where the processor has no TSC.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Stamps {
    /// At the loader's entry point.
    pub loader_entry: u64,
    /// After boot services have been left.
    pub services_left: u64,
    /// Just before the switch to the kernel's page tables.
    pub hand_over: u64,
    /// Ticks between `loader_entry` and `hand_over` that were spent inside calls into the firmware.
    pub in_firmware: u64,
}

/// A run of frames of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RunRecord {
    /// First frame.
    pub frame: u64,
    /// Number of frames, at least one.
    pub frames: u64,
    /// A number of `xtcore::MemoryKind`.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

/// A section of the kernel image, as it is mapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SectionRecord {
    /// Offset from the image's base, in pages.
    pub page: u32,
    /// Pages.
    pub pages: u32,
    /// A number of [`SectionProtection`].
    pub protection: u32,
    /// Zero.
    pub reserved: u32,
}

/// The protection of an image section. Writable and executable cannot be expressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum SectionProtection {
    /// Read only, never executed.
    Read = 0,
    /// Read and write, never executed.
    ReadWrite = 1,
    /// Read and execute.
    ReadExecute = 2,
}

impl SectionProtection {
    /// Returns the protection with that number, or `None` when there is none.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Read),
            1 => Some(Self::ReadWrite),
            2 => Some(Self::ReadExecute),
            _ => None,
        }
    }
}
