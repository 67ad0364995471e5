//! What XTLDR hands to XTOSKRNL, and the pure logic around it.
//!
//! In the order in which a boot meets them:
//!
//! 1. [`map`]: the sanitiser. The firmware's memory map, whatever shape it is in, becomes sorted, disjoint, typed
//!    runs of frames.
//! 2. [`ledger`]: the loader's own account. Every frame that the loader used is laid over the final map under its
//!    own kind, the active page tables first of all.
//! 3. [`block`]: the loader block. Its wire format (`repr(C)`, the same on both architectures), the loader's side
//!    that seals one, and the kernel's side that trusts nothing and returns a [`block::VerifiedBlock`].
//! 4. [`parameters`]: the text that the user typed, as tokens.
//! 5. [`space`]: the page-table-space allocator, which feeds the kernel's own page tables before its frame allocator
//!    stands.
//!
//! Nothing here allocates, panics, or touches hardware; every buffer is the caller's, and a buffer that is too small
//! is an error which says how much is needed. So the loader can reserve everything beforehand and run the same code
//! after boot services have gone.
//!
//! The protocol itself is a document, `docs/boot-protocol.md`; this crate is its second form.

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod block;
pub mod ledger;
pub mod map;
pub mod parameters;
pub mod space;
