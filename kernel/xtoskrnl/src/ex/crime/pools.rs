//! Crimes against the pools.
#![allow(unsafe_code, reason = "crimes")]

use core::hint::black_box;
use core::ptr::NonNull;

use xtmm::machine::RunLevel;
use xtmm::pool::{PoolKind, Request, Tag};

use super::Aftermath;
use crate::kd::log;
use crate::ke::processor;
use crate::mm::Memory;

/// The tag of the blocks that crimes are committed on.
const TAG: Tag = Tag::new(*b"Crim");

/// A size that leaves room behind the block in its place, where a canary stands.
const SIZE: usize = 60;

/// Returns a block, with its memory if that comes with the first touch.
fn block(memory: &Memory, kind: PoolKind) -> Result<NonNull<u8>, Aftermath> {
    let block = memory.pool(kind).raw().allocate(Request::new(SIZE, TAG));
    block.map_err(|_| Aftermath::Impossible("the pool has no block"))
}

/// Frees it, as a caller does who believes in what he does.
fn free(memory: &'static Memory, block: NonNull<u8>, tag: Tag) {
    // SAFETY: none: whether the block may be freed is what the pool is to find out.
    let freed = unsafe { memory.pool(PoolKind::NonPaged).raw().free(black_box(block), Some(tag)) };
    if let Err(crime) = freed {
        memory.pool(PoolKind::NonPaged).punish(&crime);
    }
}

/// Writes a byte at a distance from a block.
fn write(block: NonNull<u8>, distance: isize) {
    let byte = black_box(block).as_ptr().wrapping_offset(distance);
    // SAFETY: none. The byte is not the writer's, and that is to be found out.
    unsafe { byte.write_volatile(0x5A) };
}

pub(super) fn double_free(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            free(memory, block, TAG);
            free(memory, block, TAG);
            Aftermath::Unpunished
        }
    }
}

pub(super) fn wrong_tag(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            free(memory, block, Tag::new(*b"Othr"));
            Aftermath::Unpunished
        }
    }
}

pub(super) fn interior(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            // SAFETY: the block has more bytes than that.
            free(memory, unsafe { block.add(16) }, TAG);
            Aftermath::Unpunished
        }
    }
}

pub(super) fn foreign(memory: &'static Memory) -> Aftermath {
    let mut variable = black_box(0_u64);
    free(memory, NonNull::from(&mut variable).cast(), TAG);
    Aftermath::Unpunished
}

pub(super) fn overflow(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            write(block, SIZE as isize);
            // In the default checking canaries are compared in batches; the last come with a trim.
            free(memory, block, TAG);
            memory.trim();
            Aftermath::Unpunished
        }
    }
}

/// A byte a page behind the block: only the special pool notices, and then at once.
pub(super) fn overflow_far(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            write(block, 4096);
            Aftermath::Unpunished
        }
    }
}

/// A byte in front of the block.
pub(super) fn underflow(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            write(block, -1);
            free(memory, block, TAG);
            Aftermath::Unpunished
        }
    }
}

/// A write to a block that is free: noticed at once in the special pool, under full checking when the block leaves the
/// quarantine.
pub(super) fn write_after_free(memory: &'static Memory) -> Aftermath {
    match block(memory, PoolKind::NonPaged) {
        Err(why) => why,
        Ok(block) => {
            free(memory, block, TAG);
            write(block, 8);
            memory.pool(PoolKind::NonPaged).verify();
            memory.trim();
            Aftermath::Unpunished
        }
    }
}

/// Touches a page of a pageable block for the first time, at Dispatch.
pub(super) fn touch_pageable(memory: &'static Memory) -> Aftermath {
    const PAGES: usize = 16;
    let block = memory.pool(PoolKind::Paged).raw().allocate(Request::new(PAGES << 12, TAG));
    let Ok(block) = block else { return Aftermath::Impossible("the paged pool has no block") };
    let middle = block.as_ptr().wrapping_add(PAGES << 11).cast_const();
    let raised = processor::raise(RunLevel::Dispatch);
    // SAFETY: the byte is the block's; that its page was never touched must stop the kernel at this level.
    let byte = unsafe { black_box(middle).read_volatile() };
    drop(raised);
    log!("xtoskrnl: a byte of the paged pool is {byte}");
    Aftermath::Unpunished
}

/// Asks the paged pool for a block at whatever level the crime is ordered.
pub(super) fn allocate_pageable(memory: &'static Memory) -> Aftermath {
    let _ = memory.pool(PoolKind::Paged).untouched(Request::new(SIZE, TAG));
    Aftermath::Unpunished
}
