//! Patterns: bytes that stay as they are unless somebody writes to them by mistake.
//!
//! A byte depends on its address modulo eight and on the pool's key, and is never zero.
#![allow(unsafe_code, reason = "reads and writes memory that the pool owns")]

use core::ptr::NonNull;
use core::slice;

/// Where a pattern lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Around a block in use.
    Slack,
    /// In a free block.
    Free,
}

/// A byte that has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Damage {
    /// How far into the range.
    pub(crate) offset: usize,
    /// What was found there.
    pub(crate) found: u8,
}

fn bytes_for(purpose: Purpose, key: u64, start: usize) -> impl Iterator<Item = u8> {
    let word = match purpose {
        Purpose::Slack => key,
        Purpose::Free => key.rotate_left(29) ^ 0x5DEE_CE66_D1CE_4E5B,
    };
    (start..).map(move |address| word.to_le_bytes().get(address & 7).copied().unwrap_or(0) | 1)
}

/// Fills a range.
///
/// # Safety
/// `length` bytes from `start` on are the caller's.
pub(crate) unsafe fn fill(start: NonNull<u8>, length: usize, purpose: Purpose, key: u64) {
    // SAFETY: the caller owns the bytes; it has initialised them or was given initialised memory.
    let bytes = unsafe { slice::from_raw_parts_mut(start.as_ptr(), length) };
    for (byte, pattern) in bytes.iter_mut().zip(bytes_for(purpose, key, start.addr().get())) {
        *byte = pattern;
    }
}

/// Looks for the first byte of a range that has changed.
///
/// # Safety
/// `length` bytes from `start` on are the caller's, and [`fill`] has filled them.
pub(crate) unsafe fn verify(
    start: NonNull<u8>,
    length: usize,
    purpose: Purpose,
    key: u64,
) -> Result<(), Damage> {
    // SAFETY: the caller owns the bytes, which have been filled.
    let bytes = unsafe { slice::from_raw_parts(start.as_ptr(), length) };
    let expected = bytes_for(purpose, key, start.addr().get());
    match bytes.iter().zip(expected).enumerate().find(|(_, (found, pattern))| *found != pattern) {
        Some((offset, (&found, _))) => Err(Damage { offset, found }),
        None => Ok(()),
    }
}
