//! What is asked of a pool, and how it says no.

use core::alloc::Layout;
use core::fmt;

use crate::inject::Site;
use crate::pool::crime::Crime;

/// Four characters that name what an allocation is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Tag(u32);

impl Tag {
    /// The tag under which all others are counted once the table of tags is full.
    pub const OVERFLOW: Self = Self::new(*b"Ovfl");

    /// Makes a tag. The first character comes first in memory, as it does in NT.
    #[must_use]
    pub const fn new(characters: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(characters))
    }

    /// Returns the number that NT prints and bug checks carry.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Wraps such a number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.to_le_bytes() {
            let character = if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' };
            fmt::Write::write_char(out, character)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{self}'")
    }
}

/// Whether a pool's memory is always there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PoolKind {
    /// Always there; may be used up to Dispatch.
    NonPaged,
    /// There from the first touch on; may be used, allocated and freed where a page fault can be resolved.
    Paged,
}

impl PoolKind {
    /// Returns NT's number of the pool type (`POOL_TYPE`: 0 NonPagedPool, 1 PagedPool).
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::NonPaged => 0,
            Self::Paged => 1,
        }
    }
}

/// What a new block contains.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    /// Anything.
    Any,
    /// Zeros.
    Zeroed,
}

/// A request for a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Bytes. Zero gets a block of one byte, as in NT, so that every block has an address of its own.
    pub size: usize,
    /// A power of two, in bytes. Every block is aligned to 16 at least.
    pub alignment: usize,
    /// What the block is for.
    pub tag: Tag,
    /// What it contains at first.
    pub content: Content,
}

impl Request {
    /// Asks for `size` bytes, aligned to 16, with any content.
    #[must_use]
    pub const fn new(size: usize, tag: Tag) -> Self {
        Self { size, alignment: 16, tag, content: Content::Any }
    }

    /// Asks for what a layout of Rust's allocator interface describes.
    #[must_use]
    pub const fn for_layout(layout: Layout, content: Content, tag: Tag) -> Self {
        Self { size: layout.size(), alignment: layout.align(), tag, content }
    }
}

/// Why there is no block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolError {
    /// The alignment is not a power of two.
    BadAlignment(usize),
    /// The size, rounded up to whole pages, or the alignment is larger than the pool's region.
    TooLarge(usize),
    /// There is no memory, or no address, for a step of it.
    OutOfMemory(Site),
    /// The tag would hold more bytes than its quota allows.
    QuotaExceeded {
        /// The tag.
        tag: Tag,
        /// Its quota, in bytes.
        quota: usize,
    },
    /// The caller, or somebody before it, has done what a bug check is made of.
    Crime(Crime),
}

impl From<Crime> for PoolError {
    fn from(crime: Crime) -> Self {
        Self::Crime(crime)
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadAlignment(alignment) => {
                write!(out, "the alignment {alignment:#x} is not a power of two")
            }
            Self::TooLarge(bytes) => write!(out, "{bytes:#x} bytes are more than the pool has addresses for"),
            Self::OutOfMemory(site) => write!(out, "out of memory: {}", site.name()),
            Self::QuotaExceeded { tag, quota } => write!(out, "the tag '{tag}' has a quota of {quota} bytes"),
            Self::Crime(crime) => crime.fmt(out),
        }
    }
}

impl core::error::Error for PoolError {}
