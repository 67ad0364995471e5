//! Memory for threads: records from the non-paged pool, stacks that have memory from the start.
#![allow(unsafe_code, reason = "blocks of a pool are given back by their address")]

use core::alloc::Layout;
use core::ptr::NonNull;

use xtcore::FrameCount;
use xtmm::OutOfFrames;
use xtmm::pool::{Content, PoolKind, Request, Tag};
use xtmm::stack::{Stack, StackError};

use super::memory;
use super::stacks::usual_size;
use crate::ke::threads::{Room, offer};

/// The tag of threads' records; NT's.
const TAG: Tag = Tag::new(*b"Thre");

/// Offers memory to threads.
pub(super) fn start() {
    offer(Room { allocate, free, stack, free_stack, hand_back, prepare });
}

fn allocate(layout: Layout) -> Option<NonNull<u8>> {
    let request = Request::for_layout(layout, Content::Any, TAG);
    memory::get()?.pool(PoolKind::NonPaged).allocate(request).ok()
}

fn free(block: NonNull<u8>) {
    let Some(memory) = memory::get() else { return };
    let pool = memory.pool(PoolKind::NonPaged);
    // SAFETY: the block comes from `allocate`, and nobody uses it any more.
    if let Err(crime) = unsafe { pool.raw().free(block, Some(TAG)) } {
        pool.punish(&crime);
    }
}

fn stack() -> Result<Stack, StackError> {
    let none = OutOfFrames { wanted: FrameCount::ONE, available: FrameCount::ZERO };
    let memory = memory::get().ok_or(StackError::NoMemory(none))?;
    memory.stacks().create(usual_size(memory.space().space().geometry())?)
}

fn hand_back() {
    if let Some(memory) = memory::get() {
        memory.frames().serve();
    }
}

/// Zeroes a frame ahead of demand.
fn prepare() -> bool {
    memory::get().is_some_and(|memory| memory.frames().zero_ahead())
}

fn free_stack(stack: Stack) {
    if let Some(memory) = memory::get() {
        memory.stacks().destroy(stack);
    }
}
