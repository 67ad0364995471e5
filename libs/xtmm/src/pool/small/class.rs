//! The size classes: how large places are, and how many of them lie in how many pages.
//!
//! ```text
//!   16 32 48 .. 256 | 288 320 .. 512 | 576 .. 1024 | 1168 .. 2048 | 2336 .. 4096 | 4672 .. 8192
//!   steps of 16     | eight           | six         | eight        | five         | eight
//! ```
//!
//! Above 256 bytes sizes are not evenly spaced but fractions of one to four pages (eight, above a page), so that slabs are
//! short and lose next to nothing behind their last place. Short slabs matter more than fine steps: a slab goes back
//! only when it is empty, and of many blocks one is always in use. The sizes were found by a search over such
//! fractions for the least memory that a mix of blocks takes, at first and after three quarters of them were replaced by
//! blocks twice as large. What is lost inside a place is below a quarter, and 6 % on the average.

#![allow(unsafe_code, reason = "the compiler is told how large a number can be")]

/// Places are multiples of this, in bytes.
pub(crate) const GRAIN: usize = 16;

/// The largest place, in bytes. Larger blocks are made of whole pages.
pub(crate) const LARGEST: usize = 8192;

/// The number of classes.
pub(crate) const COUNT: usize = 51;

const PAGE: u32 = 4096;

/// The most places that a slab has: a page of the smallest ones.
pub(crate) const MOST_PLACES: u32 = PAGE / GRAIN as u32;

/// Sizes up to here are multiples of [`GRAIN`], in slabs of one page.
const EVEN: u32 = 256;

/// The sizes above, and the pages of their slabs.
const UNEVEN: [(u32, u8); COUNT - 16] = [
    (288, 1),
    (320, 2),
    (368, 1),
    (384, 2),
    (416, 2),
    (448, 1),
    (480, 2),
    (512, 1),
    (576, 1),
    (672, 1),
    (816, 1),
    (864, 3),
    (896, 2),
    (1024, 1),
    (1168, 2),
    (1216, 3),
    (1360, 1),
    (1488, 4),
    (1632, 2),
    (1744, 3),
    (1808, 4),
    (2048, 1),
    (2336, 4),
    (2720, 2),
    (3072, 3),
    (3264, 4),
    (4096, 1),
    (4672, 8),
    (4912, 6),
    (5120, 5),
    (5728, 7),
    (6144, 3),
    (6816, 5),
    (7168, 7),
    (8192, 2),
];

/// Numbers that fit the six bits of a page record.
pub(crate) const NAMES: usize = 64;

/// A size class. Aligned to a power of two, so that no multiplication finds it.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
pub(crate) struct Class {
    /// Bytes of a place.
    pub(crate) size: u32,
    /// Divides by the size.
    pub(crate) reciprocal: Reciprocal,
    /// Places in a slab.
    pub(crate) places: u16,
    /// Pages of a slab.
    pub(crate) pages: u8,
    /// Blocks in a batch: what moves between magazine, depot and slabs at one time.
    pub(crate) batch: u8,
}

/// The reciprocal of a size, times 2^32, rounded up. Zero divides nothing.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Reciprocal(u32);

impl Reciprocal {
    /// Returns what [`Reciprocal::to_raw`] returned, or what divides nothing for zero.
    #[inline]
    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// Returns the number that it is stored as.
    pub(crate) const fn to_raw(self) -> u32 {
        self.0
    }

    /// Returns the number of the place that starts at `offset` bytes from the start of a slab, or `None` when none
    /// starts there. The bytes that a slab loses behind its last place count as one more place.
    ///
    /// One multiplication: with a reciprocal of (2^32 + e) / size, e < size, the product's lower half is at most
    /// `offset` * e / size < 2^15 where a place starts, and anywhere else at least the reciprocal itself, which is
    /// 2^19 or more.
    #[inline]
    pub(crate) const fn starting_at(self, offset: u32) -> Option<u32> {
        let product = offset as u64 * self.0 as u64;
        if (product as u32) < self.0 { Some((product >> 32) as u32) } else { None }
    }
}

/// The number of a class, from 1 on. Zero and what lies above [`COUNT`] is the number of no class, which has no places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct ClassIndex(u8);

impl ClassIndex {
    /// Wraps a number, or returns `None` when there is no such class.
    pub(crate) const fn new(number: usize) -> Option<Self> {
        if number.wrapping_sub(1) < COUNT { Some(Self(number as u8)) } else { None }
    }

    /// Returns the class whose number the lowest six bits hold.
    #[inline]
    pub(crate) const fn from_bits(bits: usize) -> Self {
        Self((bits % NAMES) as u8)
    }

    /// Returns the number.
    #[inline]
    pub(crate) const fn get(self) -> usize {
        // SAFETY: all that make one see to it: the mask, the comparison, and the table that the compiler has made.
        unsafe { core::hint::assert_unchecked((self.0 as usize) < NAMES) };
        self.0 as usize
    }

    /// Returns all classes, smallest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (1..=COUNT).filter_map(Self::new)
    }

    /// Returns what the class is like.
    #[inline]
    pub(crate) fn class(self) -> &'static Class {
        TABLE.get(self.get()).unwrap_or(&EMPTY)
    }
}

const EMPTY: Class = Class { size: 16, reciprocal: Reciprocal(0), places: 0, pages: 1, batch: 0 };

impl Class {
    /// Returns the number of the place that starts at `offset` bytes from the start of a slab, or the one that contains
    /// it, and the offset inside that place.
    ///
    /// Exact for offsets below 2^19: the reciprocal is too large by less than `size` / 2^32 <= 2^-19.
    #[inline]
    pub(crate) const fn locate(&self, offset: u32) -> (u32, u32) {
        let index = ((offset as u64 * self.reciprocal.0 as u64) >> 32) as u32;
        (index, offset.wrapping_sub(index.wrapping_mul(self.size)))
    }
}

const fn make(size: u32, pages: u8) -> Class {
    // A batch is about 8 KiB.
    let batch = 8192 / size;
    Class {
        size,
        reciprocal: Reciprocal(((1u64 << 32).div_ceil(size as u64)) as u32),
        places: (pages as u32 * PAGE / size) as u16,
        pages,
        batch: if batch < 3 {
            3
        } else if batch > 31 {
            31
        } else {
            batch as u8
        },
    }
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn table() -> [Class; NAMES] {
    let mut table = [EMPTY; NAMES];
    let mut index = 0;
    while index < COUNT {
        table[index + 1] = if index < 16 {
            make((index as u32 + 1) * GRAIN as u32, 1)
        } else {
            make(UNEVEN[index - 16].0, UNEVEN[index - 16].1)
        };
        index += 1;
    }
    assert!(table[16].size == EVEN && table[COUNT].size as usize == LARGEST);
    table
}

/// The classes, at their numbers; in front of the first and behind the last one, what is none.
static TABLE: [Class; NAMES] = table();

/// The largest size, in grains.
const GRAINS: usize = LARGEST / GRAIN;

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn by_grains() -> [ClassIndex; GRAINS] {
    let table = table();
    let mut of = [ClassIndex(0); GRAINS];
    let mut class = 1;
    let mut grains = 1;
    while grains <= GRAINS {
        while (table[class].size as usize) < grains * GRAIN {
            class += 1;
        }
        of[grains - 1] = ClassIndex(class as u8);
        grains += 1;
    }
    of
}

/// The class for each number of whole grains that lie below the last byte.
static BY_GRAINS: [ClassIndex; GRAINS] = by_grains();

/// Returns the smallest class whose places hold `size` bytes; `None` when there is none, or for zero bytes.
#[inline]
pub(crate) fn for_size(size: usize) -> Option<ClassIndex> {
    // Zero wraps round and is refused with the sizes that are too large.
    BY_GRAINS.get(size.wrapping_sub(1) / GRAIN).copied()
}

/// Returns the smallest class whose places hold `size` bytes and are all aligned to `alignment`, a power of two of
/// at most a page. Cost: a few steps, and at the latest the next power of two will do.
pub(crate) fn for_aligned(size: usize, alignment: usize) -> Option<ClassIndex> {
    if alignment > PAGE as usize {
        return None;
    }
    let first = for_size(size.checked_next_multiple_of(alignment)?)?;
    (first.get()..=COUNT)
        .filter_map(ClassIndex::new)
        .find(|index| (index.class().size as usize).is_multiple_of(alignment))
}

#[cfg(test)]
mod tests;
