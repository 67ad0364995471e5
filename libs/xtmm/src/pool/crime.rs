//! What callers do to a pool, and the bug check that each of it deserves.
//!
//! Codes and parameters are NT's, so that whoever reads NT dumps can read ours:
//!
//! | crime | code | parameters |
//! |---|---|---|
//! | [`Crime::DoubleFree`] | 0xC2 BAD_POOL_CALLER | 0x7, 0, the block's record, block |
//! | [`Crime::AllocateLevel`] | 0xC2 | 0x8, run level, pool type, bytes |
//! | [`Crime::FreeLevel`] | 0xC2 | 0x9, run level, pool type, block |
//! | [`Crime::WrongTag`] | 0xC2 | 0xA, block, its tag, the caller's tag |
//! | [`Crime::NotAllocated`], non-paged | 0xC2 | 0x44, address, 0, 0 |
//! | [`Crime::Foreign`] | 0xC2 | 0x46, address, 0, 0 |
//! | [`Crime::NotAllocated`], paged | 0xC2 | 0x50, address, pages from the start of the pool, its bytes |
//! | [`Crime::Interior`] | 0xC2 | 0x99, address, block that contains it, 0 |
//! | [`Crime::FreeListCorrupt`] | 0x19 BAD_POOL_HEADER | 0x3, block, its record, 0 |
//! | [`Crime::Overflow`] | 0x19 | 0x21, block, its bytes, the value found behind it |
//! | [`Crime::WriteAfterFree`] | 0x19 | 0x23, block, damaged address, value found |
//! | [`Crime::SpecialNotAllocated`] | 0xC1 SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION | address, 0, 0, 0x20 |
//! | [`Crime::SpecialInterior`] | 0xC1 | address, block, 0, 0x21 |
//! | [`Crime::SpecialOverflow`] | 0xC1 | block, damaged address, bytes, 0x23 |
//! | [`Crime::SpecialUnderflow`] | 0xC1 | block, damaged address, bytes, 0x24 |
//! | [`Crime::PagesRefused`] | 0x1A MEMORY_MANAGEMENT | 0x888A, first page, bytes, 0 |
//! | [`Crime::LinkCorrupt`] | 0x139 KERNEL_SECURITY_CHECK_FAILURE | 3, entry, neighbour, 0 |
//!
//! Pages that are refused are no caller's fault, so they are none of 0xC2's cases: the caller's block was in order, and page
//! tables or ranges of addresses contradict the books. The page of 0x1A has 0x888A for internal structures that are corrupted,
//! "likely the PTE or PFN", and leaves the other parameters open. 0xC2 is for what a caller does: 0x44 and 0x50 (nothing is
//! allocated at the address) come before any page is given back.
//!
//! Source: "Bug Check Code Reference" of the Windows driver documentation, pages of these codes.

use core::fmt;

use xtcore::{VirtAddr, VirtRange};

use crate::machine::RunLevel;
use crate::pool::request::{PoolKind, Tag};

/// A misuse of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crime {
    /// The block is free already.
    DoubleFree {
        /// The block.
        block: VirtAddr,
        /// What the books say about it.
        record: u32,
    },
    /// The address was never in this pool; it may be in another one.
    Foreign {
        /// The address.
        address: VirtAddr,
    },
    /// The address is in the pool, but nothing is allocated there. Freeing twice looks so too, when the page went back
    /// in between.
    NotAllocated {
        /// The address.
        address: VirtAddr,
        /// The pool's kind.
        kind: PoolKind,
        /// Pages below the address.
        page: u64,
        /// The bytes of the pool's region.
        region: u64,
    },
    /// The address lies inside a block's place, not at its start.
    Interior {
        /// The address.
        address: VirtAddr,
        /// Where the place starts.
        block: VirtAddr,
    },
    /// The block was allocated with another tag.
    WrongTag {
        /// The block.
        block: VirtAddr,
        /// Its tag.
        tag: Tag,
        /// The caller's.
        given: Tag,
    },
    /// Something has written behind the end of the block.
    Overflow {
        /// The block.
        block: VirtAddr,
        /// How many bytes were asked for.
        size: u64,
        /// What was found behind it.
        found: u64,
    },
    /// Something has written to the block while it was free.
    WriteAfterFree {
        /// The block.
        block: VirtAddr,
        /// The first changed byte.
        damaged: VirtAddr,
        /// What was found there.
        found: u8,
    },
    /// A block that is in use was about to be given out again: two processors freed it at the same time.
    FreeListCorrupt {
        /// The block.
        block: VirtAddr,
        /// What the books say about it.
        record: u32,
    },
    /// Allocating at a run level at which this pool cannot be used.
    AllocateLevel {
        /// The run level.
        level: RunLevel,
        /// The pool's kind.
        kind: PoolKind,
        /// The request's size.
        size: u64,
    },
    /// Freeing at such a run level.
    FreeLevel {
        /// The run level.
        level: RunLevel,
        /// The pool's kind.
        kind: PoolKind,
        /// The block.
        block: VirtAddr,
    },
    /// The block of the special pool was freed before.
    SpecialNotAllocated {
        /// The address.
        address: VirtAddr,
    },
    /// The address is not where the block of the special pool starts.
    SpecialInterior {
        /// The address.
        address: VirtAddr,
        /// The block.
        block: VirtAddr,
    },
    /// Bytes between the block's end and the end of its page have changed.
    SpecialOverflow {
        /// The block.
        block: VirtAddr,
        /// The first changed byte.
        damaged: VirtAddr,
        /// The block's size.
        size: u64,
    },
    /// Bytes between the start of the page and the block have changed.
    SpecialUnderflow {
        /// The block.
        block: VirtAddr,
        /// The first changed byte.
        damaged: VirtAddr,
        /// The block's size.
        size: u64,
    },
    /// Pages that the pool gives back are refused: page tables or records of ranges disagree with its books.
    PagesRefused {
        /// The first page.
        pages: VirtAddr,
        /// Their length.
        bytes: u64,
    },
    /// Neighbours in a list of the books do not point at each other.
    LinkCorrupt {
        /// The entry that was to leave the list.
        entry: VirtAddr,
        /// The neighbour that doesn't know it.
        neighbour: VirtAddr,
    },
}

/// A bug check: NT's code, and its four parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BugCheck {
    /// The code.
    pub code: u32,
    /// The parameters.
    pub parameters: [u64; 4],
}

impl Crime {
    /// Returns the crime of pages that are not taken back.
    #[cold]
    pub(crate) fn refused(pages: VirtRange) -> Self {
        Self::PagesRefused { pages: pages.start(), bytes: pages.bytes() }
    }

    /// Returns the bug check; see the table of the module.
    #[must_use]
    pub fn bug_check(&self) -> BugCheck {
        const CALLER: u32 = 0xC2;
        const HEADER: u32 = 0x19;
        const SPECIAL: u32 = 0xC1;
        const SECURITY: u32 = 0x139;
        const MEMORY: u32 = 0x1A;

        let (code, parameters) = match *self {
            Self::DoubleFree { block, record } => (CALLER, [0x7, 0, record.into(), block.get()]),
            Self::AllocateLevel { level, kind, size } => (CALLER, [0x8, level as u64, kind.number(), size]),
            Self::FreeLevel { level, kind, block } => {
                (CALLER, [0x9, level as u64, kind.number(), block.get()])
            }
            Self::WrongTag { block, tag, given } => {
                (CALLER, [0xA, block.get(), tag.get().into(), given.get().into()])
            }
            Self::NotAllocated { address, kind: PoolKind::NonPaged, .. } => {
                (CALLER, [0x44, address.get(), 0, 0])
            }
            Self::NotAllocated { address, kind: PoolKind::Paged, page, region } => {
                (CALLER, [0x50, address.get(), page, region])
            }
            Self::Foreign { address } => (CALLER, [0x46, address.get(), 0, 0]),
            Self::Interior { address, block } => (CALLER, [0x99, address.get(), block.get(), 0]),
            Self::FreeListCorrupt { block, record } => (HEADER, [0x3, block.get(), record.into(), 0]),
            Self::Overflow { block, size, found } => (HEADER, [0x21, block.get(), size, found]),
            Self::WriteAfterFree { block, damaged, found } => {
                (HEADER, [0x23, block.get(), damaged.get(), found.into()])
            }
            Self::SpecialNotAllocated { address } => (SPECIAL, [address.get(), 0, 0, 0x20]),
            Self::SpecialInterior { address, block } => (SPECIAL, [address.get(), block.get(), 0, 0x21]),
            Self::SpecialOverflow { block, damaged, size } => {
                (SPECIAL, [block.get(), damaged.get(), size, 0x23])
            }
            Self::SpecialUnderflow { block, damaged, size } => {
                (SPECIAL, [block.get(), damaged.get(), size, 0x24])
            }
            Self::PagesRefused { pages, bytes } => (MEMORY, [0x888A, pages.get(), bytes, 0]),
            Self::LinkCorrupt { entry, neighbour } => (SECURITY, [3, entry.get(), neighbour.get(), 0]),
        };
        BugCheck { code, parameters }
    }
}

impl fmt::Display for Crime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoubleFree { block, .. } => write!(out, "the block at {block:#x} is free already"),
            Self::Foreign { address } => write!(out, "{address:#x} was never in this pool"),
            Self::NotAllocated { address, .. } => write!(out, "nothing is allocated at {address:#x}"),
            Self::Interior { address, block } => {
                write!(out, "{address:#x} lies inside the place of a block, which starts at {block:#x}")
            }
            Self::WrongTag { block, tag, given } => {
                write!(out, "the block at {block:#x} has the tag '{tag}', not '{given}'")
            }
            Self::Overflow { block, size, .. } => {
                write!(out, "something wrote past the end of the block at {block:#x}, {size} bytes")
            }
            Self::WriteAfterFree { block, damaged, .. } => {
                write!(out, "something wrote to {damaged:#x} in the block at {block:#x} while it was free")
            }
            Self::FreeListCorrupt { block, .. } => {
                write!(out, "the block at {block:#x} is in use and listed as free")
            }
            Self::AllocateLevel { level, .. } => write!(out, "allocating at run level {level}"),
            Self::FreeLevel { level, block, .. } => write!(out, "freeing {block:#x} at run level {level}"),
            Self::SpecialNotAllocated { address } => {
                write!(out, "the block of the special pool at {address:#x} is free already")
            }
            Self::SpecialInterior { address, block } => {
                write!(out, "{address:#x} belongs to the block of the special pool at {block:#x}")
            }
            Self::SpecialOverflow { block, damaged, size } => {
                write!(out, "{damaged:#x} behind the block at {block:#x}, {size} bytes, was written to")
            }
            Self::SpecialUnderflow { block, damaged, size } => {
                write!(out, "{damaged:#x} in front of the block at {block:#x}, {size} bytes, was written to")
            }
            Self::PagesRefused { pages, bytes } => {
                write!(
                    out,
                    "{bytes:#x} bytes of pages at {pages:#x} cannot be given back: the books disagree"
                )
            }
            Self::LinkCorrupt { entry, neighbour } => {
                write!(out, "the list entry at {entry:#x} is unknown to its neighbour at {neighbour:#x}")
            }
        }
    }
}

impl core::error::Error for Crime {}
