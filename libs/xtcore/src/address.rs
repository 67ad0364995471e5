//! Physical and virtual addresses as types of their own.
//!
//! Both are 64 bits wide on every target. Whether a virtual address is canonical depends on the paging mode, so
//! the answer belongs to [`Geometry`](crate::Geometry) and not to the type: a page-fault handler must be able to
//! hold whatever CR2 contained.

use core::fmt;

use crate::frame::{Frame, PAGE_BYTES, PAGE_SHIFT};

macro_rules! address {
    ($(#[$doc:meta])* $name:ident, $tag:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Address zero.
            pub const ZERO: Self = Self(0);

            /// Wraps a raw address, in bytes.
            #[must_use]
            pub const fn new(raw: u64) -> Self {
                Self(raw)
            }

            /// Returns the raw address, in bytes.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Returns the address `bytes` further up, or `None` past 2^64.
            #[must_use]
            pub const fn checked_add(self, bytes: u64) -> Option<Self> {
                match self.0.checked_add(bytes) {
                    Some(raw) => Some(Self(raw)),
                    None => None,
                }
            }

            /// Returns the bytes from `lower` up to `self`, or `None` when `lower` is above.
            #[must_use]
            pub const fn bytes_since(self, lower: Self) -> Option<u64> {
                self.0.checked_sub(lower.0)
            }

            /// Tells whether the address is a multiple of `alignment`, a power of two.
            #[must_use]
            pub const fn is_aligned(self, alignment: u64) -> bool {
                self.0 & (alignment - 1) == 0
            }

            /// Rounds down to a multiple of `alignment`, a power of two.
            #[must_use]
            pub const fn align_down(self, alignment: u64) -> Self {
                Self(self.0 & !(alignment - 1))
            }

            /// Rounds up to a multiple of `alignment`, a power of two, or `None` past 2^64.
            #[must_use]
            pub const fn align_up(self, alignment: u64) -> Option<Self> {
                match self.0.checked_add(alignment - 1) {
                    Some(raw) => Some(Self(raw & !(alignment - 1))),
                    None => None,
                }
            }

            /// Returns the byte offset inside the 4 KiB page.
            #[must_use]
            pub const fn page_offset(self) -> u64 {
                self.0 & (PAGE_BYTES - 1)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!($tag, "{:#x}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(&self.0, out)
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(&self.0, out)
            }
        }
    };
}

address! {
    /// A physical address: what a page-table entry, CR3 or a firmware table holds.
    PhysAddr, "P:"
}

address! {
    /// A virtual (linear) address, canonical or not; ask [`Geometry::is_canonical`](crate::Geometry::is_canonical).
    VirtAddr, "V:"
}

impl PhysAddr {
    /// Returns the frame that contains this address.
    #[must_use]
    pub const fn frame(self) -> Frame {
        Frame::new(self.0 >> PAGE_SHIFT)
    }
}

/// A half-open range of virtual addresses, `[start, end)`, never wrapping.
///
/// The last byte of a 64-bit address space cannot belong to a range; no region of the layout needs it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VirtRange {
    start: VirtAddr,
    end: VirtAddr,
}

impl VirtRange {
    /// Builds `[start, end)`, or `None` when `end` lies below `start`.
    #[must_use]
    pub const fn new(start: VirtAddr, end: VirtAddr) -> Option<Self> {
        if start.0 <= end.0 { Some(Self { start, end }) } else { None }
    }

    /// Builds the range of `bytes` bytes from `start`, or `None` when it would pass 2^64.
    #[must_use]
    pub const fn with_length(start: VirtAddr, bytes: u64) -> Option<Self> {
        match start.checked_add(bytes) {
            Some(end) => Some(Self { start, end }),
            None => None,
        }
    }

    /// Builds the range of `bytes` bytes from `start`; the end saturates at the last page boundary below 2^64.
    #[must_use]
    pub const fn saturating(start: VirtAddr, bytes: u64) -> Self {
        let last = !(PAGE_BYTES - 1);
        match start.0.checked_add(bytes) {
            Some(end) => Self { start, end: VirtAddr(end) },
            None if start.0 < last => Self { start, end: VirtAddr(last) },
            None => Self { start, end: start },
        }
    }

    /// Returns the first address.
    #[must_use]
    pub const fn start(self) -> VirtAddr {
        self.start
    }

    /// Returns the address after the last one.
    #[must_use]
    pub const fn end(self) -> VirtAddr {
        self.end
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.end.0 - self.start.0
    }

    /// Tells whether the range holds no address.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start.0 == self.end.0
    }

    /// Tells whether `address` lies inside.
    #[must_use]
    pub const fn contains(self, address: VirtAddr) -> bool {
        self.start.0 <= address.0 && address.0 < self.end.0
    }

    /// Tells whether both ranges share an address.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start.0 < other.end.0 && other.start.0 < self.end.0
    }

    /// Returns the pages that the range touches, as a range; an empty one where the last page would end past 2^64.
    #[must_use]
    pub const fn whole_pages(self) -> Self {
        let start = self.start.align_down(PAGE_BYTES);
        match self.end.align_up(PAGE_BYTES) {
            Some(end) => Self { start, end },
            None => Self { start, end: start },
        }
    }

    /// Returns the first address of each page that the range touches, lowest first.
    pub fn pages(self) -> impl Iterator<Item = VirtAddr> {
        let Self { start, end } = self.whole_pages();
        (0..(end.0 - start.0) / PAGE_BYTES).map(move |page| VirtAddr(start.0 + page * PAGE_BYTES))
    }

    /// Tells whether both ends are multiples of `alignment`, a power of two.
    #[must_use]
    pub const fn is_aligned(self, alignment: u64) -> bool {
        self.start.is_aligned(alignment) && self.end.is_aligned(alignment)
    }
}

impl fmt::Debug for VirtRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "V:[{:#x}, {:#x})", self.start.0, self.end.0)
    }
}

#[cfg(test)]
mod tests;
