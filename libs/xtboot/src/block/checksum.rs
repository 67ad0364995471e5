//! The block's checksum: 64-bit FNV-1a.
//!
//! It finds accidents (a stray write, a truncated copy, a block of another boot), not forgers. Every step is a
//! bijection of the state, so a change confined to one byte is always found.

use core::mem::offset_of;

use super::wire::Header;

const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// Byte offset of the field that holds the checksum.
const FIELD: usize = offset_of!(Header, checksum);
const FIELD_BYTES: usize = size_of::<u64>();

/// Returns the checksum of `block`, with the checksum field taken as zero.
///
/// Bytes that would lie in the field are zero wherever the block ends. Linear in the length.
#[must_use]
pub fn checksum(block: &[u8]) -> u64 {
    let (before, rest) = block.split_at_checked(FIELD).unwrap_or((block, &[]));
    let (field, after) = rest.split_at_checked(FIELD_BYTES).unwrap_or((rest, &[]));
    let zeros = field.iter().map(|_| &0);
    before
        .iter()
        .chain(zeros)
        .chain(after)
        .fold(OFFSET_BASIS, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
