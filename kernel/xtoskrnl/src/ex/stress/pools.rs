//! Both pools: blocks of all sizes, written and compared; zeroed ones; requests that make no sense; tags that come back
//! to nothing; and the collections of `alloc`, which are served by the non-paged pool.

use alloc::string::String;
use alloc::vec::Vec;

use arrayvec::ArrayVec;
use xtmm::pool::{Content, PoolKind, Request, Tag};

use super::random::{Random, mix};
use super::{Complaint, check};
use crate::mm::{Block, Memory};

/// Steps in each pool.
const STEPS: u64 = 6_000;

/// Blocks that are held at once.
const HELD: usize = 128;

/// The tags of the test.
const TAGS: [Tag; 3] = [Tag::new(*b"Str1"), Tag::new(*b"Str2"), Tag::new(*b"Str3")];

#[inline(never)]
pub(super) fn run(memory: &'static Memory, random: &mut Random) -> Result<u64, Complaint> {
    let mut operations = 0;
    for kind in [PoolKind::NonPaged, PoolKind::Paged] {
        operations += churn(memory, kind, random)?;
        operations += nonsense(memory, kind)?;
        operations += quota(memory, kind)?;
        memory.pool(kind).verify();
        for tag in TAGS {
            let used = memory.pool(kind).raw().tag(tag);
            let held = used.blocks() + used.bytes;
            check(held == 0, "a tag has blocks that were freed", [tag.get().into(), held as u64])?;
        }
    }
    operations += collections(random)?;
    Ok(operations)
}

/// Blocks come and go; each holds what was written until it goes.
fn churn(memory: &'static Memory, kind: PoolKind, random: &mut Random) -> Result<u64, Complaint> {
    let mut held = ArrayVec::<(Block, u64), HELD>::new();
    for step in 0..STEPS {
        if held.is_full() || (random.below(2) == 0 && !held.is_empty()) {
            let index = random.below(held.len() as u64) as usize;
            let (block, seed) = held.swap_remove(index);
            retire(block, seed)?;
            continue;
        }
        let Some(request) = request(random) else { continue };
        // A small machine may have no room for the largest.
        let Ok(mut block) = memory.pool(kind).block(request) else { continue };
        let at = block.address();
        check(at.is_aligned(request.alignment as u64), "a block is not aligned", [at.get(), step])?;
        if request.content == Content::Zeroed {
            let dirty = block.bytes().iter().filter(|byte| **byte != 0).count();
            check(dirty == 0, "a zeroed block is not", [at.get(), dirty as u64])?;
        }
        let seed = random.next();
        write(&mut block, seed);
        let _ = held.try_push((block, seed));
    }
    while let Some((block, seed)) = held.pop() {
        retire(block, seed)?;
    }
    Ok(STEPS)
}

/// Returns a request as kernels make them: small ones mostly, pages sometimes.
pub(super) fn request(random: &mut Random) -> Option<Request> {
    let size = match random.below(32) {
        0 => 1 + random.below(128 << 10),
        1..4 => 1 + random.below(16 << 10),
        4..12 => 1 + random.below(2 << 10),
        _ => random.below(256),
    };
    let alignment = if random.below(8) == 0 { 1 << random.below(14) } else { 16 };
    let content = if random.below(4) == 0 { Content::Zeroed } else { Content::Any };
    let tag = *TAGS.get(random.below(TAGS.len() as u64) as usize)?;
    Some(Request { size: size as usize, alignment, tag, content })
}

/// Writes the edges of each page of a block, and a sample of the rest.
pub(super) fn write(block: &mut Block, seed: u64) {
    for (offset, byte) in sampled(block.bytes_mut()) {
        *byte = mix(seed ^ offset as u64) as u8;
    }
}

/// Compares what was written, and frees the block.
pub(super) fn retire(mut block: Block, seed: u64) -> Result<(), Complaint> {
    let at = block.address().get();
    let wrong = sampled(block.bytes_mut())
        .filter(|(offset, byte)| **byte != mix(seed ^ *offset as u64) as u8)
        .count();
    check(wrong == 0, "a block lost what was written", [at, wrong as u64])?;
    block
        .free()
        .map_err(|crime| Complaint::new("a block could not be freed", [at, crime.bug_check().code.into()]))
}

/// Returns every 61st byte and the last one: a few of each page.
fn sampled(bytes: &mut [u8]) -> impl Iterator<Item = (usize, &mut u8)> {
    let last = bytes.len().saturating_sub(1);
    bytes.iter_mut().enumerate().filter(move |(offset, _)| offset % 61 == 0 || *offset == last)
}

/// Sizes and alignments that no pool can serve, and a size that it serves although it is nothing.
fn nonsense(memory: &'static Memory, kind: PoolKind) -> Result<u64, Complaint> {
    let [tag, ..] = TAGS;
    let pool = memory.pool(kind);
    for size in [usize::MAX, usize::MAX - 15, usize::MAX - 4095, usize::MAX / 2 + 1] {
        check(
            pool.block(Request::new(size, tag)).is_err(),
            "a block of nearly everything",
            [size as u64, 0],
        )?;
    }
    for alignment in [0, 3, 24, usize::MAX] {
        let request = Request { alignment, ..Request::new(64, tag) };
        check(pool.block(request).is_err(), "an alignment that is no power of two", [alignment as u64, 0])?;
    }
    let nothing =
        pool.block(Request::new(0, tag)).map_err(|_| Complaint::new("no block of no bytes", [0, 0]))?;
    let at = nothing.address().get();
    nothing.free().map_err(|_| Complaint::new("a block of no bytes could not be freed", [at, 0]))?;
    Ok(9)
}

/// A tag with a quota gets so much and no more, until others are freed.
fn quota(memory: &'static Memory, kind: PoolKind) -> Result<u64, Complaint> {
    const TAG: Tag = Tag::new(*b"Quot");
    const QUOTA: usize = 4096;
    let pool = memory.pool(kind);
    pool.set_quota(TAG, Some(QUOTA));
    let mut held = ArrayVec::<Block, HELD>::new();
    while let Ok(block) = pool.block(Request::new(128, TAG)) {
        if held.try_push(block).is_err() {
            break;
        }
    }
    let (most, got) = (QUOTA / 128, held.len());
    drop(held);
    let again = pool.block(Request::new(128, TAG)).is_ok();
    pool.set_quota(TAG, None);
    check(got > 0 && got <= most && again, "a quota does not hold", [got as u64, most as u64])?;
    Ok(got as u64)
}

/// The collections of `alloc`.
fn collections(random: &mut Random) -> Result<u64, Complaint> {
    let short = |_| Complaint::new("a collection found no memory", [0, 0]);
    let mut numbers = Vec::new();
    let mut text = String::new();
    for _ in 0..2_000 {
        numbers.try_reserve(1).map_err(short)?;
        numbers.push(random.next());
        text.try_reserve(4).map_err(short)?;
        text.push('\u{1F9F1}');
    }
    numbers.sort_unstable();
    check(numbers.is_sorted() && text.chars().count() == 2_000, "a collection lost something", [0, 0])?;
    Ok(4_000)
}

/// Sees that the pools say no while there is no memory: what they keep may serve a few small blocks, pages never.
pub(super) fn refuse(memory: &'static Memory) -> Result<(), Complaint> {
    let [tag, ..] = TAGS;
    let request = Request::new(64 << 10, tag);
    let refused = memory.pool(PoolKind::NonPaged).block(request).is_err();
    check(refused, "the pool had pages when there were none", [0, 0])?;
    let mut kept = 0_u64;
    let mut blocks = ArrayVec::<Block, HELD>::new();
    while let Ok(block) = memory.pool(PoolKind::NonPaged).block(Request::new(4096, tag)) {
        kept += 1;
        if let Err(full) = blocks.try_push(block) {
            let _ = full.element().free();
            break;
        }
    }
    check(kept < HELD as u64, "the pool had blocks without end", [kept, 0])?;
    while let Some(block) = blocks.pop() {
        block.free().map_err(|_| Complaint::new("a block could not be freed without memory", [kept, 0]))?;
    }
    Ok(())
}
