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

/// The value that lies behind a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Value(u64);

impl Value {
    /// Returns that of a block.
    #[inline]
    pub(crate) fn of(block: NonNull<u8>, key: u64) -> Self {
        Self(((block.addr().get() as u64) ^ key) | 0x0101_0101_0101_0101)
    }

    /// Returns what a trailer's number is added to.
    #[inline]
    const fn mask(self) -> u32 {
        (self.0 >> u32::BITS) as u32
    }
}

/// Where the canary of a block lies, as far as an exact slack tells it, and which of the eight bytes there are its own.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Look {
    own: u64,
    /// Bytes from there to the end of the place.
    back: usize,
}

/// A look for each exact slack. The eight bytes of a short one begin inside the block.
static LOOKS: [Look; Slack::LONG] = looks();

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn looks() -> [Look; Slack::LONG] {
    let mut looks = [Look { own: 0, back: BYTES }; Slack::LONG];
    let mut slack = 1;
    while slack < Slack::LONG {
        looks[slack] = if slack < BYTES {
            Look { own: !0 << ((BYTES - slack) * 8), back: BYTES }
        } else {
            Look { own: !0, back: slack }
        };
        slack += 1;
    }
    looks
}

/// Tells whether the canary of the block that a free place was is as it should be; of one that fills its place, that it is; of a
/// slack that is none, that it is not. The short way's question: for an exact slack there is one branch.
///
/// # Safety
/// The place is the pool's and has `room` bytes, the last eight of which have memory. For a slack that is not the last block's the
/// answer means nothing.
#[inline]
pub(crate) unsafe fn is_intact(block: NonNull<u8>, slack: Slack, room: usize, value: Value) -> bool {
    let Some(look) = LOOKS.get(slack.least()) else {
        // SAFETY: a long slack is one that a record told; the place is the same, and so are its last eight bytes.
        return slack.is_long() && unsafe { is_far_intact(block, room, value) };
    };
    // SAFETY: there are so many bytes in front of the end of the place, eight at least.
    let place = unsafe { block.add(room.wrapping_sub(look.back)) };
    // SAFETY: these eight bytes are the pool's, whose pages are initialised memory; those that count were written with the
    // canary.
    let found = u64::from_le(unsafe { place.cast::<u64>().read_unaligned() });
    (found ^ value.0) & look.own == 0
}

/// The same for a long slack.
///
/// # Safety
/// As for [`is_intact`].
#[inline]
unsafe fn is_far_intact(block: NonNull<u8>, room: usize, value: Value) -> bool {
    // SAFETY: `is_intact` comes here for a slack that is too long for its table: such a place ends in a trailer, which was
    // written for the same room and key.
    let Some(size) = (unsafe { far_size(block, room, value) }) else { return false };
    // SAFETY: a long slack begins at the block's end, and has more than eight bytes.
    let place = unsafe { block.add(size) };
    // SAFETY: these eight bytes are the pool's, and were written with the canary.
    u64::from_le(unsafe { place.cast::<u64>().read_unaligned() }) == value.0
}

/// Returns where the eight bytes begin that hold the canary: at the block's end, or earlier where fewer are behind it.
#[inline]
const fn start(size: usize, room: usize) -> usize {
    let last = room.wrapping_sub(BYTES);
    if size < last { size } else { last }
}

/// Returns those eight bytes.
///
/// # Safety
/// `room` bytes from `block` on are one object's; there are at least eight, and `size` is at most `room`.
#[inline]
unsafe fn place(block: NonNull<u8>, size: usize, room: usize) -> NonNull<u64> {
    // SAFETY: wherever they start, the eight bytes end at `room`, the object's end, or before it.
    unsafe { block.add(start(size, room)) }.cast()
}

/// Returns what they hold.
///
/// # Safety
/// As for [`place`]; the eight bytes are initialised.
#[inline]
unsafe fn content(block: NonNull<u8>, size: usize, room: usize) -> u64 {
    // SAFETY: the object and the sizes are those that the caller answers for.
    let place = unsafe { place(block, size, room) };
    // SAFETY: the eight bytes lie within the object, and the caller says that they hold something.
    u64::from_le(unsafe { place.read_unaligned() })
}

/// Writes the canary, and the trailer of a long slack. Returns the slack. It may change the last bytes of the block too, which
/// has no content yet; even where the block fills its place, which saves the processor a branch that it could not foretell.
///
/// # Safety
/// `room` bytes from `block` on are the caller's; there are at least eight, and `size` is at most `room`.
#[inline]
pub(crate) unsafe fn write(block: NonNull<u8>, size: usize, room: usize, value: Value) -> Slack {
    // SAFETY: the caller owns `room` bytes, eight at least, and asks for no more.
    let place = unsafe { place(block, size, room) };
    // SAFETY: the place is among the bytes that the caller owns, whatever they hold so far.
    unsafe { place.write_unaligned(value.0.to_le()) };
    // SAFETY: a trailer lies in the same `room` bytes, behind the canary if there is one.
    unsafe { write_trailer(block, size, room, value) }
}

/// Writes the trailer of a long slack. Returns the slack.
///
/// # Safety
/// As for [`write`].
#[inline]
pub(crate) unsafe fn write_trailer(block: NonNull<u8>, size: usize, room: usize, value: Value) -> Slack {
    let bytes = room.wrapping_sub(size);
    let slack = Slack::of(bytes);
    if slack.is_long() {
        // SAFETY: a long slack has more than four bytes, all of them below `room`.
        let place = unsafe { block.add(room - TRAILER) };
        let trailer = bytes as u32 ^ value.mask();
        // SAFETY: these four bytes are the last of the `room` that the caller owns.
        unsafe { place.cast::<u32>().write_unaligned(trailer.to_le()) };
    }
    slack
}

/// Returns the size of a block, or `None` when it stood in a trailer that has been overwritten.
///
/// # Safety
/// `room` bytes from `block` on are the pool's, [`write`] or [`write_trailer`] was called with the same room and key, and
/// `slack` was the block's.
#[inline]
pub(crate) unsafe fn size(block: NonNull<u8>, slack: Slack, room: usize, key: u64) -> Option<usize> {
    match slack.exact() {
        Some(bytes) => Some(room.wrapping_sub(bytes)),
        // SAFETY: a slack without an exact number is a long one: `write_trailer` has closed these `room` bytes with a trailer.
        None => unsafe { far_size(block, room, Value::of(block, key)) },
    }
}

/// The same for a block with a long slack.
///
/// # Safety
/// As for [`size`].
#[inline]
unsafe fn far_size(block: NonNull<u8>, room: usize, value: Value) -> Option<usize> {
    // SAFETY: a place with a long slack has more than four bytes, all of them below `room`.
    let place = unsafe { block.add(room - TRAILER) };
    // SAFETY: these four bytes are the pool's, and initialised: the trailer was written there.
    let trailer = u32::from_le(unsafe { place.cast::<u32>().read_unaligned() });
    let bytes = (trailer ^ value.mask()) as usize;
    (Slack::LONG..=room).contains(&bytes).then(|| room.wrapping_sub(bytes))
}

/// Writes the canary behind a block that has content, which stays as it is.
///
/// # Safety
/// As for [`write`]; all bytes of the place are initialised.
pub(crate) unsafe fn move_to(block: NonNull<u8>, size: usize, room: usize, key: u64) {
    if size == room {
        return;
    }
    // SAFETY: all bytes of the place are initialised, so these are.
    let content = unsafe { content(block, size, room) };
    // The block's own bytes among the eight come first, so they are the lowest; there are at most seven.
    let own = (1 << ((size - start(size, room)) * 8)) - 1;
    let mixed = Value(content & own | Value::of(block, key).0 & !own);
    // SAFETY: of the block's content only what it holds already is written. A slack that is long enough for a trailer has
    // none of that among the eight, so the trailer gets the pure value.
    unsafe { write(block, size, room, mixed) };
}

/// Returns a number other than zero if the canary has changed; zero for a block that fills its place, without a branch.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key.
#[inline]
pub(crate) unsafe fn difference(block: NonNull<u8>, size: usize, room: usize, key: u64) -> u64 {
    // SAFETY: `write` has put its eight bytes there, for the same sizes.
    let found = unsafe { content(block, size, room) };
    // The block's own bytes among the eight come first, so they are the lowest. Two steps, for they may be all eight.
    let half = (size - start(size, room)) * 4;
    (found ^ Value::of(block, key).0) >> half >> half
}

/// Returns the eight bytes at the canary's place if it has changed.
///
/// # Safety
/// As for [`write`], which was called with the same sizes and key.
#[inline]
pub(crate) unsafe fn verify(block: NonNull<u8>, size: usize, room: usize, key: u64) -> Result<(), u64> {
    // SAFETY: this is the block that the canary was written for, in the same place and with the same key.
    if unsafe { difference(block, size, room, key) } == 0 {
        return Ok(());
    }
    // SAFETY: the same eight bytes, which were looked at a moment ago.
    Err(unsafe { content(block, size, room) })
}

#[cfg(test)]
mod tests;
