//! Eight bytes behind a block that nobody but an overflow changes.
//!
//! ```text
//!   | block        | canary, 8 bytes |  ...                       | trailer |
//!   | as asked for | slack: whatever is left of the place                   |
//! ```
//!
//! The bytes between a block's end and the end of its place, eight at most, hold a value that differs from block to block
//! and from boot to boot. No byte of it is zero, because the commonest overflow is a string's terminator. A block that
//! fills its place has none.
//!
//! A record has no room for a long [`Slack`]. Its number of bytes stands in a trailer, the last four bytes of the place:
//! added bitwise to half of that value, so that of 65,536 accidents at most one leaves a number that makes sense, and
//! then there is no canary where the number says.
#![allow(unsafe_code, reason = "reads and writes the end of a block's place")]

use core::ptr::NonNull;

use crate::pool::books::Slack;

const BYTES: usize = size_of::<u64>();

/// Bytes of a trailer.
pub(crate) const TRAILER: usize = size_of::<u32>();

const _: () = assert!(Slack::LONG >= BYTES + TRAILER, "canary and trailer don't overlap");

/// Returns the value for a block.
#[inline]
fn value(block: NonNull<u8>, key: u64) -> u64 {
    ((block.addr().get() as u64) ^ key) | 0x0101_0101_0101_0101
}

/// Returns what a trailer's number is added to.
#[inline]
fn mask(block: NonNull<u8>, key: u64) -> u32 {
    (value(block, key) >> u32::BITS) as u32
}

/// Writes the canary, and the trailer of a long slack. It may change the last bytes of the block too, which has no content
/// yet; even where the block fills its place, which saves the processor a branch that it could not foretell.
///
/// # Safety
/// `room` bytes from `block` on are the caller's; there are at least eight, and `size` is at most `room`.
#[inline]
pub(crate) unsafe fn write(block: NonNull<u8>, size: usize, room: usize, key: u64) {
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(size.min(room - BYTES)) };
    // SAFETY: these eight bytes are among the `room` that the caller owns.
    unsafe { place.cast::<u64>().write_unaligned(value(block, key).to_le()) };
    // SAFETY: the caller promises for the same bytes what a trailer needs.
    unsafe { write_trailer(block, size, room, key) };
}

/// Writes the trailer of a long slack.
///
/// # Safety
/// As for [`write`].
#[inline]
pub(crate) unsafe fn write_trailer(block: NonNull<u8>, size: usize, room: usize, key: u64) {
    let slack = room - size;
    if slack >= Slack::LONG {
        // SAFETY: a long slack has more than four bytes, all of them below `room`.
        let place = unsafe { block.add(room - TRAILER) };
        let trailer = slack as u32 ^ mask(block, key);
        // SAFETY: these four bytes are the last of the `room` that the caller owns.
        unsafe { place.cast::<u32>().write_unaligned(trailer.to_le()) };
    }
}

/// Returns the size of a block, or `None` when it stood in a trailer that has been overwritten.
///
/// # Safety
/// `room` bytes from `block` on are the pool's, [`write`] or [`write_trailer`] was called with the same room and key, and
/// `slack` was the block's.
#[inline]
pub(crate) unsafe fn size(block: NonNull<u8>, slack: Slack, room: usize, key: u64) -> Option<usize> {
    if let Some(bytes) = slack.exact() {
        return Some(room.wrapping_sub(bytes));
    }
    // SAFETY: a place with a long slack has more than four bytes, all of them below `room`.
    let place = unsafe { block.add(room - TRAILER) };
    // SAFETY: these four bytes are the pool's, and initialised: the trailer was written there.
    let trailer = u32::from_le(unsafe { place.cast::<u32>().read_unaligned() });
    let bytes = (trailer ^ mask(block, key)) as usize;
    (Slack::LONG..=room).contains(&bytes).then(|| room.wrapping_sub(bytes))
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
    // SAFETY: they are among the `room` bytes that the caller owns, and it has initialised them.
    let content = u64::from_le(unsafe { place.read_unaligned() });
    // The block's own bytes among the eight come first, so they are the lowest; there are at most seven.
    let own = (1 << ((size - start) * 8)) - 1;
    let mixed = content & own | value(block, key) & !own;
    // SAFETY: the eight bytes that were read a moment ago.
    unsafe { place.write_unaligned(mixed.to_le()) };
    // SAFETY: the caller promises for the same bytes what a trailer needs.
    unsafe { write_trailer(block, size, room, key) };
}

/// Returns a number other than zero if the canary has changed; zero for a block that fills its place, without a branch.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key.
#[inline]
pub(crate) unsafe fn difference(block: NonNull<u8>, size: usize, room: usize, key: u64) -> u64 {
    let start = size.min(room - BYTES);
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(start) };
    // SAFETY: they are the caller's, and initialised: the canary was written there.
    let found = u64::from_le(unsafe { place.cast::<u64>().read_unaligned() });
    // The block's own bytes among the eight come first, so they are the lowest. Two steps, for they may be all eight.
    let half = (size - start) * 4;
    (found ^ value(block, key)) >> half >> half
}

/// Returns the eight bytes at the canary's place if it has changed.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key.
#[inline]
pub(crate) unsafe fn verify(block: NonNull<u8>, size: usize, room: usize, key: u64) -> Result<(), u64> {
    // SAFETY: the caller promises the same.
    if unsafe { difference(block, size, room, key) } == 0 {
        return Ok(());
    }
    // SAFETY: eight bytes from there on end at `room` or before it.
    let place = unsafe { block.add(size.min(room - BYTES)) };
    // SAFETY: they are the caller's, and initialised: the canary was written there.
    Err(u64::from_le(unsafe { place.cast::<u64>().read_unaligned() }))
}
