//! Frames, pools, and the first touch of a pageable page.
#![allow(
    unsafe_code,
    reason = "a block is touched page by page, which its value cannot do: making it touches every byte"
)]

use core::ptr::NonNull;

use xtcore::PAGE_BYTES;
use xtmm::frames::Zone;
use xtmm::pool::{PoolKind, Request, Tag};

use super::{Bench, Missing, ticks_of};
use crate::mm::Memory;

/// Operations of a batch.
const COUNT: u32 = 1000;

/// Pages of the block that is touched.
const PAGES: u32 = 64;

const TAG: Tag = Tag::new(*b"Bnch");

pub(super) fn run(memory: &'static Memory, bench: &mut Bench) -> Result<(), Missing> {
    let frames = memory.frames();
    bench.measure("frame, allocate and free", COUNT, &mut || {
        let _ = frames.allocate(Zone::Window).map(|frame| frames.free(frame));
    });
    for (kind, name) in [
        (PoolKind::NonPaged, "non-paged pool, 64 bytes, allocate and free"),
        (PoolKind::Paged, "paged pool, 64 bytes, allocate and free"),
    ] {
        let pool = memory.pool(kind);
        // The first block opens a slab, the others find it open.
        let _open = pool.untouched(Request::new(64, TAG)).map_err(|_| Missing::Memory)?;
        bench.measure(name, COUNT, &mut || drop(pool.untouched(Request::new(64, TAG))));
    }
    let mut outcome = Ok(());
    bench.measure_batches("paged pool, first touch of a page", PAGES, &mut || {
        first_touches(memory).unwrap_or_else(|missing| {
            outcome = Err(missing);
            0
        })
    });
    outcome
}

/// Touches the pages of a new block one after another.
fn first_touches(memory: &'static Memory) -> Result<u64, Missing> {
    let pool = memory.pool(PoolKind::Paged);
    let page_bytes = PAGE_BYTES as usize;
    let request = Request::new(PAGES as usize * page_bytes, TAG);
    let block = pool.raw().allocate(request).map_err(|_| Missing::Memory)?;
    let mut page = 0;
    let ticks = ticks_of(PAGES, &mut || {
        touch(block, page * page_bytes);
        page += 1;
    });
    // SAFETY: the block is from this pool, and nobody uses it any more.
    match unsafe { pool.raw().free(block, Some(TAG)) } {
        Ok(()) => Ok(ticks),
        Err(crime) => pool.punish(&crime),
    }
}

/// Writes a byte of a block that has more than `offset`.
fn touch(block: NonNull<u8>, offset: usize) {
    // SAFETY: the offset lies in the block.
    let byte = unsafe { block.add(offset) };
    // SAFETY: the block is the caller's alone, and has memory as soon as it is touched.
    unsafe { byte.write_volatile(1) };
}
