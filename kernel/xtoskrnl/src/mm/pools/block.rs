//! A pool block as a value that owns it.
#![allow(unsafe_code, reason = "a block's bytes are reached through its address")]

use core::ptr::NonNull;

use xtcore::VirtAddr;
use xtmm::pool::{Content, Crime, PoolError, Request, Tag};

use super::{KernelPool, nothing_is_held_in, stop};

/// A block. It is freed when it is dropped; [`Block::free`] tells how that went.
#[derive(Debug)]
pub(crate) struct Block {
    pool: &'static KernelPool,
    start: NonNull<u8>,
    size: usize,
    tag: Tag,
}

impl KernelPool {
    /// Allocates, and stops at a crime.
    pub(in crate::mm) fn allocate(&self, request: Request) -> Result<NonNull<u8>, PoolError> {
        match self.raw().allocate(request) {
            Err(PoolError::Crime(crime)) => stop(&crime, self.kind),
            other => other,
        }
    }
}

/// A block whose own bytes nobody reads or writes. It is freed when it is dropped.
#[derive(Debug)]
pub(crate) struct Untouched {
    pool: &'static KernelPool,
    start: NonNull<u8>,
    tag: Tag,
}

impl KernelPool {
    /// Gives out a block whose own bytes are not touched. What lies behind it in its place, or on its last page, is: the
    /// canary is written there, so of a pageable block only the pages that hold no byte of it stay without memory.
    ///
    /// # Errors
    /// [`PoolError`], but no crime: that stops the kernel.
    pub(crate) fn untouched(&'static self, request: Request) -> Result<Untouched, PoolError> {
        self.allocate(request).map(|start| Untouched { pool: self, start, tag: request.tag })
    }
}

impl Drop for Untouched {
    fn drop(&mut self) {
        // SAFETY: the block is ours, and nobody has a borrow of it.
        if let Err(crime) = unsafe { self.pool.raw().free(self.start, Some(self.tag)) } {
            stop(&crime, self.pool.kind);
        }
    }
}

// SAFETY: a block belongs to its owner alone, and pools take blocks back on any processor.
unsafe impl Send for Block {}

impl Block {
    /// Takes over a block that the pool has just given out. What it contains is made zeros, unless it is already: bytes that
    /// nobody has written may not be read.
    pub(super) fn new(pool: &'static KernelPool, start: NonNull<u8>, request: &Request) -> Self {
        if request.content == Content::Any {
            // SAFETY: the pool has given out so many bytes at that address, to nobody else.
            unsafe { start.write_bytes(0xC5, request.size) };
        }
        Self { pool, start, size: request.size, tag: request.tag }
    }

    /// Returns where it lies.
    pub(crate) fn address(&self) -> VirtAddr {
        VirtAddr::new(self.start.as_ptr().expose_provenance() as u64)
    }

    /// Returns its bytes.
    pub(crate) const fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are ours and were written when the block was made; we are borrowed.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.size) }
    }

    /// Returns its bytes.
    pub(crate) const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes are ours and were written when the block was made; we are borrowed for writing.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.size) }
    }

    /// Gives the block back.
    ///
    /// # Errors
    /// The crime that was found; then the block stays in use for ever.
    pub(crate) fn free(self) -> Result<(), Crime> {
        let this = core::mem::ManuallyDrop::new(self);
        nothing_is_held_in(this.start, this.size);
        // SAFETY: the block is ours, and nobody has a borrow of it.
        unsafe { this.pool.raw().free(this.start, Some(this.tag)) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        nothing_is_held_in(self.start, self.size);
        // SAFETY: the block is ours, and nobody has a borrow of it.
        if let Err(crime) = unsafe { self.pool.raw().free(self.start, Some(self.tag)) } {
            stop(&crime, self.pool.kind);
        }
    }
}
