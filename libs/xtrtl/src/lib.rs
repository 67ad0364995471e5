//! A kernel's runtime library: what every part of a system needs and `core` does not have.
//!
//! The crate allocates nothing, contains no assembly and no global, knows no kernel, and is the same on 32 and 64 bits.
//! What `core` or a well-kept crate does already is not written again; the table says who does what, so that it is also
//! the place to look first:
//!
//! | what | where it comes from | why |
//! |---|---|---|
//! | doubly linked lists | [`list::List`], [`list::Queue`], [`list::Ring`] | `intrusive-collections` looks at no neighbour before it unlinks, trusts its caller that the entry is of this list, and has heads of two words |
//! | singly linked list | [`list::Chain`] | a part of the same family |
//! | interlocked list with depth and sequence | [`list::Stack`] | published ones want a double-width compare-and-swap, an allocator or a 48-bit pointer |
//! | vectors and UTF-8 strings of fixed capacity | the crate `arrayvec` | nothing is missing |
//! | bitmaps | [`bitmap`] | `bitvec` and `fixedbitset` find bits, but no run with a hint; `bitflags` names single ones |
//! | SHA-1 | [`hash`]: the crate `sha1` (RustCrypto) | a hash is not written twice; nothing is wrapped |
//! | GUIDs | [`guid`]: the crate `uguid` | mixed-endian as firmware has them, parsed and printed, also at compile time |
//! | calendar, NT's and Unix's time | [`time`] | the crate `time` begins its count elsewhere and brings zones and formats; it judges ours in the tests |
//! | spans of time | `core::time::Duration` | |
//! | compare, search, split and trim byte strings | `core`: `slice::cmp`, `split`, `eq_ignore_ascii_case`, `trim_ascii` | |
//! | the same for UTF-16, tokens, numbers, buffers of both | [`text`] | `core` parses and prints `str` only; `widestring` ignores the case of ASCII only, and parses no numbers |
//! | UTF-16 to characters, and back | `core`: `char::decode_utf16`, `char::encode_utf16` | |
//! | wrapping, checked, saturating arithmetic, bit scans, alignment | `core`: `checked_*`, `ilog2`, `trailing_zeros`, `next_multiple_of` | |
//! | scaling without overflow | [`arithmetic`] | `core` has no stable product of double width |
//! | byte order of a number | `core`: `from_le_bytes`, `to_be` | |
//! | a number of some byte order somewhere in a buffer | [`bytes`] | for who has no structure; with one, the crate `zerocopy` |
//! | locks that spin, values made once | [`sync`]: the crate `spin`, `core::cell::OnceCell` | kernel locks are `xtke::lock`'s |
//! | copy, fill, compare memory | `core`: slices, and `compiler-builtins` under them | |
//!
//! `unsafe` is in [`list`] only.
//!
//! ```
//! use xtrtl::bitmap::{Bit, Bitmap};
//! use xtrtl::text::{self, Base};
//! use xtrtl::time::DateTime;
//!
//! let mut pages = Bitmap::new([0_u64; 2], 100)?;
//! assert_eq!(pages.take(Bit::Clear, 4, 10), Some(10));
//! assert_eq!(pages.find(Bit::Clear, 4, 10), Some(14));
//!
//! assert_eq!(text::parse(b"0x1F4", Base::Prefixed), Ok(500));
//! assert_eq!(DateTime::parse("1970-01-01T00:00:00").map(|date| date.since_1970()), Some(0));
//! # Ok::<(), xtrtl::bitmap::TooShort>(())
//! ```

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod arithmetic;
pub mod bitmap;
pub mod bytes;
pub mod list;
pub mod sync;
pub mod text;
pub mod time;

/// SHA-1, as FIPS 180-4 defines it, whole or piece by piece.
///
/// It tells content from content and makes identifiers; it is **no** defence against somebody who wants two contents to
/// be told as one.
///
/// ```
/// use xtrtl::hash::{Digest, Sha1};
///
/// let mut piecewise = Sha1::new();
/// piecewise.update(b"a");
/// piecewise.update(b"bc");
/// assert_eq!(piecewise.finalize(), Sha1::digest(b"abc"));
/// ```
pub mod hash {
    pub use sha1::{Digest, Sha1};
}

/// GUIDs, in the mixed byte order of firmware and NT.
///
/// ```
/// use xtrtl::guid::{Guid, guid};
///
/// const SYSTEM_PARTITION: Guid = guid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
/// assert_eq!(SYSTEM_PARTITION.to_bytes()[..4], [0x28, 0x73, 0x2a, 0xc1]);
/// assert_eq!(Guid::try_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93B"), Ok(SYSTEM_PARTITION));
/// ```
pub mod guid {
    pub use uguid::{Guid, GuidFromStrError, Variant, guid};
}
