//! What is in the pools.

pub(super) mod block;
pub(super) mod used;

use xtmm::pool::{PoolKind, TagUse};

use crate::mm::Memory;

/// The pools, by the names that they have here.
pub(super) const POOLS: [(&str, PoolKind); 2] =
    [("non-paged", PoolKind::NonPaged), ("paged", PoolKind::Paged)];

/// Shows what each tag has in a pool.
#[inline(never)]
pub(super) fn each_tag(memory: &Memory, kind: PoolKind, each: &mut dyn FnMut(&TagUse)) {
    for tag in memory.pool(kind).tags() {
        each(&tag);
    }
}
