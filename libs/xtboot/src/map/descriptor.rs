//! The firmware's map as it lies in memory: descriptors at a stride that the firmware chose.
//!
//! The stride is not the size of the structure (firmware pads it so that nobody gets away with `sizeof`), so a
//! [`RawMap`] is built from both and proves that every descriptor lies inside the bytes. What a descriptor *says* is
//! not checked here; any 40 bytes are a descriptor.

use core::fmt;

use xtcore::{Frame, FrameRange, MemoryKind, PAGE_BYTES, PAGE_SHIFT, PhysAddr};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::kinds::kind_of;

/// Bytes of an `EFI_MEMORY_DESCRIPTOR` of version 1, the least stride.
pub const DESCRIPTOR_BYTES: usize = size_of::<Wire>();

/// The most descriptors that a map may have: hundreds of times more than any map seen, and few enough for the
/// block's 32-bit counters.
pub const MAX_DESCRIPTORS: usize = 1 << 20;

/// The frame after the last one that a 64-bit physical address can name.
const FRAMES_END: u64 = 1 << (u64::BITS - PAGE_SHIFT);

/// `EFI_MEMORY_DESCRIPTOR`. The padding is a field, so that the layout is the same where `u64` has an alignment of 4.
#[derive(FromBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Wire {
    number: u32,
    _padding: u32,
    physical_start: u64,
    _virtual_start: u64,
    pages: u64,
    attributes: u64,
}

/// One descriptor of the firmware's map, as given: unchecked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// The number of its `EFI_MEMORY_TYPE`, known or not.
    pub number: u32,
    /// Its first byte. UEFI promises a page boundary.
    pub start: PhysAddr,
    /// Its length in pages of 4 KiB.
    pub pages: u64,
    /// Its attribute bits: mostly capabilities, not states. See [`super::attributes`].
    pub attributes: u64,
}

impl Descriptor {
    /// Returns what the described memory is for.
    #[must_use]
    pub const fn kind(&self) -> MemoryKind {
        kind_of(self.number, self.attributes)
    }

    /// Returns the whole frames that the descriptor contributes, or `None` when it contributes none: it is empty, it
    /// runs past 2^64, or rounding leaves nothing.
    ///
    /// Memory that the kernel may use rounds inwards, everything else outwards. A descriptor that wraps is dropped
    /// whatever its type, because neither its start nor its length can be believed.
    #[must_use]
    pub const fn frames(&self) -> Option<FrameRange> {
        if self.pages == 0 {
            return None;
        }
        let floor = self.start.get() >> PAGE_SHIFT;
        let ragged = if self.start.is_aligned(PAGE_BYTES) { 0 } else { 1 };
        // Counted in frames, the end of the last page of the address space is still a number.
        let outer_end = match floor.checked_add(self.pages) {
            Some(end) => end.saturating_add(ragged),
            None => return None,
        };
        if outer_end > FRAMES_END {
            return None;
        }
        let (start, end) =
            if self.kind().is_usable() { (floor + ragged, outer_end - ragged) } else { (floor, outer_end) };
        if start < end { FrameRange::new(Frame::new(start), Frame::new(end)) } else { None }
    }
}

/// The bytes cannot be a memory map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RawMapError {
    /// The stride is below [`DESCRIPTOR_BYTES`] or not a multiple of 8.
    Stride {
        /// The stride given, in bytes.
        stride: usize,
    },
    /// The map ends inside a descriptor. Its size or its stride is wrong, and nobody can tell which; the half
    /// descriptor might be the one that forbids a region.
    Partial {
        /// Bytes of the map.
        bytes: usize,
        /// The stride given, in bytes.
        stride: usize,
    },
    /// There are more than [`MAX_DESCRIPTORS`].
    TooMany {
        /// The number of descriptors.
        descriptors: usize,
    },
}

impl fmt::Display for RawMapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stride { stride } => write!(
                out,
                "the memory map's descriptor size of {stride} bytes is not a multiple of 8 from {DESCRIPTOR_BYTES} up"
            ),
            Self::Partial { bytes, stride } => {
                write!(out, "the memory map's {bytes} bytes are not whole descriptors of {stride} bytes")
            }
            Self::TooMany { descriptors } => {
                write!(out, "the memory map has {descriptors} descriptors, more than {MAX_DESCRIPTORS}")
            }
        }
    }
}

impl core::error::Error for RawMapError {}

/// A firmware memory map: whole descriptors at a legal stride. Says nothing about what is in them.
///
/// The descriptor version of `GetMemoryMap` is not asked for: UEFI extends descriptors at their end only, which is
/// what the stride is for.
#[derive(Clone, Copy, Debug)]
pub struct RawMap<'a> {
    bytes: &'a [u8],
    stride: usize,
}

impl<'a> RawMap<'a> {
    /// Wraps the `bytes` that `GetMemoryMap` wrote, with the descriptor size that it returned as `stride`, in bytes.
    ///
    /// # Errors
    /// [`RawMapError`] when the stride is not legal, when the last descriptor is not whole, or when there are too
    /// many.
    pub const fn new(bytes: &'a [u8], stride: usize) -> Result<Self, RawMapError> {
        if stride < DESCRIPTOR_BYTES || !stride.is_multiple_of(8) {
            return Err(RawMapError::Stride { stride });
        }
        if !bytes.len().is_multiple_of(stride) {
            return Err(RawMapError::Partial { bytes: bytes.len(), stride });
        }
        let descriptors = bytes.len() / stride;
        if descriptors > MAX_DESCRIPTORS {
            return Err(RawMapError::TooMany { descriptors });
        }
        Ok(Self { bytes, stride })
    }

    /// Returns the number of descriptors.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len() / self.stride
    }

    /// Tells whether the map has no descriptor at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the descriptors in the firmware's order. The bytes need no alignment.
    pub fn descriptors(&self) -> impl Iterator<Item = Descriptor> + use<'a> {
        self.bytes.chunks_exact(self.stride).filter_map(|chunk| {
            let (wire, _) = Wire::read_from_prefix(chunk).ok()?;
            Some(Descriptor {
                number: wire.number,
                start: PhysAddr::new(wire.physical_start),
                pages: wire.pages,
                attributes: wire.attributes,
            })
        })
    }
}
