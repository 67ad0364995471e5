//! Eight bytes behind a block that nobody but an overflow changes.
//!
//! The bytes between a block's end and the end of its place, eight at most, hold a value that differs from block to block
//! and from boot to boot. No byte of it is zero, because the commonest overflow is a string's terminator. A block that
//! fills its place has none.
#![allow(unsafe_code, reason = "reads and writes the end of a block's place")]

use core::ptr::NonNull;

const BYTES: usize = size_of::<u64>();

/// Returns the value for a block.
#[inline]
fn value(block: NonNull<u8>, key: u64) -> u64 {
    ((block.addr().get() as u64) ^ key) | 0x0101_0101_0101_0101
}

/// Writes the canary. It may change the last bytes of the block too, which has no content yet.
///
/// # Safety
/// `room` bytes from `block` on are the caller's; there are at least eight, and `size` is at most `room`.
#[inline]
pub(crate) unsafe fn write(block: NonNull<u8>, size: usize, room: usize, key: u64) {
    if size == room {
        return;
    }
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(size.min(room - BYTES)) };
    // SAFETY: the same bytes, which the caller owns.
    unsafe { place.cast::<u64>().write_unaligned(value(block, key).to_le()) };
}

/// Writes the canary behind a block that has content, which stays as it is.
///
/// # Safety
/// As for [`write`]; the last eight bytes of the place are initialised.
pub(crate) unsafe fn move_to(block: NonNull<u8>, size: usize, room: usize, key: u64) {
    if size == room {
        return;
    }
    let start = size.min(room - BYTES);
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(start) }.cast::<u64>();
    // SAFETY: the same bytes, which the caller owns and has initialised.
    let content = u64::from_le(unsafe { place.read_unaligned() });
    // The block's own bytes among the eight come first, so they are the lowest; there are at most seven.
    let own = (1 << ((size - start) * 8)) - 1;
    let mixed = content & own | value(block, key) & !own;
    // SAFETY: the same bytes.
    unsafe { place.write_unaligned(mixed.to_le()) };
}

/// Returns a number other than zero if the canary has changed.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key; `size` is below `room`.
#[inline]
pub(crate) unsafe fn difference(block: NonNull<u8>, size: usize, room: usize, key: u64) -> u64 {
    let start = size.min(room - BYTES);
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(start) };
    // SAFETY: the same bytes, which the caller owns and has initialised: the canary was written there.
    let found = u64::from_le(unsafe { place.cast::<u64>().read_unaligned() });
    // The block's own bytes among the eight come first, so they are the lowest; there are at most seven.
    (found ^ value(block, key)) >> ((size - start) * 8)
}

/// Returns the eight bytes at the canary's place if it has changed.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key.
#[inline]
pub(crate) unsafe fn verify(block: NonNull<u8>, size: usize, room: usize, key: u64) -> Result<(), u64> {
    if size == room {
        return Ok(());
    }
    // SAFETY: the caller promises the same, and the block doesn't fill its place.
    if unsafe { difference(block, size, room, key) } == 0 {
        return Ok(());
    }
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(size.min(room - BYTES)) };
    // SAFETY: the same bytes, which the caller owns and has initialised.
    Err(u64::from_le(unsafe { place.cast::<u64>().read_unaligned() }))
}
